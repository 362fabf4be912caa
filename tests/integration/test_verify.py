# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`verify` reports each build correctly; a process that cannot be observed is refused."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator

import pytest

from harness.builds import (
    BUILD_VARIABLES,
    BUILDS_WITH_RECORDER,
    BUILDS_WITHOUT_STATUSES,
    ONE_BUILD,
    binary_of,
)
from harness.counting import Counting
from harness.http_client import ask_once, get
from harness.process import Process
from harness.server import Server
from harness.starter import Starter

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
PARTIAL, TARGET, PERMISSION, FAILED = 3, 4, 5, 1
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

# Instrumentations of every build, and those that need Scotty's recorder.
OF_ALL = {
    "http requests",
    "http routes",
    "client addresses",
    "websockets",
    "shell sessions",
    "log streams",
    "compose tasks",
    "applications",
    "application statuses",
    "tokio polls",
    "tokio tasks",
    "tokio scheduling",
    "tokio workers",
    "memory",
    "memory peak",
}
# Hooks that are hit often, so that their sites must be cheap.
OFTEN = ("poll_", "raw_poll", "task_", "schedule_", "http_", "frame_", "text_")
OFTEN += ("rate_limit_allowed",)
# The wake-ups of current-thread runtimes and LocalSets, which this server does not have.
UNUSED = "schedule_single"
OF_RECORDERS = {"oauth flows", "oauth sessions", "rate limits"}


def available(which: str) -> set[str]:
    found = OF_ALL | OF_RECORDERS if which in BUILDS_WITH_RECORDER else OF_ALL
    return found - {"application statuses"} if which in BUILDS_WITHOUT_STATUSES else found


def status_of(which: str) -> int:
    """Returns the exit status of `verify` for a build."""
    return 0 if which in BUILDS_WITH_RECORDER else PARTIAL


@pytest.fixture
def directory() -> Iterator[pathlib.Path]:
    """A directory that other users may read."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def needs(*programs: str) -> None:
    """Skips the test if a program is not installed."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def assert_refused(process: Process, status: int, *said: str) -> None:
    """Asserts one line on standard error that contains all of `said`, and the exit status."""
    assert process.wait() == status, process.stderr()
    lines = process.stderr().splitlines()
    assert len(lines) == 1, lines
    for text in said:
        assert text in lines[0]


def assert_counts(start: Starter, binary: str, *options: str) -> None:
    """Asserts that a tool on that binary counts requests, routes and polls."""
    server = start.server(binary)
    tool = start.watch(server, *options)
    counting = Counting(tool)
    for _ in range(10):
        ask_once(server.port, get(HEALTH))
    counting.expect(("GET", HEALTH, 200), times=10)
    assert tool.scrape().polls() >= 10


@pytest.mark.quick
@pytest.mark.parametrize("which", BUILD_VARIABLES)
def test_json(start: Starter, which: str) -> None:
    """Every instrumentation, with cheap sites whose instruction is the named one."""
    server = start.server(binary_of(which))
    verify = start.verify("--pid", str(server.pid), "--format", "json")
    assert verify.wait() == status_of(which) and verify.stderr() == ""
    plan = json.loads(verify.stdout())
    rows = plan["instrumentations"]
    assert plan["executable"] == os.path.realpath(server.binary)
    assert {row["instrumentation"] for row in rows} == OF_ALL | OF_RECORDERS
    assert {row["instrumentation"] for row in rows if row["available"]} == available(which)
    assert plan["available"] == len(available(which)) and plan["of"] == len(rows)
    assert all(row["reason"] for row in rows if not row["available"])
    code = pathlib.Path(server.binary).read_bytes()
    sites = [site for row in rows for site in row.get("sites", [])]
    assert {site["hook"] for site in sites} >= {"http_parse", "http_encode", "task_complete"}
    for site in sites:
        is_frequent = site["hook"].startswith(OFTEN) and site["hook"] != UNUSED
        assert site["cost"] == "emulated" or not is_frequent, site
        first = code[site["file_offset"]]
        if site["instruction"].startswith("push"):
            assert first in range(0x50, 0x58) or code[site["file_offset"] + 1] in range(0x50, 0x58)


def test_json_of_a_subject(start: Starter, server: Server) -> None:
    """The JSON names its schema, the tool, the host and the process; names of schema 1 still work."""
    plan = json.loads(start.verify("--pid", str(server.pid), "--format", "json").stdout())
    version = start.process([os.environ["SCOTTYSCOPE"], "--version"])
    assert version.wait() == 0
    assert plan["schema"] == 2 and plan["level"] == "full"
    assert f"{plan['tool']['name']} {plan['tool']['version']}" == version.stdout().strip()
    assert plan["host"] == {"name": socket.gethostname()}
    assert plan["process"] == {"pid": server.pid}
    assert plan["signals"] == plan["instrumentations"]
    assert plan["task_kinds"] == plan["task_types"]
    for row in plan["signals"]:
        assert row["signal"] == row["instrumentation"]
        assert row["left_out"] == row["disabled_by_level"]
        assert row.get("way") == row.get("strategy")


@pytest.mark.parametrize(("level", "hits"), [("full", 6), ("standard", 5), ("basic", 3)])
def test_cost(start: Starter, server: Server, level: str, hits: int) -> None:
    """The hits of a request at each level, and a range of time that the traps alone do not exceed."""
    options = ("--pid", str(server.pid), "--level", level)
    cost = json.loads(start.verify(*options, "--format", "json").stdout())["cost"]
    assert cost["hits_per_request"] == hits
    assert cost["hits_per_wait"] == hits - 3
    assert 0 < cost["trap_ns"] < cost["single_step_ns"]
    time = cost["server_ns_per_request"]
    assert hits * cost["trap_ns"] < time["lowest"] < time["highest"]
    text = start.verify(*options).stdout()
    found = re.search(r"Cost: (\S+) to (\S+) us of the server's CPU time per request", text)
    percent = re.search(r"(?m)^  (\S+) to (\S+) % of one CPU at 1,000 requests/s$", text)
    assert found and percent, text
    for us, share in zip(found.groups(), percent.groups(), strict=True):
        assert float(share) == pytest.approx(float(us) / 10, abs=0.06)
    assert f"  {hits} probe hits per request" in text


def listed(text: str, heading: str) -> set[str]:
    """The items of the list below a heading of the text."""
    match = re.search(rf"(?m)^{heading}.*\n((?:  [^ ].*\n)+)", text)
    return set(match[1].strip().replace("\n", "").replace(",  ", ", ").split(", ")) if match else set()


@pytest.mark.quick
@pytest.mark.parametrize("which", BUILD_VARIABLES)
def test_text(start: Starter, which: str) -> None:
    """The verdict: what is observed, what is missing and why, the cost, and that nothing is attached."""
    server = start.server(binary_of(which))
    verify = start.verify("--pid", str(server.pid))
    assert verify.wait() == status_of(which)
    text = verify.stdout()
    missing = (OF_ALL | OF_RECORDERS) - available(which)
    assert f"process {server.pid} on {socket.gethostname()}: {server.binary}\n" in text
    assert f"\nObserved: {len(available(which))} of 18 instrumentations\n" in text
    assert listed(text, "Observed: ") == available(which)
    assert (f"\nMissing: {len(missing)}\n" in text) == bool(missing)
    for name in missing:
        assert re.search(rf"(?m)^  (?:.*, )?{name}(?:, .*)?\n    why:   \S.*\n    needs: \S", text)
    assert re.search(r"(?m)^Cost: \d", text)
    assert "\nSafety: nothing was attached\n" in text
    assert "0x" not in text and "transition_to" not in text


def test_details(start: Starter, server: Server, build: str) -> None:
    """With -v, each instrumentation has its strategy, and each hook its function and its site."""
    verify = start.verify("--pid", str(server.pid), "-v")
    assert verify.wait() == status_of(build)
    text = verify.stdout()
    for name in OF_ALL | OF_RECORDERS:
        lines = "    strategy: " if name in available(build) else "    why:   "
        answer = "yes" if name in available(build) else "no "
        assert re.search(rf"(?m)^  {answer}  {name}: .*\n{lines}", text)
    assert re.search(
        r"(?m)^    <hyper::proto::h1::role::Server .*>::parse\n"
        r"      http_parse at 0x[0-9a-f]+( \(\+0x[0-9a-f]+\))?: emulated  \[",
        text,
    )


def test_selection_by_port_and_name(
    start: Starter, build: str, binary: str, directory: pathlib.Path
) -> None:
    """The process is found by its port and by the name of its executable."""
    copy = directory / "scotty-by-name"
    shutil.copy(binary, copy)
    server = start.server(str(copy))
    for options in (("--port", str(server.port)), ("--exe", "scotty-by-name")):
        verify = start.verify(*options)
        assert verify.wait() == status_of(build), verify.stderr()
        assert copy.name in verify.stdout()


def test_stripped(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """A stripped executable is refused; the message names the remedy."""
    needs("strip")
    copy = directory / "stripped"
    subprocess.run(["strip", "-o", copy, binary], check=True)
    server = start.server(str(copy))
    for command in ("verify", "run"):
        process = start.process([os.environ["SCOTTYSCOPE"], command, "--pid", str(server.pid)])
        assert_refused(process, FAILED, "stripped", ".symtab", "/usr/lib/debug/.build-id")
    assert ask_once(server.port, get(HEALTH)).status == 200


def debug_file_name(binary: str) -> pathlib.Path:
    """Returns where in a directory of debug files the one of a binary is."""
    notes = subprocess.check_output(["readelf", "-n", binary], text=True)
    found = re.search(r"Build ID: ([0-9a-f]+)", notes)
    if not found:
        pytest.skip("the executable has no build id")
    return pathlib.Path(".build-id", found[1][:2], f"{found[1][2:]}.debug")


def test_debug_directory(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """A stripped executable with a debug file in a directory of the user's choice is observed."""
    needs("strip", "objcopy", "readelf")
    copy, files = directory / "separated", directory / "files"
    subprocess.run(["strip", "-o", copy, binary], check=True)
    debug = files / debug_file_name(binary)
    debug.parent.mkdir(parents=True)
    subprocess.run(["objcopy", "--only-keep-debug", binary, debug], check=True)
    assert_counts(start, str(copy), "--debug-directory", str(files))
    refused = start.verify("--exe", copy.name)
    assert_refused(refused, FAILED, "stripped", "--debug-directory")


def test_separate_debug_file(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """A stripped executable with a debug file in the usual place is observed."""
    needs("strip", "objcopy", "readelf")
    copy = directory / "separated"
    subprocess.run(["strip", "-o", copy, binary], check=True)
    debug = pathlib.Path("/usr/lib/debug") / debug_file_name(binary)
    if debug.exists():
        pytest.skip(f"{debug} is not ours")
    made = [parent for parent in debug.parents if not parent.exists()]
    debug.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["objcopy", "--only-keep-debug", binary, debug], check=True)
        assert_counts(start, str(copy))
    finally:
        debug.unlink()
        for parent in made:
            parent.rmdir()


def test_deleted_executable(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """A deleted or replaced executable is read from the process."""
    copy = pathlib.Path(shutil.copy(binary, directory / "deleted"))
    server = start.server(str(copy))
    copy.unlink()
    copy.write_text("not an executable")
    tool = start.watch(server)
    counting = Counting(tool)
    for _ in range(10):
        ask_once(server.port, get(HEALTH))
    counting.expect(("GET", HEALTH, 200), times=10)


def test_other_mount_namespace(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """An executable that only its own mount namespace has, as in a container, is read."""
    needs("unshare")
    script = 'mount -t tmpfs none "$0" && cp "$1" "$0/scotty" && shift && exec "$0/scotty" "$@"'
    command = ("unshare", "--mount", "sh", "-c", script, str(directory))
    server = start.server(binary, command=command)
    assert not list(directory.iterdir())
    tool = start.watch(server)
    counting = Counting(tool)
    ask_once(server.port, get(HEALTH))
    counting.expect(("GET", HEALTH, 200))


def test_own_process_namespace(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """Tool and server share a process namespace, whose ids differ from the kernel's ids."""
    needs("unshare")
    output = directory / "server"
    script = """
        "$1" --bind 127.0.0.1:0 >"$0" &
        until grep -q listening "$0"; do sleep 0.02; done
        shift
        "$@"
    """
    unshare = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    tool = start.tool(
        "--exe",
        pathlib.Path(binary).name,
        command=(*unshare, "sh", "-c", script, str(output), binary),
    )
    server_port = int(tool.wait_for(r"listening on \S+:(\d+)", output.read_text)[1])
    counting = Counting(tool)
    for _ in range(10):
        assert ask_once(server_port, get(HEALTH)).status == 200
    counting.expect(("GET", HEALTH, 200), times=10)
    scrape = tool.scrape()
    assert scrape.polls() >= 10
    assert scrape.value("scotty_memory_rss_bytes") > 0
    tool.kill()


def test_not_a_tokio_program(start: Starter) -> None:
    """A program without tokio is refused with one line, and continues."""
    sleep = start.process([shutil.which("sleep") or "sleep", "60"])
    for command in ("verify", "run"):
        process = start.process([os.environ["SCOTTYSCOPE"], command, "--pid", str(sleep.pid)])
        assert_refused(process, FAILED, "sleep")
    assert sleep.is_alive()


@pytest.mark.quick
def test_no_such_process(start: Starter) -> None:
    """A process that does not exist, by id, by name and by port."""
    ended = start.process(["true"])
    ended.wait()
    assert_refused(start.verify("--pid", str(ended.pid)), TARGET, str(ended.pid))
    assert_refused(start.verify("--exe", "no-such-name"), TARGET, "no-such-name")
    assert_refused(start.verify("--port", "1"), TARGET, "port 1")


def test_several_processes(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """If several processes match, all are listed and none is observed."""
    copy = shutil.copy(binary, directory / "scotty-twins")
    servers = [start.server(str(copy)) for _ in range(2)]
    said = [part for server in servers for part in (str(server.pid), f"port {server.port}")]
    for command in ("verify", "run"):
        process = start.process([os.environ["SCOTTYSCOPE"], command, "--exe", "scotty-twins"])
        assert_refused(process, TARGET, "--pid", *said)


def test_unprivileged_user(start: Starter, binary: str, directory: pathlib.Path) -> None:
    """Without privileges the message names them, with the documented exit status."""
    needs("setpriv")
    tool = str(shutil.copy(os.environ["SCOTTYSCOPE"], directory / "scottyscope"))
    server = start.server(binary)
    for command in ("verify", "run"):
        for options in (("--pid", str(server.pid)), ("--port", str(server.port))):
            process = start.process([*NOBODY, tool, command, *options])
            assert_refused(process, PERMISSION, "root")
    assert ask_once(server.port, get(HEALTH)).status == 200
