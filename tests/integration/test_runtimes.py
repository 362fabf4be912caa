# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tokio's runtimes: every kind, several in one process, and tokio's own counters in memory."""

import json
import threading

import pytest

from harness import names
from harness.http_client import Connection, ask_once, get
from harness.scrape import Scrape, grown
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

# Three versions of tokio, both manglings, and what the compiler inlines.
TESTED_BUILDS = ("default", "v0", "size", "lto", "older", "current")

HEALTH = "/api/v1/health"
TASKS, SLEEPS = 100, 3
# A connection's task is idle before the request, and while its handler waits for the tasks.
CONNECTION_IDLE = 2
OWN = "multi_thread-1"


def by_runtime(scrape: Scrape, name: str) -> dict[str, float]:
    """Returns the values of a metric by runtime, summed over workers."""
    found: dict[str, float] = {}
    for (sample, labels), value in scrape.values.items():
        if sample == name:
            runtime = dict(labels)["runtime"]
            found[runtime] = found.get(runtime, 0) + value
    return found


def counted(tool: Tool, before: Scrape, requests: int) -> Scrape:
    """Waits until this number of further requests, with their polls, is counted."""
    total = before.requests().total() + requests
    wait_until("the requests are counted", lambda: tool.scrape().requests().total() == total)
    return tool.scrape()


def expect_sleeps(tool: Tool, connection: Connection, runtime: str) -> Scrape:
    """Lets tasks sleep on a runtime; every sleep, wake-up and first poll must be counted."""
    before = counted(tool, tool.scrape(), 0)
    assert connection.get(f"/api/v1/edge/sleep/{runtime}/{TASKS}/{SLEEPS}").status == 200
    after = counted(tool, before, 1)
    slept = TASKS * SLEEPS
    assert grown(before, after, f"{names.IDLE}_count") == slept + CONNECTION_IDLE
    assert grown(before, after, names.SCHEDULED) == TASKS + slept + CONNECTION_IDLE
    assert grown(before, after, f"{names.FIRST_POLL}_count") == TASKS
    assert grown(before, after, names.POLLS) == TASKS + slept + CONNECTION_IDLE
    # 30 ms each, and no more than the request took.
    idle_s = grown(before, after, f"{names.IDLE}_sum")
    assert idle_s >= slept * 0.03
    assert after.found("wake_unseen") == before.found("wake_unseen")
    return after


@pytest.mark.quick
def test_current_thread_server(start: Starter, binary: str) -> None:
    """A server on a current-thread runtime: one worker; sleeps, tasks and requests are exact."""
    server = start.server(binary, "--runtime", "current-thread")
    ask_once(server.port, get("/api/v1/test/spawn_idle/7"))
    tool = start.watch(server)
    first = tool.scrape()
    assert first.value("scotty_tokio_workers_count") == 1
    with Connection(server.port) as connection:
        assert connection.get(HEALTH).status == 200
        after = expect_sleeps(tool, connection, "own")
    assert after.value("scotty_tokio_workers_count") == 1
    assert after.value(names.TOKIO_TASKS_ACTIVE) == first.value(names.TOKIO_TASKS_ACTIVE) + 1
    assert after.value(names.DROPPED) == TASKS
    assert after.value("scotty_tokio_tasks_spawned_total") == TASKS + 1
    assert after.value("scotty_tokio_worker_parks_total", worker="0") > SLEEPS
    assert not tool.scrape().losses()


@pytest.mark.quick
@pytest.mark.parametrize("runtime", ["current-thread", "local-set"])
@pytest.mark.parametrize("is_late", [False, True], ids=["older", "younger"])
def test_side_runtime(start: Starter, binary: str, runtime: str, is_late: bool) -> None:
    """A second runtime, older or younger than the attachment, is distinguished by a label."""
    server = start.server(binary, "--workers", "2")
    if not is_late:
        ask_once(server.port, get(f"/api/v1/edge/hold/{runtime}/3"))
    tool = start.watch(server)
    held = 0 if is_late else 3
    with Connection(server.port) as connection:
        assert connection.get(HEALTH).status == 200
        expect_sleeps(tool, connection, runtime)
        after = expect_sleeps(tool, connection, "own")
        side = "local_set" if runtime == "local-set" else "current_thread-2"
        assert by_runtime(after, names.TOKIO_TASKS_ACTIVE)[side] == held
        assert by_runtime(after, names.DROPPED)[side] == TASKS
        assert by_runtime(after, names.DROPPED)[OWN] == TASKS
        assert by_runtime(after, "scotty_tokio_tasks_spawned_total")[side] == TASKS
        assert connection.get(f"/api/v1/edge/hold/{runtime}/5").status == 200
        wait_until(
            "the tasks are alive",
            lambda: by_runtime(tool.scrape(), names.TOKIO_TASKS_ACTIVE)[side] == held + 5,
        )
        # A LocalSet runs on a current-thread runtime, which has no task of its own.
        wait_until(
            "all workers are known",
            lambda: sorted(by_runtime(tool.scrape(), "scotty_tokio_workers_count").values())
            == [1, 2],
        )
        assert connection.get("/api/v1/edge/end_runtimes").status == 200
        wait_until(
            "the runtime has ended",
            lambda: by_runtime(tool.scrape(), "scotty_tokio_workers_count") == {OWN: 2},
        )
    assert by_runtime(tool.scrape(), names.TOKIO_TASKS_ACTIVE).get(side, 0) == 0
    assert not tool.scrape().losses()


def test_workers_while_blocked(start: Starter, binary: str) -> None:
    """block_in_place and a poll that waits on a channel leave the number of workers as it is."""
    name = "scotty_tokio_workers_count"
    server = start.server(binary, "--workers", "2")
    tool = start.watch(server)
    for target in ("test/block_in_place/400", "edge/receive_timeout/400"):
        connections = [Connection(server.port) for _ in range(2)]
        for connection in connections:
            connection.send(get(f"/api/v1/{target}"))
        assert [tool.scrape().value(name) for _ in range(20)] == [2] * 20, target
        for connection in connections:
            assert connection.response().status == 200
            connection.close()


@pytest.mark.quick
def test_tasks_from_the_first_moment(start: Starter, binary: str) -> None:
    """The first collection has all live tasks, and none that ended before."""
    server = start.server(binary)
    alone = start.watch(server)
    base = alone.scrape().value(names.TOKIO_TASKS_ACTIVE)
    ask_once(server.port, get("/api/v1/test/spawn_idle/123"))
    ask_once(server.port, get("/api/v1/test/spawn/500/3"))
    wait_until(
        "the connections have ended",
        lambda: alone.scrape().value(names.TOKIO_TASKS_ACTIVE) == base + 123,
    )
    tool = start.watch(server)
    first = tool.scrape()
    assert first.value(names.TOKIO_TASKS_ACTIVE) == base + 123
    assert first.value(names.DROPPED) == 0
    assert first.found("tasks_agree") > 0
    assert first.found("tasks_differ") == 0
    ask_once(server.port, get("/api/v1/test/drop_idle"))
    wait_until("all have ended", lambda: tool.scrape().value(names.DROPPED) == 124)
    assert tool.scrape().value(names.TOKIO_TASKS_ACTIVE) == base


@pytest.mark.quiet
def test_busy_time_and_parks(start: Starter, binary: str) -> None:
    """A worker is busy while a poll blocks it, and parks when the poll has ended."""
    busy, parks = "scotty_tokio_worker_busy_seconds_total", "scotty_tokio_worker_parks_total"
    server = start.server(binary, "--workers", "2")
    tool = start.watch(server)
    before = tool.scrape()
    assert ask_once(server.port, get("/api/v1/test/block/300")).status == 200
    wait_until("the worker has parked", lambda: grown(before, tool.scrape(), busy) >= 0.3)
    after = tool.scrape()
    assert 0.3 <= grown(before, after, busy) < 0.4
    assert grown(before, after, parks) > 0
    assert {dict(labels)["worker"] for (name, labels) in after.values if name == busy} == {
        "0",
        "1",
    }


def test_queue_of_a_blocked_worker(start: Starter, binary: str) -> None:
    """Tasks behind a blocked worker are in its queue, but for the one that it polls next."""
    name = "scotty_tokio_local_queue_depth"
    server = start.server(binary, "--workers", "1")
    tool = start.watch(server)
    assert tool.scrape().value(name, worker="0") == 0
    assert tool.scrape().value("scotty_tokio_global_queue_depth") == 0
    thread = threading.Thread(
        target=ask_once, args=(server.port, get("/api/v1/test/spawn_behind/50/700"))
    )
    thread.start()
    wait_until("the tasks are queued", lambda: tool.scrape().value(name, worker="0") == 49)
    thread.join()
    assert tool.scrape().value(name, worker="0") == 0


def test_blocking_threads(start: Starter, binary: str) -> None:
    """Threads of the blocking pool: busy, then idle; the workers are not among them."""
    threads, idle = "scotty_tokio_blocking_threads", "scotty_tokio_blocking_idle_threads"
    server = start.server(binary, "--workers", "2")
    tool = start.watch(server)
    base = tool.scrape().value(threads)
    assert tool.scrape().value(idle) == base
    connections = [Connection(server.port) for _ in range(5)]
    for connection in connections:
        connection.send(get("/api/v1/test/spawn_blocking/500"))
    wait_until("five are busy", lambda: tool.scrape().value(threads) == 5)
    during = tool.scrape()
    assert during.value(idle) == 0
    assert during.value("scotty_tokio_blocking_queue_depth") == 0
    for connection in connections:
        assert connection.response().status == 200
        connection.close()
    wait_until("all are idle", lambda: tool.scrape().value(idle) == 5)


@pytest.mark.quick
def test_verify_lists_runtimes(start: Starter, binary: str) -> None:
    """verify lists each runtime, and the parts of each that it found."""
    server = start.server(binary, "--workers", "2")
    ask_once(server.port, get("/api/v1/edge/hold/current-thread/3"))
    verify = start.verify("--pid", str(server.pid), "--format", "json")
    found = {entry["id"]: entry for entry in json.loads(verify.stdout())["runtimes"]}
    assert found.keys() == {1, 2}
    assert found[1]["kind"] == "multi_thread"
    assert found[1]["workers"] == 2
    assert all(found[1][part] for part in ("global_queue", "local_queues", "blocking_threads"))
    assert found[2] == {
        "kind": "current_thread",
        "id": 2,
        "workers": 1,
        "tasks": 3,
        "global_queue": False,
        "local_queues": True,
        "blocking_threads": False,
        "wake_ups": True,
    }
    assert found[1]["wake_ups"]
    text = start.verify("--pid", str(server.pid)).stdout()
    assert "\nRuntimes: 2, by tokio's own counters in memory\n" in text
    assert "\n  current_thread-2: 1 worker, 3 tasks\n" in text
