# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Requests that take their time, and requests and connections that end before their response."""

import pytest

from harness.counting import Counting
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

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
    """A connection that ends before its head is whole has made no request."""
    with Connection(server.port) as connection:
        assert connection.get(HEALTH).status == 200
        connection.send_split([sent], pause_s=0.05)
        connection.half_close()
        # hyper may complain about the piece that it got; nobody asked for anything.
        connection.is_closed_by_server()
    counting.expect(OK)


def test_slow_body(server: Server, counting: Counting) -> None:
    """A body that takes its time belongs to its request: with a length, chunked, and expected."""
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", ECHO, "Content-Length: 40"))
        connection.send_split([get("/body")[:20], get("/body")[20:40]], pause_s=0.05)
        assert connection.response().body == b'{"bytes":40}'
        connection.send(request_bytes("POST", ECHO, "Transfer-Encoding: chunked"))
        connection.send_split([b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"], pause_s=0.05)
        assert connection.response().body == b'{"bytes":5}'
        expecting = request_bytes("POST", ECHO, "Expect: 100-continue", "Content-Length: 3")
        assert connection.ask(expecting).status == 100
        connection.send(b"abc")
        assert connection.response().status == 200
    counting.expect(("POST", ECHO, 200), times=3)


def test_body_left_unread(server: Server, counting: Counting) -> None:
    """An answer that comes before the body is one request, and the body's bytes are none."""
    path = "/api/v1/authenticated/apps/create"
    body = get(HEALTH) * 20
    with Connection(server.port) as connection:
        assert connection.ask(request_bytes("POST", path, body=body)).status == 401
    counting.expect(("POST", path, 401))


def test_aborted_by_client(server: Server, tool: Tool, counting: Counting) -> None:
    """A client that goes away amid its handler: counted once, as aborted, whichever way it goes."""
    for leave in (Connection.abort, Connection.close, Connection.half_close):
        for target in ("/api/v1/test/sleep/5000", "/api/v1/test/keep_request/5000"):
            connection = Connection(server.port)
            connection.send(get(target))
            wait_until("the request is active", lambda: tool.scrape().active() == 1)
            leave(connection)
            wait_until("the request has ended", lambda: tool.scrape().active() == 0)
            connection.close()
    counting.expect(("GET", SLEEP, "aborted"), ("GET", KEEP, "aborted"), times=3)


def test_panicking_handler(server: Server, counting: Counting) -> None:
    """A handler that panics ends its connection without an answer: aborted, in its route."""
    for _ in range(5):
        with Connection(server.port) as connection:
            assert connection.get(HEALTH).status == 200
            connection.send(get(PANIC))
            assert connection.is_closed_by_server()
    counting.expect(OK, ("GET", PANIC, "aborted"), times=5)


def test_active_requests(server: Server, tool: Tool, counting: Counting) -> None:
    """As many are active as wait, and none when they have been answered."""
    connections = [Connection(server.port) for _ in range(7)]
    for number, connection in enumerate(connections):
        connection.send(get("/api/v1/test/sleep/1500"))
        wait_until("one more", lambda n=number: tool.scrape().active() == n + 1)
    for connection in connections:
        assert connection.response().status == 200
        connection.close()
    counting.expect(("GET", SLEEP, 200), times=len(connections))


def test_many_uris_are_one_label_set(server: Server, tool: Tool, counting: Counting) -> None:
    """A scan for paths that are not there, and queries, add nothing to what is exposed."""
    with Connection(server.port) as connection:
        for number in range(500):
            assert connection.get(f"/scan/{number}?q={number}").status == 404
            assert connection.get(f"/api/v1/test/sleep/0?secret{number}").status == 200
    counting.expect(("GET", UNMATCHED, 404), ("GET", SLEEP, 200), times=500)
    text = tool.text()
    assert "scan" not in text and "secret" not in text


def test_fresh_tool_equals_client(start: Starter, server: Server) -> None:
    """What a tool has counted since its start is what the client did since, not more."""
    tool = start.watch(server)
    assert tool.scrape().requests() == {}
    counting = Counting(tool)
    ask_once(server.port, get(HEALTH))
    counting.expect(OK)
    assert tool.scrape().requests() == {("GET", HEALTH, "200"): 1}
