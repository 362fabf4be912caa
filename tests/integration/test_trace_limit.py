# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""--max-span-rate: above the rate whole traces are sampled out; metrics count every request."""

import collections

import pytest

from harness.builds import binary_of
from harness.http_client import ask_once, get
from harness.load import keep_alive_load
from harness.sessions import Client
from harness.starter import Starter
from harness.tool import Tool
from harness.traces import Tracing, in_hexadecimal, new_context, span_of_path, unique_path
from harness.waiting import wait_until

HEALTH = "/api/v1/health"
# In requests a second; any machine serves several times as many.
LIMIT = 40
JOINED = 60
KEPT = "scottyscope_traces_kept_ratio"
MADE = "scottyscope_spans_made_total"
LEFT_OUT = "scottyscope_spans_left_out_total"


def kept(tool: Tool) -> float:
    return tool.scrape().value(KEPT)


@pytest.fixture(name="tracing")
def fixture_tracing(start: Starter) -> Tracing:
    # The limit does not depend on the build.
    server = start.server(binary_of("bare"))
    # The limit takes effect after a second. The queue has room for all spans of that second.
    queue = {"OTEL_BSP_MAX_QUEUE_SIZE": "200000"}
    return Tracing(start, server, "--max-span-rate", str(LIMIT), **queue)


def test_traces_are_sampled(tracing: Tracing) -> None:
    """Under load some traces are kept, whole, and the others are counted; later all are kept."""
    tool = tracing.tool
    contexts = [new_context() for _ in range(JOINED)]
    with keep_alive_load(tracing.port, HEALTH) as load:
        wait_until("the limit is reached", lambda: kept(tool) < 0.5)
        for context in contexts:
            with Client(tracing.port, context.header()):
                pass
        wait_until("many are sampled out", lambda: tool.scrape().value(LEFT_OUT) > 50 * LIMIT)
    assert set(load.outcomes) == {200}
    wait_until("all traces are kept again", lambda: kept(tool) == 1)
    path = unique_path()
    ask_once(tracing.port, get(path))
    span_of_path(tracing.collector, path)

    # keep_alive_load() makes one request before the load starts.
    requests = load.total() + 1 + JOINED + 1
    wait_until("all requests are counted", lambda: tool.scrape().requests().total() == requests)
    scrape = tool.scrape()
    assert scrape.losses() == {}
    assert tool.end() == 0
    spans = [in_hexadecimal(span) for span in tracing.collector.spans()]
    of_sessions = [span for span in spans if span["name"] == "websocket_connection"]
    # A websocket has two spans, which are kept or sampled out together.
    assert len(spans) - len(of_sessions) + scrape.value(LEFT_OUT) == requests
    counts = collections.Counter(span["traceId"] for span in spans)
    joined = [counts[context.trace_id] for context in contexts]
    assert set(joined) <= {0, 2}
    assert 0 < joined.count(0)
    assert joined.count(2) == len(of_sessions)
    assert "% of traces" in tool.stderr() and "--max-span-rate" in tool.stderr()


def test_without_a_limit(start: Starter) -> None:
    """Without a limit no trace is sampled out."""
    server = start.server(binary_of("bare"))
    tracing = Tracing(start, server, "--max-span-rate", "none", OTEL_BSP_MAX_QUEUE_SIZE="1000000")
    with keep_alive_load(server.port, HEALTH) as load:
        wait_until("there is load", lambda: load.total() > 40 * LIMIT)
    requests = load.total() + 1
    wait_until("all spans arrived", lambda: len(tracing.collector.spans()) >= requests)
    scrape = tracing.tool.scrape()
    assert (scrape.value(KEPT), scrape.value(LEFT_OUT)) == (1, 0)
    assert scrape.value(MADE) == requests
    assert scrape.losses() == {}
