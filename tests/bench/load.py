# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs the load generator, with websockets beside it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from harness.sessions import Client

# Of each websocket, so that there is some traffic on it, but the client costs next to nothing.
PINGS_PER_SECOND = 2


@dataclass(frozen=True)
class Load:
    """What one run of the generator saw."""

    answered: int
    unanswered: int
    seconds: float
    latency_us: dict[str, float]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answered / self.seconds


@dataclass(frozen=True)
class Generator:
    """The program, and how many connections it keeps."""

    binary: str
    connections: int

    def run(self, port: int, requests: Path, seconds: float, rate: float = 0) -> Load:
        """At that many requests a second, or as many as the server takes."""
        arguments = (port, requests, self.connections, seconds, rate)
        output = subprocess.run(
            [self.binary, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        told = json.loads(output)
        return Load(told["answered"], told["unanswered"], told["seconds"], told["latency_us"])


@contextlib.contextmanager
def websockets(port: int, count: int) -> Iterator[None]:
    """Open websockets with a ping now and then, until the end of the context."""
    if not count:
        yield
        return
    clients = [Client(port) for _ in range(count)]
    over = threading.Event()

    def ping() -> None:
        while not over.is_set():
            for client in clients:
                client.fence()
                time.sleep(1 / PINGS_PER_SECOND / count)

    thread = threading.Thread(target=ping)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for client in clients:
            client.close()
