# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""--level: each level disables its signals and no other."""

import json

import pytest

from harness import names
from harness.builds import binary_of
from harness.counting import Counting
from harness.http_client import Connection, get
from harness.polls import HEALTH
from harness.starter import Starter
from harness.traces import Tracing, new_context

DISABLED = {
    "basic": {"tokio polls", "tokio scheduling"},
    "standard": {"tokio scheduling"},
    "full": set(),
}


@pytest.mark.quick
@pytest.mark.parametrize("level", DISABLED)
def test_levels(start: Starter, level: str) -> None:
    """`verify` names the disabled signals, and only their metrics are missing."""
    server = start.server(binary_of("default"), "--workers", "2")
    verify = start.verify("--pid", str(server.pid), "--level", level, "--format", "json")
    assert verify.wait() == 0
    signals = json.loads(verify.stdout())["signals"]
    disabled = {signal["signal"] for signal in signals if signal["left_out"]}
    assert disabled == DISABLED[level]
    assert all(signal["available"] != signal["left_out"] for signal in signals)
    text = start.verify("--pid", str(server.pid), "--level", level).stdout()
    assert all(name in text for name in disabled)

    tool = start.watch(server, "--level", level)
    counting = Counting(tool)
    with Connection(server.port) as connection:
        connection.send(get(HEALTH))
        assert connection.response("GET").status == 200
    counting.expect(("GET", HEALTH, "200"))
    exposed = {name for name, _ in tool.scrape().values}
    assert (names.POLLS in exposed) == (level != "basic")
    assert (names.SCHEDULED in exposed) == (level == "full")
    assert names.DROPPED in exposed and names.TOKIO_TASKS_ACTIVE in exposed


def test_times_at_the_standard_level(start: Starter) -> None:
    """At the standard level a span has its busy time, but no time in run queues."""
    server = start.server(binary_of("bare"), "--workers", "2")
    tracing = Tracing(start, server, "--level", "standard")
    context = new_context()
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/test/block/20", context.header()))
        assert connection.response("GET").status == 200
    (span,) = tracing.await_spans(context, 1)
    assert span["attributes"][names.BUSY_S] >= 0.02
    assert names.SCHEDULED_S not in span["attributes"]
    assert names.AWAITING_S not in span["attributes"]
