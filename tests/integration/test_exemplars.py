# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Exemplars: each names a span whose duration lies in the exemplar's bucket."""

import base64
import math
import time
import urllib.request
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from harness.builds import ONE_BUILD
from harness.collector import fields
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.traces import Tracing, duration_s, in_hexadecimal, new_context
from harness.waiting import DEADLINE_S, wait_until

TESTED_BUILDS = ONE_BUILD

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
DURATION = "scotty_http_request_duration_seconds"
HEALTH = "/api/v1/health"
SLEEP = "/api/v1/test/sleep/120"
# The tool now and then corrects the clock of spans; the value of an exemplar is a difference of
# one clock.
CLOCK_SLACK_S = 0.001


def fetch(tool: Tool, accept: str) -> tuple[str, str]:
    """Returns the content type and the text of the exposition."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{tool.port}/metrics", headers={"Accept": accept}
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
        return response.headers["Content-Type"], response.read().decode()


def buckets(tool: Tool) -> list[Any]:
    """Returns the bucket samples of the request durations, parsed as OpenMetrics."""
    kind, text = fetch(tool, OPENMETRICS)
    assert kind == OPENMETRICS
    return [
        sample
        for family in text_string_to_metric_families(text)
        if family.name == DURATION
        for sample in family.samples
        if sample.name.endswith("_bucket")
    ]


def with_exemplars(tool: Tool) -> list[Any]:
    return [sample for sample in buckets(tool) if sample.exemplar]


@pytest.fixture(scope="module")
def server(start_shared: Starter, binary: str) -> Server:
    return start_shared.server(binary, "--workers", "2")


@pytest.fixture(scope="module")
def tracing(start_shared: Starter, server: Server) -> Tracing:
    return Tracing(start_shared, server)


@pytest.fixture(scope="module")
def spans(tracing: Tracing) -> dict[str, Any]:
    """The spans of some fast and slow requests, by their ids."""
    for path in (HEALTH, HEALTH, "/nowhere", SLEEP):
        ask_once(tracing.port, get(path))
    wait_until("all spans arrived", lambda: len(tracing.collector.spans()) == 4)
    return {span["spanId"]: span for span in map(in_hexadecimal, tracing.collector.spans())}


@pytest.mark.quick
def test_openmetrics(tracing: Tracing, spans: dict[str, Any]) -> None:
    """Each label set has an exemplar in the bucket of its value, which names one of its spans."""
    found = with_exemplars(tracing.tool)
    assert len({sample.labels["path"] for sample in found}) == 3
    lows = {}
    for sample in buckets(tracing.tool):
        labels = (sample.labels["path"], sample.labels["status"])
        high = float(sample.labels["le"])
        lows[(*labels, high)] = max(
            (bound for (*of, bound) in lows if tuple(of) == labels), default=-math.inf
        )
    for sample in found:
        exemplar = sample.exemplar
        span = spans[exemplar.labels["span_id"]]
        high = float(sample.labels["le"])
        low = lows[(sample.labels["path"], sample.labels["status"], high)]
        assert set(exemplar.labels) == {"trace_id", "span_id"}
        assert exemplar.labels["trace_id"] == span["traceId"]
        assert span["attributes"].get("http.route", "/unmatched") == sample.labels["path"]
        assert str(span["attributes"]["http.response.status_code"]) == sample.labels["status"]
        assert low < exemplar.value <= high
        assert exemplar.value == pytest.approx(duration_s(span), abs=1e-6)
        ended_s = int(span["endTimeUnixNano"]) / 1e9
        assert float(exemplar.timestamp) == pytest.approx(ended_s, abs=CLOCK_SLACK_S)


def test_slow_request(tracing: Tracing, spans: dict[str, Any]) -> None:
    """The exemplar of the slow request's bucket names its span."""
    (sample,) = [
        sample for sample in with_exemplars(tracing.tool) if sample.exemplar.value > 0.12
    ]
    assert float(sample.labels["le"]) >= 0.25
    assert spans[sample.exemplar.labels["span_id"]]["attributes"]["url.path"] == SLEEP


@pytest.mark.quick
def test_otlp(tracing: Tracing, spans: dict[str, Any]) -> None:
    """The collector receives the same exemplars."""

    def exemplars() -> dict[str, tuple[str, str, float]]:
        metric = tracing.collector.metrics().get("scotty.http.request.duration")
        points = metric["histogram"]["dataPoints"] if metric else []
        return {
            base64.b64decode(exemplar["spanId"]).hex(): (
                base64.b64decode(exemplar["traceId"]).hex(),
                fields(point["attributes"])["path"],
                exemplar["asDouble"],
            )
            for point in points
            for exemplar in point.get("exemplars", [])
        }

    found = wait_until("exemplars arrived", lambda: len(exemplars()) >= 3 and exemplars())
    shown = {
        sample.exemplar.labels["span_id"]: (
            sample.exemplar.labels["trace_id"],
            sample.labels["path"],
            sample.exemplar.value,
        )
        for sample in with_exemplars(tracing.tool)
    }
    assert found == shown
    assert set(found) <= set(spans)


def test_latest_of_a_bucket(tracing: Tracing) -> None:
    """A later request in the same bucket replaces the exemplar. A scrape does not change it."""
    context = new_context()
    ask_once(tracing.port, get(SLEEP, context.header()))
    tracing.await_spans(context, 1)

    def shown() -> set[str]:
        return {
            sample.exemplar.labels["trace_id"]
            for sample in with_exemplars(tracing.tool)
            if sample.exemplar.value > 0.12
        }

    assert context.trace_id in shown()
    assert shown() == shown()


def test_text_format_has_none(tracing: Tracing, spans: dict[str, Any]) -> None:
    """Without a request for OpenMetrics the text format has no exemplars."""
    for accept in ("text/plain", "*/*"):
        kind, text = fetch(tracing.tool, accept)
        assert kind == "text/plain; version=0.0.4; charset=utf-8"
        assert "trace_id" not in text and "# EOF" not in text


def test_exposition_is_openmetrics(tracing: Tracing, spans: dict[str, Any]) -> None:
    """A strict parser accepts the exposition; its families are those of the text format."""
    _, text = fetch(tracing.tool, OPENMETRICS)
    values = {
        (sample.name, frozenset((k, v) for k, v in sample.labels.items() if k != "le"))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    plain = {
        (name, frozenset((k, v) for k, v in labels if k != "le"))
        for name, labels in tracing.tool.scrape().values
    }
    # Task types come and go with their tasks.
    assert {name for name, _ in values ^ plain} <= {"scotty_tokio_task_alive"}
    assert text.endswith("\n# EOF\n")


def test_unsampled_requests_have_none(start: Starter, server: Server) -> None:
    """A request without a recorded trace has no exemplar."""
    tracing = Tracing(start, server, OTEL_TRACES_SAMPLER="always_off")
    ask_once(server.port, get(HEALTH))
    wait_until("it is counted", lambda: tracing.tool.scrape().requests().total() == 1)
    time.sleep(0.3)
    assert with_exemplars(tracing.tool) == []


def test_no_exemplars_without_traces(start: Starter, server: Server) -> None:
    """Without a collector of spans there are no exemplars."""
    tool = start.watch(server)
    ask_once(server.port, get(HEALTH))
    wait_until("it is counted", lambda: tool.scrape().requests().total() == 1)
    time.sleep(0.3)
    assert with_exemplars(tool) == []


def test_exponential_histograms(start: Starter, server: Server) -> None:
    """Exponential histograms have exemplars as well."""
    tracing = Tracing(start, server, "--histograms", "exponential")
    ask_once(server.port, get(SLEEP))
    wait_until("the span arrived", lambda: tracing.collector.spans())
    (sample,) = wait_until("an exemplar", lambda: with_exemplars(tracing.tool))
    assert float(sample.labels["le"]) / 2 < sample.exemplar.value <= float(sample.labels["le"])
