# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The hardening flags of Debian's packages have their effect in the programs."""

import os
import pathlib
import platform
import re
import subprocess

import pytest

TOOL = pathlib.Path(os.environ.get("SCOTTYSCOPE", "scottyscope"))
STATIC = pathlib.Path(os.environ.get("SCOTTYSCOPE_STATIC", "scottyscope"))
PROGRAMS = {
    "scottyscope": TOOL,
    "static/scottyscope": STATIC,
    "static/scottyscope-otlp": STATIC.with_name("scottyscope-otlp"),
}
# The first instruction of an indirect branch's target.
LANDING = {"x86_64": "endbr64", "aarch64": r"\b(bti|paciasp)\b"}


def readelf(program: pathlib.Path, *options: str) -> str:
    return subprocess.run(
        ["readelf", "-W", *options, program], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> pathlib.Path:
    path = PROGRAMS[request.param]
    if not path.exists():
        pytest.skip(f"{request.param} is not built")
    return path


@pytest.mark.quick
def test_position_independent(program: pathlib.Path) -> None:
    """The kernel loads the program at a random address."""
    assert re.search(r"Type:\s+DYN", readelf(program, "--file-header"))
    assert re.search(r"\(FLAGS_1\).*\bPIE\b", readelf(program, "--dynamic"))


@pytest.mark.quick
def test_relocations_are_read_only(program: pathlib.Path) -> None:
    """The loader resolves all symbols at the start and then write-protects them."""
    assert "BIND_NOW" in readelf(program, "--dynamic")
    assert "GNU_RELRO" in readelf(program, "--program-headers")


@pytest.mark.quick
def test_no_memory_is_writable_and_executable(program: pathlib.Path) -> None:
    """Neither the stack nor a segment can be written and executed."""
    headers = readelf(program, "--program-headers")
    flags = re.findall(r"(LOAD|GNU_STACK) +(?:0x\w+ +){5}([RWE ]{3})", headers)
    assert [kind for kind, _ in flags].count("GNU_STACK") == 1 and len(flags) > 3
    assert [row for row in flags if "W" in row[1] and "E" in row[1]] == []
    assert all("E" not in of for kind, of in flags if kind == "GNU_STACK")


@pytest.mark.quick
def test_calls_are_checked(program: pathlib.Path) -> None:
    """Functions that write to buffers and stack frames are the checked ones."""
    symbols = readelf(program, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    # base/log.c and base/error.c, which all programs have, call these.
    assert "__vsnprintf_chk" in symbols and "__fprintf_chk" in symbols


def test_branch_targets_are_marked(program: pathlib.Path) -> None:
    """Functions begin with the instruction that branch target enforcement requires."""
    code = subprocess.run(
        ["objdump", "--disassemble", "--no-show-raw-insn", program],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert len(re.findall(LANDING[platform.machine()], code)) > 500
