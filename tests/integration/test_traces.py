# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Requests join their caller's trace (W3C Trace Context); a malformed context starts a new one."""

import pytest

from harness.builds import ONE_BUILD
from harness.collector import Message
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.server import Server
from harness.starter import Starter
from harness.traces import Context, Tracing, new_context, span_of_path, spans_of, unique_path

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
CONTEXT = Context("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
ZERO_TRACE = Context("0" * 32, CONTEXT.parent_id)
ZERO_PARENT = Context(CONTEXT.trace_id, "0" * 16)
FILLER = [f"X-Filler-{number}: " + "f" * 120 for number in range(60)]


@pytest.fixture(scope="module")
def tracing(start_shared: Starter, server: Server) -> Tracing:
    return Tracing(start_shared, server)


def assert_joined(span: Message, context: Context) -> None:
    assert (span["traceId"], span["parentSpanId"]) == (context.trace_id, context.parent_id)
    assert span["spanId"] not in ("", context.parent_id, "0" * 16)


def assert_root(span: Message, context: Context) -> None:
    assert span["traceId"] not in ("", context.trace_id, "0" * 32)
    assert span["parentSpanId"] == "" and span.get("traceState", "") == ""


# Valid heads with a context; {} stands for its value.
JOINED = {
    "lower-case": ["traceparent: {}"],
    "upper-case": ["TRACEPARENT: {}"],
    "mixed-case": ["TraceParent: {}"],
    "no-space": ["traceparent:{}"],
    "spaces-around": ["traceparent: \t {} \t"],
    "first-of-many": ["traceparent: {}", "Accept: */*", "Cookie: a=b"],
    "last-of-many": ["Accept: */*", "Cookie: traceparent=1", "traceparent: {}"],
    "behind-one-of-8-KB": ["X-Big: " + "b" * 8000, "traceparent: {}"],
    "behind-many-of-8-KB": [*FILLER, "traceparent: {}"],
    "before-8-KB": ["traceparent: {}", *FILLER],
    "behind-a-look-alike": ["X-Traceparent: 00-1-1-01", "traceparents: x", "traceparent: {}"],
}


@pytest.mark.quick
@pytest.mark.parametrize("kind", JOINED)
def test_joined(tracing: Tracing, kind: str) -> None:
    """The context is found anywhere in the head, with a name in any case."""
    context = new_context()
    headers = [line.replace("{}", context.value()) for line in JOINED[kind]]
    assert ask_once(tracing.port, get(HEALTH, *headers)).status == 200
    (span,) = tracing.await_spans(context, 1)
    assert_joined(span, context)
    assert span["name"] == f"HTTP GET {HEALTH}"


@pytest.mark.parametrize(
    ("flags", "version", "more"),
    [("01", "00", ""), ("03", "00", ""), ("ff", "00", ""), ("01", "cc", ""), ("01", "01", "-more")],
)
def test_flags_and_versions(tracing: Tracing, flags: str, version: str, more: str) -> None:
    """Only the sampled bit of the flags matters; later versions may have more fields."""
    context = new_context()
    header = f"traceparent: {context.value(flags, version)}{more}"
    assert ask_once(tracing.port, get(HEALTH, header)).status == 200
    (span,) = tracing.await_spans(context, 1)
    assert_joined(span, context)


@pytest.mark.quick
@pytest.mark.parametrize("flags", ["00", "02", "fe"])
def test_unsampled(tracing: Tracing, flags: str) -> None:
    """A request that the caller does not sample is not sampled, but counted."""
    context = new_context()
    before = tracing.tool.scrape().requests().total()
    for _ in range(5):
        ask_once(tracing.port, get(HEALTH, context.header(flags)))
    path = unique_path()
    ask_once(tracing.port, get(path))
    span_of_path(tracing.collector, path)
    assert spans_of(tracing.collector, context) == []
    assert tracing.tool.scrape().requests().total() == before + 6


GOOD = CONTEXT.value()
MALFORMED = {
    "empty": "",
    "word": "none",
    "version-ff": CONTEXT.value(version="ff"),
    "version-not-hexadecimal": CONTEXT.value(version="0g"),
    "version-of-one-digit": GOOD[1:],
    "zero-trace-id": ZERO_TRACE.value(),
    "zero-parent-id": ZERO_PARENT.value(),
    "upper-case": GOOD.upper(),
    "one-upper-case-digit": GOOD.replace("f", "F"),
    "trace-id-not-hexadecimal": GOOD.replace("0af", "0xf"),
    "parent-id-not-hexadecimal": GOOD.replace("b7ad", "b7az"),
    "flags-not-hexadecimal": CONTEXT.value("0x"),
    "flags-of-one-digit": CONTEXT.value("1"),
    "too-short": GOOD[:-3],
    "too-long": GOOD + "0",
    "more-fields-in-version-00": GOOD + "-00",
    "dash-at-the-end": GOOD + "-",
    "short-trace-id": GOOD.replace("0af7", "af7"),
    "long-trace-id": GOOD.replace("0af7", "00af7"),
    "short-parent-id": GOOD.replace("-b7ad", "-b7a"),
    "other-separator": GOOD.replace("-", "_"),
    "no-separators": GOOD.replace("-", ""),
    "space-within": GOOD.replace("-", " - "),
    "quoted": f'"{GOOD}"',
}


@pytest.mark.quick
@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed(tracing: Tracing, kind: str) -> None:
    """A malformed context is ignored, together with tracestate."""
    path = unique_path()
    headers = (f"traceparent: {MALFORMED[kind]}", "tracestate: vendor=1")
    assert ask_once(tracing.port, get(path, *headers)).status == 404
    assert_root(span_of_path(tracing.collector, path), CONTEXT)


# Places in which a context is not the request's.
ELSEWHERE = {
    "query": lambda path: get(f"{path}?traceparent: {GOOD}".replace(" ", "%20")),
    "other-name": lambda path: get(path, f"X-traceparent: {GOOD}"),
    "longer-name": lambda path: get(path, f"traceparents: {GOOD}"),
    "other-value": lambda path: get(path, f"X-Note: traceparent: {GOOD}"),
    "tracestate": lambda path: get(path, f"tracestate: traceparent={GOOD}"),
    "body": lambda path: request_bytes(
        "POST", path, body=f"\r\ntraceparent: {GOOD}\r\n\r\n".encode()
    ),
}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_elsewhere(tracing: Tracing, kind: str) -> None:
    """Only the header traceparent is a context."""
    path = unique_path()
    assert ask_once(tracing.port, ELSEWHERE[kind](path)).status == 404
    assert_root(span_of_path(tracing.collector, path), CONTEXT)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("headers", "state"),
    [
        (["tracestate: vendor=abc,other=1"], "vendor=abc,other=1"),
        (["Accept: */*", "TraceState:  one=1  "], "one=1"),
        (["tracestate: " + "v" * 200 + "=" + "w" * 250], "v" * 200 + "=" + "w" * 250),
        (["tracestate: a=1", "Accept: */*", "TraceState: b=2"], "a=1,b=2"),
        (["tracestate:", "tracestate: a=1"], "a=1"),
        (["tracestate: a=1", "tracestate: ", "tracestate: b=2,c=3"], "a=1,b=2,c=3"),
        # Too long a list: none, because the tool does not know which members to drop.
        ([f"tracestate: {key}=" + "1" * 170 for key in "abc"], ""),
        ([], ""),
    ],
)
def test_tracestate(tracing: Tracing, headers: list[str], state: str) -> None:
    """The span has the caller's tracestate."""
    context = new_context()
    ask_once(tracing.port, get(HEALTH, context.header(), *headers))
    (span,) = tracing.await_spans(context, 1)
    assert span.get("traceState", "") == state


def test_pipelined_requests(tracing: Tracing) -> None:
    """Pipelined requests with a context, with a malformed one and with none are kept apart."""
    contexts = [new_context() for _ in range(40)]
    others = [unique_path() for _ in range(40)]
    with Connection(tracing.port) as connection:
        for number, (context, path) in enumerate(zip(contexts, others)):
            headers = (f"traceparent: {MALFORMED['too-short']}",) if number % 2 else ()
            connection.send(get(HEALTH, context.header()) + get(path, *headers))
        for _ in contexts:
            assert [connection.response().status for _ in range(2)] == [200, 404]
    for context in contexts:
        (span,) = tracing.await_spans(context, 1)
        assert_joined(span, context)
    for path in others:
        assert_root(span_of_path(tracing.collector, path), contexts[0])


def test_head_in_pieces(tracing: Tracing) -> None:
    """A context may be cut at any byte between two packets."""
    contexts = [new_context() for _ in range(12)]
    with Connection(tracing.port) as connection:
        for number, context in enumerate(contexts):
            head = get(HEALTH, "Accept: */*", context.header(), "Cookie: a=b")
            at = head.index(b"traceparent") + number * 6 - 3
            connection.send_split([head[:at], head[at:]])
            assert connection.response().status == 200
    for context in contexts:
        (span,) = tracing.await_spans(context, 1)
        assert_joined(span, context)
