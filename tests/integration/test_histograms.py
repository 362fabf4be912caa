# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Explicit and exponential histograms hold the same observations."""

import pytest

from harness.builds import ONE_BUILD
from harness.collector import Collector, Message, fields
from harness.http_client import Connection, get
from harness.run_delay import RunDelay
from harness.server import Server
from harness.sessions import Client
from harness.starter import Starter
from harness.tool import Tool
from harness.traces import Tracing
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

SLEEP = "/api/v1/test/sleep/{milliseconds}"
SLEPT_MS = (20, 20, 50, 150)
NAMES = (
    "scotty.http.request.duration",
    "scotty.shell_session.duration",
    "scotty.tokio.poll.duration",
    "scotty.tokio.idle.duration",
    "scotty.tokio.first_poll.delay",
)


def points(collector: Collector, name: str, kind: str) -> list[Message]:
    """Returns the latest data points of a histogram."""
    metric = collector.metrics().get(name, {})
    return metric.get(kind, {}).get("dataPoints", [])


def bounds_of(point: Message) -> list[tuple[float, float, int]]:
    """Returns the bounds and the count of each bucket that is not empty."""
    if "explicitBounds" in point:
        edges = [0.0, *point["explicitBounds"], float("inf")]
        counts = [int(count) for count in point["bucketCounts"]]
        found = list(zip(edges, edges[1:], counts))
    else:
        # See "ExponentialHistogram" in the OpenTelemetry metrics data model.
        base = 2**2 ** -int(point.get("scale", 0))
        positive = point.get("positive", {})
        counts = [int(count) for count in positive.get("bucketCounts", [])]
        first = int(positive.get("offset", 0))
        found = [(base ** (first + i), base ** (first + i + 1), n) for i, n in enumerate(counts)]
    return [bucket for bucket in found if bucket[2]]


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [("explicit", "histogram"), ("exponential", "exponentialHistogram")],
)
def test_both_kinds(start: Starter, server: Server, chosen: str, kind: str) -> None:
    """Count, sum and buckets of requests of known durations, and counts of other histograms."""
    delay = RunDelay(server.pid)
    tracing = Tracing(start, server, "--histograms", chosen)
    tool: Tool = tracing.tool
    with Connection(server.port) as connection, Client(server.port) as client:
        for slept_ms in SLEPT_MS:
            connection.send(get(f"/api/v1/test/sleep/{slept_ms}"))
            assert connection.response().status == 200
        client.end_shell(client.open_shell())

    def of_requests() -> Message | None:
        for point in points(tracing.collector, NAMES[0], kind):
            is_all = int(point["count"]) == len(SLEPT_MS)
            if fields(point["attributes"])["path"] == SLEEP and is_all:
                return point
        return None

    point = wait_until("all requests arrived", of_requests)
    slept_s = sum(SLEPT_MS) / 1e3
    slack_s = delay.s() + 0.1
    assert slept_s <= point["sum"] <= slept_s + slack_s
    buckets = bounds_of(point)
    assert sum(count for _, _, count in buckets) == len(SLEPT_MS)
    for slept_ms in SLEPT_MS:
        # The bucket is at most one power of two too high.
        highest_s = slept_ms / 1e3 * 2 + delay.s()
        assert any(low < highest_s and high >= slept_ms / 1e3 for low, high, _ in buckets)
    for name in NAMES:
        # The last observations may be missing in that export.
        first = wait_until(
            name,
            lambda n=name: next(
                (one for one in points(tracing.collector, n, kind) if int(one["count"])), None
            ),
        )
        held = sum(count for _, _, count in bounds_of(first)) + int(first.get("zeroCount", 0))
        assert held == int(first["count"]), name
    # A scrape always has explicit buckets: the text format has no exponential histograms.
    scrape = tool.scrape()
    labels = {"method": "GET", "path": SLEEP, "status": "200", "le": "+Inf"}
    assert scrape.value("scotty_http_request_duration_seconds_bucket", **labels) == len(SLEPT_MS)
    assert tool.end() == 0
