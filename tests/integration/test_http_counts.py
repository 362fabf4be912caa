# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every kind of request is counted once, in its own label set."""

import pytest

from harness.builds import BOTH_RECORDERS
from harness.counting import Counting
from harness.http_client import TOKEN, Connection, ask_once, get, request_bytes
from harness.server import Server
from harness.tool import Tool

TESTED_BUILDS = BOTH_RECORDERS

HEALTH = "/api/v1/health"
INFO_OF = "/api/v1/authenticated/apps/info/"
INFO = INFO_OF + "{app_id}"
ECHO = "/api/v1/test/echo"
KEEP = "/api/v1/test/keep_request/{milliseconds}"
STATUS = "/api/v1/test/status/{code}"
UNMATCHED = "/unmatched"
AUTHORIZED = f"Authorization: Bearer {TOKEN}"

OK = ("GET", HEALTH, 200)


KINDS = {
    "plain": (get(HEALTH), OK),
    "query": (get(HEALTH + "?token=1&path=/x"), OK),
    "head": (request_bytes("HEAD", HEALTH), ("HEAD", HEALTH, 200)),
    "post-405": (request_bytes("POST", HEALTH), ("POST", HEALTH, 405)),
    "delete-405": (request_bytes("DELETE", HEALTH), ("DELETE", HEALTH, 405)),
    "patch-405": (request_bytes("PATCH", HEALTH), ("PATCH", HEALTH, 405)),
    "trace-405": (request_bytes("TRACE", HEALTH), ("TRACE", HEALTH, 405)),
    # A layer answers the request, but its path has a route.
    "options": (request_bytes("OPTIONS", HEALTH), ("OPTIONS", HEALTH, 200)),
    "unknown-method": (request_bytes("BREW", HEALTH), ("_OTHER", HEALTH, 405)),
    "lower-case-method": (request_bytes("get", HEALTH), ("_OTHER", HEALTH, 405)),
    "method-with-known-start": (request_bytes("GETS", HEALTH), ("_OTHER", HEALTH, 405)),
    "absolute-form": (get("http://scotty.test" + HEALTH), OK),
    "bare-line-feeds": (request_bytes("GET", HEALTH, line_end="\n"), OK),
    "empty-line-before": (b"\r\n" + get(HEALTH), OK),
    "empty-lines-before": (b"\r\n\r\n" + get(HEALTH), OK),
    "bare-empty-lines-before": (b"\n\n\n" + get(HEALTH), OK),
    "many-empty-lines-before": (b"\r\n" * 5 + get(HEALTH), OK),
    "head-of-3-KB": (get(HEALTH, "X-Big: " + "b" * 3000), OK),
    "head-of-12-KB": (get(HEALTH, "X-Big: " + "b" * 12000), OK),
    "query-of-7-KB": (get(HEALTH + "?" + "q" * 7000), OK),
    "unmatched": (get("/no/such/path"), ("GET", UNMATCHED, 404)),
    "status-500": (get("/api/v1/test/status/500"), ("GET", STATUS, 500)),
    "status-503": (get("/api/v1/test/status/503"), ("GET", STATUS, 503)),
    "status-204": (get("/api/v1/test/status/204"), ("GET", STATUS, 204)),
    "status-418": (get("/api/v1/test/status/418"), ("GET", STATUS, 418)),
    "status-999": (get("/api/v1/test/status/999"), ("GET", STATUS, 999)),
    "status-400": (get("/api/v1/test/status/99"), ("GET", STATUS, 400)),
    "stream": (get("/api/v1/test/stream/3"), ("GET", "/api/v1/test/stream/{chunks}", 200)),
    "request-kept": (get("/api/v1/test/keep_request/20"), ("GET", KEEP, 200)),
    "unauthorized": (get(INFO_OF + "demo"), ("GET", INFO, 401)),
    "authorized": (get(INFO_OF + "demo", AUTHORIZED), ("GET", INFO, 200)),
    "no-such-app": (get(INFO_OF + "none", AUTHORIZED), ("GET", INFO, 404)),
    "body": (request_bytes("POST", ECHO, body=b"x" * 300000), ("POST", ECHO, 200)),
    "request-as-body": (request_bytes("POST", ECHO, body=get("/body")), ("POST", ECHO, 200)),
}


@pytest.mark.quick
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind(server: Server, counting: Counting, kind: str) -> None:
    """Three requests on one connection and one on another are four in one label set."""
    sent, label_set = KINDS[kind]
    with Connection(server.port) as connection:
        for _ in range(3):
            assert connection.ask(sent).status == label_set[2]
    assert ask_once(server.port, sent).status == label_set[2]
    counting.expect(label_set, times=4)


REFUSED = {
    "garbage": (b"garbage\r\n\r\n", ("_OTHER", UNMATCHED, 400)),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5, ("_OTHER", UNMATCHED, 400)),
    "version": (b"GET / HTTP/9.9\r\n\r\n", ("GET", UNMATCHED, 400)),
    "header": (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", ("GET", UNMATCHED, 400)),
    "length": (get("/", "Content-Length: many"), ("GET", UNMATCHED, 400)),
    "many-headers": (get("/", *(f"X-{i}: 1" for i in range(150))), ("GET", UNMATCHED, 431)),
    "long-uri": (get("/" + "u" * 70000), ("GET", UNMATCHED, 414)),
    # hyper accepts 417,792 bytes of an unfinished head.
    "endless": (get("/", "X-Endless: " + "e" * 418000)[:-4], ("GET", UNMATCHED, 431)),
}


@pytest.mark.quick
@pytest.mark.parametrize("kind", REFUSED)
def test_refused_heads(server: Server, counting: Counting, kind: str) -> None:
    """A request that hyper refuses before routing is counted with hyper's status."""
    sent, label_set = REFUSED[kind]
    for _ in range(2):
        assert ask_once(server.port, sent).status == label_set[2]
    counting.expect(label_set, times=2)


@pytest.mark.quick
def test_websocket_upgrade(server: Server, counting: Counting) -> None:
    """An upgrade is one request with status 101; later bytes on the connection are no request."""
    upgrade = get(
        "/ws",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    with Connection(server.port) as connection:
        assert connection.ask(upgrade).status == 101
        # A masked text frame whose payload is a request.
        text = get(HEALTH)
        connection.send(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        assert connection.socket.recv(1) == b"\x81"
    counting.expect(("GET", "/ws", 101))


@pytest.mark.quick
def test_pipelined(server: Server, counting: Counting) -> None:
    """Pipelined requests of any kind and order are counted separately."""
    mix = [
        (get(HEALTH), OK),
        (get("/nowhere"), ("GET", UNMATCHED, 404)),
        (request_bytes("POST", ECHO, body=b"GET /body HTTP/1.1\r\n\r\n"), ("POST", ECHO, 200)),
        (get("/api/v1/test/keep_request/5"), ("GET", KEEP, 200)),
        (get("/nowhere/else"), ("GET", UNMATCHED, 404)),
        (get("/api/v1/test/status/500"), ("GET", STATUS, 500)),
        (request_bytes("BREW", "/nowhere"), ("_OTHER", UNMATCHED, 404)),
    ]
    rounds = 30
    with Connection(server.port) as connection:
        connection.send(b"".join(request for request, _ in mix) * rounds)
        for _ in range(rounds):
            for request, label_set in mix:
                assert connection.response().status == label_set[2], request
    counting.expect(*(label_set for _, label_set in mix), times=rounds)


@pytest.mark.quick
def test_split_heads(server: Server, counting: Counting) -> None:
    """A head that arrives byte by byte, or in two pieces, is one request."""
    request = get(HEALTH)
    with Connection(server.port) as connection:
        for _ in range(2):
            connection.send_split(request[i : i + 1] for i in range(len(request)))
            assert connection.response().status == 200
        for at in range(1, len(request), 3):
            connection.send_split([request[:at], request[at:]])
            assert connection.response().status == 200
    counting.expect(OK, times=2 + len(range(1, len(request), 3)))


def test_split_between_pipelined_heads(server: Server, counting: Counting) -> None:
    """The end of one head and the start of the next may arrive together."""
    one, two = get(HEALTH), get("/nowhere")
    with Connection(server.port) as connection:
        for at in range(1, len(two), 4):
            connection.send_split([one + two[:at], two[at:]])
            assert [connection.response().status for _ in range(2)] == [200, 404]
    counting.expect(OK, ("GET", UNMATCHED, 404), times=len(range(1, len(two), 4)))


def test_big_head_in_pieces(server: Server, tool: Tool, counting: Counting) -> None:
    """A head of 12 KB is a request once it is complete, not after its first 10 KB."""
    head = get(HEALTH, "X-Big: " + "b" * 12000)
    key = ("GET", HEALTH, "200")
    seconds = "scotty_http_request_duration_seconds_sum"
    before = tool.scrape().by_route(seconds).get(key, 0)
    with Connection(server.port) as connection:
        # On the first request of a connection hyper parses its first bytes for HTTP/2 as well.
        assert connection.get("/nowhere").status == 404
        connection.send_split([head[:10000]], pause_s=0.2)
        assert tool.scrape().active() == 0
        connection.send(head[10000:])
        assert connection.response().status == 200
    counting.expect(OK, ("GET", UNMATCHED, 404))
    assert tool.scrape().by_route(seconds)[key] - before < 0.1
