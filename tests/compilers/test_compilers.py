# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tool as other compilers build it: without a warning, loaded by the kernel, and exact."""

import contextlib
import os
import pathlib
import re

import builds
import pytest
import table
from harness.counting import Counting
from harness.http_client import ask_once, get
from harness.server import Server
from harness.tool import Tool

GROWTH_LIMIT = 1.1
REQUESTS = 50

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: loads BPF programs")


@pytest.fixture(scope="module", params=builds.COMPILERS)
def compiler(request: pytest.FixtureRequest) -> str:
    if not builds.is_there(request.param):
        pytest.skip(f"{request.param} cannot be had here")
    return request.param


@pytest.fixture(scope="module")
def programs(compiler: str) -> dict[str, dict[str, int]]:
    return builds.verify(compiler)


def sources() -> set[str]:
    """Names of the programs in bpf/, without the one that tests the kernel's features."""
    found = set()
    for path in (builds.ROOT / "bpf").rglob("*.bpf.c"):
        if path.name == "feature.bpf.c":
            continue
        lines = path.read_text().splitlines()
        for line, after in zip(lines, lines[1:]):
            if line.startswith('SEC("') and "(" in after:
                found.add(after.partition("(")[0].split()[-1])
    return found


def test_kernel_takes_every_program(programs: dict[str, dict[str, int]]) -> None:
    """All programs of all sources, at once, with everything switched on."""
    assert programs.keys() == sources()
    assert all(0 < program["processed"] < table.LIMIT for program in programs.values())


def test_verifier_has_no_more_to_do(compiler: str, programs: dict[str, dict[str, int]]) -> None:
    """None grew by more than a tenth over the recorded table, which `make verifier-table` renews."""
    kernel, recorded = table.recorded()
    if kernel != builds.kernel():
        pytest.skip(f"the table is of Linux {kernel}, this is {builds.kernel()}")
    grown = {
        name: (recorded[compiler].get(name), program["processed"])
        for name, program in programs.items()
        if program["processed"] > GROWTH_LIMIT * recorded[compiler].get(name, 0)
    }
    assert grown == {}, "(recorded, now)"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_program_is_made(compiler: str, machine: str) -> None:
    """For each architecture whose registers vmlinux.h knows, without a warning."""
    header = builds.make(compiler, "skeleton/scottyscope.skel.h", machine).read_text()
    assert set(re.findall(r"struct bpf_program \*(\w+);", header)) == sources()


def test_tool_counts(compiler: str, tmp_path: pathlib.Path) -> None:
    """Built whole by it, the tool counts a client's requests exactly."""
    binary = str(builds.make(compiler, "scottyscope"))
    with contextlib.ExitStack() as stack:
        server = Server(os.environ["SCOTTY_BARE"], tmp_path / "server")
        stack.callback(server.end)
        tool = Tool(
            tmp_path / "tool",
            *("--pid", str(server.pid), "--listen", "127.0.0.1:0", "--otlp-endpoint", "none"),
            binary=binary,
        )
        stack.callback(tool.end)
        counting = Counting(tool)
        for _ in range(REQUESTS):
            ask_once(server.port, get("/api/v1/health"))
        counting.expect(("GET", "/api/v1/health", 200), times=REQUESTS)
