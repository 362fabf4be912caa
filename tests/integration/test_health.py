# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`scottyscope health`: the answer of /healthz as an exit status."""

import os
import signal
import socket
import subprocess
import threading

import pytest

from harness.builds import binary_of
from harness.ports import ReservedPort
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def server(start_shared: Starter) -> Server:
    return start_shared.server(binary_of("default"))


def health(
    address: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user without privileges."""
    options = ["--listen", address] if address else []
    return subprocess.run(
        [os.environ["SCOTTYSCOPE"], "health", *options],
        capture_output=True,
        text=True,
        user="nobody",
        env=environment or {},
        check=False,
    )


@pytest.mark.quick
def test_healthy(start: Starter, server: Server) -> None:
    """A tool that works is healthy: status 0."""
    tool = start.watch(server)
    answer = health(f"127.0.0.1:{tool.port}")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "ok\n", "")
    # The address of a tool that listens on all addresses.
    assert health(f"0.0.0.0:{tool.port}").returncode == 0
    # The variables that configure the tool configure the command, too.
    variables = {
        "OTEL_EXPORTER_PROMETHEUS_HOST": "127.0.0.1",
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(tool.port),
    }
    assert health("", variables).returncode == 0


def test_probe_that_does_not_answer(start: Starter, server: Server) -> None:
    """The front answers for a stopped agent, and says how long the agent has not answered."""
    tool: Tool = start.watch(server)
    tool.popen.send_signal(signal.SIGSTOP)
    try:
        scrape = threading.Thread(target=lambda: subprocess.run(
            ["curl", "-s", f"http://127.0.0.1:{tool.port}/metrics"],
            capture_output=True,
            check=False,
        ))
        scrape.start()
        wait_until("the agent is overdue", lambda: health(f"127.0.0.1:{tool.port}").returncode)
        answer = health(f"127.0.0.1:{tool.port}")
        assert answer.returncode == 1
        assert "the agent has not answered for" in answer.stdout
        scrape.join()
    finally:
        tool.popen.send_signal(signal.SIGCONT)
    wait_until("the agent answers again", lambda: health(f"127.0.0.1:{tool.port}").returncode == 0)


@pytest.mark.quick
def test_nobody_listens() -> None:
    """A refused connection is one line and status 1."""
    with ReservedPort() as port:
        answer = health(f"127.0.0.1:{port.number}")
    assert answer.returncode == 1
    assert f"cannot connect to 127.0.0.1 port {port.number}: Connection refused" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_another_protocol_listens() -> None:
    """An answer that is not HTTP is an error."""
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer_once() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer_once)
        thread.start()
        port = other.getsockname()[1]
        answer = health(f"127.0.0.1:{port}")
        thread.join()
    assert answer.returncode == 1
    assert f"127.0.0.1 port {port} does not speak HTTP" in answer.stderr


def test_no_answer() -> None:
    """The command waits for an answer only for a limited time."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        answer = health(f"127.0.0.1:{mute.getsockname()[1]}")
    assert answer.returncode == 1
    assert "does not answer" in answer.stderr
