# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A wall clock that is set back or forward while the tool runs."""

import os
import pathlib
import struct
import subprocess
import time
from collections.abc import Iterator

import pytest

from harness import names
from harness.builds import ONE_BUILD
from harness.collector import FAST, Collector, Message
from harness.http_client import ask_once, get
from harness.server import Server
from harness.sessions import Client
from harness.starter import Starter
from harness.traces import duration_s, named, one_named
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
HOUR_S = 3600
SOURCE = pathlib.Path(__file__).parent / "harness/wall_clock.c"


class WallClock:
    """The wall clock of a process that preloads the library."""

    def __init__(self, directory: pathlib.Path) -> None:
        library = directory / "wall_clock.so"
        self.file = directory / "shift"
        subprocess.check_call(
            [os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
        )
        self.file.write_bytes(struct.pack("q", 0))
        self.environment = {"LD_PRELOAD": str(library), "TEST_WALL_CLOCK": str(self.file)}

    def shift(self, seconds: int) -> None:
        with open(self.file, "r+b", buffering=0) as file:
            file.write(struct.pack("q", seconds * 10**9))


def points(request: Message) -> Iterator[Message]:
    for resource in request["resourceMetrics"]:
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                for kind in ("sum", "gauge", "histogram"):
                    yield from metric.get(kind, {}).get("dataPoints", [])


def starts(request: Message) -> set[int]:
    return {int(p["startTimeUnixNano"]) for p in points(request) if "startTimeUnixNano" in p}


def assert_in_order(request: Message) -> None:
    """Asserts that no point starts after its time, and that no exemplar is later."""
    for point in points(request):
        time_ns = int(point["timeUnixNano"])
        assert int(point.get("startTimeUnixNano", 0)) <= time_ns
        for exemplar in point.get("exemplars", []):
            assert int(exemplar["timeUnixNano"]) <= time_ns


@pytest.mark.parametrize("shift_s", [-HOUR_S, HOUR_S])
def test_a_step_of_the_wall_clock(start: Starter, server: Server, shift_s: int) -> None:
    """No point starts after its time; the start changes at most once; durations are not affected."""
    collector = Collector(start)
    clock = WallClock(start.make_directory())
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint,
                       environment={**FAST, **clock.environment})
    client = Client(server.port)
    assert ask_once(server.port, get(HEALTH)).status == 200
    wait_until("an export", lambda: len(collector.requests("metrics")) > 1)
    begin_s = time.time()
    clock.shift(shift_s)
    time.sleep(0.2)
    client.close()
    assert ask_once(server.port, get(HEALTH)).status == 200
    count = len(collector.requests("metrics"))
    wait_until("more exports", lambda: len(collector.requests("metrics")) > count + 2)
    assert tool.end() == 0

    requests = collector.requests("metrics")
    for request in requests:
        assert_in_order(request)
    after = requests[-1]
    assert all(
        abs(int(p["timeUnixNano"]) / 1e9 - begin_s - shift_s) < 60 for p in points(after)
    )
    all_starts = set().union(*map(starts, requests))
    assert len(all_starts) == (2 if shift_s < 0 else 1)
    assert starts(after) == {min(all_starts)}

    spans = collector.spans()
    for span in spans:
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    websocket = one_named(spans, names.WEBSOCKET_SPAN)
    # The whole span is by the clock at the time of its export.
    assert 0.2 < duration_s(websocket) < 60
    assert abs(int(websocket["endTimeUnixNano"]) / 1e9 - begin_s - shift_s) < 60
    assert len(named(spans, f"HTTP GET {HEALTH}")) == 2
