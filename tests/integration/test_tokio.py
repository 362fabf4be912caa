# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Polls, slow polls, active tasks and worker threads, compared with the client's requests.

The timers of the servers never fire, so all polls are caused by a client.
"""

import time

import pytest

from harness.builds import BOTH_RECORDERS
from harness.counting import Counting
from harness.http_client import Connection, ask_once, get
from harness.load import keep_alive_load
from harness.run_delay import RunDelay
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_RECORDERS

# A connection's task is polled to read a request, and again when its handler is woken.
CONNECTION_POLLS = 2
# Far above the duration of other polls, also on a busy machine.
SLOW_POLL = ("--slow-poll", "50ms")


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server, *SLOW_POLL)


def await_value(tool: Tool, name: str, value: float) -> None:
    """Waits until a metric without labels has the value; asserts that it keeps the value."""
    wait_until(f"{name} is {value}", lambda: tool.scrape().value(name) == value)
    assert tool.scrape().value(name) == value


def warm_connection(server: Server, tool: Tool) -> Connection:
    """Opens a connection and makes a first request; returns once its polls are counted."""
    total = tool.scrape().requests().total()
    connection = Connection(server.port)
    connection.get("/api/v1/health")
    wait_until("the request is counted", lambda: tool.scrape().requests().total() == total + 1)
    return connection


def polls_of(tool: Tool, connection: Connection, target: str) -> int:
    """Returns the number of polls of one request on an open connection."""
    before = tool.scrape()
    total = before.requests().total()
    assert connection.get(target).status == 200
    # The request is counted when the connection's last poll ends, so its polls are counted, too.
    wait_until("the request is counted", lambda: tool.scrape().requests().total() == total + 1)
    return tool.scrape().polls() - before.polls()


@pytest.mark.quick
def test_idle_server_polls_nothing(tool: Tool) -> None:
    """An idle server polls nothing, so the other tests count only polls of their clients."""
    before = tool.scrape().polls()
    for _ in range(20):
        assert tool.scrape().polls() == before


@pytest.mark.quick
@pytest.mark.parametrize("polls", [100, 20000])
def test_polls_of_a_task(server: Server, tool: Tool, polls: int) -> None:
    """A task of N polls counts N polls, besides the polls of its connection."""
    with warm_connection(server, tool) as connection:
        found = polls_of(tool, connection, f"/api/v1/test/spawn/1/{polls}")
    assert found == polls + CONNECTION_POLLS


@pytest.mark.quick
def test_polls_of_many_tasks(server: Server, tool: Tool) -> None:
    """300 tasks of 100 polls: their polls, and at most one wake-up of the connection each."""
    with warm_connection(server, tool) as connection:
        found = polls_of(tool, connection, "/api/v1/test/spawn/300/100")
    assert 300 * 100 < found <= 300 * 100 + 300 + CONNECTION_POLLS


def test_polls_on_several_connections(server: Server, tool: Tool) -> None:
    """Tasks of several connections on both workers: every poll is counted."""
    connections = [warm_connection(server, tool) for _ in range(4)]
    counting = Counting(tool)
    for connection in connections:
        connection.send(get("/api/v1/test/spawn/1/5000"))
    for connection in connections:
        assert connection.response().status == 200
    counting.expect(("GET", "/api/v1/test/spawn/{count}/{polls}", 200), times=4)
    assert tool.scrape().polls() - counting.before.polls() == 4 * (5000 + CONNECTION_POLLS)
    for connection in connections:
        connection.close()


@pytest.mark.quick
def test_blocking_closures_are_no_polls(server: Server, tool: Tool) -> None:
    """A closure of spawn_blocking counts as a blocking run, not as a poll."""
    before = tool.scrape().value("scotty_tokio_blocking_runs_total")
    with warm_connection(server, tool) as connection:
        found = polls_of(tool, connection, "/api/v1/test/spawn_blocking/20")
    assert found == CONNECTION_POLLS
    await_value(tool, "scotty_tokio_blocking_runs_total", before + 1)


@pytest.mark.quiet
@pytest.mark.quick
def test_slow_polls(server: Server, tool: Tool) -> None:
    """A blocked worker is a slow poll; a sleeping task and a blocking closure are not."""
    name = "scotty_tokio_slow_poll_count_total"
    delay = RunDelay(server.pid)
    before = tool.scrape()
    for _ in range(3):
        assert ask_once(server.port, get("/api/v1/test/block/100")).status == 200
    for target in ("sleep/100", "spawn_blocking/100", "block/0"):
        assert ask_once(server.port, get(f"/api/v1/test/{target}")).status == 200
    await_value(tool, name, before.value(name) + 3)
    assert ask_once(server.port, get("/api/v1/test/block_in_place/100")).status == 200
    await_value(tool, name, before.value(name) + 4)
    assert tool.scrape().value("scotty_tokio_tasks_active") == before.value(
        "scotty_tokio_tasks_active"
    )
    grown_s = tool.scrape().value("scotty_tokio_poll_duration_seconds_sum") - before.value(
        "scotty_tokio_poll_duration_seconds_sum"
    )
    assert 0.4 <= grown_s < 0.42 + delay.s()


@pytest.mark.quick
def test_histogram_holds_every_poll(tool: Tool) -> None:
    """The histogram of durations holds every poll."""
    scrape = tool.scrape()
    assert scrape.value("scotty_tokio_poll_duration_seconds_count") == scrape.polls()
    assert scrape.value("scotty_tokio_poll_duration_seconds_bucket", le="+Inf") == scrape.polls()


@pytest.mark.quick
def test_tasks_come_and_go(server: Server, tool: Tool) -> None:
    """Idle tasks, connections and panicking tasks are active from their spawn to their end."""
    name = "scotty_tokio_tasks_active"
    base = tool.scrape().value(name)
    with warm_connection(server, tool) as connection:
        await_value(tool, name, base + 1)
        connection.get("/api/v1/test/spawn_idle/40")
        await_value(tool, name, base + 41)
        assert connection.get("/api/v1/test/spawn_panic/30").body == b'{"panics":30}'
        connection.get("/api/v1/test/spawn/100/5")
        await_value(tool, name, base + 41)
        connection.get("/api/v1/test/drop_idle")
        await_value(tool, name, base + 1)
    await_value(tool, name, base)


def steady(tool: Tool, name: str) -> float:
    """Returns a metric's value once it is constant; a new server still spawns tasks."""
    seen: list[float] = []

    def is_constant() -> bool:
        seen.append(tool.scrape().value(name))
        time.sleep(0.05)
        return len(seen) >= 6 and len(set(seen[-6:])) == 1

    wait_until(f"{name} is constant", is_constant)
    return seen[-1]


def test_initial_scan_finds_tasks(start: Starter, binary: str) -> None:
    """Tasks from before the attachment that are never polled are counted, and so is their end."""
    name = "scotty_tokio_tasks_active"
    server = start.server(binary)
    alone = start.watch(server)
    base = steady(alone, name)
    assert alone.end() == 0
    ask_once(server.port, get("/api/v1/test/spawn_idle/123"))
    ask_once(server.port, get("/api/v1/test/spawn/500/3"))
    ask_once(server.port, get("/api/v1/test/spawn_panic/20"))
    connections = [Connection(server.port) for _ in range(6)]
    for connection in connections:
        connection.get("/api/v1/health")
    tool = start.watch(server)
    await_value(tool, name, base + 123 + 6)
    connections.pop().close()
    await_value(tool, name, base + 123 + 5)
    connections[0].get("/api/v1/test/drop_idle")
    await_value(tool, name, base + 5)
    for connection in connections:
        connection.close()
    await_value(tool, name, base)


def test_initial_scan_under_load(start: Starter, binary: str) -> None:
    """Tasks that end during the initial scan do not stay active."""
    server = start.server(binary)
    tool = start.watch(server)
    base = steady(tool, "scotty_tokio_tasks_active") + 50
    ask_once(server.port, get("/api/v1/test/spawn_idle/50"))
    for _ in range(3):
        with keep_alive_load(server.port, "/api/v1/test/spawn/20/2") as load:
            wait_until("load", lambda: load.total() > 50)
            late = start.watch(server)
        for each in (tool, late):
            await_value(each, "scotty_tokio_tasks_active", base)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers(start: Starter, binary: str, workers: int) -> None:
    """The number of workers is right: idle, with blocking threads, and under load."""
    name = "scotty_tokio_workers_count"
    server = start.server(binary, "--workers", str(workers))
    tool = start.watch(server)
    assert tool.scrape().value(name) == workers
    connections = [Connection(server.port) for _ in range(4)]
    for connection in connections:
        connection.send(get("/api/v1/test/spawn_blocking/300"))
    assert tool.scrape().value(name) == workers
    for connection in connections:
        connection.response()
        connection.close()
    with keep_alive_load(server.port, "/api/v1/health") as load:
        wait_until("load", lambda: load.total() > 200)
        assert [tool.scrape().value(name) for _ in range(10)] == [workers] * 10
