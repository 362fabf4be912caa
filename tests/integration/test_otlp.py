# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a receiver, decoding with the published protocol's own classes, gets by OTLP/gRPC."""

import collections
import os
import pathlib
import socket
import time
import tomllib

import pytest
from collector import FAST, Collector, Message
from conftest import Starter
from harness import Counting, Server, Tool, wait_until
from http_client import TOKEN, Connection, ask_once, get, request_bytes

HEALTH = "/api/v1/health"
INFO = "/api/v1/authenticated/apps/info/{app_id}"
# A request, its label set, and the path that its span must have.
ASKED = [
    (get(HEALTH + "?a=b"), ("GET", HEALTH, "200"), HEALTH),
    (
        get("/api/v1/authenticated/apps/info/demo", f"Authorization: Bearer {TOKEN}"),
        ("GET", INFO, "200"),
        "/api/v1/authenticated/apps/info/demo",
    ),
    # Not in origin form: rather no path than a wrong one.
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
# Clocks are read by different processes, and the tool relates the monotonic one to the real one.
CLOCK_SLACK_NS = 1_000_000

# Of the sample server's package, which it tells when it starts.
MANIFEST = pathlib.Path(__file__).parents[1] / "fixtures/scotty/Cargo.toml"
FIXTURE_VERSION = tomllib.loads(MANIFEST.read_text())["workspace"]["package"]["version"]


def watch(start: Starter, server: Server, endpoint: str, *options: str) -> Tool:
    environment = {**FAST, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests"}
    return start.watch(server, "--otlp-endpoint", endpoint, *options, environment=environment)


@pytest.fixture(scope="module")
def collector(start_shared: Starter, server: Server) -> Collector:
    """One for what the shared tool of a build sends."""
    assert server.is_alive()
    return Collector(start_shared)


@pytest.fixture(scope="module")
def asked(start_shared: Starter, server: Server, collector: Collector) -> list[tuple[int, int]]:
    """Does all of ASKED, some rounds over; gives when each began and ended, in nanoseconds."""
    tool = watch(start_shared, server, collector.endpoint)
    times = []
    with Connection(server.port) as connection:
        for request, label_set, _ in ASKED * ROUNDS:
            begin = time.time_ns()
            assert str(connection.ask(request).status) == label_set[2]
            times.append((begin, time.time_ns()))
    wait_until("all spans came", lambda: len(collector.spans()) >= len(times))
    wait_until("all counts came", lambda: collector.counted().total() >= len(times))
    assert tool.end() == 0
    return times


def test_counts_are_the_clients(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """The last export has exactly what the client did."""
    assert len(asked) == len(ASKED) * ROUNDS
    assert collector.counted() == collections.Counter(
        [label_set for _, label_set, _ in ASKED] * ROUNDS
    )


def test_names_kinds_and_temporality(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Names in dots, units, and cumulative sums and histograms with one start."""
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


def test_histograms(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Bucket counts add up to the count, and there is one more of them than bounds."""
    points = collector.metrics()["scotty.http.request.duration"]["histogram"]["dataPoints"]
    for point in points:
        buckets = [int(count) for count in point["bucketCounts"]]
        assert len(buckets) == len(point["explicitBounds"]) + 1
        assert sum(buckets) == int(point["count"])
    assert sum(int(point["count"]) for point in points) == len(asked)


def by_start(spans: list[Message]) -> list[Message]:
    return sorted(spans, key=lambda span: int(span["startTimeUnixNano"]))


def test_a_span_a_request(collector: Collector, asked: list[tuple[int, int]]) -> None:
    """Name, kind, attributes, status and times of the span of each request, in the order asked."""
    spans = by_start(collector.spans())
    assert len(spans) == len(asked)
    for span, (begin, end), what in zip(spans, asked, ASKED * ROUNDS, strict=True):
        _, (method, route, status), path = what
        has_route = route != "/unmatched"
        attributes = span["attributes"]
        assert span["name"] == f"HTTP {method}" + (f" {route}" if has_route else "")
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


def test_span_ids_are_unique(collector: Collector, asked: list[tuple[int, int]]) -> None:
    spans = collector.spans()
    assert len({span["spanId"] for span in spans}) == len(asked)
    assert len({span["traceId"] for span in spans}) == len(asked)
    assert not any(span.get("parentSpanId") for span in spans)


def test_resource(collector: Collector, server: Server, asked: list[tuple[int, int]]) -> None:
    """Every request says who was observed, and what the user added."""
    assert asked
    for resource in collector.resources():
        assert resource["process.pid"] == server.pid
        assert resource["process.executable.path"] == server.binary
        assert resource["host.name"] == os.uname().nodename
        assert resource["os.type"] == "linux"
        assert resource["deployment.environment.name"] == "tests"
        assert resource["service.instance.id"] and resource["service.name"]
        assert resource["service.version"] == FIXTURE_VERSION
        assert resource["process.creation.time"].endswith("Z")


def test_service_name_is_scotty(start: Starter, server: Server, collector: Collector) -> None:
    """The target's own or the tool's OTEL_SERVICE_NAME, and that the tool's wins."""
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        environment={**FAST, "OTEL_SERVICE_NAME": "renamed"},
    )
    wait_until(
        "the name came", lambda: "renamed" in {r["service.name"] for r in collector.resources()}
    )
    assert tool.end() == 0


def test_aborted_request_is_an_error(start: Starter, server: Server) -> None:
    """A panic's span has no status code, but an error."""
    collector = Collector(start)
    tool = watch(start, server, collector.endpoint)
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/test/panic"))
        assert connection.is_closed_by_server()
    (span,) = wait_until("the span came", collector.spans)
    assert span["status"]["code"] == "STATUS_CODE_ERROR"
    assert "http.response.status_code" not in span["attributes"]
    assert span["name"] == "HTTP GET /api/v1/test/panic"
    assert tool.end() == 0


def test_last_spans_are_sent_at_the_end(start: Starter, server: Server) -> None:
    """What was seen just before the end still arrives, also with the usual slow intervals."""
    collector = Collector(start)
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint)
    counting = Counting(tool)
    for _ in range(20):
        ask_once(server.port, get(HEALTH))
    # The client has its answer a moment before the poll that gave it ends.
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
    wait_until("all spans came", lambda: len(collector.spans()) >= 5000)
    assert tool.scrape().losses() == {}
    assert tool.end() == 0
    assert len({span["spanId"] for span in collector.spans()}) == 5000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_collector_that_comes_later(start: Starter, server: Server) -> None:
    """What was seen before the collector was there arrives once it is."""
    port = free_port()
    tool = watch(start, server, f"http://127.0.0.1:{port}")
    ask_once(server.port, get(HEALTH))
    tool.wait_for("cannot export traces", tool.stderr)
    assert tool.text("/healthz") == "ok\n"
    collector = Collector(start, port)
    wait_until("the span came", collector.spans)
    ask_once(server.port, get(HEALTH))
    wait_until("the counts came", lambda: collector.counted().total() == 2)
    assert len(wait_until("both spans", lambda: collector.spans()[1:] and collector.spans())) == 2
    tool.wait_for("are exported again", tool.stderr)
    assert tool.end() == 0


def test_unreachable_collector_does_no_harm(start: Starter, server: Server) -> None:
    """Counting and scraping go on, and the end is not held up for long."""
    tool = watch(start, server, f"http://127.0.0.1:{free_port()}")
    counting = Counting(tool)
    for _ in range(200):
        assert ask_once(server.port, get(HEALTH)).status == 200
    counting.expect(("GET", HEALTH, 200), times=200)
    begin = time.monotonic()
    assert tool.end() == 0
    assert time.monotonic() - begin < 6


def test_each_signal_has_its_own_headers(start: Starter, server: Server) -> None:
    """Headers of one signal go in place of those for both, and never to the other."""
    collector = Collector(start)
    environment = {
        **FAST,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=both",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-tenant=traces",
    }
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint, environment=environment)
    assert ask_once(server.port, get(HEALTH)).status == 200
    wait_until("both signals came", lambda: collector.spans() and collector.metrics())
    assert tool.end() == 0
    assert collector.headers("metrics", "x-tenant") == {"both"}
    assert collector.headers("traces", "x-tenant") == {"traces"}
