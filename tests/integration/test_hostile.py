# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A client of the HTTP listener, an observed process, or a front in the hands of an attacker, cannot
stop the tool."""

import contextlib
import os
import pathlib
import re
import resource
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from harness.builds import ONE_BUILD
from harness.collector import Collector
from harness.counting import Counting
from harness.front_socket import (
    HEADER,
    MAGIC,
    STATISTICS,
    message,
    socket_of_front,
    take_snapshot,
)
from harness.http_client import Connection, ask_once, get
from harness.ports import ReservedPort
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import PATIENCE, wait_until

TESTED_BUILDS = ONE_BUILD

FRONT = "scottyscope-web"
HEALTH = "/api/v1/health"
# user/web/clients.h
CONNECTION_LIMIT = 64
HEAD_LIMIT_S = 5


class SlowClients:
    """Connections whose clients send one byte of their head at a time."""

    def __init__(self, port: int, count: int) -> None:
        self.sockets = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port))
            client.setblocking(False)
            with contextlib.suppress(OSError):
                client.send(b"GET /")
            self.sockets.append(client)

    def send(self) -> None:
        for client in self.sockets:
            with contextlib.suppress(OSError):
                client.send(b"x")

    def open(self) -> int:
        """Returns how many connections the server has not closed."""
        count = 0
        for client in self.sockets:
            try:
                count += client.recv(1) != b""
            except BlockingIOError:
                count += 1
            except OSError:
                pass
        return count

    def close(self) -> None:
        for client in self.sockets:
            client.close()


def test_slow_clients_do_not_stop_others(tool: Tool) -> None:
    """Clients that send a byte now and then keep no place: all others are answered."""
    slow = SlowClients(tool.port, 2 * CONNECTION_LIMIT)
    try:
        end = time.monotonic() + HEAD_LIMIT_S + 2
        while time.monotonic() < end:
            assert tool.text("/healthz") == "ok\n"
            assert tool.scrape().value("scotty_up") == 1
            slow.send()
            time.sleep(0.3)
        wait_until("the slow connections are closed", lambda: slow.open() == 0)
    finally:
        slow.close()


def test_health_has_a_place(start: Starter, server: Server) -> None:
    """/healthz is answered while all other places wait for an agent that does not answer."""
    tool: Tool = start.watch(server)
    tool.popen.send_signal(signal.SIGSTOP)
    waiting = []
    try:
        # One after another: a connection without a complete head gives way to others.
        for _ in range(32):
            waiting.append(Connection(tool.port))
            waiting[-1].send(get("/metrics"))
            time.sleep(0.01)
        refused = ask_once(tool.port, get("/metrics"))
        assert refused.status == 503 and b"too many connections" in refused.body
        began = time.monotonic()
        health = ask_once(tool.port, get("/healthz"))
        assert health.body == b"ok\n" or b"has not answered" in health.body
        assert time.monotonic() - began < 1 * PATIENCE
    finally:
        tool.popen.send_signal(signal.SIGCONT)
        for connection in waiting:
            connection.close()
    assert tool.end() == 0


@pytest.mark.quick
def test_host_names(start: Starter, server: Server, tool: Tool) -> None:
    """On a loopback address, a name that another site's DNS maps there is refused."""

    def status(port: int, host: str) -> int:
        request = f"GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        return ask_once(port, request.encode()).status

    for allowed in (f"127.0.0.1:{tool.port}", "localhost", "[::1]:1"):
        assert status(tool.port, allowed) == 200
    for refused in ("attacker.example", f"attacker.example:{tool.port}", "metrics.test"):
        assert status(tool.port, refused) == 403
    named = start.watch(server, "--allow-host", "metrics.test")
    assert status(named.port, "metrics.test:80") == 200
    assert status(named.port, "attacker.example") == 403
    # On all addresses, the names of the host are not known.
    every = start.watch(server, "--listen", "0.0.0.0:0")
    assert status(every.port, "node-1.example") == 200


@contextlib.contextmanager
def flood(front: int, data: bytes) -> Iterator[None]:
    """Sends the data to the agent, as the front, as fast as the agent takes it."""
    is_over = threading.Event()

    def send(end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not is_over.is_set():
                end.sendall(data)

    with socket_of_front(front) as end:
        thread = threading.Thread(target=send, args=(end,))
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            # Ends a send that waits.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            thread.join()


def cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def statistics(*counts: int) -> bytes:
    """user/front/statistics.h: 13 counters, the size of the queues, and two more counters."""
    return message(STATISTICS, 0, struct.pack("=16Q", *counts))


FLOODS = {
    "snapshots": take_snapshot(0),
    "statistics": statistics(*[1] * 16),
}


@pytest.mark.quick
@pytest.mark.parametrize("kind", FLOODS)
def test_flood_of_a_front(start: Starter, server: Server, kind: str) -> None:
    """A front that floods the agent with messages takes little of its time, and SIGTERM ends it."""
    tool = start.watch(server)
    with flood(tool.processes()[FRONT], 4000 * FLOODS[kind]):
        time.sleep(1)
        before, began = cpu_s(tool.pid), time.monotonic()
        time.sleep(2)
        share = (cpu_s(tool.pid) - before) / (time.monotonic() - began)
        assert share < 0.1, share
        ended = time.monotonic()
        tool.kill(signal.SIGTERM)
        # The time limit of the front's end is 3 s.
        assert tool.wait() == 0
        assert time.monotonic() - ended < 8 * PATIENCE


@pytest.mark.quick
def test_a_front_that_sends_byte_by_byte(start: Starter, server: Server) -> None:
    """The parts of a long message wake the agent as seldom as whole messages do."""
    tool = start.watch(server)
    # user/ipc/message.h: MESSAGE_METRICS, the kind with the longest payload.
    head = HEADER.pack(MAGIC, 1, 0, 0, 4 * 1024 * 1024, 0)
    with socket_of_front(tool.processes()[FRONT]) as end:
        end.sendall(head)
        time.sleep(1)
        before, began = cpu_s(tool.pid), time.monotonic()
        while time.monotonic() - began < 2:
            end.send(b"x")
        share = (cpu_s(tool.pid) - before) / (time.monotonic() - began)
    assert share < 0.1, share
    assert tool.end() == 0


@pytest.mark.quick
def test_forged_statistics(start: Starter, server: Server) -> None:
    """Counts that a front sends never decrease, and have a limit."""
    tool = start.watch(server)
    scrapes = "scottyscope_scrapes_total"
    lost = "scottyscope_lost_total"
    with socket_of_front(tool.processes()[FRONT]) as end:
        end.sendall(statistics(*[2**64 - 1] * 16))
        wait_until("the counts arrived", lambda: tool.scrape().total(lost) > 1000)
        first = tool.scrape()
        end.sendall(statistics(*[0] * 16))
        second = tool.scrape()
    for scrape in (first, second):
        # Answered and failed ones.
        assert 0 < scrape.total(scrapes) <= 2 * 2**53
    assert second.total(lost) >= first.total(lost)
    assert tool.end() == 0
    counts = map(int, re.findall(r"\d{10,}", tool.stderr()))
    assert max(counts) < 2**63


@pytest.mark.quick
def test_lines_of_a_front(start: Starter, server: Server) -> None:
    """What a front writes to standard error is marked, printable, and limited."""
    tool = start.watch(server)
    front = tool.processes()[FRONT]
    with open(f"/proc/{front}/fd/2", "wb", buffering=0) as stderr:
        stderr.write(b"scottyscope: error: for\x1b[31mged\xc2\x9b\n")
        tool.wait_for(r"error: front: for\?\[31mged\?", tool.stderr)
        os.set_blocking(stderr.fileno(), True)
        for _ in range(20):
            stderr.write(100 * b"flood\n")
    assert tool.end() == 0
    text = tool.stderr()
    assert "\x1b" not in text and "\x9b" not in text
    assert text.count("front: flood") < 100
    assert re.search(r"front: \d+ lines were dropped", text)


def test_a_front_that_dies_at_once(start: Starter, server: Server) -> None:
    """Each restart waits longer, and the agent's loop goes on meanwhile."""
    with ReservedPort() as port:
        address = f"127.0.0.1:{port.number}"
    tool = start.watch(server, "--listen", address)
    counting = Counting(tool)
    for delay in (1, 2, 4):
        os.kill(tool.processes()[FRONT], signal.SIGKILL)
        tool.wait_for(rf"starting another one in {delay} s", tool.stderr)
        wait_until("the front runs again", lambda: FRONT in tool.processes())
        tool.wait_for(rf"(?s)(the front runs again.*){{{delay.bit_length()}}}", tool.stderr)
    ask_once(server.port, get(HEALTH))
    counting.expect(("GET", HEALTH, 200), times=1)
    assert tool.end() == 0


def test_a_supervisor_that_is_stopped(start: Starter, server: Server) -> None:
    """Another process of the same user stops the supervisor: the agent goes on, and ends."""
    tool = start.watch(server)
    supervisor = tool.processes()["scottyscope-sup"]
    os.kill(supervisor, signal.SIGSTOP)
    os.kill(tool.processes()[FRONT], signal.SIGKILL)
    tool.wait_for("the front has ended", tool.stderr)
    try:
        time.sleep(1.5)
        began = time.monotonic()
        assert tool.end() == 0
        assert time.monotonic() - began < 6 * PATIENCE
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGKILL)


@pytest.mark.quick
def test_many_scrapes(start: Starter, server: Server) -> None:
    """Scrapes at any rate cost the agent a limited number of snapshots, and each is a new one."""
    tool = start.watch(server)
    counting = Counting(tool)
    began = time.monotonic()
    for number in range(60):
        ask_once(server.port, get(HEALTH))
        counting.expect(("GET", HEALTH, 200), times=number + 1)
    collected = tool.scrape().value("scottyscope_collections_total")
    # A burst of 20, then 20 a second.
    assert collected <= 25 + 20 * (time.monotonic() - began)
    assert tool.end() == 0


def test_a_collection_that_fails(start: Starter, server: Server) -> None:
    """The log has the reason and does not blame the front; the loss is counted; the tool goes on."""
    collector = Collector(start)
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        environment={"OTEL_METRIC_EXPORT_INTERVAL": "1500"},
    )
    limits = resource.prlimit(tool.pid, resource.RLIMIT_AS)
    resource.prlimit(tool.pid, resource.RLIMIT_AS, (0, limits[1]))
    # Label sets that take more memory than the tool has in reserve.
    with Connection(server.port) as connection:
        for status in range(200, 1000):
            connection.get(f"/api/v1/test/status/{status}")
    tool.wait_for("warning: no metrics were exported: out of memory", tool.stderr)
    resource.prlimit(tool.pid, resource.RLIMIT_AS, limits)
    lost = "metrics_not_collected"
    wait_until("an export arrives", lambda: collector.metrics() != {})
    assert tool.scrape().losses()[lost] >= 1
    assert "the front has ended" not in tool.stderr()
    assert tool.end() == 0
    assert lost in tool.stderr()


def test_names_that_a_server_gives_itself(start: Starter, server: Server) -> None:
    """The environment of a server sets the name of its service, but no host, process or instance."""
    stolen = ("host.name", "service.instance.id", "process.executable.path", "container.id", "job")
    named = start.server(
        server.binary,
        environment={
            "OTEL_SERVICE_NAME": "n" * 5000,
            "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}=stolen" for key in stolen)
            + ",service.namespace=shop",
        },
    )
    tool = start.watch(named)
    text = tool.text()
    assert "stolen" not in text
    info = next(line for line in text.splitlines() if line.startswith("target_info{"))
    assert 'service_namespace="shop"' in info
    assert f'"{"n" * 255}"' in info
    assert tool.end() == 0
    assert "5 attributes of the observed process's OTEL_RESOURCE_ATTRIBUTES" in tool.stderr()
    assert "OTEL_SERVICE_NAME is cut to 255 bytes" in tool.stderr()
