# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Ports that refuse connections."""

import socket
from typing import Self


class ReservedPort:
    """A port that refuses connections, and that no other process gets, until it is released.

    The socket is bound but does not listen.
    """

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.number: int = self.socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self.socket.close()
