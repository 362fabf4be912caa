# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What comes and goes: connections, websockets, sessions, and label sets of the request metrics."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from harness.http_client import Connection, get
from harness.sessions import Client
from harness.websocket_client import upgrade_request

DAY_S = 86_400
# Less than the server lets wait to be accepted.
AT_ONCE = 256
SWITCHING_PROTOCOLS = 101
# Any will do (RFC 6455, section 1.3).
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
# Final statuses that the sample server gives when it is asked to.
STATUSES = range(200, 1000)


def ask(port: int, target: str) -> None:
    """One request on a connection of its own."""
    with Connection(port) as connection:
        connection.get(target)


@contextlib.contextmanager
def open_websockets(port: int, count: int) -> Iterator[list[Connection]]:
    """So many open websockets, which say nothing, until the end of the context."""
    found: list[Connection] = []
    try:
        while len(found) < count:
            some = [Connection(port) for _ in range(min(AT_ONCE, count - len(found)))]
            found += some
            for connection in some:
                connection.send(upgrade_request(KEY))
            for connection in some:
                assert connection.response().status == SWITCHING_PROTOCOLS
        yield found
    finally:
        for connection in found:
            connection.close()


def session(port: int) -> None:
    """A client with a shell and a log, who leaves."""
    with Client(port) as client:
        shell = client.open_shell()
        client.echo(shell, "ls")
        client.end_shell(shell)
        client.read_log(lines=10)


def run(port: int, seconds: float) -> str:
    """As much as fits into so many seconds; tells what it was."""
    end = time.monotonic() + seconds
    codes = itertools.cycle(STATUSES)
    sessions = connections = 0
    while time.monotonic() < end:
        session(port)
        sessions += 1
        with Connection(port) as connection:
            connection.send(b"".join(get(f"/api/v1/test/status/{next(codes)}") for _ in range(8)))
            for _ in range(8):
                connection.response()
        connections += 1
    return (
        f"{sessions:,} shells and logs, {connections:,} connections:"
        f" a day's of one each {DAY_S / max(sessions, 1):.0f} s"
    )
