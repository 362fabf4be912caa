# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Starts the sample server, for what shows or measures the tool at work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping


def start_server(
    path: str, *options: str, environment: Mapping[str, str] = os.environ
) -> tuple[subprocess.Popen[str], int]:
    """The sample server on a free port."""
    server = subprocess.Popen(
        [path, "--bind", "127.0.0.1:0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**environment, "RUST_BACKTRACE": "0"},
    )
    assert server.stdout
    line = server.stdout.readline()
    if not line.startswith("listening on "):
        sys.exit(f"the sample server does not start: {line!r}")
    return server, int(line.rsplit(":", 1)[1])
