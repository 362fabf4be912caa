# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The ends of a connection in its spans: client.address, client.port and server.port."""

import pytest

from harness.builds import BUILDS
from harness.collector import Message
from harness.http_client import Connection
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
