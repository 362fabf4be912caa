# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Websocket connections and their text messages in each direction, counted exactly."""

import pytest

from harness import names
from harness.builds import BOTH_MANGLINGS
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.ledger import Ledger
from harness.server import Server
from harness.sessions import Client
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until
from harness.websocket_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PING_MESSAGE,
    PONG,
    TEXT,
    encode,
    fragments,
    frame,
    pieces_of,
)

TESTED_BUILDS = BOTH_MANGLINGS

MEBIBYTE = 1 << 20


@pytest.mark.quick
def test_single(server: Server, ledger: Ledger) -> None:
    """A connection, a message in each direction, and its end."""
    client = ledger.client(server.port, token=None)
    client.send_text(PING_MESSAGE)
    client.await_type("Pong")
    ledger.expect()
    client.shake_hands()
    ledger.expect()
    assert ledger.expected()[names.CONNECTIONS] == 1
    assert ledger.expected()[names.CONNECTIONS_ACTIVE] == 0


def test_many_messages_in_one_write(server: Server, ledger: Ledger) -> None:
    """1,000 messages in one write: many in a buffer of the server, some cut by its end."""
    client = ledger.client(server.port)
    client.fence(1000)
    client.fence(1)
    client.send_text(*[encode("ShellSessionData", None), PING_MESSAGE, b"{}"] * 333)
    ledger.expect()


@pytest.mark.quick
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, MEBIBYTE])
def test_sizes(server: Server, ledger: Ledger, size: int) -> None:
    """Each form of a frame's length: one message to the server and one back."""
    client = ledger.client(server.port)
    shell = client.open_shell()
    client.echo(shell, "x" * size)
    client.echo(shell, "é" * (size // 2))
    client.send_text(b"x" * size)
    assert client.await_type("Error")
    client.terminate_shell(shell)
    ledger.expect()


@pytest.mark.quick
def test_fragments(server: Server, ledger: Ledger) -> None:
    """A text in several frames is one message, also with empty fragments."""
    client = ledger.client(server.port)
    client.send_fragments(pieces_of(PING_MESSAGE, 1))
    client.send_fragments([PING_MESSAGE, b""])
    client.send_fragments([b"", PING_MESSAGE])
    client.send_fragments([b"", b"", *pieces_of(PING_MESSAGE, 5), b""])
    for _ in range(4):
        client.await_type("Pong")
    shell = client.open_shell()
    data = {"session_id": shell.id, "data_type": "Input", "data": "y" * 300_000}
    client.send_fragments(pieces_of(encode("ShellSessionData", data), 70_000))
    client.await_type("ShellSessionData")
    client.terminate_shell(shell)
    ledger.expect()


@pytest.mark.quick
def test_control_frames(server: Server, ledger: Ledger) -> None:
    """Pings and pongs are no messages: alone, and between the fragments of a message."""
    client = ledger.client(server.port)
    ping = frame(PING, b"are you there")
    client.send(ping * 5 + frame(PONG, b"unasked") * 5)
    client.send_fragments(pieces_of(PING_MESSAGE, 3), between=ping + frame(PONG))
    client.await_type("Pong")
    ledger.expect()
    assert client.controls[PONG] >= 1, "the server answers pings with frames that are not counted"


def test_binary_messages(server: Server, ledger: Ledger) -> None:
    """Binary messages are not counted, whole or fragmented, also if they contain text frames."""
    client = ledger.client(server.port)
    client.send(frame(BINARY, PING_MESSAGE))
    client.send(frame(BINARY, frame(TEXT, PING_MESSAGE) * 100))
    client.send(fragments(BINARY, pieces_of(b"z" * 100_000, 30_000), between=frame(PING)))
    client.send(frame(BINARY))
    ledger.expect()


@pytest.mark.quick
def test_frames_split_over_writes(server: Server, ledger: Ledger) -> None:
    """Frames whose header, mask and payload arrive separately, or with the next frame."""
    client = ledger.client(server.port)
    client.send_text_split(PING_MESSAGE, 1)
    client.send_text_split(b" " * 200 + PING_MESSAGE, 3)
    client.send_text_split(b" " * 70_000 + PING_MESSAGE, 30_000)
    for _ in range(3):
        client.await_type("Pong")
    one = frame(TEXT, PING_MESSAGE)
    for cut in range(1, len(one), 2):
        client.count_sent(PING_MESSAGE, PING_MESSAGE, PING_MESSAGE)
        client.send_split([one + one[:cut], one[cut:] + one])
        for _ in range(3):
            client.await_type("Pong")
    ledger.expect()


# Last bytes of a client that are no message, and whether the server then closes the connection.
NO_MESSAGES = {
    "half-a-header": (frame(TEXT, b"x" * 70_000)[:5], False),
    "half-a-payload": (frame(TEXT, b"x" * 1000)[:500], False),
    "half-a-message": (frame(TEXT, b"x" * 100, final=False), False),
    "continuation-of-nothing": (frame(CONTINUATION, PING_MESSAGE), True),
    "text-within-text": (frame(TEXT, b"x", final=False) + frame(TEXT, PING_MESSAGE), True),
    "reserved-opcode": (frame(0x3, PING_MESSAGE), True),
    "unmasked": (bytes([0x81, len(PING_MESSAGE)]) + PING_MESSAGE, True),
    "not-utf-8": (frame(TEXT, b'{"type":"\xff\xfe"}'), True),
}


@pytest.mark.parametrize("kind", NO_MESSAGES)
def test_incomplete_and_invalid_messages(server: Server, ledger: Ledger, kind: str) -> None:
    """Invalid and incomplete messages are not counted."""
    sent, is_refused = NO_MESSAGES[kind]
    client = ledger.client(server.port)
    client.fence()
    client.send(sent)
    if is_refused:
        client.read_to_end()
        client.close()
    else:
        # Another client's answer shows that the server had time to read these bytes.
        ledger.client(server.port).fence()
        client.abort()
    ledger.expect()


def test_parallel_connections(server: Server, ledger: Ledger) -> None:
    """100 connections at once; they end in every way while others continue."""
    clients = [ledger.client(server.port) for _ in range(100)]
    for number, client in enumerate(clients):
        client.send_text(*[PING_MESSAGE] * number)
    ledger.expect()
    assert ledger.expected()[names.CONNECTIONS_ACTIVE] == 100
    for leave in (Client.abort, Client.close, Client.shake_hands):
        for _ in range(25):
            leave(clients.pop())
        for client in clients:
            client.fence(2)
        ledger.expect()
    assert ledger.expected()[names.CONNECTIONS_ACTIVE] == 25


@pytest.mark.quick
@pytest.mark.parametrize("leave", [Client.abort, Client.close, Client.shake_hands])
def test_ends(server: Server, ledger: Ledger, leave: object) -> None:
    """A reset, a close and a close frame end a connection, which counts once."""
    for times in range(10):
        client = ledger.client(server.port)
        client.fence(times)
        assert callable(leave)
        leave(client)
    ledger.expect()


def test_half_closed(server: Server, ledger: Ledger) -> None:
    """A client that closes its sending direction, and a close frame without code and reason."""
    one, two = ledger.client(server.port), ledger.client(server.port)
    one.fence()
    one.half_close()
    two.send(frame(CLOSE))
    for client in (one, two):
        client.read_to_end()
        client.close()
    ledger.expect()


@pytest.mark.quick
def test_auth_failures(server: Server, ledger: Ledger) -> None:
    """Each wrong token is a failure; other refused requests are not."""
    client = ledger.client(server.port, token=None)
    for token in ("", "wrong", "fixture-token ", "t" * 10_000, '"},"type":"Ping"'):
        assert not client.authenticate(token)
    # Messages that look like failures of authentication.
    client.refused("CreateShellSession", {"app_name": "demo", "service_name": "web"})
    client.send_message("AuthenticationFailed", {"reason": "I say so"})
    assert client.authenticate("fixture-token")
    shell = client.open_shell()
    client.echo(shell, '{"type":"AuthenticationFailed","data":{"reason":"no"}}')
    client.terminate_shell(shell)
    ledger.expect()
    assert ledger.expected()[names.AUTH_FAILURES] == 5


def test_broadcast(server: Server, ledger: Ledger) -> None:
    """The server answers an unknown message with a broadcast, which is a message to each client."""
    clients = [ledger.client(server.port) for _ in range(20)]
    for text in (b"garbage", b"", b"[]", b"null"):
        clients[0].send_text(text)
    for client in clients:
        for _ in range(4):
            client.await_type("Error")
    ledger.expect()


def test_open_before_attaching(start: Starter, server: Server) -> None:
    """Connections from before the attachment are active; their messages and ends are counted."""
    clients = [Client(server.port) for _ in range(5)]
    for client in clients:
        client.fence(10)
    shell = clients[0].open_shell()
    stream = clients[1].start_log(lines=1, follow=True)
    tool: Tool = start.watch(server)

    def levels() -> list[float]:
        scrape = tool.scrape()
        return [scrape.total(name) for name in names.ACTIVE]

    wait_until("all connections are found", lambda: levels() == [5, 1, 1, 0])
    for name in (names.CONNECTIONS, names.SHELLS, names.LOGS):
        assert tool.scrape().total(name) == 0
    quiet = clients[2]
    before = tool.scrape()
    sent, received = quiet.sent, quiet.received
    quiet.fence(100)
    # The followed stream sends messages, too.
    wait_until(
        "all messages are counted",
        lambda: (
            tool.scrape().total(names.MESSAGES_RECEIVED)
            == before.total(names.MESSAGES_RECEIVED) + quiet.sent - sent
        ),
    )
    grown = tool.scrape().total(names.MESSAGES_SENT) - before.total(names.MESSAGES_SENT)
    assert grown >= quiet.received - received
    clients[0].end_shell(shell)
    clients[1].stop_log(stream)
    wait_until("the sessions are over", lambda: levels() == [5, 0, 0, 0])
    for client, left in zip(clients, (4, 3, 2, 1, 0), strict=True):
        client.shake_hands()
        wait_until("one connection less", lambda n=left: levels() == [n, 0, 0, 0])


def test_http_is_no_websocket(server: Server, ledger: Ledger) -> None:
    """A refused upgrade is no connection; a body that looks like frames is no message."""
    client = ledger.client(server.port)
    assert ask_once(server.port, get("/ws")).status == 400
    assert ask_once(server.port, get("/ws", "Upgrade: websocket")).status == 400
    echo = request_bytes("POST", "/api/v1/test/echo", body=frame(TEXT, PING_MESSAGE) * 100)
    assert ask_once(server.port, echo).status == 200
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/health") + frame(TEXT, PING_MESSAGE))
        assert connection.response().status == 200
    client.fence()
    ledger.expect()
