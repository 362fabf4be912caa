# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A websocket client over raw sockets, which sends exactly the frames that a test gives it.

The client counts text messages in each direction (RFC 6455), but no control frames and no binary
messages.
"""

import base64
import collections
import hashlib
import json
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from harness.http_client import RECEIVE_BYTES, Connection, get

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL, MASKED = 0x80, 0x80
# RFC 6455, section 1.3.
ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NORMAL_CLOSURE = (1000).to_bytes(2, "big")

Message = dict[str, Any]


def masked(payload: bytes, mask: bytes) -> bytes:
    """Applies the mask to the payload, or removes it."""
    keys = (mask * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")
    return mixed.to_bytes(len(payload), "big")


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """Returns a client's frame, masked with a random key (RFC 6455, section 5.2)."""
    first = opcode | (FINAL if final else 0)
    size = len(payload)
    if size < 126:
        head = bytes([first, MASKED | size])
    elif size < 1 << 16:
        head = bytes([first, MASKED | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, MASKED | 127]) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    return head + mask + masked(payload, mask)


def fragments(opcode: int, pieces: Sequence[bytes], between: bytes = b"") -> bytes:
    """Returns one message, a frame for each piece; `between` follows each frame but the last."""
    frames = [
        frame(opcode if number == 0 else CONTINUATION, piece, final=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    ]
    return between.join(frames)


def pieces_of(data: bytes, size: int) -> list[bytes]:
    """Cuts the data into pieces of that size."""
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def encode(kind: str, data: Any = None) -> bytes:
    """Returns a message of the server's protocol as text."""
    message = {"type": kind} if data is None else {"type": kind, "data": data}
    return json.dumps(message, ensure_ascii=False).encode()


PING_MESSAGE = encode("Ping")


def upgrade_request(key: str, *headers: str, path: str = "/ws") -> bytes:
    """Returns the request that opens a websocket."""
    return get(
        path,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *headers,
    )


class WebSocket(Connection):
    """An open websocket. `sent` and `received` count the text messages in each direction.

    The last message arrived between `after_s` and `before_s`, by time.perf_counter().
    """

    def __init__(self, port: int, *headers: str, path: str = "/ws") -> None:
        super().__init__(port)
        self.sent = self.received = 0
        self.pongs_due = 0
        self.after_s = self.before_s = time.perf_counter()
        self._may_have_left_some = False
        self._poll = select.poll()
        self._poll.register(self.socket, select.POLLIN)
        self.is_open = True
        self.controls: collections.Counter[int] = collections.Counter()
        self._fragments: list[bytes] = []
        key = base64.b64encode(os.urandom(16)).decode()
        response = self.ask(upgrade_request(key, *headers, path=path))
        assert response.status == 101, response.head
        digest = hashlib.sha1(key.encode() + ACCEPT_GUID).digest()
        assert base64.b64encode(digest).decode() in response.head

    # Sending.

    def count_sent(self, *texts: bytes) -> None:
        """Counts messages whose frames the caller sends itself."""
        self.sent += len(texts)
        self.pongs_due += sum(text.strip() == PING_MESSAGE for text in texts)

    def send_text(self, *texts: bytes) -> None:
        """Sends messages of one frame each, all in one write."""
        self.count_sent(*texts)
        self.send(b"".join(frame(TEXT, text) for text in texts))

    def send_message(self, kind: str, data: Any = None) -> None:
        self.send_text(encode(kind, data))

    def send_fragments(self, pieces: Sequence[bytes], between: bytes = b"") -> None:
        """Sends one text message in several frames, all in one write."""
        self.count_sent(b"".join(pieces))
        self.send(fragments(TEXT, pieces, between))

    def send_text_split(self, text: bytes, size: int) -> None:
        """Sends a message whose frame arrives in pieces of `size` bytes, each read by itself."""
        self.count_sent(text)
        self.send_split(pieces_of(frame(TEXT, text), size))

    # Receiving.

    def _fill(self) -> None:
        # The server holds a small message back until the previous one is acknowledged (Nagle).
        # Without this option an acknowledgement takes up to 40 ms, which the client would measure.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        is_there = bool(self._poll.poll(0))
        size = len(self.buffer)
        super()._fill()
        now_s = time.perf_counter()
        if not is_there:
            self.after_s = now_s
        elif not self._may_have_left_some:
            self.after_s = self.before_s
        self.before_s = now_s
        self._may_have_left_some = len(self.buffer) - size >= RECEIVE_BYTES

    def _read_frame(self) -> tuple[int, bytes]:
        """Returns the first byte of a frame, and its payload."""
        first, second = self._take(2)
        assert not second & MASKED, "servers do not mask"
        size = second
        if size == 126:
            size = int.from_bytes(self._take(2), "big")
        elif size == 127:
            size = int.from_bytes(self._take(8), "big")
        return first, self._take(size)

    def next_text(self) -> bytes:
        """Reads until a text message is complete."""
        while True:
            first, payload = self._read_frame()
            opcode = first & 0xF
            if opcode >= CLOSE:
                self.controls[opcode] += 1
                continue
            assert opcode in (TEXT, CONTINUATION), f"opcode {opcode}"
            self._fragments.append(payload)
            if first & FINAL:
                self.received += 1
                text, self._fragments = b"".join(self._fragments), []
                return text

    def next_message(self) -> Message:
        """Reads one message, and passes it to `note`."""
        message: Message = json.loads(self.next_text())
        self.pongs_due -= message["type"] == "Pong"
        self.note(message)
        return message

    def note(self, message: Message) -> None:
        """Called with each message; a subclass counts more than messages here."""

    def until(self, check: Callable[[Message], bool]) -> Message:
        """Reads until a message passes the check; returns that message."""
        while not check(message := self.next_message()):
            pass
        return message

    def await_type(self, *kinds: str) -> Message:
        """Reads until a message has one of these types; returns that message."""
        return self.until(lambda message: message["type"] in kinds)

    def fence(self, times: int = 1) -> None:
        """Reads everything that the server had sent to this client before this call.

        Messages to a client keep their order, so the answer to a ping arrives after all of them.
        """
        self.send_text(*[PING_MESSAGE] * times)
        while self.pongs_due:
            self.next_message()

    def read_to_end(self) -> None:
        """Counts messages until the server closes the connection."""
        try:
            while True:
                self.next_message()
        except (ConnectionError, OSError):
            self.is_open = False

    # Ending.

    def shake_hands(self, reason: str = "") -> None:
        """Sends a close frame and reads until the server closes the connection (RFC 6455)."""
        self.send(frame(CLOSE, NORMAL_CLOSURE + reason.encode()))
        self.read_to_end()
        super().close()

    def close(self) -> None:
        """Closes the connection without a close frame."""
        self.is_open = False
        super().close()

    def abort(self) -> None:
        """Resets the connection."""
        self.is_open = False
        super().abort()
