# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Ends of the tool: by a supervisor, by two signals, and by SIGKILL."""

import os
import signal
import time

import pytest

from harness.bpf import held_by, known
from harness.builds import ONE_BUILD
from harness.collector import Collector
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import PATIENCE, wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
REQUESTS = 50
# The kernel detaches one perf event after another, in a tenth of a second each.
SLOW = ("--attach", "single")
# No export but the last one.
SELDOM = {"OTEL_METRIC_EXPORT_INTERVAL": "3600000", "OTEL_BSP_SCHEDULE_DELAY": "3600000"}


def links_of(tool: Tool) -> set[int]:
    links = held_by(tool.pid, "link")
    assert links
    return links


def test_all_output_comes_before_the_detachment(start: Starter, server: Server) -> None:
    """A supervisor that kills the tool while it detaches loses nothing."""
    collector = Collector(start)
    tool = start.watch(server, *SLOW, "--report", "--otlp-endpoint", collector.endpoint,
                       environment=SELDOM)
    links = links_of(tool)
    for _ in range(REQUESTS):
        assert ask_once(server.port, get(HEALTH)).status == 200
    tool.kill(signal.SIGTERM)
    wait_until("the report is printed", lambda: HEALTH in tool.stdout())
    assert links & known("link"), "the detachment takes longer than the export"
    tool.kill(signal.SIGKILL)
    tool.wait()
    assert collector.counted()[("GET", HEALTH, "200")] == REQUESTS
    assert len(collector.spans()) == REQUESTS
    wait_until("the kernel has detached the probes", lambda: not links & known("link"))


@pytest.mark.parametrize("options", [(), SLOW], ids=["auto", "single"])
def test_second_signal(start: Starter, server: Server, options: tuple[str, ...]) -> None:
    """A second signal ends the tool at once, with status 1; the kernel detaches the probes."""
    collector = Collector(start)
    tool = start.watch(server, *options, "--otlp-endpoint", collector.endpoint)
    links = links_of(tool)
    # The last export waits for a collector that does not answer.
    os.kill(collector.process.pid, signal.SIGSTOP)
    try:
        assert ask_once(server.port, get(HEALTH)).status == 200
        tool.kill(signal.SIGINT)
        time.sleep(0.3)
        begin_s = time.monotonic()
        tool.kill(signal.SIGINT)
        assert tool.wait() == 1
        assert time.monotonic() - begin_s < 0.5 * PATIENCE
    finally:
        os.kill(collector.process.pid, signal.SIGCONT)
    assert "a signal while ending: ends at once" in tool.stderr()
    assert ask_once(server.port, get(HEALTH)).status == 200
    wait_until("the kernel has detached the probes", lambda: not links & known("link"))


def test_second_signal_while_detaching(start: Starter, server: Server) -> None:
    """The tool does not wait for the child that detaches."""
    tool = start.watch(server, *SLOW)
    links = links_of(tool)
    tool.kill(signal.SIGTERM)
    time.sleep(0.5)
    begin_s = time.monotonic()
    tool.kill(signal.SIGTERM)
    assert tool.wait() == 1
    assert time.monotonic() - begin_s < 0.5 * PATIENCE
    wait_until("the kernel has detached the probes", lambda: not links & known("link"))


@pytest.mark.quiet
def test_a_killed_tool_leaves_nothing_for_long(start: Starter, server: Server) -> None:
    """The kernel detaches the links of a killed tool one after another, in two seconds."""
    tool = start.watch(server)
    links = links_of(tool)
    begin_s = time.monotonic()
    tool.kill(signal.SIGKILL)
    wait_until("the links are gone", lambda: not links & known("link"))
    assert time.monotonic() - begin_s < 2
