# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""OTLP/gRPC exports, decoded by a receiver with the classes of the published protocol."""

import collections
import os
import pathlib
import time
import tomllib

import pytest

from harness.builds import ONE_BUILD
from harness.collector import FAST, Collector, Message
from harness.counting import Counting
from harness.http_client import TOKEN, Connection, ask_once, get, request_bytes
from harness.ports import ReservedPort
from harness.scrape import SUPERSEDED
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
INFO = "/api/v1/authenticated/apps/info/{app_id}"
# Requests, their label sets, and the paths of their spans.
ASKED = [
    (get(HEALTH + "?a=b"), ("GET", HEALTH, "200"), HEALTH),
    (
        get("/api/v1/authenticated/apps/info/demo", f"Authorization: Bearer {TOKEN}"),
        ("GET", INFO, "200"),
        "/api/v1/authenticated/apps/info/demo",
    ),
    # Not in origin form: the span has no path rather than a wrong one.
    (get("http://scotty.test" + HEALTH + "?a=b"), ("GET", HEALTH, "200"), None),
    (get("/no/where"), ("GET", "/unmatched", "404"), "/no/where"),
    (
        get("/api/v1/test/status/503"),
        ("GET", "/api/v1/test/status/{code}", "503"),
        "/api/v1/test/status/503",
    ),
    (
        request_bytes("POST", "/api/v1/test/echo", body=b"abc"),
        ("POST", "/api/v1/test/echo", "200"),
        "/api/v1/test/echo",
    ),
    (
        get("/api/v1/test/sleep/60"),
        ("GET", "/api/v1/test/sleep/{milliseconds}", "200"),
        "/api/v1/test/sleep/60",
    ),
    (request_bytes("BREW", HEALTH), ("_OTHER", HEALTH, "405"), None),
]
ROUNDS = 3
# The client and the tool read clocks separately, and the tool converts monotonic to real time.
CLOCK_SLACK_NS = 1_000_000

# The sample server reports the version of its package when it starts.
MANIFEST = pathlib.Path(__file__).parents[1] / "fixtures/scotty/Cargo.toml"
FIXTURE_VERSION = tomllib.loads(MANIFEST.read_text())["workspace"]["package"]["version"]


def watch(start: Starter, server: Server, endpoint: str, *options: str) -> Tool:
    environment = {**FAST, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests"}
    return start.watch(server, "--otlp-endpoint", endpoint, *options, environment=environment)


@pytest.fixture(scope="module")
def collector(start_shared: Starter, server: Server) -> Collector:
    """The receiver of the exports of `asked`."""
    assert server.is_alive()
    return Collector(start_shared)


@pytest.fixture(scope="module")
def asked(start_shared: Starter, server: Server, collector: Collector) -> list[tuple[int, int]]:
    """Makes all requests of ASKED several times; returns their start and end times in ns."""
    tool = watch(start_shared, server, collector.endpoint)
    times = []
    with Connection(server.port) as connection:
        for request, label_set, _ in ASKED * ROUNDS:
            begin = time.time_ns()
            assert str(connection.ask(request).status) == label_set[2]
            times.append((begin, time.time_ns()))
    wait_until("all spans arrived", lambda: len(collector.spans()) >= len(times))
    wait_until("all counts arrived", lambda: collector.counted().total() >= len(times))
    assert tool.end() == 0
    return times


@pytest.mark.quick
def test_counts_agree_with_the_client(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """The last export has exactly the client's counts."""
    assert len(asked) == len(ASKED) * ROUNDS
    assert collector.counted() == collections.Counter(
        [label_set for _, label_set, _ in ASKED] * ROUNDS
    )


@pytest.mark.quick
def test_names_kinds_and_temporality(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Dotted names, units, and cumulative sums and histograms with one start time."""
    assert asked
    metrics = collector.metrics()
    for name, kind, unit in (
        ("scotty.http.requests", "sum", "{request}"),
        ("scotty.http.request.duration", "histogram", "s"),
        ("scotty.http.requests.active", "sum", "{request}"),
        ("scotty.memory.rss", "gauge", "By"),
        ("scotty.memory.virtual", "gauge", "By"),
        ("scotty.memory.rss.peak", "gauge", "By"),
        ("scotty.tokio.workers.count", "gauge", "{thread}"),
        ("scotty.tokio.tasks.active", "gauge", "{task}"),
        ("scotty.tokio.poll.count", "sum", "{poll}"),
        ("scotty.tokio.poll.duration", "histogram", "s"),
        ("scotty.tokio.slow.poll.count", "sum", "{poll}"),
    ):
        assert kind in metrics[name] and metrics[name]["unit"] == unit, name
    starts = set()
    for metric in metrics.values():
        data = metric.get("sum") or metric.get("histogram")
        if data:
            assert data["aggregationTemporality"] == "AGGREGATION_TEMPORALITY_CUMULATIVE"
            starts |= {point["startTimeUnixNano"] for point in data["dataPoints"]}
    assert len(starts) == 1
    assert metrics["scotty.http.requests"]["sum"]["isMonotonic"] is True
    assert "isMonotonic" not in metrics["scotty.http.requests.active"]["sum"]


@pytest.mark.quick
def test_histograms(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Bucket counts add up to the count; there is one more bucket than bounds."""
    points = collector.metrics()["scotty.http.request.duration"]["histogram"]["dataPoints"]
    for point in points:
        buckets = [int(count) for count in point["bucketCounts"]]
        assert len(buckets) == len(point["explicitBounds"]) + 1
        assert sum(buckets) == int(point["count"])
    assert sum(int(point["count"]) for point in points) == len(asked)


def by_start(spans: list[Message]) -> list[Message]:
    return sorted(spans, key=lambda span: int(span["startTimeUnixNano"]))


@pytest.mark.quick
def test_one_span_for_each_request(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Each request has a span with its name, kind, attributes, status and times."""
    spans = by_start(collector.spans())
    assert len(spans) == len(asked)
    for span, (begin, end), what in zip(spans, asked, ASKED * ROUNDS, strict=True):
        _, (method, route, status), path = what
        has_route = route != "/unmatched"
        attributes = span["attributes"]
        # The name has no unknown method.
        parts = ["HTTP", *([] if method == "_OTHER" else [method]), *([route] if has_route else [])]
        assert span["name"] == " ".join(parts)
        assert span["kind"] == "SPAN_KIND_SERVER"
        assert attributes["http.request.method"] == method
        assert attributes["http.response.status_code"] == int(status)
        assert attributes.get("url.path", path) in (path, HEALTH)
        assert attributes.get("http.route") == (route if has_route else None)
        if path:
            assert attributes["url.path"] == path
        is_error = span.get("status", {}).get("code") == "STATUS_CODE_ERROR"
        assert is_error == (status >= "500")
        start_ns, end_ns = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert begin - CLOCK_SLACK_NS <= start_ns <= end_ns <= end + CLOCK_SLACK_NS
        if "sleep" in route:
            assert end_ns - start_ns >= 60_000_000


@pytest.mark.quick
def test_span_ids_are_unique(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Each request without a caller's context is a trace of its own."""
    spans = collector.spans()
    assert len({span["spanId"] for span in spans}) == len(asked)
    assert len({span["traceId"] for span in spans}) == len(asked)
    assert not any(span.get("parentSpanId") for span in spans)


@pytest.mark.quick
def test_resource(collector: Collector, server: Server, asked: list[tuple[int, int]]) -> None:
    """Every export names the observed process and the attributes that the user added."""
    assert asked
    for resource in collector.resources():
        assert resource["process.pid"] == server.pid
        assert resource["process.executable.path"] == os.path.realpath(server.binary)
        assert resource["host.name"] == os.uname().nodename
        assert resource["os.type"] == "linux"
        assert resource["deployment.environment.name"] == "tests"
        assert resource["service.instance.id"] and resource["service.name"]
        assert resource["service.version"] == FIXTURE_VERSION
        assert resource["process.creation.time"].endswith("Z")


def test_service_name_of_the_tool_wins(
    start: Starter, server: Server, collector: Collector
) -> None:
    """The tool's OTEL_SERVICE_NAME is the service name."""
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        environment={**FAST, "OTEL_SERVICE_NAME": "renamed"},
    )
    wait_until(
        "the name arrived", lambda: "renamed" in {r["service.name"] for r in collector.resources()}
    )
    assert tool.end() == 0


@pytest.mark.quiet
def test_no_collection_is_superseded(start: Starter, server: Server) -> None:
    """A receiver that keeps up gets every collection."""
    collector = Collector(start)
    tool = watch(start, server, collector.endpoint)
    wait_until("five exports", lambda: len(collector.requests("metrics")) >= 5)
    assert tool.scrape().value("scottyscope_lost_total", cause=SUPERSEDED) == 0
    assert tool.end() == 0


def test_aborted_request_is_an_error(start: Starter, server: Server) -> None:
    """The span of a request whose handler panics has the status error and no status code."""
    collector = Collector(start)
    tool = watch(start, server, collector.endpoint)
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/test/panic"))
        assert connection.is_closed_by_server()
    (span,) = wait_until("the span arrived", collector.spans)
    assert span["status"]["code"] == "STATUS_CODE_ERROR"
    assert "http.response.status_code" not in span["attributes"]
    assert span["name"] == "HTTP GET /api/v1/test/panic"
    assert tool.end() == 0


def test_last_spans_are_sent_at_the_end(start: Starter, server: Server) -> None:
    """The tool exports its last spans and counts when it ends, also with default intervals."""
    collector = Collector(start)
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint)
    counting = Counting(tool)
    for _ in range(20):
        ask_once(server.port, get(HEALTH))
    # The client has its response a moment before the request is counted.
    counting.expect(("GET", HEALTH, 200), times=20)
    assert collector.spans() == []
    assert tool.end() == 0
    assert len(collector.spans()) == 20
    assert collector.counted() == {("GET", HEALTH, "200"): 20}


def test_load_loses_no_span(start: Starter, server: Server) -> None:
    """5,000 pipelined requests are 5,000 spans."""
    collector = Collector(start)
    tool = watch(start, server, collector.endpoint)
    with Connection(server.port) as connection:
        for _ in range(50):
            connection.send(get(HEALTH) * 100)
            assert {connection.response().status for _ in range(100)} == {200}
    wait_until("all spans arrived", lambda: len(collector.spans()) >= 5000)
    assert tool.scrape().losses() == {}
    assert tool.end() == 0
    assert len({span["spanId"] for span in collector.spans()}) == 5000


def test_collector_that_starts_later(start: Starter, server: Server) -> None:
    """Data from before the start of the collector arrives after its start."""
    port = ReservedPort()
    tool = watch(start, server, f"http://127.0.0.1:{port.number}")
    ask_once(server.port, get(HEALTH))
    tool.wait_for("cannot export traces", tool.stderr)
    assert tool.text("/healthz") == "ok\n"
    port.release()
    collector = Collector(start, port.number)
    wait_until("the span arrived", collector.spans)
    ask_once(server.port, get(HEALTH))
    wait_until("the counts arrived", lambda: collector.counted().total() == 2)
    assert len(wait_until("both spans", lambda: collector.spans()[1:] and collector.spans())) == 2
    tool.wait_for("are exported again", tool.stderr)
    assert tool.end() == 0


def test_unreachable_collector_does_no_harm(start: Starter, server: Server) -> None:
    """Without a collector the tool counts, serves scrapes, and ends soon."""
    with ReservedPort() as port:
        tool = watch(start, server, f"http://127.0.0.1:{port.number}")
        counting = Counting(tool)
        for _ in range(200):
            assert ask_once(server.port, get(HEALTH)).status == 200
        counting.expect(("GET", HEALTH, 200), times=200)
        begin = time.monotonic()
        assert tool.end() == 0
        assert time.monotonic() - begin < 6


def test_each_signal_has_its_own_headers(start: Starter, server: Server) -> None:
    """Headers for one signal replace the common headers of that signal only."""
    collector = Collector(start)
    environment = {
        **FAST,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=both",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-tenant=traces",
    }
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint, environment=environment)
    assert ask_once(server.port, get(HEALTH)).status == 200
    wait_until("both signals arrived", lambda: collector.spans() and collector.metrics())
    assert tool.end() == 0
    assert collector.headers("metrics", "x-tenant") == {"both"}
    assert collector.headers("traces", "x-tenant") == {"traces"}
