# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Further listeners of the sample server, which drive their connections in unusual ways."""

import json

from harness.http_client import ask_once, get

TEMPLATE = "/api/v1/edge/listen/{how}"


def listen(port: int, how: str) -> int:
    """Starts a further listener of the server that listens on `port`; returns its port."""
    answer = ask_once(port, get(TEMPLATE.replace("{how}", how)))
    return json.loads(answer.body)["port"]
