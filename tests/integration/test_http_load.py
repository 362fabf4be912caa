# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Counts under load, durations, and tools that attach under load."""

import shutil
import subprocess
import threading
import time

import pytest

from harness.builds import ONE_BUILD
from harness.counting import Counting
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.load import keep_alive_load
from harness.run_delay import RunDelay
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
ECHO = "/api/v1/test/echo"
SLEEP = "/api/v1/test/sleep/{milliseconds}"
OK = ("GET", HEALTH, 200)


@pytest.mark.quick
def test_h2load_is_counted_exactly(server: Server, tool: Tool) -> None:
    """20,000 requests on 16 connections."""
    program = shutil.which("h2load")
    if not program:
        pytest.skip("h2load is not installed (package nghttp2-client)")
    counting = Counting(tool)
    url = f"http://127.0.0.1:{server.port}{HEALTH}"
    run = subprocess.run(
        [program, "--h1", "-n", "20000", "-c", "16", url], capture_output=True, check=True
    )
    assert b"20000 2xx" in run.stdout
    counting.expect(OK, times=20000)


def test_pipelined_load_is_counted_exactly(server: Server, tool: Tool) -> None:
    """20,000 requests from 4 threads, 100 in each write; every second request is unmatched."""
    counting = Counting(tool)

    def run() -> None:
        with Connection(server.port) as connection:
            for _ in range(50):
                connection.send((get(HEALTH) + get("/nowhere")) * 50)
                for _ in range(50):
                    assert connection.response().status == 200
                    assert connection.response().status == 404

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counting.expect(OK, ("GET", "/unmatched", 404), times=10000)


@pytest.mark.quiet
def test_durations_agree_with_the_client(server: Server, tool: Tool) -> None:
    """The sum of durations is between the handler's sleep and the client's wait."""
    counting = Counting(tool)
    key = ("GET", SLEEP, "200")
    name = "scotty_http_request_duration_seconds"
    before = counting.before
    delay = RunDelay(server.pid)
    waited_s = 0.0
    with Connection(server.port) as connection:
        for _ in range(5):
            start_s = time.perf_counter()
            connection.get("/api/v1/test/sleep/300")
            waited_s += time.perf_counter() - start_s
    counting.expect(("GET", SLEEP, 200), times=5)
    after = tool.scrape()

    def grown(suffix: str) -> float:
        return after.by_route(name + suffix)[key] - before.by_route(name + suffix).get(key, 0)

    assert grown("_count") == 5
    assert 5 * 0.3 <= grown("_sum") <= waited_s
    assert grown("_sum") == pytest.approx(waited_s, abs=0.02 * waited_s + delay.s())


@pytest.mark.quick
def test_histograms_agree_with_counters(tool: Tool) -> None:
    """In each label set the histogram's count and its last bucket equal the counter."""
    scrape = tool.scrape()
    counts = scrape.by_route("scotty_http_request_duration_seconds_count")
    assert counts and counts == scrape.requests()
    for (method, path, status), count in counts.items():
        labels = {"method": method, "path": path, "status": status, "le": "+Inf"}
        assert scrape.value("scotty_http_request_duration_seconds_bucket", **labels) == count


def test_attaching_under_load_changes_no_response(start: Starter, server: Server) -> None:
    """Clients get correct responses while tools come and go; no tool counts too much."""
    with keep_alive_load(server.port, HEALTH) as load:
        for _ in range(2):
            tool = start.watch(server)
            wait_until("some are counted", lambda t=tool: t.scrape().requests().total() > 100)
            assert tool.end() == 0
        last = start.watch(server)
        asked_since = load.total()
        wait_until("some requests were made", lambda: load.total() > asked_since + 100)
    assert load.outcomes.keys() == {200}
    wait_until("no request is active", lambda: last.scrape().active() == 0)
    # The tool may or may not count a request that was in progress while it attached.
    counted = last.scrape().requests()
    assert counted.keys() == {("GET", HEALTH, "200")}
    assert load.total() - asked_since <= counted.total() < load.total()
    counting = Counting(last)
    ask_once(server.port, get(HEALTH))
    counting.expect(OK)


def test_requests_in_progress_when_attached(start: Starter, server: Server) -> None:
    """A request from before the attachment is not counted; the next request is."""
    with Connection(server.port) as connection:
        # The handler waits for the body.
        connection.send(request_bytes("POST", ECHO, "Content-Length: 1"))
        tool = start.watch(server)
        assert tool.scrape().active() == 0
        connection.send(b"x")
        assert connection.response().status == 200
        counting = Counting(tool)
        assert tool.scrape().requests() == {}
        assert connection.get(HEALTH).status == 200
    counting.expect(OK)


def test_two_tools(start: Starter, server: Server, tool: Tool) -> None:
    """Two tools on one server count the same requests."""
    other = start.watch(server)
    one, two = Counting(tool), Counting(other)
    with Connection(server.port) as connection:
        for _ in range(100):
            connection.get(HEALTH)
    one.expect(OK, times=100)
    two.expect(OK, times=100)


def test_server_with_its_own_telemetry(start: Starter, build: str, binary: str) -> None:
    """The layers of the server's own telemetry do not change the counts."""
    if build == "bare":
        pytest.skip("the bare build has no telemetry of its own")
    nowhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    server = start.server(binary, environment={"SCOTTY__TELEMETRY": "metrics,traces", **nowhere})
    tool = start.watch(server)
    counting = Counting(tool)
    mix = get(HEALTH) + get("/nowhere") + get("/api/v1/test/sleep/1")
    with Connection(server.port) as connection:
        connection.send(mix * 50)
        assert [connection.response().status for _ in range(150)] == [200, 404, 200] * 50
    counting.expect(OK, ("GET", "/unmatched", 404), ("GET", SLEEP, 200), times=50)


def test_http2_is_counted_or_lost(server: Server, tool: Tool) -> None:
    """Requests over HTTP/2 are counted, or reported as lost."""
    program = shutil.which("h2load")
    if not program:
        pytest.skip("h2load is not installed (package nghttp2-client)")
    before = tool.scrape()
    url = f"http://127.0.0.1:{server.port}{HEALTH}"
    run = subprocess.run([program, "-n", "100", "-c", "2", url], capture_output=True, check=True)
    if b"Application protocol: h2c" not in run.stdout or b"100 2xx" not in run.stdout:
        pytest.skip("the server does not speak HTTP/2")
    after = tool.scrape()
    counted = after.requests().total() - before.requests().total()
    assert counted == 100 or after.losses() != before.losses()
