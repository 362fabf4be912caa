# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Jaeger shows of a run, against what its clients did."""

import collections

import pytest
from caller import SERVICE, Call
from harness import names
from harness.waiting import wait_until
from jaeger import Span
from run import Run
from workload import CREATE, INFO, REFUSED_LOGS, STATUS, UNMATCHED

# Clocks are read by different processes, and Jaeger has microseconds.
SLACK_US = 1000
SESSIONS = {
    names.WEBSOCKET_SPAN: names.CONNECTIONS,
    names.SHELL_SPAN: names.SHELLS,
    names.LOG_SPAN: names.LOGS,
    names.TASK_SPAN: names.TASKS,
}
PARENTS = {
    names.WEBSOCKET_SPAN: {names.UPGRADE_SPAN},
    names.SHELL_SPAN: {names.WEBSOCKET_SPAN},
    names.LOG_SPAN: {names.WEBSOCKET_SPAN},
    names.TASK_SPAN: {f"HTTP POST {CREATE}", "HTTP GET /api/v1/authenticated/apps/run/{app_id}"},
}


def is_server(span: Span) -> bool:
    return span.tags["span.kind"] == "server"


def name_of(method: str, route: str) -> str:
    return f"HTTP {method}" + ("" if route == UNMATCHED else f" {route}")


def requests_of(run: Run) -> collections.Counter[tuple[str, str]]:
    """The server spans there must be: name and status code of all but unsampled requests."""
    wanted: collections.Counter[tuple[str, str]] = collections.Counter()
    for (method, route, status), count in (run.requests - run.unsampled).items():
        wanted[(name_of(method, route), status)] += count
    return wanted


@pytest.fixture(scope="session")
def spans(run: Run) -> list[Span]:
    """The spans of a run, once those of all requests are there."""
    wanted = requests_of(run).total()

    def found() -> list[Span] | None:
        spans = run.back_ends.jaeger.find("scotty", run.name)
        return spans if sum(map(is_server, spans)) >= wanted else None

    return wait_until(f"Jaeger has {wanted} server spans", found)


def test_a_span_a_request(run: Run, spans: list[Span]) -> None:
    """Each request by its route and status, and no other."""
    seen = collections.Counter(
        (span.name, str(span.tags.get("http.response.status_code", "aborted")))
        for span in spans
        if is_server(span)
    )
    assert seen == requests_of(run)


def test_attributes(spans: list[Span]) -> None:
    """What the name says is in the attributes, too."""
    for span in filter(is_server, spans):
        method = span.tags["http.request.method"]
        assert span.name == name_of(method, span.tags.get("http.route", UNMATCHED))
        assert "?" not in span.tags.get("url.path", "")
        assert span.start_us <= span.end_us


def test_errors(run: Run, spans: list[Span]) -> None:
    """Requests answered by 5xx, and the one that panicked, are errors; no others are."""
    for span in filter(is_server, spans):
        status = span.tags.get("http.response.status_code", "aborted")
        assert span.tags.get("error", False) == (status == "aborted" or status >= 500), span
    assert {"500", "503", "aborted"} <= {status for _, _, status in run.requests}


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("status", ["404", "500"])
def test_search(run: Run, status: str) -> None:
    """A search for a status code finds the requests that had it."""
    found = run.back_ends.jaeger.find("scotty", run.name, **{"http.response.status_code": status})
    wanted = [key for key, count in requests_of(run).items() for _ in range(count)]
    assert collections.Counter(span.name for span in found if is_server(span)) == (
        collections.Counter(name for name, code in wanted if code == status)
    )


KEY_OPERATIONS = [
    (f"HTTP POST {CREATE}", "server"),
    (f"HTTP GET {INFO}", "server"),
    (names.UPGRADE_SPAN, "server"),
    (names.LOG_SPAN, "internal"),
    (names.SHELL_SPAN, "internal"),
    (names.WEBSOCKET_SPAN, "internal"),
    (names.TASK_SPAN, "internal"),
]


@pytest.mark.parametrize("operation", KEY_OPERATIONS, ids=lambda operation: operation[0])
def test_key_operations(run: Run, spans: list[Span], operation: tuple[str, str]) -> None:
    """Jaeger offers the documented operations to search for."""
    assert operation in run.back_ends.jaeger.operations("scotty")
    assert any(span.name == operation[0] for span in spans)


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions(run: Run, spans: list[Span], name: str) -> None:
    """A span each, but of those within an unsampled trace, under what started it."""
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    mine = [span for span in spans if span.name == name]
    metric = SESSIONS[name]
    assert len(mine) == run.accounts["end"][metric] - run.unsampled_account[metric]
    for span in mine:
        parent = by_id[(span.trace_id, span.parent_id)]
        assert parent.name in PARENTS[name]
        assert parent.start_us - SLACK_US <= span.start_us <= span.end_us


def test_failed_sessions(run: Run, spans: list[Span]) -> None:
    """What failed is marked as an error, and why; nothing else is."""
    failed = collections.Counter(
        (span.name, span.tags.get("error.type"))
        for span in spans
        if not is_server(span) and span.tags.get("error")
    )
    account = run.accounts["end"]
    wanted = {
        (names.SHELL_SPAN, "failed"): account[names.SHELL_ERRORS],
        (names.SHELL_SPAN, "timeout"): account[names.SHELL_TIMEOUTS],
        (names.LOG_SPAN, "failed"): account[names.LOG_ERRORS] - REFUSED_LOGS,
        (names.TASK_SPAN, "failed"): account[names.TASK_FAILURES],
    }
    assert 0 not in wanted.values()
    assert failed == wanted


def trace_of(run: Run, call: Call, count: int) -> dict[str, Span]:
    """The spans of a call's trace by name, once there are so many; no name twice."""

    def found() -> list[Span] | None:
        spans = run.back_ends.jaeger.trace(call.trace_id.hex())
        return spans if len(spans) >= count else None

    spans = wait_until(f"Jaeger has {count} spans of the trace", found)
    assert len(spans) == count
    by_name = {span.name: span for span in spans}
    assert len(by_name) == count
    root = by_name["call"]
    assert (root.service, root.span_id, root.parent_id) == (SERVICE, call.span_id.hex(), "")
    assert {span.service for span in spans if span is not root} == {"scotty"}
    return by_name


@pytest.mark.parametrize(
    ("name", "operation"), [("request", f"HTTP GET {INFO}"), ("failure", f"HTTP GET {STATUS}")]
)
def test_trace_starts_in_the_caller(run: Run, name: str, operation: str) -> None:
    """The caller's span and, as its child, the server's."""
    call = run.calls[name]
    spans = trace_of(run, call, 2)
    assert spans[operation].parent_id == call.span_id.hex()
    assert spans["call"].start_us - SLACK_US <= spans[operation].start_us
    assert spans[operation].end_us <= spans["call"].end_us + SLACK_US
    assert spans[operation].tags.get("w3c.tracestate", "") == call.state


def test_caller_starts_a_task(run: Run) -> None:
    """The task goes on after its request is answered, in the same trace."""
    call = run.calls["task"]
    spans = trace_of(run, call, 3)
    request = spans[f"HTTP POST {CREATE}"]
    assert request.parent_id == call.span_id.hex()
    assert spans[names.TASK_SPAN].parent_id == request.span_id


def test_caller_opens_a_websocket(run: Run) -> None:
    """What happens on the connection is in the caller's trace, each under what started it."""
    call = run.calls["websocket"]
    spans = trace_of(run, call, 5)
    upgrade = spans[names.UPGRADE_SPAN]
    connection = spans[names.WEBSOCKET_SPAN]
    assert upgrade.parent_id == call.span_id.hex()
    assert connection.parent_id == upgrade.span_id
    assert spans[names.SHELL_SPAN].parent_id == connection.span_id
    assert spans[names.LOG_SPAN].parent_id == connection.span_id


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("name", ["unsampled", "unsampled websocket", "broken"])
def test_callers_that_are_not_followed(run: Run, name: str) -> None:
    """Where the caller does not sample, or has sent nonsense, its trace has no span here."""
    assert run.back_ends.jaeger.trace(run.calls[name].trace_id.hex()) == []


@pytest.mark.usefixtures("spans")
def test_services(run: Run) -> None:
    assert {"scotty", SERVICE} <= run.back_ends.jaeger.services()
