# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Spans of sessions and tasks in the trace of their request, and the times of a request."""

import time

import pytest

from harness import names
from harness.builds import BOTH_MANGLINGS
from harness.collector import Message
from harness.http_client import ask_once, get
from harness.run_delay import RunDelay
from harness.server import Server
from harness.sessions import Client, Spell
from harness.starter import Starter
from harness.traces import (
    Tracing,
    duration_s,
    in_hexadecimal,
    is_error,
    named,
    new_context,
    one_named,
    span_of_path,
    spans_of,
    unique_path,
)
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_MANGLINGS

SLOW_TASK = "case $SCOTTY_APP in app-1) sleep 0.3 ;; doomed) exit 3 ;; esac"
# The client and the tool read clocks separately, and the tool converts monotonic to real time.
CLOCK_SLACK_NS = 1_000_000


@pytest.fixture(scope="module")
def server(start_shared: Starter, binary: str) -> Server:
    return start_shared.server(binary, "--workers", "2", "--apps", "1", "--task-command", SLOW_TASK)


@pytest.fixture(scope="module")
def tracing(start_shared: Starter, server: Server) -> Tracing:
    return Tracing(start_shared, server, "--slow-poll", "50ms")


def assert_child(child: Message, parent: Message) -> None:
    assert child["traceId"] == parent["traceId"]
    assert child["parentSpanId"] == parent["spanId"], f"{child['name']} of {parent['name']}"


@pytest.fixture
def delay(server: Server) -> RunDelay:
    """How long the server and its client waited for a CPU during a test."""
    return RunDelay(server.pid)


def assert_lasted(span: Message, spell: Spell, delay: RunDelay) -> None:
    """Asserts that the span's duration is within the client's bounds."""
    shortest_s, longest_s = spell.bounds_s(delay.s())
    assert shortest_s <= duration_s(span) <= longest_s, f"{spell}, delayed by {delay.s()}"


@pytest.mark.quick
def test_websocket(tracing: Tracing) -> None:
    """A connection's span is a child of its request's span, which is a child of the caller's."""
    context = new_context()
    begin_ns = time.time_ns()
    client = Client(tracing.port, context.header())
    client.fence(7)
    assert named(spans_of(tracing.collector, context), names.WEBSOCKET_SPAN) == []
    client.shake_hands()
    end_ns = time.time_ns()
    spans = tracing.await_spans(context, 2)
    request, connection = (one_named(spans, n) for n in (names.UPGRADE_SPAN, names.WEBSOCKET_SPAN))
    assert request["parentSpanId"] == context.parent_id
    assert request["attributes"]["http.response.status_code"] == 101
    assert_child(connection, request)
    assert not is_error(connection)
    start_ns = int(connection["startTimeUnixNano"])
    assert begin_ns - CLOCK_SLACK_NS <= start_ns
    assert int(connection["endTimeUnixNano"]) <= end_ns + CLOCK_SLACK_NS
    assert connection["attributes"]["scotty.websocket.messages_received"] == client.sent
    assert connection["attributes"]["scotty.websocket.messages_sent"] == client.received


@pytest.mark.quick
def test_sessions(tracing: Tracing, delay: RunDelay) -> None:
    """Shells and log streams are children of their connection, with their durations."""
    context = new_context()
    client = Client(tracing.port, context.header())
    shells = [client.open_shell() for _ in range(3)]
    stream = client.start_log(lines=3, follow=True)
    time.sleep(0.3)
    client.stop_log(stream)
    for shell, text in zip(shells, ("exit", "exit 1", "exit")):
        client.end_shell(shell, text)
    client.shake_hands()
    spans = tracing.await_spans(context, 6)
    connection = one_named(spans, names.WEBSOCKET_SPAN)
    assert_child(connection, one_named(spans, names.UPGRADE_SPAN))
    log = one_named(spans, names.LOG_SPAN)
    assert_lasted(log, client.spells[names.LOG_DURATION][0], delay)
    shell_spans = named(spans, names.SHELL_SPAN)
    shell_spans.sort(key=lambda span: int(span["startTimeUnixNano"]))
    for span, spell in zip(shell_spans, client.spells[names.SHELL_DURATION], strict=True):
        assert_lasted(span, spell, delay)
    for span in (log, *shell_spans):
        assert_child(span, connection)
        assert not is_error(span)
        assert span.get("kind", "SPAN_KIND_INTERNAL") == "SPAN_KIND_INTERNAL"


def test_failed_sessions(tracing: Tracing) -> None:
    """A shell and a log stream that fail are errors; their connection is not."""
    context = new_context()
    client = Client(tracing.port, context.header())
    client.end_shell(client.open_shell(), "fail")
    client.end_shell(client.open_shell(), "exit 1")
    client.read_log("broken")
    client.read_log("web", 1)
    client.shake_hands()
    spans = tracing.await_spans(context, 6)
    assert sorted(map(is_error, named(spans, names.SHELL_SPAN))) == [False, True]
    assert sorted(map(is_error, named(spans, names.LOG_SPAN))) == [False, True]
    assert not is_error(one_named(spans, names.WEBSOCKET_SPAN))


def test_sessions_of_several_connections(tracing: Tracing) -> None:
    """Interleaved sessions are in the traces of their own connections."""
    contexts = [new_context() for _ in range(5)]
    clients = [Client(tracing.port, context.header()) for context in contexts]
    shells = [client.open_shell() for client in clients]
    for client, shell in zip(clients, shells):
        client.read_log("db", 60)
        client.end_shell(shell)
    for client, context in zip(clients, contexts):
        client.shake_hands()
        spans = tracing.await_spans(context, 4)
        connection = one_named(spans, names.WEBSOCKET_SPAN)
        for name in (names.SHELL_SPAN, names.LOG_SPAN):
            assert_child(one_named(spans, name), connection)


def test_session_that_outlives_its_connection(tracing: Tracing) -> None:
    """The span arrives after the end of the session, in the trace of its connection."""
    context = new_context()
    client, other = Client(tracing.port, context.header()), Client(tracing.port)
    shell = client.open_shell()
    client.shake_hands()
    tracing.await_spans(context, 2)
    other.type_into(shell, "anybody there?")
    spans = tracing.await_spans(context, 3)
    assert_child(one_named(spans, names.SHELL_SPAN), one_named(spans, names.WEBSOCKET_SPAN))
    other.close()


@pytest.mark.quick
@pytest.mark.parametrize(
    ("app", "operation", "fails"),
    [
        ("app-1", "run", False),
        ("app-1", "rebuild", False),
        ("demo", "adopt", False),
        ("traced", "create", False),
        ("failing", "run", True),
        ("doomed", "create", True),
    ],
)
def test_compose_task(
    tracing: Tracing, delay: RunDelay, app: str, operation: str, fails: bool
) -> None:
    """A task is one span, a child of its request, however many tokio tasks it needs."""
    context = new_context()
    client = Client(tracing.port)
    task = client.run_task(app, operation, context.header())
    assert client.states[task.id][0] == ("Failed" if fails else "Finished")
    spans = tracing.await_spans(context, 2)
    span = one_named(spans, names.TASK_SPAN)
    (request,) = [other for other in spans if other is not span]
    assert request["name"].startswith(f"HTTP {'POST' if operation == 'create' else 'GET'} /api/v1/")
    assert request["parentSpanId"] == context.parent_id
    assert_child(span, request)
    assert is_error(span) == fails
    assert not is_error(request)
    assert_lasted(span, client.spells[names.TASK_DURATION][0], delay)
    client.shake_hands()


def test_without_a_caller(tracing: Tracing) -> None:
    """Without a caller's context the request starts a trace, which holds its sessions."""
    before = len(tracing.collector.spans())
    client = Client(tracing.port)
    client.end_shell(client.open_shell())
    client.shake_hands()

    def trace_of_the_shell() -> list[Message]:
        new = [in_hexadecimal(span) for span in tracing.collector.spans()[before:]]
        shells = named(new, names.SHELL_SPAN)
        return [span for span in new if shells and span["traceId"] == shells[0]["traceId"]]

    wait_until("the trace is complete", lambda: len(trace_of_the_shell()) >= 3)
    spans = trace_of_the_shell()
    assert len(spans) == 3
    request = one_named(spans, names.UPGRADE_SPAN)
    assert request["parentSpanId"] == ""
    connection = one_named(spans, names.WEBSOCKET_SPAN)
    assert_child(connection, request)
    assert_child(one_named(spans, names.SHELL_SPAN), connection)


def test_unsampled(tracing: Tracing) -> None:
    """Sessions of an unsampled request are not exported, but counted."""
    context = new_context()
    before = tracing.tool.scrape()
    client = Client(tracing.port, context.header("00"))
    client.end_shell(client.open_shell(), "fail")
    client.read_log("web", 5)
    client.run_task("demo", "run", context.header("00"))
    client.shake_hands()
    path = unique_path()
    ask_once(tracing.port, get(path))
    span_of_path(tracing.collector, path)
    assert spans_of(tracing.collector, context) == []
    after = tracing.tool.scrape()
    for name in (names.CONNECTIONS, names.SHELLS, names.SHELL_ERRORS, names.LOGS, names.TASKS):
        assert after.total(name) - before.total(name) == 1, name


def test_spans_that_are_too_old(start: Starter, server: Server) -> None:
    """A span that was open for longer than --max-span-age is dropped at its end, and counted."""
    tracing = Tracing(start, server, "--max-span-age", "500ms")
    context = new_context()
    client = Client(tracing.port, context.header())
    shell = client.open_shell()
    client.end_shell(client.open_shell())
    time.sleep(0.6)
    assert tracing.tool.scrape().value("scottyscope_spans_open") == 2
    client.end_shell(shell)
    client.shake_hands()
    wait_until(
        "the spans ended", lambda: tracing.tool.scrape().value("scottyscope_spans_open") == 0
    )
    spans = tracing.await_spans(context, 2)
    assert {span["name"] for span in spans} == {names.UPGRADE_SPAN, names.SHELL_SPAN}
    scrape = tracing.tool.scrape()
    assert scrape.losses() == {"span_too_old": 2}
    assert scrape.total(names.SHELLS) == 2


def times_of(tracing: Tracing, path: str) -> tuple[Message, list[float]]:
    """Makes a request; returns its span, and its busy, scheduled and awaiting time in seconds."""
    context = new_context()
    assert ask_once(tracing.port, get(path, context.header())).status == 200
    (span,) = tracing.await_spans(context, 1)
    keys = (names.BUSY_S, names.SCHEDULED_S, names.AWAITING_S)
    return span, [float(span["attributes"][key]) for key in keys]


@pytest.mark.quiet
@pytest.mark.quick
@pytest.mark.parametrize(
    ("what", "busy_s", "awaiting_s"),
    [
        ("block/200", 0.2, 0),
        ("sleep/200", 0, 0.2),
        ("spawn_blocking/200", 0, 0.2),
        ("block_in_place/200", 0.2, 0),
        ("status/200", 0, 0),
    ],
)
def test_where_the_time_went(
    tracing: Tracing, delay: RunDelay, what: str, busy_s: float, awaiting_s: float
) -> None:
    """Busy, scheduled and awaiting time add up to the duration; blocking is busy time."""
    span, (busy, scheduled, awaiting) = times_of(tracing, f"/api/v1/test/{what}")
    assert min(busy, scheduled, awaiting) >= 0
    total_s = busy + scheduled + awaiting
    assert total_s == pytest.approx(duration_s(span), rel=0.02, abs=0.001)
    slack_s = 0.05 + delay.s()
    assert busy_s <= busy <= busy_s + slack_s
    assert awaiting_s - 0.001 <= awaiting <= awaiting_s + slack_s
    assert scheduled <= slack_s


@pytest.mark.quiet
@pytest.mark.quick
def test_slow_polls(tracing: Tracing, delay: RunDelay) -> None:
    """A poll over the limit is an event in the span of its request only."""
    span, _ = times_of(tracing, "/api/v1/test/block/100")
    (event,) = span["events"]
    assert event["name"] == names.SLOW_POLL_EVENT
    times = [int(span["startTimeUnixNano"]), int(event["timeUnixNano"])]
    # The poll starts before the head is complete: the poll reads the head.
    assert times[0] - 20_000_000 - delay.s() * 1e9 <= times[1] <= int(span["endTimeUnixNano"])
    (attribute,) = [a for a in event["attributes"] if a["key"] == names.POLL_S]
    assert 0.1 <= attribute["value"]["doubleValue"] < 0.12 + delay.s()
    for path in ("/api/v1/test/sleep/100", "/api/v1/test/spawn_blocking/100", "/api/v1/health"):
        assert "events" not in times_of(tracing, path)[0]
