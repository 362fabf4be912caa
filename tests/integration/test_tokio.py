# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Polls, slow polls, tasks alive and worker threads, against what the server was told to do.

The servers are quiet: their timers never fire, so that only what a client causes is polled.
"""

import time

import pytest

from harness.counting import Counting
from harness.http_client import Connection, ask_once, get
from harness.load import keep_alive_load
from harness.run_delay import RunDelay
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

# A connection's task is polled to read a request, and again when its handler was woken.
CONNECTION_POLLS = 2
# Far above the time that a poll takes by itself, also where the machine is busy.
SLOW_POLL = ("--slow-poll", "50ms")


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server, *SLOW_POLL)


def settled(tool: Tool, name: str, value: float) -> None:
    """Waits until a metric without labels has the value, and sees it stay."""
    wait_until(f"{name} is {value}", lambda: tool.scrape().value(name) == value)
    assert tool.scrape().value(name) == value


def warm_connection(server: Server, tool: Tool) -> Connection:
    """A connection whose first request is over, and counted with all its polls."""
    total = tool.scrape().requests().total()
    connection = Connection(server.port)
    connection.get("/api/v1/health")
    wait_until("it is counted", lambda: tool.scrape().requests().total() == total + 1)
    return connection


def polls_of(tool: Tool, connection: Connection, target: str) -> int:
    """The polls that one request on an open connection takes."""
    before = tool.scrape()
    total = before.requests().total()
    assert connection.get(target).status == 200
    # The response is counted when the connection's last poll ends: then all polls are.
    wait_until("it is counted", lambda: tool.scrape().requests().total() == total + 1)
    return tool.scrape().polls() - before.polls()


def test_idle_server_polls_nothing(tool: Tool) -> None:
    """With nothing to do there are no polls: what follows counts the clients' doing alone."""
    before = tool.scrape().polls()
    for _ in range(20):
        assert tool.scrape().polls() == before


@pytest.mark.parametrize("polls", [100, 20000])
def test_polls_of_a_task(server: Server, tool: Tool, polls: int) -> None:
    """A task of N polls is N polls, besides those of the connection that spawned it."""
    with warm_connection(server, tool) as connection:
        found = polls_of(tool, connection, f"/api/v1/test/spawn/1/{polls}")
    assert found == polls + CONNECTION_POLLS


def test_polls_of_many_tasks(server: Server, tool: Tool) -> None:
    """300 tasks of 100 polls: their polls, and at most one a task for the connection."""
    with warm_connection(server, tool) as connection:
        found = polls_of(tool, connection, "/api/v1/test/spawn/300/100")
    assert 300 * 100 < found <= 300 * 100 + 300 + CONNECTION_POLLS


def test_polls_on_several_connections(server: Server, tool: Tool) -> None:
    """Tasks of several connections at once, on both workers: every poll of each."""
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


def test_blocking_closures_are_no_polls(server: Server, tool: Tool) -> None:
    """spawn_blocking runs once, and is not polled."""
    before = tool.scrape().value("scotty_tokio_blocking_runs_total")
    with warm_connection(server, tool) as connection:
        found = polls_of(tool, connection, "/api/v1/test/spawn_blocking/20")
    assert found == CONNECTION_POLLS
    settled(tool, "scotty_tokio_blocking_runs_total", before + 1)


def test_slow_polls(server: Server, tool: Tool) -> None:
    """A blocked worker is a slow poll; a sleeping or a blocking-pool task is none."""
    name = "scotty_tokio_slow_poll_count_total"
    delay = RunDelay(server.pid)
    before = tool.scrape()
    for _ in range(3):
        assert ask_once(server.port, get("/api/v1/test/block/100")).status == 200
    for target in ("sleep/100", "spawn_blocking/100", "block/0"):
        assert ask_once(server.port, get(f"/api/v1/test/{target}")).status == 200
    settled(tool, name, before.value(name) + 3)
    assert ask_once(server.port, get("/api/v1/test/block_in_place/100")).status == 200
    settled(tool, name, before.value(name) + 4)
    assert tool.scrape().value("scotty_tokio_tasks_active") == before.value(
        "scotty_tokio_tasks_active"
    )
    grown_s = tool.scrape().value("scotty_tokio_poll_duration_seconds_sum") - before.value(
        "scotty_tokio_poll_duration_seconds_sum"
    )
    assert 0.39 < grown_s < 0.42 + delay.s()


def test_histogram_holds_every_poll(tool: Tool) -> None:
    """The histogram of durations has as many polls as there were."""
    scrape = tool.scrape()
    assert scrape.value("scotty_tokio_poll_duration_seconds_count") == scrape.polls()
    assert scrape.value("scotty_tokio_poll_duration_seconds_bucket", le="+Inf") == scrape.polls()


def test_tasks_come_and_go(server: Server, tool: Tool) -> None:
    """Idle tasks, connections and panicking tasks: alive while they are, gone when they are."""
    name = "scotty_tokio_tasks_active"
    base = tool.scrape().value(name)
    with warm_connection(server, tool) as connection:
        settled(tool, name, base + 1)
        connection.get("/api/v1/test/spawn_idle/40")
        settled(tool, name, base + 41)
        assert connection.get("/api/v1/test/spawn_panic/30").body == b'{"panics":30}'
        connection.get("/api/v1/test/spawn/100/5")
        settled(tool, name, base + 41)
        connection.get("/api/v1/test/drop_idle")
        settled(tool, name, base + 1)
    settled(tool, name, base)


def steady(tool: Tool, name: str) -> float:
    """The value of a metric once it holds still: a server that has just started still spawns."""
    seen: list[float] = []

    def holds_still() -> bool:
        seen.append(tool.scrape().value(name))
        time.sleep(0.05)
        return len(seen) >= 6 and len(set(seen[-6:])) == 1

    wait_until(f"{name} holds still", holds_still)
    return seen[-1]


def test_census_finds_tasks_from_before(start: Starter, binary: str) -> None:
    """Tasks that were never polled since the tool attached are counted, and their end is."""
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
    settled(tool, name, base + 123 + 6)
    connections.pop().close()
    settled(tool, name, base + 123 + 5)
    connections[0].get("/api/v1/test/drop_idle")
    settled(tool, name, base + 5)
    for connection in connections:
        connection.close()
    settled(tool, name, base)


def test_census_amid_load(start: Starter, binary: str) -> None:
    """Tasks that end while the census is taken are not counted as alive for ever."""
    server = start.server(binary)
    tool = start.watch(server)
    base = steady(tool, "scotty_tokio_tasks_active") + 50
    ask_once(server.port, get("/api/v1/test/spawn_idle/50"))
    for _ in range(3):
        with keep_alive_load(server.port, "/api/v1/test/spawn/20/2") as load:
            wait_until("load", lambda: load.total() > 50)
            late = start.watch(server)
        for each in (tool, late):
            settled(each, "scotty_tokio_tasks_active", base)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers(start: Starter, binary: str, workers: int) -> None:
    """As many workers as were asked for: idle, among blocking threads, and under load."""
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
