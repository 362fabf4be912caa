# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Responses that hyper changes, discards or cannot send: the count is of what the client got."""

import socket
import threading

import pytest

from harness.builds import BUILDS
from harness.counting import Counting
from harness.http_client import Connection, ask_once, get, outcome, request_bytes
from harness.scrape import Scrape
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

# With panic = "abort" the panics of these tests end the server.
TESTED_BUILDS = tuple(build for build in BUILDS if build != "abort")

HEALTH = "/api/v1/health"
STATUS = "/api/v1/edge/status/{code}"
LENGTHS = "/api/v1/edge/lengths/{kind}"
BODY = "/api/v1/edge/body/{kind}"
CLOSE = "/api/v1/edge/close/{kind}"
BLOCK = "/api/v1/test/block/{milliseconds}"
UPGRADE = "/api/v1/edge/upgrade/{milliseconds}"
LARGE = "/api/v1/edge/large/{megabytes}"
UPGRADE_HEADERS = (
    "Connection: upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
BLOCK_MS = 300
DELAY_MS = 200
REPEATS = 3
# More requests than responses that are compared before the status in memory is trusted.
TRUSTED = 300

OK = ("GET", HEALTH, 200)


def read_all(connection: Connection) -> bytes:
    """Reads until the server ends the connection."""
    while True:
        try:
            connection._fill()
        except OSError:
            return connection.buffer


def answer(port: int, target: str, method: str = "GET", earlier: int = 0) -> bytes:
    """Returns all bytes of the last response on a connection, with other requests before it."""
    with Connection(port) as connection:
        for _ in range(earlier):
            assert connection.get(HEALTH).status == 200
        connection.send(request_bytes(method, target))
        return read_all(connection)


def make_trusted(server: Server) -> None:
    with Connection(server.port) as connection:
        for _ in range(TRUSTED):
            assert connection.get(HEALTH).status == 200


@pytest.mark.quick
def test_informational_status(server: Server, counting: Counting) -> None:
    """hyper sends 500 for an informational status, before and after the status is trusted."""
    codes = (100, 102, 103, 199)
    for round_ in range(2):
        for code in codes:
            path = STATUS.replace("{code}", str(code))
            assert outcome(server.port, get(path)) == 500
            assert answer(server.port, path, earlier=1).startswith(b"HTTP/1.1 500 ")
            if round_:
                assert outcome(server.port, request_bytes("HEAD", path)) == 500
        if not round_:
            make_trusted(server)
    counting.expect(
        *[("GET", STATUS, 500)] * (4 * len(codes)),
        *[("HEAD", STATUS, 500)] * len(codes),
        *[OK] * (2 * len(codes) + TRUSTED),
    )
    assert counting.tool.scrape().found("status_differs") == 0


@pytest.mark.parametrize(
    "target",
    [
        *(LENGTHS.replace("{kind}", kind) for kind in ("different", "invalid", "encoded")),
        *(
            path.replace("{kind}", kind)
            for path in (BODY, CLOSE)
            for kind in ("fails", "fails-after-chunk", "panics", "panics-after-chunk", "short")
        ),
    ],
)
@pytest.mark.parametrize("is_trusted", [False, True], ids=["compared", "trusted"])
def test_discarded_response(
    server: Server, counting: Counting, target: str, is_trusted: bool
) -> None:
    """hyper sends no byte of the response: the request is aborted, on new and on used connections."""
    if is_trusted:
        make_trusted(server)
    for earlier in (0, 2):
        for _ in range(REPEATS):
            assert answer(server.port, target, earlier=earlier) == b""
    route = target.rsplit("/", 1)[0] + "/{kind}"
    counting.expect(
        *[("GET", route, "aborted")] * (2 * REPEATS),
        *[OK] * (2 * REPEATS + TRUSTED * is_trusted),
    )
    assert counting.tool.scrape().found("response_unsent") == 0


@pytest.mark.quick
def test_truncated_body(server: Server, counting: Counting) -> None:
    """A body that breaks after the head was sent leaves the status that the client got."""
    for path in (BODY, CLOSE):
        for kind in ("fails-later", "panics-later", "whole"):
            got = answer(server.port, path.replace("{kind}", kind) , earlier=0) if kind != "whole" \
                else ask_once(server.port, get(path.replace("{kind}", kind))).head.encode()
            assert got.startswith(b"HTTP/1.1 200 ")
    counting.expect(("GET", BODY, 200), ("GET", CLOSE, 200), times=3)


def test_responses_without_body(server: Server, counting: Counting) -> None:
    """HEAD, 204 and 304: nothing follows the head, whatever the handler's body would do."""
    with Connection(server.port) as connection:
        for code in (204, 304):
            path = STATUS.replace("{code}", str(code))
            assert connection.get(path).status == code
        for kind in ("fails", "panics"):
            request = request_bytes("HEAD", BODY.replace("{kind}", kind))
            assert connection.ask(request).status == 200
    counting.expect(
        ("GET", STATUS, 204), ("GET", STATUS, 304), *[("HEAD", BODY, 200)] * 2
    )


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["kept", "closed"])
def test_client_gone_before_the_response(
    server: Server, counting: Counting, headers: tuple[str, ...]
) -> None:
    """The write of the head fails: aborted. Requests behind it were never parsed."""
    path = BLOCK.replace("{milliseconds}", str(BLOCK_MS))
    for earlier in (0, 1):
        connection = Connection(server.port)
        for _ in range(earlier):
            assert connection.get(HEALTH).status == 200
        connection.send(get(path, *headers) + get(HEALTH))
        wait_until("the request is active", lambda: counting.tool.scrape().active() == 1)
        connection.abort()
        wait_until("the request ended", lambda: counting.tool.scrape().active() == 0)
    counting.expect(*[("GET", BLOCK, "aborted")] * 2, OK)


def test_client_gone_before_the_upgrade(server: Server, tool: Tool, counting: Counting) -> None:
    """An upgrade whose 101 cannot be written is aborted, and opens no websocket."""
    path = UPGRADE.replace("{milliseconds}", str(BLOCK_MS))
    assert ask_once(server.port, get(path, *UPGRADE_HEADERS)).status == 101
    connection = Connection(server.port)
    connection.send(get(path, *UPGRADE_HEADERS))
    wait_until("the request is active", lambda: tool.scrape().active() == 1)
    connection.abort()
    counting.expect(("GET", UPGRADE, 101), ("GET", UPGRADE, "aborted"))
    name = "scotty_websocket_connections_total"
    assert tool.scrape().total(name) - counting.before.total(name) == 1


def narrow(port: int) -> Connection:
    """Returns a connection that takes few bytes before the server's writes block."""
    connection = Connection.__new__(Connection)
    connection.socket = socket.socket()
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.socket.settimeout(30)
    connection.socket.connect(("127.0.0.1", port))
    connection.buffer = b""
    return connection


def send_until_blocked(connection: Connection, request: bytes) -> int:
    """Sends whole requests until the server reads no more; returns how many."""
    connection.socket.settimeout(1)
    sent = 0
    try:
        while True:
            left = request * 64
            while left:
                left = left[connection.socket.send(left) :]
            sent += 64
    except TimeoutError:
        connection.socket.settimeout(30)
        unsent = len(left) % len(request)
        sent += 64 - -(-len(left) // len(request))
        if unsent:
            # The server needs the end of this request too; it reads on once the client does.
            threading.Thread(target=connection.socket.sendall, args=(left[:unsent],)).start()
            sent += 1
    return sent


def test_slow_reader(server: Server, counting: Counting) -> None:
    """A response whose head is sent counts while its body waits, and when the client leaves then."""
    path = LARGE.replace("{megabytes}", "16")
    with narrow(server.port) as connection:
        connection.send(get(path))
        wait_until("the response is counted", lambda: counting.counted().total() == 1)
        connection.abort()
    counting.expect(("GET", LARGE, 200))


@pytest.mark.parametrize("leaves", [False, True], ids=["reads", "leaves"])
def test_head_that_waits_for_the_client(
    server: Server, counting: Counting, leaves: bool
) -> None:
    """The socket takes a part of a response head: sent, also if the client leaves then."""
    make_trusted(server)
    before: Scrape = counting.tool.scrape()
    with narrow(server.port) as connection:
        sent = send_until_blocked(connection, get(HEALTH))
        for _ in range(0 if leaves else sent):
            assert connection.response().status == 200
        connection.abort()
    if not leaves:
        counting.expect(OK, times=TRUSTED + sent)
    wait_until("the end", lambda: counting.tool.scrape().active() == 0)
    assert counting.counted().keys() == {("GET", HEALTH, "200")}
    assert counting.tool.scrape().losses() == {}
    assert counting.tool.scrape().found("status_unchecked") == before.found("status_unchecked")


@pytest.fixture(name="delaying")
def fixture_delaying(start: Starter, binary: str) -> Server:
    """A server whose sockets take no byte of a response in the poll that writes the head."""
    return start.server(binary, "--delay-writes-ms", str(DELAY_MS))


def test_head_that_waits_for_the_socket(start: Starter, delaying: Server) -> None:
    """A head that is sent by a later poll counts with its status, while its connection is idle."""
    counting = Counting(start.watch(delaying))
    with Connection(delaying.port) as connection:
        for _ in range(REPEATS):
            assert connection.get(HEALTH).status == 200
        counting.expect(OK, times=REPEATS)
        # The last response of a connection.
        assert connection.get(HEALTH, "Connection: close").status == 200
        assert connection.is_closed_by_server()
    counting.expect(OK, times=REPEATS + 1)


@pytest.mark.parametrize("kind", ["fails", "fails-later", "panics-later", "short"])
def test_failure_before_the_socket_takes_the_head(
    start: Starter, delaying: Server, kind: str
) -> None:
    """A body that fails while the head waits: the client gets nothing, the request is aborted."""
    counting = Counting(start.watch(delaying))
    for _ in range(REPEATS):
        assert answer(delaying.port, BODY.replace("{kind}", kind)) == b""
    counting.expect(("GET", BODY, "aborted"), times=REPEATS)


def encoded(counting: Counting) -> float:
    """Returns the number of response heads that hyper wrote."""
    return counting.tool.scrape().value("scottyscope_probe_hits_total", hook="http_encode")


def test_client_gone_before_the_socket_takes_the_head(start: Starter, delaying: Server) -> None:
    """A reset connection while the head waits: aborted, with the time until the reset."""
    counting = Counting(start.watch(delaying))
    connection = Connection(delaying.port)
    connection.send(get(HEALTH))
    wait_until("the response is encoded", lambda: encoded(counting) == 1)
    connection.abort()
    counting.expect(("GET", HEALTH, "aborted"))


def test_without_poll_probes(start: Starter, server: Server) -> None:
    """At the level basic, 500 is right, and a response that hyper discards is counted as a check."""
    tool = start.watch(server, "--level", "basic")

    def are_detached() -> bool:
        make_trusted(server)
        return tool.scrape().value("scottyscope_polls_watched_ratio") < 0.5

    wait_until("the poll probes are detached", are_detached)
    counting = Counting(tool)
    for _ in range(REPEATS):
        assert outcome(server.port, get(STATUS.replace("{code}", "103"))) == 500
        for path in (LENGTHS.replace("{kind}", "invalid"), BODY.replace("{kind}", "fails")):
            assert answer(server.port, path) == b""
    counting.expect(
        ("GET", STATUS, 500), ("GET", LENGTHS, 200), ("GET", BODY, 200), times=REPEATS
    )
    unsent = tool.scrape().found("response_unsent") - counting.before.found("response_unsent")
    assert unsent == 2 * REPEATS


def test_unchecked_is_rare(server: Server, counting: Counting) -> None:
    """Once the status in memory is trusted, no response is unchecked: the failures are observed."""
    make_trusted(server)
    before: Scrape = counting.tool.scrape()
    for _ in range(REPEATS):
        answer(server.port, CLOSE.replace("{kind}", "whole"))
        answer(server.port, STATUS.replace("{code}", "103"))
        answer(server.port, LENGTHS.replace("{kind}", "invalid"))
    counting.expect(
        *[OK] * TRUSTED,
        *[("GET", CLOSE, 200), ("GET", STATUS, 500), ("GET", LENGTHS, "aborted")] * REPEATS,
    )
    assert counting.tool.scrape().found("status_unchecked") == before.found("status_unchecked")
