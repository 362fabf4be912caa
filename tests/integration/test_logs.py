# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Log streams: their number, durations, errors, and every line that a client received."""

import time

import pytest

from harness import names
from harness.builds import BOTH_MANGLINGS
from harness.ledger import Ledger
from harness.scrape import grown
from harness.server import Server
from harness.sessions import Client
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_MANGLINGS


@pytest.mark.quick
@pytest.mark.parametrize("lines", [0, 1, 2, 49, 50, 51, 100, 5000])
def test_lines(server: Server, ledger: Ledger, lines: int) -> None:
    """Every line is counted, around the limits of lines in a message."""
    client = ledger.client(server.port)
    assert client.read_log("db", lines) == "All logs delivered"
    assert client.counts[names.LOG_LINES] == lines
    ledger.expect()
    ledger.expect_durations()


@pytest.mark.quick
@pytest.mark.parametrize("service", ["odd", "long"])
def test_unusual_lines(server: Server, ledger: Ledger, service: str) -> None:
    """Lines that look like the protocol, with quotes and non-ASCII text; lines of 10 kB."""
    client = ledger.client(server.port)
    for lines in (1, 30, 125):
        client.read_log(service, lines)
    assert client.counts[names.LOG_LINES] == 156
    ledger.expect()


@pytest.mark.quick
def test_follow_and_stop(server: Server, ledger: Ledger) -> None:
    """A followed stream counts every line until the client stops it."""
    client = ledger.client(server.port)
    stream = client.start_log(lines=10, follow=True)
    client.until(lambda _: client.counts[names.LOG_LINES] >= 25)
    assert client.stop_log(stream)["data"]["reason"] == "Stream stopped"
    ledger.expect()
    ledger.expect_durations()


@pytest.mark.quick
def test_many_streams(server: Server, ledger: Ledger) -> None:
    """40 streams of four clients: some end by themselves, some are stopped, some fail."""
    clients = [ledger.client(server.port) for _ in range(4)]
    streams = []
    for client in clients:
        for service in ("web", "db", "odd", "broken"):
            client.read_log(service, 60)
        streams += [(client, client.start_log("web", 20, follow=True)) for _ in range(6)]
    for client in clients:
        client.fence()
    assert ledger.expected()[names.LOGS_ACTIVE] == 24
    tool = ledger.tool
    wait_until("all are active", lambda: tool.scrape().total(names.LOGS_ACTIVE) == 24)
    for client, stream in streams:
        client.stop_log(stream)
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.LOGS] == 40
    assert ledger.expected()[names.LOG_ERRORS] == 4


@pytest.mark.quick
def test_broken_log(server: Server, ledger: Ledger) -> None:
    """One line, then an error: the stream has failed and ended."""
    client = ledger.client(server.port)
    for _ in range(3):
        assert client.read_log("broken") == "Stream failed"
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.LOG_ERRORS] == 3


@pytest.mark.quick
def test_refused(server: Server, ledger: Ledger) -> None:
    """A refused stream is an error and no stream; other messages are neither."""
    client = ledger.client(server.port)
    assert "App 'none' not found" in client.refused_log("none", "web")
    assert "Service 'none' not found" in client.refused_log("demo", "none")
    nobody = ledger.client(server.port, token=None)
    assert "Authentication required" in nobody.refused_log("demo", "web")
    number = "6a1d8e6e-0000-4000-8000-000000000000"
    assert "not found" in client.refused("StopLogStream", {"stream_id": number})
    # A client may not send these messages; the server ignores them.
    client.send_message("LogsStreamError", {"stream_id": number, "error": "no"})
    client.send_message("LogsStreamEnded", {"stream_id": number, "reason": "Stream failed"})
    ledger.expect()
    assert ledger.expected()[names.LOGS] == 0
    assert ledger.expected()[names.LOG_ERRORS] == 3


def test_messages_that_request_no_stream(server: Server, ledger: Ledger) -> None:
    """Messages that contain the request's name, and a request whose type comes last."""
    name = "StartLogStream"
    client = ledger.client(server.port)
    client.refused("CreateShellSession", {"app_name": name, "service_name": name})
    client.refused("StopLogStream", {"stream_id": "6a1d8e6e-0000-4000-8000-000000000000"})
    assert not client.authenticate(name)
    assert client.authenticate("fixture-token")
    shell = client.open_shell()
    client.echo(shell, name)
    client.echo(shell, f'{{"type":"{name}"}}')
    client.terminate_shell(shell)
    client.send_text(name.encode(), f'"{name}"'.encode())
    for _ in range(2):
        client.await_type("Error")
    client.send_text(
        b'{"data":{"app_name":"demo","service_name":"db","lines":3},"type":"StartLogStream"}'
    )
    client.await_type("LogsStreamEnded")
    ledger.expect()


@pytest.mark.parametrize("cut", [5, 9, 14, 23])
def test_refused_in_pieces(server: Server, tool: Tool, ledger: Ledger, cut: int) -> None:
    """If the first fragment ends within the type, the tool counts an unknown request."""
    request = b'{"type":"StartLogStream","data":{"app_name":"none","service_name":"web"}}'
    client = ledger.client(server.port)
    before = tool.scrape()
    client.send_fragments([request[:cut], request[cut:]])
    client.await_type("Error")
    client.fence()
    after = tool.scrape()
    unknown = after.found("request_unknown") - before.found("request_unknown")
    assert (unknown, grown(before, after, names.LOG_ERRORS)) == (1, 0)


DATA = '{"app_name":"none","service_name":"web"}'
# Requests as serde_json reads them (an adjacently tagged enum), and whether the tool decodes them.
FORMS = {
    "array": (f'["StartLogStream",{DATA}]', True),
    "array-with-spaces": (f' [ "StartLogStream" ,\n{DATA} ]', True),
    "data-first": (f'{{"data":{DATA},"type":"StartLogStream"}}', True),
    "escaped-type": (f'{{"type":"Start\\u004cogStream","data":{DATA}}}', False),
    "escaped-field": (f'{{"\\u0074ype":"StartLogStream","data":{DATA}}}', False),
    "escaped-field-last": (f'{{"data":{DATA},"\\u0074ype":"StartLogStream"}}', False),
    "escaped-array": (f'["Start\\u004cogStream",{DATA}]', False),
    "object-as-type": (f'{{"type":{{"StartLogStream":null}},"data":{DATA}}}', False),
}


@pytest.mark.quick
@pytest.mark.parametrize("form", FORMS)
def test_refused_in_other_forms(server: Server, tool: Tool, ledger: Ledger, form: str) -> None:
    """A refused request is an error or, in a form that the tool does not decode, is unknown."""
    request, is_decoded = FORMS[form]
    client = ledger.client(server.port)
    before = tool.scrape()
    client.send_text(request.encode())
    assert "App 'none' not found" in str(client.await_type("Error"))
    client.fence()
    after = tool.scrape()
    unknown = after.found("request_unknown") - before.found("request_unknown")
    assert grown(before, after, names.LOG_ERRORS) == is_decoded
    assert unknown == (not is_decoded)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"type":"StartLogStream","type":"StartLogStream","data":{DATA}}}',
        '{"type":"StartLogStreams","data":{}}',
        '["Ping","StartLogStream"]',
        f'[{{"StartLogStream":null}},{DATA}]',
        "{}",
        "[]",
        "StartLogStream",
    ],
)
def test_text_that_is_no_request(server: Server, tool: Tool, ledger: Ledger, text: str) -> None:
    """A message that serde refuses is neither an error of a log stream nor unknown."""
    client = ledger.client(server.port)
    before = tool.scrape()
    client.send_text(text.encode())
    assert "Could not parse" in str(client.await_type("Error"))
    ledger.expect()
    assert tool.scrape().found("request_unknown") == before.found("request_unknown")


def test_disconnected(start: Starter, binary: str) -> None:
    """A stream ends with its client's connection, in any way, and without an error."""
    # No line is in flight when a client leaves.
    server = start.server(binary, "--log-interval-ms", "3600000")
    ledger = Ledger(start.watch(server))
    ends = (Client.abort, Client.close, Client.shake_hands)
    clients = [ledger.client(server.port) for _ in ends]
    for client in clients:
        for lines in (1, 60):
            client.start_log("web", lines, follow=True)
        client.until(lambda _, c=client: c.counts[names.LOG_LINES] == 61)
        client.fence()
    ledger.expect()
    time.sleep(0.3)
    for client, leave in zip(clients, ends):
        leave(client)
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.LOGS] == 6


def test_client_that_reads_slowly(server: Server, ledger: Ledger) -> None:
    """Lines that wait in the server for a slow client are counted once the client reads them."""
    client = ledger.client(server.port)
    stream = client.start_log("long", 2000)
    time.sleep(0.3)
    client.await_log_end(stream)
    ledger.expect()
    assert client.counts[names.LOG_LINES] == 2000


def test_same_text_elsewhere(server: Server, ledger: Ledger) -> None:
    """Text in a shell's output or from a client that looks like log lines is not counted."""
    client = ledger.client(server.port)
    line = {"timestamp": "2026-01-01T00:00:00Z", "stream": "Stdout", "content": "", "sequence": 0}
    number = "6a1d8e6e-0000-4000-8000-000000000000"
    client.send_message("LogsStreamData", {"stream_id": number, "lines": [line] * 20})
    shell = client.open_shell()
    client.echo(shell, '{"type":"LogsStreamData","data":{"lines":[{"sequence":1}]}}')
    client.echo(shell, '"sequence":1,' * 100)
    client.end_shell(shell)
    ledger.expect()
    assert ledger.expected()[names.LOG_LINES] == 0
