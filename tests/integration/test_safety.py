# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Nothing that happens to the tool, or to the server under it, is noticed by any client."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import threading

import pytest
from conftest import Starter
from harness import Counting, Server, Tool, held_by, wait_until
from http_client import ask_once, get, keep_alive_load, outcome

HEALTH = "/api/v1/health"
HARSH = (
    "/api/v1/test/panic",
    "/api/v1/test/spawn_panic/3",
    "/api/v1/test/status/500",
    "/api/v1/test/block_in_place/2",
    "/api/v1/test/spawn_blocking/2",
    "/api/v1/test/keep_request/2",
    HEALTH,
    "/nowhere",
)


def known(kind: str) -> set[int]:
    """The ids of all programs, links or maps in the kernel."""
    program = shutil.which("bpftool")
    if not program:
        pytest.skip("bpftool is not installed")
    shown = json.loads(subprocess.check_output([program, "--json", kind, "show"]))
    return {item["id"] for item in shown}


class Sites:
    """The probe sites that `verify` names, in the server's file and in its memory."""

    def __init__(self, start: Starter, server: Server) -> None:
        verify = start.verify("--pid", str(server.pid), "--format", "json")
        rows = json.loads(verify.stdout())["instrumentations"]
        self.server = server
        self.offsets = sorted({s["file_offset"] for row in rows for s in row.get("sites", [])})
        assert len(self.offsets) >= 6

    def address(self, offset: int) -> int:
        """Where the server has mapped that part of its executable."""
        for line in pathlib.Path(f"/proc/{self.server.pid}/maps").read_text().splitlines():
            fields = line.split()
            start, end = (int(part, 16) for part in fields[0].split("-"))
            first = int(fields[2], 16)
            is_code = "x" in fields[1] and fields[5:] == [self.server.binary]
            if is_code and first <= offset < first + end - start:
                return start + offset - first
        raise AssertionError(f"offset {offset:#x} is not mapped")

    def changed(self) -> list[int]:
        """The sites whose bytes in memory are not those of the file."""
        found = []
        with (
            open(self.server.binary, "rb") as file,
            open(f"/proc/{self.server.pid}/mem", "rb", buffering=0) as memory,
        ):
            for offset in self.offsets:
                file.seek(offset)
                memory.seek(self.address(offset))
                if file.read(16) != memory.read(16):
                    found.append(offset)
        return found


class Traces:
    """What a tool that runs has in the kernel."""

    def __init__(self, tool: Tool) -> None:
        self.held = {kind: held_by(tool.pid, kind) for kind in ("prog", "link", "map")}
        for kind, ids in self.held.items():
            assert ids and ids <= known(kind), kind

    def are_gone(self) -> bool:
        return not any(ids & known(kind) for kind, ids in self.held.items())


def assert_no_trace(traces: Traces, sites: Sites | None) -> None:
    """No program, link or map of the tool is left, and no byte of the server is changed."""
    wait_until("nothing is left in the kernel", traces.are_gone)
    if sites:
        wait_until("the code is as it was", lambda: sites.changed() == [])
    uprobes = pathlib.Path("/sys/kernel/tracing/uprobe_events")
    if uprobes.exists():
        assert "scotty" not in uprobes.read_text()


@pytest.fixture(scope="module")
def sites(start_shared: Starter, server: Server) -> Sites:
    return Sites(start_shared, server)


def harsh_outcomes(port: int) -> list[list[int | str]]:
    """What four clients see who make the same 150 requests each time, in an order of their own."""
    outcomes: list[list[int | str]] = [[] for _ in range(4)]

    def run(number: int) -> None:
        order = random.Random(number).choices(HARSH, k=150)
        outcomes[number] += [outcome(port, get(target)) for target in order]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_panics_under_probes(start: Starter, binary: str) -> None:
    """Panics of handlers and tasks: every client has the answers that it has without the tool."""
    server = start.server(binary)
    without = harsh_outcomes(server.port)
    tool = start.watch(server)
    counting = Counting(tool)
    assert harsh_outcomes(server.port) == without
    everything = [seen for client in without for seen in client]
    wait_until("all counted", lambda: counting.counted().total() >= len(everything))
    assert counting.counted().total() == len(everything)
    aborted = counting.counted()[("GET", "/api/v1/test/panic", "aborted")]
    assert aborted == everything.count("closed") > 0
    assert server.is_alive()
    assert "fatal runtime error" not in server.stderr()
    assert tool.end(signal.SIGINT) == 0
    assert harsh_outcomes(server.port) == without


def test_killed_tool_under_load(start: Starter, server: Server, sites: Sites) -> None:
    """kill -9 of the tool changes no answer; it leaves nothing, and another one counts exactly."""
    with keep_alive_load(server.port, HEALTH) as load:
        tool = start.watch(server)
        traces = Traces(tool)
        processes = tool.processes()
        assert len(processes) > 1
        wait_until("load", lambda: tool.scrape().requests().total() > 200)
        tool.kill(signal.SIGKILL)
        tool.wait()
        asked = load.total()
        wait_until("load goes on", lambda: load.total() > asked + 200)
    assert load.outcomes.keys() == {200}
    assert_no_trace(traces, sites)
    for name, pid in processes.items():
        comm = pathlib.Path(f"/proc/{pid}/comm")
        wait_until(f"{name} has ended", lambda c=comm: not c.exists())
    again = start.watch(server)
    counting = Counting(again)
    for _ in range(100):
        ask_once(server.port, get(HEALTH))
    counting.expect(("GET", HEALTH, 200), times=100)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, None])
def test_clean_end(start: Starter, server: Server, sites: Sites, number: int | None) -> None:
    """Ended by a signal or by --duration: status 0, nothing is left, and each took under 1 s."""
    options = () if number else ("--duration", "700ms")
    tool = start.watch(server, *options)
    traces = Traces(tool)
    assert sites.changed() == sites.offsets
    assert (tool.end(number) if number else tool.wait()) == 0
    assert "0 events lost" in tool.stderr()
    times_ms = re.findall(r"(?:sites|detached) in ([\d.]+) ms", tool.stderr())
    assert len(times_ms) == 2 and all(float(time_ms) < 1000 for time_ms in times_ms)
    assert_no_trace(traces, sites)
    assert ask_once(server.port, get(HEALTH)).status == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_end_of_the_server(start: Starter, binary: str, number: int) -> None:
    """When the server ends, however, the tool says so and ends by itself with status 0."""
    server = start.server(binary)
    tool = start.watch(server)
    traces = Traces(tool)
    ask_once(server.port, get(HEALTH))
    server.end(number)
    assert tool.wait() == 0
    assert f"process {server.pid} has ended" in tool.stderr()
    assert_no_trace(traces, None)


def test_stopped_tool_does_not_stop_the_server(start: Starter, server: Server) -> None:
    """A tool that hangs costs spans at most: its counters go on in the kernel."""
    tool: Tool = start.watch(server)
    counting = Counting(tool)
    os.kill(tool.pid, signal.SIGSTOP)
    try:
        for _ in range(200):
            assert ask_once(server.port, get(HEALTH)).status == 200
    finally:
        os.kill(tool.pid, signal.SIGCONT)
    counting.expect(("GET", HEALTH, 200), times=200)
