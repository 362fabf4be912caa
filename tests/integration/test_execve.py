# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""An execve() of the server at any moment: no byte of the next program changes, and the run ends."""

import os
import pathlib
import random
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator

import pytest

from harness import names
from harness.bpf import held_by
from harness.builds import ONE_BUILD
from harness.http_client import ask_once, get
from harness.polls import HEALTH, LEARNING_REQUESTS, ask, watched
from harness.process import Process
from harness.scrape import Scrape
from harness.second_program import (
    await_exec,
    build_second_program,
    changed_text,
    environment_of,
    request_exec,
    runs,
)
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import PATIENCE, wait_until

TESTED_BUILDS = ONE_BUILD

EXEC = "/api/v1/test/exec"
REASON = "called execve(), which ended the observed program"
QUIET = ("--listen", "none", "--otlp-endpoint", "none")
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
# From the start to the plan, and from the load to the end of the attachment.
PLANNING_S, LOADING_S = 0.5, 1.0
MAPS = 5

@pytest.fixture(scope="module")
def program(binary: str) -> Iterator[pathlib.Path]:
    """The second program, in a directory that every user may read."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        yield build_second_program(directory, binary)


@pytest.fixture
def set_user_id(program: pathlib.Path) -> Iterator[pathlib.Path]:
    """A set-user-id copy of the second program: it runs as root, whoever executes it."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        copy = shutil.copy(program, directory)
        os.chown(copy, 0, 0)
        os.chmod(copy, 0o4755)
        yield pathlib.Path(copy)


def most_changed_text(process: Process, tool: Process) -> int:
    """Returns the most bytes of the process's text that differed at a time, while the tool ran."""
    most = 0
    while tool.is_alive():
        most = max(most, changed_text(process.pid))
    return most


def start_tool(start: Starter, server: Server, *options: str) -> Process:
    return start.process(
        [os.environ["SCOTTYSCOPE"], "run", "--pid", str(server.pid), *QUIET, *options]
    )


def await_loading(tool: Process) -> None:
    """Waits until the plan is made, and the tool loads its programs."""
    wait_until("the tool has made its maps", lambda: len(held_by(tool.pid, "map")) >= MAPS)


def replace_server(server: Server, tool: Process, program: pathlib.Path) -> None:
    """Executes the program; asserts that no byte of its text changes until the tool ends."""
    with request_exec(server):
        await_exec(server, program)
    assert most_changed_text(server, tool) == 0, tool.stderr()


def assert_ended(tool: Process, server: Server) -> int:
    """Asserts the reason and the status of the end; returns the status."""
    status = tool.wait()
    assert f"process {server.pid} {REASON}" in tool.stderr()
    assert status == (0 if "attached to process" in tool.stderr() else 4), tool.stderr()
    return status


def test_amid_planning(start: Starter, binary: str, program: pathlib.Path) -> None:
    """Whatever the tool does before it loads its programs: status 4 and the reason."""
    for delay_s in [random.uniform(0, PLANNING_S) for _ in range(5)]:
        server = start.server(binary, "--workers", "2", environment=environment_of(program))
        tool = start_tool(start, server)
        time.sleep(delay_s)
        replace_server(server, tool, program)
        # The tool may have begun to look at the process after the execve().
        assert tool.wait() in (0, 4)
        server.end()


@pytest.mark.parametrize(("option", "moments"), [("auto", 12), ("single", 2)])
def test_amid_attaching(
    start: Starter, binary: str, program: pathlib.Path, option: str, moments: int
) -> None:
    """Whatever the tool does at the time: status 4 and the reason, or it was attached in time."""
    statuses = set()
    for number in range(moments):
        server = start.server(binary, "--workers", "2", environment=environment_of(program))
        tool = start_tool(start, server, "--attach", option)
        await_loading(tool)
        time.sleep(LOADING_S * number / moments)
        replace_server(server, tool, program)
        statuses.add(assert_ended(tool, server))
        server.end()
    assert 4 in statuses


@pytest.mark.quick
def test_a_set_user_id_program(start: Starter, binary: str, set_user_id: pathlib.Path) -> None:
    """Who owns the server does not choose bytes of a program that has more rights."""
    for delay_s in (0.0, 0.1, 0.2):
        server = start.server(
            binary, "--workers", "2", command=AS_NOBODY, environment=environment_of(set_user_id)
        )
        tool = start_tool(start, server)
        await_loading(tool)
        time.sleep(delay_s)
        replace_server(server, tool, set_user_id)
        owners = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        assert "\nUid:\t65534\t0\t0\t0\n" in owners
        assert_ended(tool, server)
        server.end(signal.SIGKILL)


def test_amid_sampling(start: Starter, binary: str, program: pathlib.Path) -> None:
    """The poll probes are attached again every second: never to the second program."""
    for _ in range(5):
        server = start.server(binary, "--workers", "2", environment=environment_of(program))
        tool = start.watch(server, "--max-overhead", "0.0001", "--report")
        ask(server.port, LEARNING_REQUESTS)

        def is_sampling() -> bool:
            ask(server.port, 20)
            return watched(tool) < 0.5

        wait_until("the poll probes are detached", is_sampling)
        # Moves the sampling windows against the tool's other timers.
        tool.kill(signal.SIGSTOP)
        time.sleep(1.5)
        tool.kill(signal.SIGCONT)
        wait_until("the poll probes are detached", is_sampling)
        time.sleep(random.uniform(0, 1))
        counted = tool.scrape().requests()[("GET", HEALTH, "200")]
        replace_server(server, tool, program)
        assert assert_ended(tool, server) == 0
        assert re.search(rf"{HEALTH}.*\b{counted}\b", tool.stdout()), tool.stdout()
        server.end()


@pytest.mark.quick
def test_later(start: Starter, binary: str, program: pathlib.Path) -> None:
    """The run ends with the numbers of the first program, and its memory is not read any more."""
    server = start.server(binary, "--workers", "2", environment=environment_of(program))
    tool = start.watch(server, "--once", "--duration", "1h", "--format", "prometheus",
                       "--listen", "none")
    for _ in range(5):
        assert ask_once(server.port, get(HEALTH)).status == 200
    assert changed_text(server.pid) > 0
    with request_exec(server):
        await_exec(server, program)
        assert most_changed_text(server, tool) == 0
    assert assert_ended(tool, server) == 0
    scrape = Scrape(tool.stdout())
    assert scrape.value("scotty_up") == 0
    assert scrape.requests() == {("GET", HEALTH, "200"): 5, ("GET", EXEC, "aborted"): 1}
    # The request ended at the execve(), not when the tool noticed.
    assert scrape.total("scotty_http_request_duration_seconds_sum") < 0.2 * PATIENCE
    assert not [name for name, _ in scrape.values if name == names.TOKIO_TASKS_ACTIVE]


def test_at_a_collection(start: Starter, binary: str, program: pathlib.Path) -> None:
    """A collection asks first: the first scrape after the execve() has no memory of the second program."""
    server = start.server(binary, "--workers", "2", environment=environment_of(program))
    tool = start.watch(server)
    assert tool.scrape().value("scotty_up") == 1
    with request_exec(server):
        await_exec(server, program)
        scrape = tool.scrape()
    assert scrape.value("scotty_up") == 0
    assert not [name for name, _ in scrape.values if name == "scotty_memory_rss_bytes"]
    assert_ended(tool, server)


def test_the_same_file_again(start: Starter, binary: str, tmp_path: pathlib.Path) -> None:
    """A server that restarts itself by execve() has the same process and the same file."""
    restart = tmp_path / "sleep"
    restart.write_text(
        f"#!/bin/sh\nexec {binary} --bind 127.0.0.1:0 --app-check-ms 3600000 --sample-ms 3600000\n"
    )
    restart.chmod(0o755)
    server = start.server(binary, "--workers", "2", environment=environment_of(restart))
    tool = start.watch(server, "--once", "--duration", "1h", "--format", "prometheus",
                       "--listen", "none")
    with request_exec(server):
        again = server.wait_for(r"(?s)listening on.*listening on \S+:(\d+)", server.stdout)
    assert runs(server.pid, pathlib.Path(binary))
    assert ask_once(int(again[1]), get(HEALTH)).status == 200
    assert assert_ended(tool, server) == 0
    assert changed_text(server.pid) == 0
    # The second run of the file is not counted.
    assert Scrape(tool.stdout()).requests() == {("GET", EXEC, "aborted"): 1}


@pytest.mark.quick
@pytest.mark.parametrize("option", ["auto", "single"])
def test_another_process_of_the_file(start: Starter, binary: str, option: str) -> None:
    """Only the observed process has traps, or `verify` names the other one."""
    first = start.server(binary, "--workers", "2")
    second = start.server(binary, "--workers", "2")
    tool: Tool = start.watch(first, "--attach", option)
    assert changed_text(first.pid) > 0
    plan = start.verify("--pid", str(first.pid), "--attach", option)
    is_named = f"process {second.pid}" in plan.stdout()
    assert (changed_text(second.pid) > 0) == is_named
    assert (f"process {second.pid} too" in tool.stderr()) == is_named
    assert tool.end() == 0
    assert changed_text(first.pid) == 0
