# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The static build: alone, and with scottyscope-otlp, which sends OTLP."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest

from harness.bpf import held_by
from harness.collector import FAST, Collector
from harness.counting import Counting
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

HEALTH = "/api/v1/health"
OK = ("GET", HEALTH, 200)
TOOL = pathlib.Path(os.environ.get("SCOTTYSCOPE_STATIC", "/nowhere"))
COMPANION = "scottyscope-otlp"
PROGRAMS = (TOOL.name, COMPANION)
# The parts of glibc, and its loader.
LIBC_PARTS = re.compile(r"(libc|libm|libpthread|libdl|librt|ld-linux-[\w-]+)\.so\.\d")

TESTED_BUILDS = ("bare",)


def reason_of_absence() -> str:
    """Returns why the build is missing."""
    reason = TOOL.parent / "lib/unavailable"
    return reason.read_text().strip() if reason.exists() else "make static has not been run"


@pytest.fixture(autouse=True)
def _needs_the_build() -> None:
    if not os.access(TOOL, os.X_OK):
        pytest.skip(f"{TOOL}: {reason_of_absence()}")


def copy(directory: pathlib.Path, *names: str) -> str:
    """Copies programs to a directory that only root may enter; returns the tool's path."""
    directory.chmod(0o700)
    for name in names:
        shutil.copy(TOOL.parent / name, directory)
    return str(directory / TOOL.name)


def descendants(pid: int) -> Iterator[int]:
    """Yields the children of all threads of a process, and their descendants."""
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from descendants(child)


def companions(tool: Tool) -> list[int]:
    """Returns the processes that send OTLP."""
    return [
        pid
        for pid in descendants(tool.pid)
        if pathlib.Path(f"/proc/{pid}/cmdline").read_text().startswith(COMPANION)
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_needs_only_the_c_library(build: str, program: str, tmp_path: pathlib.Path) -> None:
    """The program starts in a root that has only the C library and its loader."""
    assert build
    path = str(TOOL.parent / program)
    needed = subprocess.run(["readelf", "-dW", path], check=True, capture_output=True, text=True)
    names = re.findall(r"NEEDED.*\[(.*)\]", needed.stdout)
    assert names and all(LIBC_PARTS.fullmatch(name) for name in names), names

    loaded = subprocess.run(["ldd", path], check=True, capture_output=True, text=True)
    for library in [path, *re.findall(r"(/\S+) \(0x", loaded.stdout)]:
        place = tmp_path / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, place)
    alone = subprocess.run(
        ["chroot", str(tmp_path), path, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    # The companion is no command for users: it prints its version and fails.
    assert alone.returncode == (0 if program == TOOL.name else 2)
    assert re.match(rf"{program} \S+", alone.stdout + alone.stderr)


def test_alone(start: Starter, server: Server, tmp_path: pathlib.Path) -> None:
    """Without the companion metrics are served; one line says that OTLP is off, and the remedy."""
    tool = start.watch(
        server,
        "--otlp-endpoint",
        "http://127.0.0.1:1",
        binary=copy(tmp_path, TOOL.name),
        environment=FAST,
    )
    counting = Counting(tool)
    for _ in range(20):
        ask_once(server.port, get(HEALTH))
    counting.expect(OK, times=20)
    assert tool.end() == 0
    (line,) = [line for line in tool.stderr().splitlines() if "OTLP" in line]
    assert f"{tmp_path}/{COMPANION}" in line
    assert "install" in line and "--otlp-endpoint none" in line


def test_nothing_to_send(start: Starter, server: Server, tmp_path: pathlib.Path) -> None:
    """Without a collector there is no message about OTLP."""
    tool = start.watch(server, binary=copy(tmp_path, TOOL.name))
    assert tool.end() == 0
    assert "OTLP" not in tool.stderr()


def test_sends_otlp(start: Starter, server: Server, tmp_path: pathlib.Path) -> None:
    """All data arrives, also if the collector fails and the senders are killed."""
    collector = Collector(start, 0, "--fail", "3", "--fail-status", "UNAVAILABLE")
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        binary=copy(tmp_path, *PROGRAMS),
        environment={**FAST, "OTEL_EXPORTER_OTLP_HEADERS": "x-token=very-secret"},
    )
    counting = Counting(tool)
    for times in range(1, 4):
        for _ in range(10):
            ask_once(server.port, get(HEALTH))
        wait_until("the spans arrived", lambda: len(collector.spans()) >= 10 * times)  # noqa: B023
        senders = wait_until("both senders run", lambda: (found := companions(tool))[1:] and found)
        for pid in senders:
            os.kill(pid, signal.SIGKILL)
    wait_until("all counts arrived", lambda: collector.counted().total() >= 30)
    assert counting.counted() == {("GET", HEALTH, "200"): 30}
    assert tool.scrape().losses() == {}
    assert tool.scrape().value("scottyscope_front_restarts_total") == 0
    assert tool.end() == 0
    assert len({span["spanId"] for span in collector.spans()}) == len(collector.spans()) == 30
    assert collector.headers("metrics", "x-token") == {"very-secret"}
    assert collector.headers("traces", "x-token") == {"very-secret"}


def test_senders_are_unprivileged(start: Starter, server: Server, tmp_path: pathlib.Path) -> None:
    """The senders run as nobody, hold no BPF object, and do not expose secrets."""
    collector = Collector(start)
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        binary=copy(tmp_path, *PROGRAMS),
        environment={**FAST, "OTEL_EXPORTER_OTLP_HEADERS": "x-token=very-secret"},
    )
    wait_until("metrics arrived", lambda: collector.requests("metrics"))
    senders = wait_until("both senders run", lambda: (found := companions(tool))[1:] and found)
    for pid in senders:
        proc = pathlib.Path(f"/proc/{pid}")
        status = (proc / "status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert set(fields["Uid"].split()) == set(fields["Gid"].split()) == {"65534"}
        assert fields["Groups"].strip() == "" and fields["NoNewPrivs"] == "1"
        assert {int(fields[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Bnd")} == {0}
        assert not held_by(pid, "prog") | held_by(pid, "map") | held_by(pid, "link")
        assert "bpf" not in (proc / "maps").read_text()
        # The files of a process that is not dumpable belong to root.
        assert (proc / "environ").stat().st_uid == 0
        assert b"very-secret" not in (proc / "environ").read_bytes()
        assert b"very-secret" not in (proc / "cmdline").read_bytes()
    tool.kill()
    tool.wait()
    wait_until("the senders end with the tool", lambda: not any(map(is_running, senders)))


def is_running(pid: int) -> bool:
    """Returns whether the process exists and has not ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def test_no_collector(start: Starter, server: Server, tmp_path: pathlib.Path) -> None:
    """An unreachable collector is reported with the reason; scrapes and the end continue."""
    tool = start.watch(
        server,
        "--otlp-endpoint",
        "http://127.0.0.1:1",
        binary=copy(tmp_path, *PROGRAMS),
        environment=FAST,
    )
    counting = Counting(tool)
    ask_once(server.port, get(HEALTH))
    wait_until("the request is counted", lambda: counting.counted() == {("GET", HEALTH, "200"): 1})
    tool.wait_for(r"cannot export metrics to 127\.0\.0\.1:1: gRPC status 14", tool.stderr)
    assert tool.end() == 0


def test_invalid_companion(
    start: Starter, server: Server, tmp_path: pathlib.Path
) -> None:
    """A companion that cannot be executed is an error that names the file."""
    binary = copy(tmp_path, TOOL.name)
    (tmp_path / COMPANION).write_text("nothing\n")
    tool = start.watch(
        server, "--otlp-endpoint", "http://127.0.0.1:1", binary=binary, await_attached=False
    )
    assert tool.wait() != 0
    (line,) = tool.stderr().splitlines()
    assert f"{COMPANION} cannot be run" in line
