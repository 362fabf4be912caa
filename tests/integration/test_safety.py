# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""No client notices the tool, whatever happens to the tool or to the server."""

import json
import os
import pathlib
import re
import signal

import pytest

from harness.bpf import held_by, known
from harness.builds import BOTH_RECORDERS
from harness.counting import Counting
from harness.http_client import ask_once, get
from harness.load import keep_alive_load
from harness.panics import harsh_outcomes
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_RECORDERS

HEALTH = "/api/v1/health"
class Sites:
    """The probe sites that `verify` names, in the server's file and in its memory."""

    def __init__(self, start: Starter, server: Server) -> None:
        verify = start.verify("--pid", str(server.pid), "--format", "json")
        rows = json.loads(verify.stdout())["instrumentations"]
        self.server = server
        self.offsets = sorted({s["file_offset"] for row in rows for s in row.get("sites", [])})
        assert len(self.offsets) >= 6

    def address(self, offset: int) -> int:
        """Returns the address of a file offset in the server."""
        for line in pathlib.Path(f"/proc/{self.server.pid}/maps").read_text().splitlines():
            fields = line.split()
            start, end = (int(part, 16) for part in fields[0].split("-"))
            first = int(fields[2], 16)
            is_code = "x" in fields[1] and fields[5:] == [os.path.realpath(self.server.binary)]
            if is_code and first <= offset < first + end - start:
                return start + offset - first
        raise AssertionError(f"offset {offset:#x} is not mapped")

    def changed(self) -> list[int]:
        """Returns the probe sites whose bytes in memory differ from the file."""
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


class KernelObjects:
    """The BPF programs, links and maps of a running tool."""

    def __init__(self, tool: Tool) -> None:
        self.held = {kind: held_by(tool.pid, kind) for kind in ("prog", "link", "map")}
        for kind, ids in self.held.items():
            assert ids and ids <= known(kind), kind

    def left(self) -> dict[str, set[int]]:
        """Returns the ids of the objects that still exist, by kind."""
        found = {kind: ids & known(kind) for kind, ids in self.held.items()}
        return {kind: ids for kind, ids in found.items() if ids}


def assert_nothing_is_left(objects: KernelObjects, sites: Sites | None) -> None:
    """Asserts that the tool's BPF objects are gone and the server's code is unchanged."""
    try:
        wait_until("nothing is left in the kernel", lambda: not objects.left())
    except AssertionError as failure:
        raise AssertionError(f"{failure}: {objects.left()}") from failure
    if sites:
        wait_until("the code is unchanged", lambda: sites.changed() == [])
    uprobes = pathlib.Path("/sys/kernel/tracing/uprobe_events")
    if uprobes.exists():
        assert "scotty" not in uprobes.read_text()


@pytest.fixture(scope="module")
def sites(start_shared: Starter, server: Server) -> Sites:
    return Sites(start_shared, server)


@pytest.mark.quick
def test_panics_under_probes(start: Starter, binary: str) -> None:
    """Panics of handlers and tasks: every client gets the same responses as without the tool."""
    server = start.server(binary)
    without = harsh_outcomes(server.port)
    tool = start.watch(server)
    counting = Counting(tool)
    assert harsh_outcomes(server.port) == without
    everything = [seen for client in without for seen in client]
    wait_until("all requests are counted", lambda: counting.counted().total() >= len(everything))
    assert counting.counted().total() == len(everything)
    aborted = counting.counted()[("GET", "/api/v1/test/panic", "aborted")]
    assert aborted == everything.count("closed") > 0
    assert server.is_alive()
    assert "fatal runtime error" not in server.stderr()
    assert tool.end(signal.SIGINT) == 0
    assert harsh_outcomes(server.port) == without


def test_killed_tool_under_load(start: Starter, server: Server, sites: Sites) -> None:
    """kill -9 of the tool changes no response and leaves nothing; a new tool counts exactly."""
    with keep_alive_load(server.port, HEALTH) as load:
        tool = start.watch(server)
        objects = KernelObjects(tool)
        processes = tool.processes()
        assert len(processes) > 1
        wait_until("requests are counted", lambda: tool.scrape().requests().total() > 200)
        tool.kill(signal.SIGKILL)
        tool.wait()
        asked = load.total()
        wait_until("the load continues", lambda: load.total() > asked + 200)
    assert load.outcomes.keys() == {200}
    assert_nothing_is_left(objects, sites)
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
    """A signal or --duration ends the tool: status 0, and nothing is left."""
    options = () if number else ("--duration", "700ms")
    tool = start.watch(server, *options)
    objects = KernelObjects(tool)
    assert sites.changed() == sites.offsets
    assert (tool.end(number) if number else tool.wait()) == 0
    assert "nothing was dropped" in tool.stderr()
    assert_nothing_is_left(objects, sites)
    assert ask_once(server.port, get(HEALTH)).status == 200


@pytest.mark.quiet
def test_attaching_and_detaching_take_less_than_a_second(start: Starter, server: Server) -> None:
    """The tool logs both times. The time for which the tool waited for a CPU does not count."""
    tool = start.watch(server)
    tool.kill(signal.SIGTERM)
    os.waitid(os.P_PID, tool.pid, os.WEXITED | os.WNOWAIT)
    # The zombie still has its file.
    waited_ns = int(pathlib.Path(f"/proc/{tool.pid}/schedstat").read_text().split()[1])
    assert tool.wait() == 0
    times_ms = re.findall(r"(?:sites|detached) in ([\d.]+) ms", tool.stderr())
    assert len(times_ms) == 2 and max(map(float, times_ms)) < 1000 + waited_ns / 1e6


@pytest.mark.quick
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_end_of_the_server(start: Starter, binary: str, number: int) -> None:
    """When the server ends or is killed, the tool reports that and ends with status 0."""
    server = start.server(binary)
    tool = start.watch(server)
    objects = KernelObjects(tool)
    ask_once(server.port, get(HEALTH))
    server.end(number)
    assert tool.wait() == 0
    assert f"process {server.pid} has ended" in tool.stderr()
    assert_nothing_is_left(objects, None)


def test_stopped_tool_does_not_stop_the_server(start: Starter, server: Server) -> None:
    """While the tool is stopped, its counters in the kernel continue."""
    tool: Tool = start.watch(server)
    counting = Counting(tool)
    os.kill(tool.pid, signal.SIGSTOP)
    try:
        for _ in range(200):
            assert ask_once(server.port, get(HEALTH)).status == 200
    finally:
        os.kill(tool.pid, signal.SIGCONT)
    counting.expect(("GET", HEALTH, 200), times=200)
