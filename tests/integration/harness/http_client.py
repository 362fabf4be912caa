# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""An HTTP/1.1 client over raw sockets, which sends exactly the bytes that a test gives it."""

import dataclasses
import socket
import struct
import time
from collections.abc import Iterable
from typing import Self

from harness.waiting import PATIENCE

TIMEOUT_S = 30 * PATIENCE
TOKEN = "fixture-token"
RECEIVE_BYTES = 65536


@dataclasses.dataclass
class Response:
    """One response. `head` is its text up to the empty line; `body` has no chunk framing."""

    status: int
    head: str
    body: bytes


def request_bytes(
    method: str, target: str, *headers: str, body: bytes = b"", line_end: str = "\r\n"
) -> bytes:
    """Returns a request. Adds Content-Length for a body unless a header gives its framing."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if body and not any(line.lower().startswith("transfer-encoding") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return (line_end.join(lines) + line_end * 2).encode("latin-1") + body


def get(target: str, *headers: str) -> bytes:
    """Returns the bytes of a GET request without a body."""
    return request_bytes("GET", target, *headers)


class Connection:
    """A connection to the server, kept alive until it is closed."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_split(self, pieces: Iterable[bytes], pause_s: float = 0.002) -> None:
        """Sends the pieces so far apart in time that the server reads each piece by itself."""
        for piece in pieces:
            self.send(piece)
            time.sleep(pause_s)

    def _fill(self) -> None:
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._fill()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _take_until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self._fill()
        return self._take(self.buffer.index(end) + len(end))

    def _take_chunks(self) -> bytes:
        body = b""
        while size := int(self._take_until(b"\r\n"), 16):
            body += self._take(size + 2)[:-2]
        self._take_until(b"\r\n")
        return body

    def response(self, method: str = "GET") -> Response:
        """Reads one response; `method` is the method of its request."""
        head = self._take_until(b"\r\n\r\n").decode("latin-1")
        status = int(head.split(" ", 2)[1])
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        }
        body = b""
        if method == "HEAD" or status < 200 or status in (204, 304):
            pass
        elif fields.get("transfer-encoding") == "chunked":
            body = self._take_chunks()
        else:
            body = self._take(int(fields.get("content-length", "0")))
        return Response(status, head, body)

    def ask(self, request: bytes) -> Response:
        """Sends a request and reads its response."""
        self.send(request)
        return self.response(request.split(b" ", 1)[0].strip().decode("latin-1"))

    def get(self, target: str, *headers: str) -> Response:
        return self.ask(get(target, *headers))

    def is_closed_by_server(self) -> bool:
        """Waits for the end of the stream; returns False if data arrives instead."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def half_close(self) -> None:
        """Closes the direction to the server; responses can still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def abort(self) -> None:
        """Resets the connection, like a client that is killed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def ask_once(port: int, request: bytes) -> Response:
    """Makes one request on a new connection."""
    with Connection(port) as connection:
        return connection.ask(request)


def outcome(port: int, request: bytes) -> int | str:
    """Makes one request on a new connection; returns its status, or "closed" without a response."""
    try:
        return ask_once(port, request).status
    except OSError:
        return "closed"
