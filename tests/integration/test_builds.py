# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The builds of the sample server have the properties that they stand for: a tool chain may ignore an option."""

import collections
import re
import subprocess

import pytest

from harness.builds import binary_of


def readelf(build: str, *options: str) -> str:
    return subprocess.check_output(["readelf", "--wide", *options, binary_of(build)], text=True)


def merged_functions(build: str) -> float:
    """Returns the share of addresses that have more than one function's name."""
    found = re.findall(r"(?m)^ *\d+: ([0-9a-f]+) +\d+ FUNC .*\d+ _[ZR]", readelf(build, "--syms"))
    names = collections.Counter(found)
    return sum(count > 1 for count in names.values()) / len(names)


def test_relative_relocations_are_packed() -> None:
    assert "(RELR)" in readelf("size", "--dynamic")
    assert "(RELR)" not in readelf("bare", "--dynamic")


def test_functions_are_merged_and_panics_abort() -> None:
    assert merged_functions("abort") > 1.5 * merged_functions("bare")
    assert "panic_unwind" in readelf("bare", "--syms")
    assert "panic_unwind" not in readelf("abort", "--syms")


def test_symbols_are_in_a_file_of_their_own() -> None:
    sections = readelf("stripped", "--sections")
    assert ".gnu_debuglink" in sections and ".symtab" not in sections


def test_the_c_library_is_musl() -> None:
    assert "INTERP" not in readelf("musl", "--segments")


@pytest.mark.parametrize(("which", "has_spans"), [("bare", False), ("unstable", True)])
def test_tokio_has_spans_of_tasks(which: str, has_spans: bool) -> None:
    """Only with --cfg tokio_unstable does tokio's feature `tracing` compile."""
    with open(binary_of(which), "rb") as executable:
        assert (b"runtime.spawn" in executable.read()) == has_spans
