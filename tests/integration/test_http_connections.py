# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Servers that drive several connections in one task, and more connections than the tool has room
for."""

import pytest

from harness.counting import Counting
from harness.http_client import Connection, get
from harness.listeners import listen
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.traces import Tracing, duration_s, in_hexadecimal, new_context
from harness.waiting import wait_until

TESTED_BUILDS = ("default", "bare", "v0", "lto")

HEALTH = "/api/v1/health"
ITEM = "/item/{id}"
LATE = "/late/{milliseconds}"
UNMATCHED = "/unmatched"


@pytest.fixture(scope="module")
def port(server: Server, tool: Tool) -> int:
    """A listener whose connections are all driven in one task."""
    port = listen(server.port, "one_task")
    wait_until("no request is active", lambda: tool.scrape().active() == 0)
    return port


@pytest.mark.quick
def test_several_connections_in_one_task(port: int, tool: Tool, counting: Counting) -> None:
    """Each connection of a task has its own requests, one after another and at the same time."""
    connections = [Connection(port) for _ in range(3)]
    for _ in range(4):
        for connection in connections:
            connection.send(get("/late/80"))
        wait_until("three are active", lambda: tool.scrape().active() == 3)
        for connection in reversed(connections):
            assert connection.response().status == 200
        for connection in connections:
            assert connection.get("/item/7").status == 200
            assert connection.get("/nothing").status == 404
    # While one waits, another one has several requests.
    connections[0].send(get("/late/300"))
    wait_until("one is active", lambda: tool.scrape().active() == 1)
    for _ in range(12):
        assert connections[1].get("/item/7").status == 200
    assert connections[0].response().status == 200
    for connection in connections:
        connection.close()
    counting.expect(
        *[("GET", LATE, 200)] * 13, *[("GET", ITEM, 200)] * 24, *[("GET", UNMATCHED, 404)] * 12
    )


@pytest.mark.quick
def test_many_connections_in_one_task(port: int, counting: Counting) -> None:
    """A task with a hundred requests at a time, on connections that come and go."""
    for _ in range(3):
        connections = [Connection(port) for _ in range(100)]
        for connection in connections:
            connection.send(get("/late/200"))
        for connection in connections:
            assert connection.response().status == 200
            connection.close()
    counting.expect(("GET", LATE, 200), times=300)


@pytest.mark.quick
def test_connections_in_turn(server: Server, tool: Tool) -> None:
    """A task that drives one connection after another: a request whose client leaves is aborted
    once the next connection has a request."""
    port = listen(server.port, "in_turn")
    wait_until("no request is active", lambda: tool.scrape().active() == 0)
    counting = Counting(tool)
    for _ in range(5):
        with Connection(port) as connection:
            connection.send(get("/late/5000"))
            wait_until("the request is active", lambda: tool.scrape().active() == 1)
        with Connection(port) as connection:
            assert connection.get("/item/7").status == 200
    counting.expect(("GET", LATE, "aborted"), ("GET", ITEM, 200), times=5)


def test_spans_of_one_task(start: Starter, server: Server) -> None:
    """Requests at the same time in one task have a span each in their callers' traces, without the
    times of the task."""
    tracing = Tracing(start, server)
    port = listen(server.port, "one_task")
    contexts = [new_context() for _ in range(3)]
    connections = [Connection(port) for _ in contexts]
    for number, (connection, context) in enumerate(zip(connections, contexts)):
        connection.send(get(f"/late/{100 * number + 100}", context.header()))
    for connection in connections:
        assert connection.response().status == 200
    for number, context in enumerate(contexts):
        (span,) = tracing.await_spans(context, 1)
        assert span["parentSpanId"] == context.parent_id
        assert span["name"] == f"HTTP GET {LATE}"
        assert span["attributes"]["url.path"] == f"/late/{100 * number + 100}"
        assert 0.1 * number + 0.1 <= duration_s(span) < 0.1 * number + 0.19
    for connection in connections:
        connection.close()
    assert tracing.tool.scrape().losses() == {}


def test_more_connections_than_room(start: Starter, server: Server) -> None:
    """Without room for a connection its requests are counted as lost, one by one; a response to
    such a request is not one from before the attachment."""
    tool = start.watch(server, "--max-connections", "4")
    kept = [Connection(server.port) for _ in range(4)]
    for connection in kept:
        assert connection.get(HEALTH).status == 200
    counting = Counting(tool)
    beyond = [Connection(server.port) for _ in range(6)]
    for _ in range(3):
        for connection in beyond:
            assert connection.get(HEALTH).status == 200
    # In pieces: hyper parses the head several times.
    beyond[0].send_split([get(HEALTH)[:30], get(HEALTH)[30:60], get(HEALTH)[60:]], pause_s=0.05)
    assert beyond[0].response().status == 200
    for connection in kept:
        assert connection.get(HEALTH).status == 200
    wait_until("all are counted", lambda: counting.counted().total() == 4)
    assert counting.counted() == {("GET", HEALTH, "200"): 4}
    scrape = tool.scrape()
    assert scrape.losses() == {"connections_full": 19}
    assert scrape.found("response_only") == counting.before.found("response_only")
    for connection in kept + beyond:
        connection.close()


def test_room_follows_the_limit_of_open_files(start: Starter, binary: str) -> None:
    """By default there is room for as many connections as the process may have files."""
    server = start.server(binary, "--workers", "2", command=["prlimit", "--nofile=2100"])
    tool = start.watch(server)
    counting = Counting(tool)
    connections = [Connection(server.port) for _ in range(1900)]
    for connection in connections:
        assert connection.get(HEALTH).status == 200
    for connection in connections:
        connection.close()
    counting.expect(("GET", HEALTH, 200), times=len(connections))
