# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""No secret that clients send is written or kept by the tool."""


import pytest

from harness.bpf import map_dumps
from harness.builds import ONE_BUILD
from harness.collector import FAST, Collector
from harness.http_client import Connection, get, request_bytes
from harness.leaks import traces_of
from harness.server import Server
from harness.starter import Starter
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

SECRET = "s3cr3t-t0k3n"
AUTHORIZATION = f"Authorization: Bearer {SECRET}"
SLEEP = "/api/v1/test/sleep/3000"


def masked_frame(text: bytes) -> bytes:
    """Returns a websocket text frame with a mask of zeros."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


# Requests that carry the secret in different places.
REQUESTS = {
    "query": get(f"/api/v1/health?token={SECRET}"),
    "query-of-unmatched": get(f"/nowhere?{SECRET}"),
    "fragment": get(f"/api/v1/health#{SECRET}"),
    "header": get("/api/v1/authenticated/tasks", AUTHORIZATION),
    "cookie": get("/api/v1/health", f"Cookie: session={SECRET}"),
    "body": request_bytes("POST", "/api/v1/test/echo", body=SECRET.encode() + b"-00"),
    "method": request_bytes(SECRET, "/api/v1/health"),
    "short-query": get(f"/?{SECRET}"),
    "user-of-absolute-form": get(f"http://user:{SECRET}@scotty.test/api/v1/health"),
    "authority-form": request_bytes("CONNECT", f"user:{SECRET}@scotty.test:80"),
    "version": f"GET /api/v1/health {SECRET}\r\n\r\n".encode(),
    "tab-before-query": f"GET /api/v1/health\t?{SECRET} HTTP/1.1\r\n\r\n".encode(),
    "no-head": f"{SECRET} {SECRET}\r\n\r\n".encode(),
}


def secret_of(kind: str) -> str:
    """Returns the secret of that kind of request, which shows where a leak comes from."""
    return f"{SECRET}-{list(REQUESTS).index(kind):02}"


@pytest.fixture(scope="module")
def written(start_shared: Starter, server: Server) -> bytes:
    """Everything that the tool writes with -v -v, and the contents of its maps."""
    collector = Collector(start_shared)
    tool = start_shared.watch(
        server, "-v", "-v", "--report", "--otlp-endpoint", collector.endpoint, environment=FAST
    )
    maps = b""
    for kind, request in REQUESTS.items():
        with Connection(server.port) as connection:
            connection.send(request.replace(SECRET.encode(), secret_of(kind).encode()))
            connection.response()
            # The maps still hold the state of the connection.
            maps += map_dumps(tool.pid)
    wait_until("all spans arrived", lambda: len(collector.spans()) == len(REQUESTS))
    text = tool.text()
    assert tool.end() == 0
    text += tool.stdout() + tool.stderr() + collector.text()
    # These texts are expected: the search would find a secret as well.
    for expected in ("/metrics", "scotty.http.requests", "url.path"):
        assert expected in text
    assert b"/api/v1/health" in maps
    return text.encode() + maps


@pytest.mark.quick
@pytest.mark.parametrize("kind", REQUESTS)
def test_no_secret_leaves(written: bytes, kind: str) -> None:
    """The secret is in no output and in no map, wherever the client put it."""
    assert [trace for trace in traces_of(secret_of(kind)) if trace in written] == []


def test_no_secret_stays_while_requests_run(start: Starter, server: Server) -> None:
    """The maps hold no secret of requests in progress, nor of a websocket."""
    tool = start.watch(server)
    connections = [Connection(server.port) for _ in range(3)]
    connections[0].send(get(f"{SLEEP}?token={SECRET}", AUTHORIZATION))
    body = request_bytes("POST", f"/api/v1/test/echo?{SECRET}", "Content-Length: 1000")
    connections[1].send(body + SECRET.encode() * 10)
    upgrade = get(
        "/ws",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    assert connections[2].ask(upgrade).status == 101
    message = f'{{"type":"Authenticate","data":{{"token":"{SECRET}"}}}}'
    connections[2].send(masked_frame(message.encode()))
    assert connections[2].socket.recv(1) == b"\x81"
    wait_until("two requests are active", lambda: tool.scrape().active() == 2)
    maps = map_dumps(tool.pid)
    # This path is expected: the dump would show a secret as well.
    assert b"/api/v1/test/echo" in maps
    for trace in traces_of(SECRET):
        assert trace not in maps
    for connection in connections:
        connection.close()
