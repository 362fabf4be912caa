# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is older than the attachment: found wherever the heap lies, and never counted as new."""

import pathlib
import subprocess

import pytest

from harness import names
from harness.http_client import ask_once, get
from harness.sessions import Client
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

# The mangling decides whether spawns, ids and types are found by the same names.
TESTED_BUILDS = ("default", "v0")

SOCKETS, SHELLS = 5, 2
# The initial scan leaves out larger mappings: they are reserved addresses.
LARGEST_HEAP_GIB = 64


@pytest.fixture(scope="module")
def heap_library(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Builds the allocator whose memory is a memfd."""
    library = tmp_path_factory.mktemp("heap") / "memfd_heap.so"
    source = pathlib.Path(__file__).parent / "harness" / "memfd_heap.c"
    subprocess.run(
        ["cc", "-O1", "-shared", "-fPIC", "-fno-builtin", "-o", str(library), str(source)],
        check=True,
    )
    return str(library)


def open_sessions(port: int) -> list[Client]:
    """Opens websockets, the first ones with a shell each."""
    clients = [Client(port) for _ in range(SOCKETS)]
    for client in clients[:SHELLS]:
        client.open_shell()
    return clients


def speak(clients: list[Client]) -> None:
    """Sends a message on each websocket, and text to each shell."""
    for client in clients:
        client.fence()
        for shell in client.open_shells.values():
            client.echo(shell, "hello")


def close(clients: list[Client]) -> None:
    """Ends the shells, which outlive their websockets, and closes the websockets."""
    for client in clients:
        for shell in list(client.open_shells.values()):
            client.end_shell(shell)
        client.close()


def expect(tool: Tool, active: bool) -> None:
    """Waits for the number of active sessions; none of them may count as a started one."""

    def is_right() -> bool:
        scrape = tool.scrape()
        return scrape.value(names.CONNECTIONS_ACTIVE) == (
            SOCKETS if active else 0
        ) and scrape.value(names.SHELLS_ACTIVE) == (SHELLS if active else 0)

    wait_until(f"{SOCKETS if active else 0} websockets are active", is_right)
    scrape = tool.scrape()
    assert scrape.value(names.CONNECTIONS) == 0
    assert scrape.value(names.SHELLS) == 0


def test_heap_in_a_memfd(start: Starter, binary: str, heap_library: str) -> None:
    """Sessions whose tasks lie in a mapping with an inode are active from the first moment."""
    server = start.server(binary, environment={"LD_PRELOAD": heap_library})
    clients = open_sessions(server.port)
    tool = start.watch(server)
    first = tool.scrape()
    assert first.value(names.CONNECTIONS_ACTIVE) == SOCKETS
    assert first.value(names.SHELLS_ACTIVE) == SHELLS
    assert first.value("scotty_tokio_workers_count") > 0
    assert first.found("tasks_agree") > 0
    assert first.losses() == {}
    speak(clients)
    expect(tool, True)
    close(clients)
    expect(tool, False)


def test_tasks_that_the_scan_cannot_find(start: Starter, binary: str, heap_library: str) -> None:
    """Tasks that are met late are old: active from then on, never started. Their number is
    reported once tokio's own counter is known."""
    server = start.server(
        binary,
        environment={"LD_PRELOAD": heap_library, "HEAP_GIB": str(LARGEST_HEAP_GIB + 1)},
    )
    clients = open_sessions(server.port)
    alive = len(clients) + SHELLS
    tool = start.watch(server)
    speak(clients)
    expect(tool, True)
    assert tool.scrape().found("task_met_late") >= alive
    # The first spawn shows the runtime.
    assert ask_once(server.port, get("/api/v1/health")).status == 200
    wait_until(
        "the runtime is known",
        lambda: ("scotty_tokio_tasks_spawned_total", frozenset()) in tool.scrape().values,
    )
    scrape = tool.scrape()
    assert scrape.value(names.TOKIO_TASKS_ACTIVE) >= alive
    # Only the request's connection was spawned and has ended since the attachment.
    assert scrape.value(names.DROPPED) <= 1
    close(clients)
    expect(tool, False)
