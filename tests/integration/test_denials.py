# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is not permitted, what is not there, and what has no memory are told apart, by `verify` and by a
run alike, each with the setting that helps. A denial does not depend on the build."""

import contextlib
import os
import pathlib
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Sequence

import pytest

from harness.builds import binary_of
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter

FAILED, PERMISSION = 1, 5
NO_FRONT = ("--listen", "none", "--otlp-endpoint", "none", "--duration", "1")
LOCKDOWN = "/sys/kernel/security"
SECCOMP = (sys.executable, str(pathlib.Path(__file__).parent / "harness" / "seccomp.py"))
# The number of bpf(2) (arch/x86/entry/syscalls/syscall_64.tbl).
BPF = "321"


@pytest.fixture(name="server")
def fixture_server(start: Starter) -> Server:
    return start.server(binary_of("bare"))


def told(start: Starter, server: Server, command: Sequence[str], status: int) -> str:
    """Runs `verify` and a run under `command`. Both end with the status, and say the same sentence, which
    is returned."""
    verify = start.verify("--pid", str(server.pid), command=command)
    assert verify.wait() == status, verify.stderr()
    run = start.process(
        [*command, os.environ["SCOTTYSCOPE"], "--pid", str(server.pid), *NO_FRONT]
    )
    assert run.wait() == status, run.stderr()
    assert ask_once(server.port, get("/api/v1/health")).status == 200
    (sentence,) = re.findall(r"error: (?:nothing can be attached: )?(.*)", run.stderr())
    plan = re.search(r"(?m)^Kernel: (.*)$", verify.stdout())
    if plan:
        # The plan has the sentence; the sizes of maps may differ.
        assert re.sub(r"\d+ MiB", "", plan[1]) == re.sub(r"\d+ MiB", "", sentence)
        assert "http requests" in verify.stdout().split("Missing:")[1]
    else:
        assert f"error: {sentence}" in verify.stderr()
    assert "libbpf" not in verify.stderr() + run.stderr()
    return sentence


def test_lockdown(start: Starter, server: Server) -> None:
    """Under lockdown=confidentiality, nothing is tried and the mode is named."""
    if not pathlib.Path(LOCKDOWN).is_dir() or not shutil.which("unshare"):
        pytest.skip("no securityfs, or no unshare")
    script = f"""
        mount -t tmpfs none {LOCKDOWN} &&
        echo 'none integrity [confidentiality]' >{LOCKDOWN}/lockdown && exec "$@"
    """
    sentence = told(start, server, ("unshare", "--mount", "sh", "-c", script, "sh"), PERMISSION)
    assert sentence.startswith("lockdown=confidentiality forbids BPF programs")
    assert "lockdown=integrity" in sentence
    verify = start.verify(
        "--pid", str(server.pid), command=("unshare", "--mount", "sh", "-c", script, "sh")
    )
    assert "why:   the kernel's lockdown=confidentiality forbids probes" in verify.stdout()
    integrity = script.replace("integrity [confidentiality]", "[integrity] confidentiality")
    verify = start.verify(
        "--pid", str(server.pid), command=("unshare", "--mount", "sh", "-c", integrity, "sh")
    )
    assert "yes" not in verify.stderr() and "lockdown" not in verify.stdout()


def test_no_address_space(start: Starter, server: Server) -> None:
    """The error for a small RLIMIT_AS names memory and the limit."""
    command = ("sh", "-c", 'ulimit -v 42000 && exec "$@"', "sh")
    sentence = told(start, server, command, FAILED)
    assert re.search(r"not enough memory .* about \d+ MiB: .*ulimit -v.* is 41 MiB", sentence)
    assert "verifier" not in sentence and "--max-tasks" in sentence


@contextlib.contextmanager
def memory_group(limit_bytes: int) -> Iterator[pathlib.Path]:
    """A control group of version 1 or 2 below that of the tests."""
    groups = pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii")
    found = re.search(r"(?m)^\d+:([^:]*\bmemory\b[^:]*)?:(/.*)$", groups)
    root = pathlib.Path("/sys/fs/cgroup", *(["memory"] if found and found[1] else []))
    group = pathlib.Path(f"{root}{found[2] if found else '/'}", f"scottyscope-test-{os.getpid()}")
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group: {error}")
    try:
        name = "memory.limit_in_bytes" if found and found[1] else "memory.max"
        if not (group / name).exists():
            pytest.skip("no memory controller")
        (group / name).write_text(str(limit_bytes), encoding="ascii")
        yield group
    finally:
        group.rmdir()


def test_no_memory_in_the_control_group(start: Starter, server: Server) -> None:
    """A control group of 32 MiB has no room for the maps. The limit is named, not the verifier."""
    with memory_group(32 << 20) as group:
        command = ("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh")
        sentence = told(start, server, command, FAILED)
    assert "the memory limit of the control group is 32 MiB" in sentence
    assert "verifier" not in sentence


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of bpf()")
def test_seccomp(start: Starter, server: Server) -> None:
    """To root whose bpf() a filter denies, the filter is named, and nobody says "run as root"."""
    sentence = told(start, server, (*SECCOMP, BPF), PERMISSION)
    assert "no permission to use BPF" in sentence and "a seccomp filter" in sentence
    assert "root" not in sentence


def test_missing_capabilities(start: Starter, server: Server) -> None:
    """The error for root without the capabilities names the capabilities."""
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is missing (package util-linux)")
    command = ("setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin")
    sentence = told(start, server, command, PERMISSION)
    assert sentence.endswith("run as root or with CAP_BPF and CAP_PERFMON")
