# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The ends of a connection in its spans: client.address, client.port and server.port."""

import itertools
import pathlib
import socket

import pytest

from harness.builds import BUILDS
from harness.collector import Message
from harness.http_client import Connection, ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.traces import Tracing, new_context

TESTED_BUILDS = BUILDS

HEALTH = "/api/v1/health"


@pytest.fixture(scope="module")
def tracing(start_shared: Starter, server: Server) -> Tracing:
    return Tracing(start_shared, server)


def assert_ends(span: Message, connection: Connection) -> None:
    """Asserts that the span has the ends of the client's TCP connection."""
    address, port = connection.socket.getsockname()[:2]
    attributes = span["attributes"]
    assert (attributes["client.address"], attributes["client.port"]) == (address, port)
    assert attributes["server.port"] == connection.socket.getpeername()[1]


@pytest.mark.quick
def test_own_accept_loop(tracing: Tracing) -> None:
    """Connections that axum's own loop accepts, several at a time, with several requests each."""
    connections = [Connection(tracing.port) for _ in range(20)]
    contexts = [(connection, new_context()) for connection in connections * 3]
    for connection, context in contexts:
        assert connection.get(HEALTH, context.header()).status == 200
    for connection, context in contexts:
        (span,) = tracing.await_spans(context, 1)
        assert_ends(span, connection)
    scrape = tracing.tool.scrape()
    assert scrape.found("socket_unknown") == 0
    assert scrape.found("socket_found") == len(connections)


KINDS = ("axum", "spawn", "channel", "later", "one-task")


class Listeners:
    """A server with one more listener of each kind, and the tool attached to it."""

    def __init__(self, start: Starter, binary: str, socket_path: pathlib.Path) -> None:
        kinds = (*KINDS, "boxed")
        places = [f"{kind}=127.0.0.1:0" for kind in kinds] + [f"unix={socket_path}"]
        options = itertools.chain.from_iterable(("--listener", place) for place in places)
        self.server = start.server(binary, "--workers", "2", *options)
        self.ports = {
            kind: int(self.server.wait_for(rf"{kind} on \S+:(\d+)", self.server.stdout)[1])
            for kind in kinds
        }
        self.tracing = Tracing(start, self.server)


@pytest.fixture(scope="module")
def socket_path(tmp_path_factory: pytest.TempPathFactory, binary: str) -> pathlib.Path:
    """A new path for the server of each build."""
    return tmp_path_factory.mktemp(pathlib.Path(binary).name) / "server"


@pytest.fixture(scope="module")
def listeners(start_shared: Starter, binary: str, socket_path: pathlib.Path) -> Listeners:
    return Listeners(start_shared, binary, socket_path)


@pytest.mark.quick
@pytest.mark.parametrize("kind", KINDS)
def test_accept_loops(listeners: Listeners, kind: str) -> None:
    """Each connection has its own client and port, whoever accepts it and whatever drives it."""
    port, tracing = listeners.ports[kind], listeners.tracing
    before = tracing.tool.scrape()
    connections = [Connection(port) for _ in range(12)]
    # In an order that is not the one of the connections.
    contexts = [(connection, new_context()) for connection in connections[::-1]]
    for connection, context in contexts:
        assert connection.get(HEALTH, context.header()).status == 200
    for connection, context in contexts:
        (span,) = tracing.await_spans(context, 1)
        if kind != "one-task":
            assert_ends(span, connection)
        else:
            assert span["attributes"]["server.port"] == port
    assert tracing.tool.scrape().found("socket_unknown") == before.found("socket_unknown")


def test_stream_behind_a_box(listeners: Listeners) -> None:
    """Without the stream there is no address, no port of another listener, and a count."""
    tracing, context = listeners.tracing, new_context()
    before = tracing.tool.scrape().found("socket_unknown")
    assert ask_once(listeners.ports["boxed"], get(HEALTH, context.header())).status == 200
    (span,) = tracing.await_spans(context, 1)
    assert not {"client.address", "client.port", "server.port"} & set(span["attributes"])
    assert tracing.tool.scrape().found("socket_unknown") == before + 1


@pytest.mark.quick
def test_local_socket(listeners: Listeners, socket_path: pathlib.Path) -> None:
    """A socket in the file system has a transport, and neither port nor client."""
    tracing, context = listeners.tracing, new_context()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(socket_path))
        client.sendall(get(HEALTH, context.header()))
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    (span,) = tracing.await_spans(context, 1)
    assert span["attributes"]["network.transport"] == "unix"
    assert not {"client.address", "client.port", "server.port"} & set(span["attributes"])


@pytest.mark.quick
@pytest.mark.parametrize("client", ["127.0.0.1", "::1"])
def test_listener_of_both_families(start: Starter, binary: str, client: str) -> None:
    """A client over IPv4 has its own address, not the mapped one that the socket shows."""
    server = start.server(binary, "--bind", "[::]:0")
    tracing, context = Tracing(start, server), new_context()
    with socket.create_connection((client, server.port)) as connection:
        connection.sendall(get(HEALTH, context.header()))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        port = connection.getsockname()[1]
        (span,) = tracing.await_spans(context, 1)
    assert span["attributes"]["client.address"] == client
    assert span["attributes"]["client.port"] == port
    assert span["attributes"]["server.port"] == server.port


def test_connection_from_before_the_attachment(start: Starter, binary: str) -> None:
    """A connection that is older than the attachment has its addresses as well."""
    server = start.server(binary)
    with Connection(server.port) as connection:
        assert connection.get(HEALTH).status == 200
        tracing, context = Tracing(start, server), new_context()
        assert connection.get(HEALTH, context.header()).status == 200
        (span,) = tracing.await_spans(context, 1)
        assert_ends(span, connection)
