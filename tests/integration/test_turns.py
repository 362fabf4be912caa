# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Polls are watched in turns, or at the basic level not at all: all else stays exact."""

import collections
import json
import re
import threading
import time
from collections.abc import Iterator

import names
import pytest
from conftest import BUILDS_WITH_RECORDER, Starter, binary_of
from harness import PATIENCE, Counting, Tool, wait_until
from http_client import Connection, get, keep_alive_load
from ledger import grown
from sessions import Client
from test_apps import await_list
from test_safety import harsh_outcomes
from test_workload import CLIENTS, STEPS, Workload
from traces import Tracing, is_error, new_context

# With the state's transitions and their one or two run queues, and with calls of the poll functions.
BUILDS = ("default", "bare", "size", "lto")
MODES = {
    "basic": ("--level", "basic"),
    # So little that any load is too much.
    "turns": ("--max-overhead", "0.0001"),
}
HEALTH = "/api/v1/health"
# What is learnt before polls are let go of takes some requests.
LEARNING_REQUESTS = 400
HITS = "scottyscope_probe_hits_total"
# The hooks of polls' starts, in builds where it is not the usual one.
START = collections.defaultdict(lambda: "poll_start", lto="raw_poll")
HOOKS_OF_A_REQUEST = (
    "task_schedule",
    "poll_start",
    "http_parse",
    "http_route",
    "http_encode",
    "poll_idle",
)
LEFT_OUT = {
    "basic": {"tokio polls", "tokio scheduling"},
    "standard": {"tokio scheduling"},
    "full": set(),
}


def watched(tool: Tool) -> float:
    """The share of the time in which polls are watched."""
    return tool.scrape().value("scottyscope_polls_watched_ratio")


def ask(port: int, count: int) -> None:
    with Connection(port) as connection:
        for _ in range(count):
            connection.send(get(HEALTH))
            assert connection.response("GET").status == 200


def let_go_of_polls(tracing: Tracing) -> None:
    """Makes requests until polls are not watched all of the time any more."""
    ask(tracing.port, LEARNING_REQUESTS)

    def is_let_go() -> bool:
        ask(tracing.port, 20)
        return watched(tracing.tool) < 0.5

    wait_until("polls are let go of", is_let_go, 30 * PATIENCE)


@pytest.fixture(scope="module", params=BUILDS)
def build(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=MODES)
def workload(
    start_shared: Starter, binary: str, request: pytest.FixtureRequest
) -> Iterator[Workload]:
    workload = Workload(start_shared, binary, *MODES[request.param], warm_up=let_go_of_polls)
    assert watched(workload.tool) < 0.5
    yield workload
    workload.ledger.close()


@pytest.fixture(scope="module", params=MODES)
def let_go(
    start_shared: Starter, binary: str, request: pytest.FixtureRequest
) -> Iterator[Tracing]:
    """A server on which nothing happens but what a test does, and what keeps the tool busy."""
    server = start_shared.server(binary, "--workers", "2")
    tracing = Tracing(start_shared, server, *MODES[request.param])
    let_go_of_polls(tracing)
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
def quiet(let_go: Tracing) -> Iterator[Tracing]:
    """The same, sure to be let go of before a test and after it."""
    wait_until("polls are let go of", lambda: watched(let_go.tool) < 0.5)
    yield let_go
    assert watched(let_go.tool) < 0.5


def test_every_step_was_taken(workload: Workload) -> None:
    done = workload.total("done")
    assert len(done) == 8 and done.total() == CLIENTS * (STEPS + 1)


def test_requests(workload: Workload) -> None:
    """Every label set, and none waits for its connection's next request."""
    wanted = workload.total("requests")
    assert dict(workload.counting.counted()) == wanted
    assert workload.tool.scrape().active() == 0


def test_sessions_and_messages(workload: Workload) -> None:
    left = sum(not client.is_open for client in workload.ledger.clients)
    workload.ledger.expect(unread=2 * left)
    workload.ledger.expect_durations()


def test_spans(workload: Workload) -> None:
    """Each in its place; where its time went is not told where that is not known."""
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

    wait_until("all spans came", lambda: seen() == wanted)
    errors = collections.Counter(span["name"] for span in collector.spans() if is_error(span))
    assert errors[names.SHELL_SPAN] == counts[names.SHELL_ERRORS]
    assert errors[names.TASK_SPAN] == counts[names.TASK_FAILURES]


def test_a_trace(quiet: Tracing) -> None:
    """What a request starts is in its trace, though its polls are not watched."""
    context = new_context()
    client = Client(quiet.port, context.header())
    client.end_shell(client.open_shell())
    client.shake_hands()
    spans = quiet.await_spans(context, 3)
    by_name = {span["name"]: span for span in spans}
    connection = by_name[names.WEBSOCKET_SPAN]
    assert by_name[names.SHELL_SPAN]["parentSpanId"] == connection["spanId"]
    assert connection["parentSpanId"] == by_name[names.UPGRADE_SPAN]["spanId"]


def test_applications(workload: Workload, build: str) -> None:
    if build == "lto":
        wait_until("applications", lambda: workload.tool.scrape().total(names.APPS) == 5)
    else:
        assert await_list(workload.server, workload.tool).total(names.APPS) == 5


def test_oauth(workload: Workload, build: str) -> None:
    if build not in BUILDS_WITH_RECORDER:
        return
    wanted = workload.total("counts")
    after = workload.tool.scrape()
    assert {name: grown(workload.ledger.before, after, name) for name in wanted} == wanted


def test_nothing_was_lost(workload: Workload) -> None:
    scrape = workload.tool.scrape()
    assert scrape.losses() == {}
    for check in ("task_id_differs", "status_differs", "vtable_unknown", "task_reused"):
        assert scrape.found(check) == 0, check
    assert workload.server.is_alive()
    assert workload.tool.end() == 0


def test_tasks(quiet: Tracing) -> None:
    """Tasks, and closures of spawn_blocking, are counted by their ends."""
    before = quiet.tool.scrape()
    with Connection(quiet.port) as connection:
        for path in ("spawn/50/3", "spawn_blocking/1", "spawn_blocking/1"):
            connection.send(get(f"/api/v1/test/{path}"))
            assert connection.response("GET").status == 200

    # And the connection's own.
    wait_until(
        "51 tasks ended", lambda: grown(before, quiet.tool.scrape(), names.DROPPED) == 51
    )
    after = quiet.tool.scrape()
    assert grown(before, after, "scotty_tokio_blocking_runs_total") == 2
    assert grown(before, after, names.TOKIO_TASKS_ACTIVE) == 0
    assert after.losses() == {}


def test_a_request_whose_client_leaves(quiet: Tracing) -> None:
    """It is aborted when its connection's task ends."""
    counting = Counting(quiet.tool)
    connection = Connection(quiet.port)
    connection.send(get("/api/v1/test/sleep/60000"))
    wait_until("it is active", lambda: quiet.tool.scrape().active() == 1)
    connection.close()
    counting.expect(("GET", "/api/v1/test/sleep/{milliseconds}", "aborted"))


@pytest.mark.parametrize("level", ["basic", "standard", "full"])
def test_levels(start: Starter, level: str) -> None:
    """Each tells what it leaves out, and leaves nothing else out."""
    server = start.server(binary_of("default"), "--workers", "2")
    verify = start.verify("--pid", str(server.pid), "--level", level, "--format", "json")
    assert verify.wait() == 0
    rows = json.loads(verify.stdout())["instrumentations"]
    disabled = {row["instrumentation"] for row in rows if row["disabled_by_level"]}
    assert disabled == LEFT_OUT[level]
    assert all(row["available"] != row["disabled_by_level"] for row in rows)
    details = start.verify("--pid", str(server.pid), "--level", level, "-v").stdout()
    assert details.count(f"disabled at the level {level}") == len(disabled)

    tool = start.watch(server, "--level", level)
    counting = Counting(tool)
    with Connection(server.port) as connection:
        connection.send(get(HEALTH))
        assert connection.response("GET").status == 200
    counting.expect(("GET", HEALTH, "200"))
    exposed = {name for name, _ in tool.scrape().values}
    assert (names.POLLS in exposed) == (level != "basic")
    assert (names.SCHEDULED in exposed) == (level == "full")
    assert names.DROPPED in exposed and names.TOKIO_TASKS_ACTIVE in exposed


def test_times_at_the_standard_level(start: Starter) -> None:
    """How long a request was busy is known there; not, how long it was in a run queue."""
    server = start.server(binary_of("bare"), "--workers", "2")
    tracing = Tracing(start, server, "--level", "standard")
    context = new_context()
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/test/block/20", context.header()))
        assert connection.response("GET").status == 200
    (span,) = tracing.await_spans(context, 1)
    assert span["attributes"][names.BUSY_S] >= 0.02
    assert names.SCHEDULED_S not in span["attributes"]
    assert names.AWAITING_S not in span["attributes"]


def test_pages_that_no_route_matches(quiet: Tracing) -> None:
    """They are answered at once, and count when it is sure that no route comes any more."""
    page = ("GET", "/unmatched", "200")
    counting = Counting(quiet.tool)
    with Connection(quiet.port) as connection:
        for number in range(5):
            assert connection.get(f"/pages/{number}").status == 200
            assert quiet.tool.scrape().active() == 0
        wait_until("all but the last", lambda: counting.counted() == {page: 4})
    counting.expect(page, times=5)


def test_pages_that_still_wait_at_the_end(start: Starter, binary: str) -> None:
    """What the tool says last has them all."""
    server = start.server(binary, "--workers", "2")
    tracing = Tracing(start, server, *MODES["basic"], "--report")
    let_go_of_polls(tracing)
    counted = tracing.tool.scrape().requests()
    assert ("GET", "/unmatched", "200") not in counted
    connections = [Connection(server.port) for _ in range(3)]
    for connection in connections:
        assert connection.get("/pages/last").status == 200
    assert tracing.tool.scrape().requests() == counted
    assert tracing.tool.end() == 0
    for connection in connections:
        connection.close()
    assert re.search(r"/unmatched +200 +3 ", tracing.tool.stdout())


def test_panics(quiet: Tracing) -> None:
    """Clients have the same answers while hooks come and go, and each is counted."""
    without = harsh_outcomes(quiet.port)
    counting = Counting(quiet.tool)
    assert harsh_outcomes(quiet.port) == without
    everything = [seen for client in without for seen in client]
    wait_until("all counted", lambda: counting.counted().total() >= len(everything))
    assert counting.counted().total() == len(everything)
    aborted = counting.counted()[("GET", "/api/v1/test/panic", "aborted")]
    assert aborted == everything.count("closed") > 0
    assert quiet.tool.scrape().losses() == {}


def test_load(quiet: Tracing) -> None:
    """Through several turns no answer is lost or wrong, and none is counted twice or not at all."""
    counting = Counting(quiet.tool)
    with keep_alive_load(quiet.port, HEALTH) as load:
        time.sleep(4)
    assert load.outcomes.keys() == {200}
    wait_until("no request is active", lambda: quiet.tool.scrape().active() == 0)
    # With the one that tells what the answer is.
    assert counting.counted() == {("GET", HEALTH, "200"): load.total() + 1}
    # Of so many spans not all find room on their way.
    assert quiet.tool.scrape().losses().keys() <= {"spans_queue_full"}


def test_estimates(quiet: Tracing, build: str) -> None:
    """Of polls that come steadily some are seen, and about as many are told as there were."""
    before = quiet.tool.scrape()
    if names.POLLS not in {name for name, _ in before.values}:
        ask(quiet.port, 200)
        after = quiet.tool.scrape()
        assert after.value(HITS, hook=START[build]) == before.value(HITS, hook=START[build])
        return
    end = time.monotonic() + 5
    asked = 0
    while time.monotonic() < end:
        ask(quiet.port, 100)
        asked += 100
    # A request is a poll of its connection's task at the least, and hardly ever two. The period in
    # progress is told at its end.
    wait_until(
        "as many polls", lambda: grown(before, quiet.tool.scrape(), names.POLLS) > asked / 3
    )
    after = quiet.tool.scrape()
    seen = after.value(HITS, hook=START[build]) - before.value(HITS, hook=START[build])
    told = grown(before, after, names.POLLS)
    assert 0 < seen < asked / 2
    assert told < asked * 5
    durations = grown(before, after, "scotty_tokio_poll_duration_seconds_count")
    assert durations == told
    assert grown(before, after, names.POLLS_BY_TASK) == told


def test_programs_are_part_of_the_cost(start: Starter) -> None:
    """What programs take is known also where nothing ran when they were first measured."""
    server = start.server(binary_of("bare"), "--workers", "2")
    tool = start.watch(server, "--max-overhead", "100", "-v")
    found = re.search(r"a hit of a probe takes (\d+) ns", tool.stderr())
    assert found
    time.sleep(1.5)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        ask(server.port, 100)
    wait_until(
        "the last of it is counted",
        lambda: tool.scrape().value("scottyscope_probe_overhead_ratio") < 0.001,
    )
    scrape = tool.scrape()
    hits = sum(scrape.value(HITS, hook=hook) for hook in HOOKS_OF_A_REQUEST)
    cost_s = scrape.value("scottyscope_probe_cpu_time_seconds_total")
    assert cost_s > 1.05 * hits * int(found[1]) / 1e9


def test_ordinary_load_is_watched_whole(start: Starter) -> None:
    """What costs next to nothing is counted to the unit, with the limit that is the default."""
    server = start.server(binary_of("bare"), "--workers", "2")
    tool = start.watch(server, "--max-overhead", "3")
    counting = Counting(tool)
    for _ in range(30):
        ask(server.port, 20)
        time.sleep(0.1)
    counting.expect(("GET", HEALTH, "200"), times=600)
    scrape = tool.scrape()
    assert watched(tool) == 1
    assert 0 < scrape.value("scottyscope_probe_overhead_ratio") < 0.03
    assert scrape.value("scottyscope_probe_cpu_time_seconds_total") > 0
    assert "in turns" not in tool.stderr()
