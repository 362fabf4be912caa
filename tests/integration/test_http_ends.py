# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Slow requests, and requests and connections that end before their response."""

import pytest

from harness.builds import BOTH_RECORDERS
from harness.counting import Counting
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_RECORDERS

HEALTH = "/api/v1/health"
ECHO = "/api/v1/test/echo"
SLEEP = "/api/v1/test/sleep/{milliseconds}"
KEEP = "/api/v1/test/keep_request/{milliseconds}"
PANIC = "/api/v1/test/panic"
UNMATCHED = "/unmatched"

OK = ("GET", HEALTH, 200)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\r\n" * 6, get(HEALTH)[:-2], get(HEALTH, "X-Big: " + "b" * 12000)[:-2]],
    ids=["nothing", "empty-lines", "most-of-a-head", "most-of-a-big-head"],
)
def test_no_request_at_all(server: Server, counting: Counting, sent: bytes) -> None:
    """A connection that ends before a complete head has made no request."""
    with Connection(server.port) as connection:
        assert connection.get(HEALTH).status == 200
        connection.send_split([sent], pause_s=0.05)
        connection.half_close()
        # hyper may answer the incomplete head with an error; that is no request.
        connection.is_closed_by_server()
    counting.expect(OK)


@pytest.mark.quick
def test_slow_body(server: Server, counting: Counting) -> None:
    """A slow body belongs to its request: with a length, chunked, and after 100 Continue."""
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", ECHO, "Content-Length: 40"))
        # A body that looks like a request.
        body = get("/body").ljust(40)[:40]
        connection.send_split([body[:20], body[20:]], pause_s=0.05)
        assert connection.response().body == b'{"bytes":40}'
        connection.send(request_bytes("POST", ECHO, "Transfer-Encoding: chunked"))
        connection.send_split([b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"], pause_s=0.05)
        assert connection.response().body == b'{"bytes":5}'
        expecting = request_bytes("POST", ECHO, "Expect: 100-continue", "Content-Length: 3")
        assert connection.ask(expecting).status == 100
        connection.send(b"abc")
        assert connection.response().status == 200
    counting.expect(("POST", ECHO, 200), times=3)


@pytest.mark.quick
def test_body_left_unread(server: Server, counting: Counting) -> None:
    """A response before the end of the body is one request; the body's bytes are no request."""
    path = "/api/v1/authenticated/apps/create"
    body = get(HEALTH) * 20
    with Connection(server.port) as connection:
        assert connection.ask(request_bytes("POST", path, body=body)).status == 401
    counting.expect(("POST", path, 401))


@pytest.mark.quick
def test_aborted_by_client(server: Server, tool: Tool, counting: Counting) -> None:
    """A client that leaves while the handler runs is counted once, as aborted."""
    for leave in (Connection.abort, Connection.close, Connection.half_close):
        for target in ("/api/v1/test/sleep/5000", "/api/v1/test/keep_request/5000"):
            connection = Connection(server.port)
            connection.send(get(target))
            wait_until("the request is active", lambda: tool.scrape().active() == 1)
            leave(connection)
            wait_until("the request has ended", lambda: tool.scrape().active() == 0)
            connection.close()
    counting.expect(("GET", SLEEP, "aborted"), ("GET", KEEP, "aborted"), times=3)


@pytest.mark.quick
def test_panicking_handler(server: Server, counting: Counting) -> None:
    """A handler that panics closes its connection: the request is aborted, with its route."""
    for _ in range(5):
        with Connection(server.port) as connection:
            assert connection.get(HEALTH).status == 200
            connection.send(get(PANIC))
            assert connection.is_closed_by_server()
    counting.expect(OK, ("GET", PANIC, "aborted"), times=5)


@pytest.mark.quick
def test_active_requests(server: Server, tool: Tool, counting: Counting) -> None:
    """The gauge counts the requests that wait for a response, and returns to 0."""
    connections = [Connection(server.port) for _ in range(7)]
    for number, connection in enumerate(connections):
        # The handler waits for the body.
        connection.send(request_bytes("POST", ECHO, "Content-Length: 1"))
        wait_until("one more is active", lambda n=number: tool.scrape().active() == n + 1)
    for connection in connections:
        connection.send(b"x")
        assert connection.response().status == 200
        connection.close()
    counting.expect(("POST", ECHO, 200), times=len(connections))


def test_many_uris_are_one_label_set(server: Server, tool: Tool, counting: Counting) -> None:
    """Unknown paths and query strings add no label set."""
    with Connection(server.port) as connection:
        for number in range(500):
            assert connection.get(f"/scan/{number}?q={number}").status == 404
            assert connection.get(f"/api/v1/test/sleep/0?secret{number}").status == 200
    counting.expect(("GET", UNMATCHED, 404), ("GET", SLEEP, 200), times=500)
    text = tool.text()
    assert "scan" not in text and "secret" not in text


def test_fresh_tool_equals_client(start: Starter, server: Server) -> None:
    """A new tool counts only requests made after its start."""
    tool = start.watch(server)
    assert tool.scrape().requests() == {}
    counting = Counting(tool)
    ask_once(server.port, get(HEALTH))
    counting.expect(OK)
    assert tool.scrape().requests() == {("GET", HEALTH, "200"): 1}
