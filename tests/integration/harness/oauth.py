# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A client of the server's OAuth flows."""

import collections
import json

from harness import names
from harness.http_client import Response, ask_once, get, request_bytes


def post(port: int, path: str, body: object = None, *headers: str) -> Response:
    """Makes a request with a JSON body."""
    text = json.dumps(body).encode()
    return ask_once(
        port, request_bytes("POST", path, "Content-Type: application/json", *headers, body=text)
    )


class OAuth:
    """A client that runs OAuth flows and counts them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.counts: collections.Counter[str] = collections.Counter()

    def start_device(self) -> str:
        self.counts[names.DEVICE_FLOWS] += 1
        return json.loads(post(self.port, "/oauth/device").body)["device_code"]

    def start_web(self) -> str:
        self.counts[names.WEB_FLOWS] += 1
        response = ask_once(self.port, get("/oauth/authorize"))
        return response.head.split("state=")[1].split("\r\n")[0]

    def finish_device(self, code: str) -> None:
        self._validated(post(self.port, "/oauth/device/token", {"device_code": code}))

    def finish_web(self, session: str) -> None:
        self._validated(post(self.port, "/oauth/exchange", {"session_id": session}))

    def _validated(self, response: Response) -> None:
        self.counts[names.VALIDATIONS] += 1
        self.counts[f"{names.VALIDATION_DURATION}_count"] += 1
        if response.status != 200:
            assert response.status == 400
            self.counts[names.VALIDATION_FAILURES] += 1
            self.counts[names.FLOW_FAILURES] += 1
