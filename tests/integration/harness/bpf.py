# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""BPF programs, links and maps: those of one process, those of the kernel, and map contents."""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess

import pytest


def held_by(pid: int, kind: str) -> set[int]:
    """Returns the ids of the BPF programs ("prog"), links or maps that a process has open."""
    found = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        # The process may close a descriptor while this loop runs.
        with contextlib.suppress(FileNotFoundError):
            found |= {
                int(number) for number in re.findall(rf"(?m)^{kind}_id:\s*(\d+)", info.read_text())
            }
    return found


def _bpftool() -> str:
    program = shutil.which("bpftool")
    if not program:
        pytest.skip("bpftool is not installed")
    return program


def known(kind: str) -> set[int]:
    """Returns the ids of all BPF programs, links or maps in the kernel."""
    shown = json.loads(subprocess.check_output([_bpftool(), "--json", kind, "show"]))
    return {item["id"] for item in shown}


def _is_byte(word: bytes) -> bool:
    try:
        return 0 <= int(word, 16) < 256
    except ValueError:
        return False


def map_dumps(pid: int) -> bytes:
    """Returns the contents of all BPF maps of a process, as bytes."""
    program = _bpftool()
    found = b""
    for number in sorted(held_by(pid, "map")):
        dump = subprocess.run(
            [program, "map", "dump", "id", str(number)], capture_output=True, check=False
        ).stdout
        # bpftool prints values as texts, as numbers, or as bytes in hexadecimal.
        found += dump
        words = dump.replace(b'"', b" ").replace(b",", b" ").split()
        found += bytes(int(word, 16) for word in words if len(word) in (2, 4) and _is_byte(word))
    return found
