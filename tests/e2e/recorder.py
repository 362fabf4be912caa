# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""An HTTP server that records requests, in place of back ends that cannot be built here."""

import contextlib
import dataclasses
import http.server
import threading
from collections.abc import Iterator


@dataclasses.dataclass
class Request:
    """A received request; the names of header fields are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Recorder:
    """An HTTP server on the loopback address, and the requests that it received."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802 (the name is that of the library)
                size = int(self.headers["Content-Length"] or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.requests.append(Request(self.path, headers, self.rfile.read(size)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def of_path(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    recorder = Recorder()
    thread = threading.Thread(target=recorder.server.serve_forever)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.server.shutdown()
        thread.join()
        recorder.server.server_close()
