# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tool's account of its own overhead."""

import contextlib
import math
import re
import threading
import time
from collections.abc import Iterator

import pytest

from harness.builds import binary_of
from harness.counting import Counting
from harness.load import keep_alive_load
from harness.polls import HEALTH, HITS, LEARNING_REQUESTS, SAMPLING_MESSAGE, ask, watched
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until
from harness.websocket_client import PING, WebSocket, frame

HOOKS_OF_A_REQUEST = (
    "task_schedule",
    "poll_start",
    "http_parse",
    "http_match",
    "http_encode",
    "poll_idle",
)
COST = "scottyscope_probe_cpu_time_seconds_total"
OVERHEAD = "scottyscope_probe_overhead_ratio"
CANNOT_KEEP = r"--max-overhead\) cannot be kept"


def overhead(tool: Tool) -> float:
    """Returns the recent overhead, infinity before it is known."""
    return tool.scrape().values.get((OVERHEAD, frozenset()), math.inf)


@pytest.mark.quiet
def test_cost_includes_the_programs(start: Starter) -> None:
    """The cost includes the run time of programs that did not run in the first measurement."""
    server = start.server(binary_of("bare"), "--workers", "2")
    tool = start.watch(server, "--max-overhead", "100", "-v")
    found = re.search(r"probe cost: (\d+) ns emulated", tool.stderr())
    assert found
    # The first measurement takes the start of the first period, which lasts a second.
    time.sleep(1.5)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        ask(server.port, 100)
    wait_until("the last period is counted", lambda: overhead(tool) < 0.001)
    scrape = tool.scrape()
    hits = sum(scrape.value(HITS, hook=hook) for hook in HOOKS_OF_A_REQUEST)
    # The tool adds the hits' cost, by the time of one hit, and the measured time of the programs. A
    # server pays twice that.
    assert scrape.value(COST) > 2 * 1.05 * hits * int(found[1]) / 1e9


@pytest.mark.quiet
def test_ordinary_load_is_not_sampled(start: Starter) -> None:
    """With the default limit every poll of a light load is counted."""
    server = start.server(binary_of("bare"), "--workers", "2")
    tool = start.watch(server, "--max-overhead", "3")
    counting = Counting(tool)
    for _ in range(30):
        ask(server.port, 20)
        time.sleep(0.1)
    counting.expect(("GET", HEALTH, "200"), times=600)
    scrape = tool.scrape()
    assert watched(tool) == 1
    assert 0 < scrape.value(OVERHEAD) < 0.03
    assert scrape.value(COST) > 0
    assert SAMPLING_MESSAGE not in tool.stderr()


def test_an_unknown_cost_is_not_0(start: Starter) -> None:
    """Without a limit the cost is reported, too, and soon. Before, it is absent."""
    server = start.server(binary_of("bare"))
    with keep_alive_load(server.port, HEALTH):
        tool = start.watch(server, "--max-overhead", "none")
        wait_until("the cost is known", lambda: overhead(tool) < 1, 5)
        assert tool.scrape().value(OVERHEAD) > 0
        assert tool.scrape().value(COST) > 0


def test_a_limit_that_cannot_be_kept_is_told_once(start: Starter) -> None:
    """Requests alone cost more than the limit: the tool names what costs and what would help."""
    server = start.server(binary_of("bare"), "--workers", "1")
    tool = start.watch(server, "--max-overhead", "0.01")
    with keep_alive_load(server.port, HEALTH):
        tool.wait_for(CANNOT_KEEP + r".*least possible time already.*http_parse", tool.stderr)
        time.sleep(3)
    # The wake-ups of tasks are detached together with polls.
    assert "No level costs less" in tool.stderr()
    assert len(re.findall(CANNOT_KEEP, tool.stderr())) == 1


def test_estimates_that_save_nothing_are_not_made(start: Starter) -> None:
    """In a flood of pings, frames cost and polls do not: polls stay exact, and no advice is false."""
    server = start.server(binary_of("bare"), "--workers", "1")
    tool = start.watch(server, "--max-overhead", "0.01")
    ask(server.port, LEARNING_REQUESTS)
    wait_until("the requests are forgotten", lambda: overhead(tool) < 0.0001)
    with flood_of_pings(server.port):
        tool.wait_for(CANNOT_KEEP + r".*small part of the cost.*frame_in", tool.stderr)
        assert watched(tool) == 1
    assert "saves about" not in tool.stderr()


@contextlib.contextmanager
def flood_of_pings(port: int) -> Iterator[None]:
    """Sends 500 pings at a time on a websocket, and reads the pongs."""
    stopped = threading.Event()
    pings = frame(PING) * 500
    pongs = len(b"\x8a\x00") * 500

    def run() -> None:
        with WebSocket(port) as client:
            while not stopped.is_set():
                client.socket.sendall(pings)
                left = pongs
                while left > 0:
                    left -= len(client.socket.recv(left))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
