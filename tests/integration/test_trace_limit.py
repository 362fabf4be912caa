# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""--max-span-rate: above the rate whole traces are sampled out; metrics count every request."""

import collections
import socket
import threading
import time

import pytest

from harness.builds import binary_of
from harness.http_client import Connection, ask_once, get
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
BURST = 1000
BLOCKS = 120
MODERATE = 500
KEPT = "scottyscope_traces_kept_ratio"
MADE = "scottyscope_spans_made_total"
LEFT_OUT = "scottyscope_spans_left_out_total"


def ask_pipelined(port: int, count: int) -> None:
    """Sends requests in blocks of 100 on one connection."""
    with Connection(port) as connection:
        for _ in range(count // 100):
            connection.send(get(HEALTH) * 100)
            assert {connection.response().status for _ in range(100)} == {200}


def flood(port: int, blocks: int) -> None:
    """Sends blocks of 100 requests, and reads the responses without parsing them."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(get(HEALTH))
        time.sleep(0.1)
        size = len(client.recv(65536))
        for _ in range(blocks):
            client.sendall(get(HEALTH) * 100)
            left = 100 * size
            while left > 0:
                left -= len(client.recv(left))


def sent(tool: Tool) -> float:
    """Returns the number of spans that the collector accepted."""
    return tool.scrape().value("scottyscope_export_items_total", kind="spans")


def spans(tool: Tool) -> float:
    scrape = tool.scrape()
    return scrape.value(MADE) + scrape.value(LEFT_OUT)


def kept(tool: Tool) -> float:
    return tool.scrape().value(KEPT)


@pytest.fixture(name="tracing")
def fixture_tracing(start: Starter) -> Tracing:
    # The limit does not depend on the build.
    server = start.server(binary_of("bare"))
    return Tracing(start, server, "--max-span-rate", str(LIMIT))


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
    found = [in_hexadecimal(span) for span in tracing.collector.spans()]
    of_sessions = [span for span in found if span["name"] == "websocket_connection"]
    # A websocket has two spans, which are kept or sampled out together.
    assert len(found) - len(of_sessions) + scrape.value(LEFT_OUT) == requests
    counts = collections.Counter(span["traceId"] for span in found)
    joined = [counts[context.trace_id] for context in contexts]
    assert set(joined) <= {0, 2}
    assert 0 < joined.count(0)
    assert joined.count(2) == len(of_sessions)
    assert "% of traces" in tool.stderr() and "--max-span-rate" in tool.stderr()


def test_a_burst_is_limited_from_the_first_span_on(start: Starter) -> None:
    """The bucket holds the spans of a second, or half of the export queue. What does not fit is
    sampled out, by a decision on traces, and nothing is dropped later."""
    server = start.server(binary_of("bare"))
    tracing = Tracing(start, server, "--max-span-rate", "100", OTEL_BSP_MAX_QUEUE_SIZE="64")
    begin = time.monotonic()
    ask_pipelined(server.port, BURST)
    wait_until("all spans are read", lambda: spans(tracing.tool) == BURST)
    scrape = tracing.tool.scrape()
    refilled = 100 * (time.monotonic() - begin)
    assert 64 / 2 / 2 <= scrape.value(MADE) <= 64 / 2 + refilled
    assert scrape.losses() == {}


def test_a_burst_loses_nothing(start: Starter) -> None:
    """As fast as the machine can, far above the limit: no span is lost in the export queue of the
    default size. The limit is below what the collector of the tests takes on any machine."""
    server = start.server(binary_of("bare"))
    tracing = Tracing(start, server, "--max-span-rate", str(MODERATE))
    threads = [threading.Thread(target=flood, args=(server.port, BLOCKS)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until("all spans are read", lambda: spans(tracing.tool) == 4 * (100 * BLOCKS + 1))
    made = tracing.tool.scrape().value(MADE)
    wait_until("the collector has all", lambda: sent(tracing.tool) == made)
    assert tracing.tool.scrape().losses() == {}
    assert tracing.tool.end() == 0
    assert len(tracing.collector.spans()) == made


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
