# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tool's account of its own overhead."""

import re
import time

import pytest

from harness.builds import binary_of
from harness.counting import Counting
from harness.polls import HEALTH, HITS, SAMPLING_MESSAGE, ask, watched
from harness.starter import Starter
from harness.waiting import wait_until

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
    wait_until("the last period is counted", lambda: tool.scrape().value(OVERHEAD) < 0.001)
    scrape = tool.scrape()
    hits = sum(scrape.value(HITS, hook=hook) for hook in HOOKS_OF_A_REQUEST)
    # The tool adds the hits' cost, by the time of one hit, and the measured time of the programs.
    assert scrape.value(COST) > 1.05 * hits * int(found[1]) / 1e9


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
