# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A server that is killed: no function runs that ends its requests, sessions and polls."""

import contextlib
import os
import re
import signal
import threading
import time
import urllib.error

import pytest

from harness import names
from harness.builds import BOTH_RECORDERS
from harness.collector import FAST, Collector, Message
from harness.http_client import Connection, get
from harness.scrape import Scrape
from harness.server import Server
from harness.sessions import GONE_S, Client
from harness.starter import Starter
from harness.tool import Tool
from harness.traces import duration_s, is_error, named
from harness.waiting import wait_until
from harness.websocket_client import TEXT, frame

TESTED_BUILDS = BOTH_RECORDERS

WEBSOCKETS, SHELLS, STREAMS, TASKS = 6, 2, 1, 1
SLEEP = "/api/v1/test/sleep/{milliseconds}"
BLOCK = "/api/v1/test/block/{milliseconds}"
ACTIVE = ("scotty_http_requests_active", *names.ACTIVE)
# The resolution of the moment at which the tool learns of the end, on a busy machine.
SLACK_S = GONE_S + 0.05


class Load:
    """Clients whose sessions are open: 6 websockets, 2 shells, 1 log stream, 1 task, 1 request."""

    def __init__(self, server: Server, tool: Tool) -> None:
        self.begin_s = time.perf_counter()
        self.clients = [Client(server.port) for _ in range(WEBSOCKETS)]
        for client in self.clients[:SHELLS]:
            client.open_shell()
        self.clients[2].start_log(lines=1, follow=True)
        self.clients[3].start_task("demo")
        self.request = Connection(server.port)
        self.request.send(get("/api/v1/test/sleep/60000"))
        self.tool = tool
        wait_until("everything is active", self.is_active)
        self.began_s = time.perf_counter()

    def is_active(self) -> bool:
        scrape = self.tool.scrape()
        counts = (1, WEBSOCKETS, SHELLS, STREAMS, TASKS)
        return [scrape.total(name) for name in ACTIVE] == list(counts)

    def close(self) -> None:
        for connection in (*self.clients, self.request):
            with contextlib.suppress(OSError):
                connection.abort()


class LastScrapes:
    """Scrapes all the time, and keeps the last answer."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.last = ""
        self.thread = threading.Thread(target=self._scrape)
        self.thread.start()

    def _scrape(self) -> None:
        while self.tool.is_alive():
            with contextlib.suppress(OSError, urllib.error.URLError):
                self.last = self.tool.text()
            time.sleep(0.02)

    def scrape(self) -> Scrape:
        self.thread.join()
        return Scrape(self.last)


def last_value(metric: Message) -> int:
    """Returns the value of a metric with one point, a sum or a gauge."""
    ((point,),) = [metric[kind]["dataPoints"] for kind in ("sum", "gauge") if kind in metric]
    return int(point.get("asInt", 0))


def assert_last_numbers(scrape: Scrape, load: Load, end_s: float) -> None:
    """Asserts that nothing is active, and that each session has a duration until the end."""
    assert scrape.value("scotty_up") == 0
    assert {name: scrape.total(name) for name in ACTIVE} == dict.fromkeys(ACTIVE, 0)
    assert not [name for name, _ in scrape.values if name == names.TOKIO_TASKS_ACTIVE]
    assert scrape.requests()[("GET", SLEEP, "aborted")] == 1
    for name, count in ((names.SHELL_DURATION, SHELLS), (names.LOG_DURATION, STREAMS),
                        (names.TASK_DURATION, TASKS)):
        assert scrape.total(f"{name}_count") == count
        sum_s = scrape.total(f"{name}_sum")
        assert count * (end_s - load.began_s) - SLACK_S <= sum_s
        assert sum_s <= count * (end_s - load.begin_s) + SLACK_S
    for name in (names.SHELL_ERRORS, names.SHELL_TIMEOUTS, names.LOG_ERRORS, names.TASK_FAILURES):
        assert scrape.total(name) == 0
    assert scrape.value("scottyscope_spans_open") == 0
    assert scrape.losses() == {}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("number", "level"),
    [(signal.SIGKILL, "full"), (signal.SIGABRT, "full"), (signal.SIGKILL, "basic")],
)
def test_open_sessions_end_with_the_server(
    start: Starter, binary: str, number: int, level: str
) -> None:
    """Requests are aborted; sessions are cancelled, with durations and spans; nothing is active."""
    collector = Collector(start)
    server = start.server(binary, "--workers", "2", "--task-command", "exec sleep 60")
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint, "--level", level,
                       environment=FAST)
    load = Load(server, tool)
    scrapes = LastScrapes(tool)
    time.sleep(0.3)
    server.kill(number)
    server.wait()
    end_s = time.perf_counter()
    assert tool.wait() == 0, tool.stderr()
    assert_last_numbers(scrapes.scrape(), load, end_s)

    metrics = collector.metrics()
    for name in ("http.requests.active", "websocket.connections.active", "shell_sessions.active",
                 "log_streams.active", "tasks.active"):
        assert last_value(metrics[f"scotty.{name}"]) == 0, name
    assert collector.counted()[("GET", SLEEP, "aborted")] == 1
    spans = collector.spans()
    for name, count in ((names.WEBSOCKET_SPAN, WEBSOCKETS), (names.SHELL_SPAN, SHELLS),
                        (names.LOG_SPAN, STREAMS), (names.TASK_SPAN, TASKS)):
        found = named(spans, name)
        assert len(found) == count, name
        for span in found:
            assert span["attributes"]["scotty.session.cancelled"] is True
            assert not is_error(span)
            assert duration_s(span) >= end_s - load.began_s - SLACK_S
    (request,) = [s for s in spans if s["attributes"].get("http.route") == SLEEP]
    assert is_error(request) and "http.response.status_code" not in request["attributes"]
    assert len({span["spanId"] for span in spans}) == len(spans)
    assert "nothing was dropped" in tool.stderr()
    load.close()


def test_a_poll_in_progress_ends_with_the_server(start: Starter, binary: str) -> None:
    """A poll that blocks its thread when the server is killed counts, and is slow."""
    server = start.server(binary, "--workers", "2")
    tool = start.watch(server, "--once", "--duration", "1h", "--format", "prometheus",
                       "--listen", "none")
    tool.wait_for("attached", tool.stderr)
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/test/block/60000"))
        time.sleep(0.5)
        server.kill(signal.SIGKILL)
        assert tool.wait() == 0
    scrape = Scrape(tool.stdout())
    assert scrape.requests() == {("GET", BLOCK, "aborted"): 1}
    assert scrape.total("scotty_tokio_slow_poll_count_total") == 1
    assert 0.3 < scrape.total("scotty_tokio_poll_duration_seconds_sum") < 2


@pytest.mark.parametrize("text", [b"end", b"panic"])
def test_last_message_of_a_handler(start: Starter, binary: str, text: bytes) -> None:
    """A message whose handler never asks for another one is counted, as all before it."""
    collector = Collector(start)
    server = start.server(binary)
    tool = start.watch(server, "--otlp-endpoint", collector.endpoint, environment=FAST)
    client = Client(server.port)
    client.fence(5)
    client.send_text(text)
    wait_until("the websocket has ended", lambda: tool.scrape().total(names.CONNECTIONS_ACTIVE) == 0)
    assert tool.scrape().total(names.MESSAGES_RECEIVED) == client.sent
    assert tool.end(signal.SIGINT) == 0
    (span,) = named(collector.spans(), names.WEBSOCKET_SPAN)
    assert span["attributes"]["scotty.websocket.messages_received"] == client.sent
    client.abort()


@pytest.mark.parametrize(
    "payload", [b'{"type":"\xff\xfe"}', b"a" * 200 + b"\xff"], ids=["short", "long"]
)
def test_an_invalid_last_message_is_not_counted(
    start: Starter, server: Server, payload: bytes
) -> None:
    """tungstenite refuses a payload that is no UTF-8: nobody received the message."""
    tool = start.watch(server)
    client = Client(server.port)
    client.fence(3)
    client.send(frame(TEXT, payload))
    wait_until("the websocket has ended", lambda: tool.scrape().total(names.CONNECTIONS_ACTIVE) == 0)
    assert tool.scrape().total(names.MESSAGES_RECEIVED) == client.sent
    assert tool.scrape().found("message_unconfirmed") == 1
    client.abort()


def test_half_a_message_is_not_counted(start: Starter, server: Server) -> None:
    """A client that leaves within a message: the tool says that the message is unconfirmed."""
    tool = start.watch(server)
    client = Client(server.port)
    client.fence(3)
    whole = client.sent
    client.send(bytes([0x81, 0x80 | 100]) + bytes(40))
    time.sleep(0.1)
    client.abort()
    wait_until("the websocket has ended", lambda: tool.scrape().total(names.CONNECTIONS_ACTIVE) == 0)
    assert tool.scrape().total(names.MESSAGES_RECEIVED) == whole
    assert tool.scrape().found("message_unconfirmed") == 1


def test_the_server_runs_another_program(start: Starter, binary: str) -> None:
    """execve() ends the program but not the process: the tool ends as at the end of the process."""
    server = start.server(binary)
    tool = start.watch(server, "--once", "--duration", "1h", "--format", "prometheus",
                       "--listen", "none")
    client = Client(server.port)
    with Connection(server.port) as connection:
        connection.send(get("/api/v1/test/exec"))
        assert tool.wait() == 0
    assert server.is_alive()
    assert f"process {server.pid} called execve(), which ended the observed program" in tool.stderr()
    scrape = Scrape(tool.stdout())
    assert scrape.value("scotty_up") == 0
    assert scrape.total(names.CONNECTIONS_ACTIVE) == 0
    assert scrape.requests()[("GET", "/api/v1/test/exec", "aborted")] == 1
    client.abort()


@pytest.mark.parametrize("command", ["run", "verify"])
def test_the_server_ends_amid_attaching(start: Starter, binary: str, command: str) -> None:
    """Whatever the tool does at the time: status 4 and the reason, or it was attached in time."""
    delays_s = [i * 0.1 for i in range(14)]
    statuses = set()
    for delay_s in delays_s:
        server = start.server(binary, "--workers", "2")
        options = ("--pid", str(server.pid))
        quiet = ("--listen", "none", "--otlp-endpoint", "none") if command == "run" else ()
        tool = start.process([os.environ["SCOTTYSCOPE"], command, *options, *quiet])
        time.sleep(delay_s)
        server.end(signal.SIGKILL)
        status = tool.wait()
        statuses.add(status)
        if status == 4:
            assert re.search(rf"process {server.pid}\b", tool.stderr()), tool.stderr()
        elif command == "run":
            assert status == 0, tool.stderr()
            assert "attached" in tool.stderr() and "has ended" in tool.stderr()
        else:
            assert status in (0, 3) and tool.stdout(), tool.stderr()
    assert 4 in statuses
