# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A run warns once about each cause of dropped data, when data is dropped for the first time."""

import re

from harness.builds import binary_of
from harness.collector import FAST
from harness.http_client import ask_once, get
from harness.ports import ReservedPort
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until


def warnings_of(tool: Tool, cause: str) -> list[str]:
    return re.findall(rf'warning: dropped \d+ .*"{cause}".*', tool.stderr())


def test_a_full_map_is_told_once(start: Starter) -> None:
    """The first request beyond --max-series causes a warning with the option that helps; later ones do not."""
    server = start.server(binary_of("bare"))
    tool = start.watch(server, "--max-series", "1")
    ask_once(server.port, get("/api/v1/health"))
    ask_once(server.port, get("/nowhere"))
    tool.wait_for(r'warning: dropped 1 label sets.*raise --max-series.*"series_full"', tool.stderr)
    for _ in range(3):
        ask_once(server.port, get("/nowhere"))
    wait_until("four are counted", lambda: tool.scrape().losses() == {"series_full": 4})
    assert tool.end() == 0
    assert len(warnings_of(tool, "series_full")) == 1
    # The last lines of the log have the sum.
    assert re.search(r"4 events were dropped:\n.*4 label sets", tool.stderr())


def test_a_missing_collector_is_told_as_a_loss(start: Starter) -> None:
    """Spans that no collector takes are told when the first ones are dropped, not only at the end."""
    server = start.server(binary_of("bare"))
    queue = {"OTEL_BSP_MAX_QUEUE_SIZE": "4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}
    with ReservedPort() as port:
        endpoint = f"http://127.0.0.1:{port.number}"
        options = ("--otlp-endpoint", endpoint, "--max-span-rate", "none")
        tool = start.watch(server, *options, environment={**FAST, **queue})
        for _ in range(30):
            ask_once(server.port, get("/api/v1/health"))
        tool.wait_for(r'warning: dropped \d+ spans: .*"spans_queue_full"', tool.stderr)
        assert len(warnings_of(tool, "spans_queue_full")) == 1
        # A snapshot that waits is replaced by the next one.
        tool.wait_for(r'warning: dropped \d+ .*"metrics_superseded"', tool.stderr)
        tool.end()


def test_nothing_is_told_of_ordinary_traffic(start: Starter) -> None:
    server = start.server(binary_of("bare"))
    tool = start.watch(server)
    for _ in range(200):
        ask_once(server.port, get("/api/v1/health"))
    assert tool.end() == 0
    assert "dropped" not in tool.stderr().replace("nothing was dropped", "")
