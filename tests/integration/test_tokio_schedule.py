# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tokio's scheduler: wake-ups, idle times, first polls, ends, and task types.

The timers of the servers never fire, so all polls are caused by a client.
"""

import time

import pytest

from harness import names
from harness.builds import BOTH_MANGLINGS
from harness.counting import Counting
from harness.http_client import Connection, ask_once, get
from harness.run_delay import RunDelay
from harness.scrape import Scrape, grown
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_MANGLINGS

HEALTH = "/api/v1/health"
# A connection's task is polled to read a request, and again when its handler is woken.
CONNECTION_POLLS = 2


def counted(tool: Tool, before: Scrape, requests: int) -> Scrape:
    """Waits until this number of further requests, with their polls, is counted."""
    total = before.requests().total() + requests
    wait_until("the requests are counted", lambda: tool.scrape().requests().total() == total)
    return tool.scrape()


def warm_connection(server: Server, tool: Tool) -> Connection:
    """Opens a connection and makes a first request; returns once its polls are counted."""
    before = tool.scrape()
    connection = Connection(server.port)
    assert connection.get(HEALTH).status == 200
    counted(tool, before, 1)
    return connection


@pytest.mark.quick
@pytest.mark.parametrize(("count", "polls"), [(1, 1), (1, 20000), (300, 1), (300, 100)])
def test_scheduled(server: Server, tool: Tool, count: int, polls: int) -> None:
    """Each poll follows one wake-up or spawn; the number of the tasks' own polls is known."""
    with warm_connection(server, tool) as connection:
        before = tool.scrape()
        assert connection.get(f"/api/v1/test/spawn/{count}/{polls}").status == 200
        after = counted(tool, before, 1)
    scheduled = grown(before, after, names.SCHEDULED)
    assert scheduled == grown(before, after, names.POLLS)
    # Each task wakes the connection at most once.
    assert count * polls < scheduled <= count * (polls + 1) + CONNECTION_POLLS


def test_scheduled_with_blocking_and_panics(start: Starter, binary: str) -> None:
    """Blocked and idle workers, panics and ends: still one wake-up for each poll."""
    # A server of its own: connections of another test may still be ending.
    server = start.server(binary)
    tool = start.watch(server)
    targets = (
        "spawn/20/30",
        "block_in_place/3",
        "spawn_blocking/3",
        "sleep/3",
        "block/3",
        "spawn_panic/5",
        "spawn_behind/5/2",
        "stream/3",
    )
    before = tool.scrape()
    connections = [Connection(server.port) for _ in range(6)]
    for target in targets * 5:
        for connection in connections:
            connection.send(get(f"/api/v1/test/{target}"))
        for connection in connections:
            assert connection.response().status == 200
    for connection in connections:
        connection.close()
    wait_until(
        "all tasks have ended",
        lambda: grown(before, tool.scrape(), names.TOKIO_TASKS_ACTIVE) == 0,
    )
    after = tool.scrape()
    assert grown(before, after, names.SCHEDULED) == grown(before, after, names.POLLS)
    # Each of 30 rounds spawns 20 + 5 + 5 tasks; each connection is a task.
    tasks = 30 * (20 + 5 + 5) + len(connections)
    assert grown(before, after, names.DROPPED) == tasks
    assert grown(before, after, f"{names.FIRST_POLL}_count") == tasks


@pytest.mark.quick
@pytest.mark.quiet
def test_idle_duration(server: Server, tool: Tool) -> None:
    """A connection's task that waits is idle from poll to wake-up: nearly all the time."""
    delay = RunDelay(server.pid)
    with Connection(server.port) as connection:
        before = tool.scrape()
        assert connection.get(HEALTH).status == 200
        begin_s = time.perf_counter()
        before = counted(tool, before, 1)
        for pause_s in (0.1, 0.2):
            assert connection.get("/api/v1/test/sleep/300").status == 200
            time.sleep(pause_s)
        assert connection.get("/api/v1/test/sleep/300").status == 200
        idle_s = time.perf_counter() - begin_s
        after = counted(tool, before, 3)
    slack_s = 0.02 * idle_s + delay.s()
    assert grown(before, after, f"{names.IDLE}_sum") == pytest.approx(idle_s, abs=slack_s)
    assert grown(before, after, f"{names.IDLE}_count") == 3 * CONNECTION_POLLS


def test_busy_is_not_idle(server: Server, tool: Tool) -> None:
    """Tasks that are woken while they are polled, or that block, add nothing to the idle time."""
    begin_s = time.perf_counter()
    with warm_connection(server, tool) as connection:
        before = tool.scrape()
        for target in ("spawn/1/20000", "block/200", "block_in_place/200"):
            assert connection.get(f"/api/v1/test/{target}").status == 200
        all_s = time.perf_counter() - begin_s
        after = counted(tool, before, 3)
    # Only the connection's task was idle: before each request, and while its handler ran.
    assert grown(before, after, f"{names.IDLE}_count") <= 3 * CONNECTION_POLLS
    # The idle time before the first of these requests began after the start of the measurement.
    assert grown(before, after, f"{names.IDLE}_sum") < all_s - 0.4


@pytest.mark.quiet
def test_first_poll_delay(start: Starter, binary: str) -> None:
    """The waiting time of a task equals the time that its worker is blocked."""
    server = start.server(binary, "--workers", "1")
    tool = start.watch(server)
    name = names.FIRST_POLL
    for count, delay_s in ((1, 0.2), (50, 0.1)):
        with warm_connection(server, tool) as connection:
            before = tool.scrape()
            target = f"/api/v1/test/spawn_behind/{count}/{round(delay_s * 1000)}"
            begin_s = time.perf_counter()
            assert connection.get(target).status == 200
            waited_s = time.perf_counter() - begin_s
            after = counted(tool, before, 1)
        assert grown(before, after, f"{name}_count") == count
        assert count * delay_s <= grown(before, after, f"{name}_sum") <= count * waited_s
        # No bucket below the delay holds any of them.
        below = [
            value - before.value(f"{name}_bucket", le=dict(labels)["le"])
            for (sample, labels), value in after.values.items()
            if sample == f"{name}_bucket" and float(dict(labels)["le"]) < delay_s
        ]
        assert below and set(below) == {0}


@pytest.mark.quick
def test_dropped(server: Server, tool: Tool) -> None:
    """Tasks that end, panic or are cancelled, and connections; no blocking closures."""

    def await_value(total: int) -> None:
        wait_until(f"{total} ended", lambda: grown(before, tool.scrape(), names.DROPPED) == total)
        assert grown(before, tool.scrape(), names.DROPPED) == total

    with warm_connection(server, tool) as connection:
        before = tool.scrape()
        connection.get("/api/v1/test/spawn/200/3")
        await_value(200)
        connection.get("/api/v1/test/spawn_panic/30")
        await_value(230)
        connection.get("/api/v1/test/spawn_idle/40")
        connection.get("/api/v1/test/spawn_blocking/5")
        await_value(230)
        connection.get("/api/v1/test/drop_idle")
        await_value(270)
    await_value(271)


def by_task(scrape: Scrape, name: str) -> dict[str, float]:
    """Returns the values of a metric by task type."""
    return {
        dict(labels)["task"]: value
        for (sample, labels), value in scrape.values.items()
        if sample == name
    }


@pytest.mark.quick
def test_task_types(server: Server, tool: Tool, build: str) -> None:
    """Polls by task type add up to all polls; the polls of a known task have its type."""
    counting = Counting(tool)
    ask_once(server.port, get("/api/v1/test/spawn/7/1000"))
    ask_once(server.port, get(HEALTH))
    counting.expect(("GET", "/api/v1/test/spawn/{count}/{polls}", 200), ("GET", HEALTH, 200))
    before, after = by_task(counting.before, names.POLLS_BY_TASK), tool.scrape()
    polls = by_task(after, names.POLLS_BY_TASK)
    assert sum(polls.values()) == after.total(names.POLLS)
    alive = by_task(after, "scotty_tokio_task_alive")
    assert sum(alive.values()) == after.total(names.TOKIO_TASKS_ACTIVE)
    grown_by = {kind: polls[kind] - before.get(kind, 0) for kind in polls}
    # With legacy names the type comes from the functions that a poll calls; here they are inlined.
    kind = "KnownPolls" if build == "v0" else "other"
    assert [grown_by[name] for name in grown_by if kind in name] == [7000]
    assert any("handle_connection" in kind for kind in polls)
    busy_s = sum(by_task(after, "scotty_tokio_task_busy_seconds_total").values())
    total_s = after.total("scotty_tokio_poll_duration_seconds_sum")
    assert busy_s == pytest.approx(total_s, rel=1e-6)
