# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Output that fails is an error with status 1; the printed URL works."""

import os
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from harness.builds import ONE_BUILD
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
QUIET = ("--listen", "none", "--otlp-endpoint", "none")
OUTPUTS = [
    ("metrics",),
    ("help",),
    ("version",),
    ("verify",),
    ("verify", "--format", "json"),
    ("--once",),
    ("--once", "--format", "prometheus"),
    ("--once", "--format", "json"),
    ("--report", "--duration", "100ms", *QUIET),
]


def arguments(server: Server, output: tuple[str, ...]) -> list[str]:
    needs_target = output[0] in ("verify", "--once", "--report")
    target = ("--pid", str(server.pid)) if needs_target else ()
    return [os.environ["SCOTTYSCOPE"], *output, *target]


@pytest.mark.quick
@pytest.mark.parametrize("output", OUTPUTS, ids=" ".join)
def test_full_device(start: Starter, server: Server, output: tuple[str, ...]) -> None:
    command = 'exec "$@" >/dev/full'
    process = start.process(["sh", "-c", command, "sh", *arguments(server, output)])
    assert process.wait() == 1
    assert "cannot write to standard output" in process.stderr()


@pytest.mark.parametrize("output", OUTPUTS, ids=" ".join)
def test_closed_pipe(server: Server, output: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(arguments(server, output), stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"cannot write to standard output" in error


def test_reader_of_the_messages_is_gone(server: Server) -> None:
    """The tool observes until its end, and its status says that messages were lost."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [*arguments(server, ("--once", "--format", "json")), "--duration", "300ms"],
        stdout=subprocess.PIPE, stderr=writer,
    )
    os.close(writer)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"scotty.up" in text


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::]", "0.0.0.0", "localhost", ""])
def test_url(start: Starter, server: Server, host: str) -> None:
    """The URL in the log and in the report can be opened on this machine."""
    tool = start.watch(server, "--listen", f"{host}:0", "--report")
    logged = re.search(r"metrics at (\S+)", tool.stderr())
    assert logged
    # urlopen() accepts an IPv6 address without brackets.
    assert urllib.parse.urlsplit(logged[1]).hostname in ("127.0.0.1", "::1", "localhost")
    with urllib.request.urlopen(logged[1], timeout=10) as response:
        assert "scotty_up 1" in response.read().decode()
    assert tool.end(signal.SIGTERM) == 0
    assert logged[1] in tool.stdout()


def test_report_of_a_run_whose_last_export_failed(start: Starter, server: Server) -> None:
    """The front was killed just before Ctrl-C: status 1, and the numbers are printed."""
    tool = start.watch(server, "--report", "--otlp-endpoint", "http://127.0.0.1:9")
    assert ask_once(server.port, get(HEALTH)).status == 200
    os.kill(tool.pid, signal.SIGSTOP)
    # The tool sees the signal and the death at the same time, before it starts another front.
    os.kill(tool.processes()["scottyscope-web"], signal.SIGKILL)
    tool.kill(signal.SIGINT)
    time.sleep(0.1)
    os.kill(tool.pid, signal.SIGCONT)
    assert tool.wait() == 1
    assert "the last metrics were not exported" in tool.stderr()
    assert "events were dropped" in tool.stderr() and "metrics_not_taken" in tool.stderr()
    assert HEALTH in tool.stdout()
