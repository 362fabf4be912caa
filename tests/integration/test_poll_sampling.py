# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The poll probes are attached only part of the time, or detached: all other metrics stay exact."""

import collections
import re
import threading
import time
from collections.abc import Iterator

import pytest

from harness import names
from harness.applications import await_list
from harness.builds import BUILDS_THAT_ABORT, BUILDS_WITH_RECORDER
from harness.counting import Counting
from harness.http_client import Connection, get
from harness.load import keep_alive_load
from harness.panics import harsh_outcomes
from harness.polls import (
    HEALTH,
    HITS,
    SAMPLING_MESSAGE,
    Windows,
    ask,
    detach_polls,
    poll_start_hook,
    watched,
)
from harness.scrape import grown
from harness.sessions import Client
from harness.starter import Starter
from harness.traces import Tracing, is_error, new_context
from harness.waiting import wait_until
from harness.workload import CLIENTS, STEPS, Workload

# Builds with state transitions and one or two run queues, one that hooks the poll functions, one with
# larger tasks, one with merged functions, and one with another C library's thread-local storage.
TESTED_BUILDS = ("default", "bare", "size", "lto", "unstable", "abort", "musl")
MODES = {
    "basic": ("--level", "basic"),
    # Any load costs more than this limit.
    "sampled": ("--max-overhead", "0.0001"),
}
ONLY_BASIC = pytest.mark.parametrize("mode", ["basic"], indirect=True, scope="module")
ONLY_SAMPLED = pytest.mark.parametrize("mode", ["sampled"], indirect=True, scope="module")
LOAD_REQUESTS = 2000
WINDOWS = 3
# Longer than a window with its drain, and the number of connections that ask once in the course of
# several windows.
WRITE_DELAY_MS = 40
IDLE_CONNECTIONS = 250


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def workload(start_shared: Starter, binary: str, mode: str) -> Iterator[Workload]:
    """The workload of test_workload.py, with detached poll probes."""
    workload = Workload(start_shared, binary, *MODES[mode], warm_up=detach_polls)
    assert watched(workload.tool) < 0.5
    yield workload
    workload.ledger.close()


@pytest.fixture(scope="module")
def detached(start_shared: Starter, binary: str, mode: str) -> Iterator[Tracing]:
    """A server whose poll probes are detached. A client keeps it above the limit, and tests add
    their own requests."""
    server = start_shared.server(binary, "--workers", "2")
    tracing = Tracing(start_shared, server, *MODES[mode])
    detach_polls(tracing)
    assert (SAMPLING_MESSAGE in tracing.tool.stderr()) == (mode == "sampled")
    stopped = threading.Event()

    def chat() -> None:
        client = Client(server.port)
        while not stopped.wait(0.02):
            client.fence()
        client.close()

    thread = threading.Thread(target=chat)
    thread.start()
    yield tracing
    stopped.set()
    thread.join()


@pytest.fixture
def tracing(detached: Tracing) -> Iterator[Tracing]:
    """A traced server whose poll probes are detached before and after the test."""
    wait_until("the poll probes are detached", lambda: watched(detached.tool) < 0.5)
    yield detached
    assert watched(detached.tool) < 0.5


def test_every_step_was_taken(workload: Workload) -> None:
    """The random plans contain every step."""
    done = workload.total("done")
    assert len(done) == 8 and done.total() == CLIENTS * (STEPS + 1)


def test_requests(workload: Workload) -> None:
    """Every label set is exact, and no request waits for the next one on its connection."""
    wanted = workload.total("requests")
    assert dict(workload.counting.counted()) == wanted
    assert workload.tool.scrape().active() == 0


def test_sessions_and_messages(workload: Workload) -> None:
    """Websockets, shells, log streams and tasks: counts, levels and durations."""
    left = sum(not client.is_open for client in workload.ledger.clients)
    workload.ledger.expect(unread=2 * left)
    workload.ledger.expect_durations()


def test_spans(workload: Workload) -> None:
    """The number of spans of sessions and tasks, and of their errors."""
    ledger, collector = workload.ledger, workload.tracing.collector
    counts = ledger.expected()
    wanted = {
        names.SHELL_SPAN: counts[names.SHELLS],
        names.LOG_SPAN: counts[names.LOGS],
        names.TASK_SPAN: counts[names.TASKS],
    }

    def seen() -> dict[str, int]:
        found = collections.Counter(span["name"].split(" ")[0] for span in collector.spans())
        return {name: found[name] for name in wanted}

    wait_until("all spans arrived", lambda: seen() == wanted)
    errors = collections.Counter(span["name"] for span in collector.spans() if is_error(span))
    assert errors[names.SHELL_SPAN] == counts[names.SHELL_ERRORS]
    assert errors[names.TASK_SPAN] == counts[names.TASK_FAILURES]


def test_applications(workload: Workload, build: str) -> None:
    """Applications as the server lists them; by status on builds that show the status."""
    if build == "lto":
        wait_until("applications", lambda: workload.tool.scrape().total(names.APPS) == 5)
    else:
        assert await_list(workload.server, workload.tool).total(names.APPS) == 5


def test_oauth(workload: Workload, build: str) -> None:
    """OAuth metrics of a build with a recorder; other builds have none."""
    wanted = workload.total("counts")
    after = workload.tool.scrape()
    if build in BUILDS_WITH_RECORDER:
        assert {name: grown(workload.ledger.before, after, name) for name in wanted} == wanted
    else:
        assert not {name for name, _ in after.values if name.startswith("scotty_oauth")}


def test_nothing_was_lost(workload: Workload) -> None:
    """No event is lost, and no assumption about the server was wrong."""
    scrape = workload.tool.scrape()
    assert scrape.losses() == {}
    for check in ("task_id_differs", "status_differs", "vtable_unknown", "task_reused"):
        assert scrape.found(check) == 0, check
    assert workload.server.is_alive()
    assert workload.tool.end() == 0


def test_a_trace(tracing: Tracing) -> None:
    """Sessions are in the trace of their request, though polls are not observed."""
    context = new_context()
    client = Client(tracing.port, context.header())
    client.end_shell(client.open_shell())
    client.shake_hands()
    spans = tracing.await_spans(context, 3)
    by_name = {span["name"]: span for span in spans}
    connection = by_name[names.WEBSOCKET_SPAN]
    assert by_name[names.SHELL_SPAN]["parentSpanId"] == connection["spanId"]
    assert connection["parentSpanId"] == by_name[names.UPGRADE_SPAN]["spanId"]


def test_tasks(tracing: Tracing) -> None:
    """Tasks and closures of spawn_blocking are counted when they end."""
    before = tracing.tool.scrape()
    with Connection(tracing.port) as connection:
        for path in ("spawn/50/3", "spawn_blocking/1", "spawn_blocking/1"):
            connection.send(get(f"/api/v1/test/{path}"))
            assert connection.response("GET").status == 200

    # 50 tasks, and the connection's own task.
    wait_until("51 tasks ended", lambda: grown(before, tracing.tool.scrape(), names.DROPPED) == 51)
    after = tracing.tool.scrape()
    assert grown(before, after, "scotty_tokio_blocking_runs_total") == 2
    assert grown(before, after, names.TOKIO_TASKS_ACTIVE) == 0
    assert after.losses() == {}


def test_a_request_whose_client_leaves(tracing: Tracing) -> None:
    """The request is aborted when the task of its connection ends."""
    counting = Counting(tracing.tool)
    connection = Connection(tracing.port)
    connection.send(get("/api/v1/test/sleep/60000"))
    wait_until("the request is active", lambda: tracing.tool.scrape().active() == 1)
    connection.close()
    counting.expect(("GET", "/api/v1/test/sleep/{milliseconds}", "aborted"))


def test_pages_that_no_route_matches(tracing: Tracing) -> None:
    """An unmatched page counts at once: a route is known before the response, if there is one."""
    page = ("GET", "/unmatched", "200")
    counting = Counting(tracing.tool)
    with Connection(tracing.port) as connection:
        for number in range(1, 6):
            assert connection.get(f"/pages/{number}").status == 200
            wait_until("it is counted", lambda n=number: counting.counted() == {page: n})
    counting.expect(page, times=5)


def test_panics(tracing: Tracing, build: str) -> None:
    """Clients get the same responses while probes come and go, and each request is counted."""
    if build in BUILDS_THAT_ABORT:
        pytest.skip("a panic ends this server")
    without = harsh_outcomes(tracing.port)
    counting = Counting(tracing.tool)
    assert harsh_outcomes(tracing.port) == without
    everything = [seen for client in without for seen in client]
    wait_until(
        "all requests are counted", lambda: counting.counted().total() >= len(everything)
    )
    assert counting.counted().total() == len(everything)
    aborted = counting.counted()[("GET", "/api/v1/test/panic", "aborted")]
    assert aborted == everything.count("closed") > 0
    assert tracing.tool.scrape().losses() == {}


def test_load(tracing: Tracing, build: str, mode: str) -> None:
    """Under load, through several windows, every request is answered and counted once."""
    counting = Counting(tracing.tool)
    windows = Windows(tracing.tool, build)
    with keep_alive_load(tracing.port, HEALTH) as load:
        wait_until("there is load", lambda: load.total() > LOAD_REQUESTS)
        if mode == "sampled":
            windows.wait(WINDOWS)
    assert load.outcomes.keys() == {200}
    wait_until("no request is active", lambda: tracing.tool.scrape().active() == 0)
    # keep_alive_load() makes one request before the load starts.
    assert counting.counted() == {("GET", HEALTH, "200"): load.total() + 1}
    # The queue may be too short for the spans of this load.
    assert tracing.tool.scrape().losses().keys() <= {"spans_queue_full"}


@ONLY_BASIC
def test_no_polls_at_the_basic_level(tracing: Tracing, build: str) -> None:
    """At the basic level the poll probes stay detached, and polls are not exposed."""
    before = tracing.tool.scrape()
    assert names.POLLS not in {name for name, _ in before.values}
    ask(tracing.port, 200)
    hook = poll_start_hook(build)
    assert tracing.tool.scrape().value(HITS, hook=hook) == before.value(HITS, hook=hook)


@ONLY_SAMPLED
def test_estimates(tracing: Tracing, build: str) -> None:
    """Of steady polls the probes see a part, and the metrics estimate the number of all."""
    before = tracing.tool.scrape()
    windows = Windows(tracing.tool, build)
    asked = 0

    def is_close() -> bool:
        """A request takes at least one poll of its connection's task, and rarely two."""
        nonlocal asked
        ask(tracing.port, 100)
        asked += 100
        windows.look()
        estimated = grown(before, tracing.tool.scrape(), names.POLLS)
        return windows.seen >= WINDOWS and asked / 3 < estimated < asked * 5

    # On a busy machine the server may not run in a window: then the mean takes more windows.
    wait_until("the estimate is close to the number of polls", is_close)
    after = tracing.tool.scrape()
    hook = poll_start_hook(build)
    hits = after.value(HITS, hook=hook) - before.value(HITS, hook=hook)
    estimated = grown(before, after, names.POLLS)
    assert 0 < hits < asked / 2
    durations = grown(before, after, "scotty_tokio_poll_duration_seconds_count")
    assert durations == estimated
    assert grown(before, after, names.POLLS_BY_TASK) == estimated


def test_a_response_that_a_later_poll_sends(start: Starter, binary: str) -> None:
    """A window may end between the poll that writes a response head and the poll that sends the
    head. The request counts, though its connection stays idle."""
    server = start.server(binary, "--workers", "2", "--delay-writes-ms", str(WRITE_DELAY_MS))
    counting = Counting(start.watch(server, *MODES["sampled"]))
    connections = [Connection(server.port) for _ in range(IDLE_CONNECTIONS)]
    with keep_alive_load(server.port, HEALTH, threads=8) as load:
        wait_until("the poll probes are detached", lambda: watched(counting.tool) < 0.5)
        for connection in connections:
            connection.send(get(HEALTH))
            time.sleep(0.01)
    for connection in connections:
        assert connection.response("GET").status == 200
    counting.expect(("GET", HEALTH, "200"), times=load.total() + 1 + IDLE_CONNECTIONS)
    for connection in connections:
        connection.close()


def test_pages_at_the_end(start: Starter, binary: str) -> None:
    """The report at the end has unmatched pages of connections that are open still."""
    server = start.server(binary, "--workers", "2")
    tracing = Tracing(start, server, *MODES["basic"], "--report")
    detach_polls(tracing)
    assert ("GET", "/unmatched", "200") not in tracing.tool.scrape().requests()
    connections = [Connection(server.port) for _ in range(3)]
    for connection in connections:
        assert connection.get("/pages/last").status == 200
    assert tracing.tool.end() == 0
    for connection in connections:
        connection.close()
    assert re.search(r"/unmatched +200 +3 ", tracing.tool.stdout())
