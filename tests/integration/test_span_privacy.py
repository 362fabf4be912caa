# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""--span-path and --span-client keep paths and clients out of everything that the tool exports."""

import socket

import pytest

from harness.builds import ONE_BUILD
from harness.collector import FAST, Collector
from harness.http_client import Connection, get
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

# An address that no other process of the machine uses.
CLIENT = "127.83.61.7"
TOKEN = "t0k3n-0f-a-link"
TEMPLATE = "/api/v1/test/status/{code}"
# A token in a segment that no route matches, and one in a parameter of a route.
PATHS = (f"/invitations/{TOKEN}", "/api/v1/test/status/437")


def connect(port: int) -> Connection:
    """Connects from CLIENT."""
    connection = Connection(port)
    connection.socket.close()
    connection.socket = socket.create_connection(
        ("127.0.0.1", port), source_address=(CLIENT, 0), timeout=10
    )
    return connection


def exported(start: Starter, server: Server, *options: str, **environment: str) -> tuple[str, int]:
    """Makes the requests. Returns all that the tool wrote and sent, and the port of the client."""
    collector = Collector(start)
    tool: Tool = start.watch(
        server,
        "-v",
        "--report",
        "--otlp-endpoint",
        collector.endpoint,
        *options,
        environment={**FAST, **environment},
    )
    with connect(server.port) as connection:
        port = connection.socket.getsockname()[1]
        for path in PATHS:
            connection.ask(get(path))
    wait_until("all spans arrived", lambda: len(collector.spans()) == len(PATHS))
    text = tool.text()
    assert tool.end() == 0
    for span in collector.spans():
        assert span["attributes"]["server.port"] == server.port
    return text + tool.stdout() + tool.stderr() + collector.text(), port


def has_port(text: str, port: int) -> bool:
    return "client.port" in text or f'"{port}"' in text


@pytest.mark.quick
def test_defaults(start: Starter, server: Server) -> None:
    """Spans have the path and the client: the search of the other tests would find them."""
    text, port = exported(start, server)
    for expected in (*PATHS, TEMPLATE, CLIENT, "client.address"):
        assert expected in text
    assert has_port(text, port)


@pytest.mark.quick
@pytest.mark.parametrize("source", ("options", "environment"))
def test_off(start: Starter, server: Server, source: str) -> None:
    """Neither a path nor a client leaves by OTLP, /metrics, the report or the log."""
    if source == "options":
        text, port = exported(start, server, "--span-path", "off", "--span-client", "off")
    else:
        variables = {"SCOTTYSCOPE_SPAN_PATH": "off", "SCOTTYSCOPE_SPAN_CLIENT": "off"}
        text, port = exported(start, server, **variables)
    for hidden in (TOKEN, "/status/437", CLIENT, "client.address", "url.path", "http.route"):
        assert hidden not in text
    assert not has_port(text, port)
    # The labels of metrics are templates, whatever spans have.
    assert TEMPLATE in text


@pytest.mark.quick
def test_template(start: Starter, server: Server) -> None:
    """Spans have the template of the route, and the client that the other option keeps."""
    text, _ = exported(start, server, "--span-path", "template")
    for hidden in (TOKEN, "/status/437", "url.path"):
        assert hidden not in text
    for expected in (f"HTTP GET {TEMPLATE}", "http.route", CLIENT):
        assert expected in text


def test_a_wrong_value_is_refused(start: Starter, server: Server) -> None:
    """A mistake in the variable does not export what the user meant to keep."""
    tool = start.watch(
        server, environment={"SCOTTYSCOPE_SPAN_PATH": "none"}, await_attached=False
    )
    assert tool.wait() == 2
    assert "SCOTTYSCOPE_SPAN_PATH: 'none' is not accepted" in tool.stderr()
