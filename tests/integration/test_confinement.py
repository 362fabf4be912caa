# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tool's processes have no more privileges, secrets and descriptors than they need."""

import os
import pathlib
import pty
import pwd
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator

import pytest

from harness.builds import ONE_BUILD
from harness.collector import FAST, Collector
from harness.counting import Counting
from harness.http_client import ask_once, get
from harness.ports import ReservedPort
from harness.privileges import Privileges
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

AGENT = "scottyscope"
FRONT = "scottyscope-web"
SUPERVISOR = "scottyscope-sup"
RUN_TIMES = "scottyscope-rts"
HEALTH = "/api/v1/health"
OK = ("GET", HEALTH, 200)
# What the agent uses after its start, and what a new supervisor uses.
USED = {"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"}
DORMANT = {"SETUID", "SETGID"}
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def privileges_of(tool: Tool) -> dict[str, Privileges]:
    return {name: Privileges(pid) for name, pid in tool.processes().items()}


@pytest.mark.quick
@pytest.mark.parametrize("attach", ["auto", "single"])
def test_agent_keeps_few_capabilities(start: Starter, server: Server, attach: str) -> None:
    """CAP_SYS_ADMIN stays where each attachment takes it: single uprobes are perf events."""
    tool = start.watch(server, "--attach", attach)
    agent = Privileges(tool.pid)
    used = USED | ({"SYS_ADMIN"} if attach == "single" else set())
    assert agent.capabilities("Eff") == used
    assert agent.capabilities("Prm") == used | DORMANT
    assert agent.capabilities("Bnd") == used | DORMANT
    assert agent.capabilities("Inh") == agent.capabilities("Amb") == set()
    assert tool.end() == 0


@pytest.mark.quick
def test_run_times_have_a_helper(start: Starter, server: Server) -> None:
    """CAP_SYS_ADMIN for run times is in a process that can do nothing else."""
    tool = start.watch(server, "--max-overhead", "3")
    helper = privileges_of(tool)[RUN_TIMES]
    for which in ("Eff", "Prm", "Bnd"):
        assert helper.capabilities(which) == {"SYS_ADMIN"}
    assert helper.has_filter() and helper.has_no_new_privileges()
    sockets = {os.readlink(link).split(":")[0] for link in (helper.proc / "fd").iterdir()
               if int(link.name) > 2}
    assert sockets == {"socket"}
    assert RUN_TIMES not in start.watch(server, "--attach", "single").processes()


def test_run_times_are_measured(start: Starter, server: Server) -> None:
    """The estimate of the overhead has the programs' run times, although the agent cannot enable
    their measurement."""
    tool = start.watch(server, "--max-overhead", "50", "-v")
    for _ in range(3000):
        ask_once(server.port, get(HEALTH))
    assert "does not measure the run times" not in tool.stderr()
    assert tool.end() == 0


@pytest.mark.quick
def test_every_process_is_confined(tool: Tool) -> None:
    """All processes filter their system calls and cannot gain privileges or dump core."""
    processes = privileges_of(tool)
    assert {AGENT, FRONT, SUPERVISOR} <= processes.keys()
    for name, process in processes.items():
        assert process.has_filter(), name
        assert process.has_no_new_privileges(), name
        assert process.core_limits() == {"0"}, name


@pytest.fixture(name="server_of_nobody", scope="module")
def fixture_server_of_nobody(start_shared: Starter, binary: str) -> Iterator[Server]:
    """A server whose files in /proc need capabilities: root's user id alone does not open them."""
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed (package util-linux)")
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory).chmod(0o755)
        copy = shutil.copy(binary, directory)
        yield start_shared.server(str(copy), command=NOBODY)


@pytest.mark.quick
def test_each_capability_is_needed(start: Starter, server_of_nobody: Server) -> None:
    """Without one capability, the tool ends with status 5 and names the capability."""
    for missing in ("BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH", "SETUID", "SETGID"):
        kept = (USED | DORMANT) - {missing}
        bounding = ",".join(["-all", *(f"+{name.lower()}" for name in sorted(kept))])
        tool = start.watch(
            server_of_nobody, command=("setpriv", "--bounding-set", bounding), await_attached=False
        )
        assert tool.wait() == 5, missing
        assert f"CAP_{missing}" in tool.stderr()


def test_the_kept_capabilities_suffice(start: Starter, server_of_nobody: Server) -> None:
    """The tool works with the documented capabilities alone, and replaces its front."""
    kept = ",".join(["-all", *(f"+{name.lower()}" for name in sorted(USED | DORMANT))])
    server = server_of_nobody
    with ReservedPort() as port:
        address = f"127.0.0.1:{port.number}"
    tool = start.watch(server, "--listen", address, command=("setpriv", "--bounding-set", kept))
    counting = Counting(tool)
    os.kill(tool.processes()[SUPERVISOR], signal.SIGKILL)
    ask_once(server.port, get(HEALTH))
    tool.wait_for("the front runs again", tool.stderr)
    counting.expect(OK, times=1)
    assert tool.end() == 0


class Terminal:
    """A terminal of its own, for a tool that runs in it."""

    def __init__(self, server: Server, directory: pathlib.Path) -> None:
        arguments = [
            os.environ["SCOTTYSCOPE"], "--pid", str(server.pid),
            "--listen", "127.0.0.1:0", "--otlp-endpoint", "none",
        ]  # fmt: skip
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.execv(arguments[0], arguments)
        os.set_blocking(self.fd, False)

    def read(self) -> bytes:
        try:
            self.output += os.read(self.fd, 65536)
        except (BlockingIOError, OSError):
            pass
        return self.output


@pytest.mark.quick
def test_front_has_no_terminal(server: Server, tmp_path: pathlib.Path) -> None:
    """The processes without privileges are in another session, without root's terminal."""
    terminal = Terminal(server, tmp_path)
    try:
        wait_until("the tool is attached", lambda: b"metrics at" in terminal.read())
        agent = Privileges(terminal.pid)
        assert agent.has_terminal() and agent.descriptor(0).startswith("/dev/pts/")
        children = list(map(int, (agent.proc / f"task/{terminal.pid}/children").read_text().split()))
        left = list(children)
        checked = set()
        while left:
            pid = left.pop()
            process = Privileges(pid)
            left += map(int, (process.proc / f"task/{pid}/children").read_text().split())
            name = process.fields["Name"]
            assert process.session() != agent.session() and not process.has_terminal(), name
            if name in (FRONT, SUPERVISOR):
                assert process.descriptor(0) == process.descriptor(1) == "/dev/null"
                assert process.descriptor(2).startswith("pipe:")
                checked.add(name)
        assert checked == {FRONT, SUPERVISOR}
    finally:
        os.kill(terminal.pid, signal.SIGTERM)
        wait_until("the tool ends", lambda: terminal.read() and os.waitpid(terminal.pid, os.WNOHANG)[0])
        os.close(terminal.fd)


@pytest.mark.quick
def test_user_of_the_front(start: Starter, server: Server) -> None:
    """--front-user names the user; a user that does not exist, and root, are refused."""
    tool = start.watch(server, "--front-user", "daemon")
    daemon = pwd.getpwnam("daemon")
    for name in (FRONT, SUPERVISOR):
        process = privileges_of(tool)[name]
        assert process.users() == {daemon.pw_uid} and process.groups() == {daemon.pw_gid}
    assert tool.end() == 0
    assert "runs as nobody" not in tool.stderr()
    for refused, reason in (("no-such-user", "no user"), ("root", "must not be root")):
        tool = start.watch(server, "--front-user", refused, await_attached=False)
        assert tool.wait() != 0
        (line,) = tool.stderr().splitlines()
        assert "--front-user" in line and reason in line


@pytest.mark.quick
def test_nobody_is_the_last_resort(tool: Tool) -> None:
    """Without a user scottyscope the front is nobody, which is said."""
    try:
        expected = pwd.getpwnam("scottyscope").pw_uid
    except KeyError:
        expected = 65534
        assert "the network process runs as nobody" in tool.stderr()
    assert privileges_of(tool)[FRONT].users() == {expected}


def writable_memory(pid: int) -> bytes:
    """Returns the contents of all memory of the process that it can write."""
    found = b""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, rights = line.split()[:2]
            if "w" not in rights or "[v" in line or "bpf" in line or "anon_inode" in line:
                continue
            begin, end = (int(part, 16) for part in where.split("-"))
            try:
                memory.seek(begin)
                found += memory.read(end - begin)
            except (OSError, ValueError, OverflowError):
                continue
    return found


@pytest.mark.quick
def test_agent_has_no_secrets(start: Starter, binary: str) -> None:
    """The agent's memory has neither the server's environment nor the headers for the collector."""
    server = start.server(binary, environment={"API_TOKEN": "planted-of-server"})
    collector = Collector(start)
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        environment={
            **FAST,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-token=planted-of-header",
            "OTHER": "planted-of-root",
        },
    )
    wait_until("metrics arrived", lambda: collector.requests("metrics"))
    assert collector.headers("metrics", "x-token") == {"planted-of-header"}
    memory = writable_memory(tool.pid)
    # The search would find them.
    assert b"OTEL_EXPORTER_OTLP_HEADERS" in memory and b"planted-of-root" in memory
    for secret in (b"planted-of-server", b"planted-of-header"):
        where = memory.find(secret)
        assert where < 0, memory[max(0, where - 100) : where + 100]
    assert b"planted-of-header" not in pathlib.Path(f"/proc/{tool.pid}/environ").read_bytes()
    for name in (FRONT, SUPERVISOR):
        assert b"planted-of-root" not in writable_memory(tool.processes()[name])
    assert tool.end() == 0


def test_paths_cannot_control_the_terminal(
    start: Starter, binary: str, tmp_path: pathlib.Path
) -> None:
    """A path with escape sequences and line ends is printed in one line, without them."""
    directory = tmp_path / "a\nscottyscope: error: forged\x1b[31m\u009b1m\u202e"
    directory.mkdir()
    copy = shutil.copy(binary, directory / "scotty")
    server = start.server(str(copy))
    tool = start.watch(server)
    assert tool.end() == 0
    text = (tool.directory / "stderr").read_text()
    assert "a?scottyscope: error: forged?[31m?1m?/scotty" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert not re.search(r"(?m)^scottyscope: error", text)


def test_a_dead_supervisor_is_replaced(start: Starter, server: Server) -> None:
    """Whoever kills the supervisor ends /metrics for a moment only."""
    tool = start.watch(server, "--listen", "127.0.0.1:0")
    for times in (1, 2):
        os.kill(tool.processes()[SUPERVISOR], signal.SIGKILL)
        tool.wait_for(rf"(?s)(the front runs again.*){{{times}}}", tool.stderr)
        processes = privileges_of(tool)
        for name in (FRONT, SUPERVISOR):
            assert processes[name].users() != {0}
            for which in ("Inh", "Prm", "Eff", "Amb"):
                assert processes[name].capabilities(which) == set()
            assert processes[name].has_filter() and not processes[name].has_terminal()
    # None that was replaced is left as a zombie.
    children = pathlib.Path(f"/proc/{tool.pid}/task/{tool.pid}/children").read_text().split()
    names = [pathlib.Path(f"/proc/{pid}/comm").read_text().strip() for pid in children]
    assert names.count(SUPERVISOR) == 1
    assert tool.end() == 0
