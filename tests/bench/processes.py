# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The CPU time and the memory of processes, as exactly as the kernel tells them."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Kilobytes resident; `own_kb` counts pages that processes share by halves, thirds and so on;
    `anonymous_kb` only what is no file's.
    """

    resident_kb: int
    own_kb: int
    anonymous_kb: int


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads that live, to the nanosecond.

    Threads that ended in between are missed; neither the servers nor the tool end any as a rule.
    """
    total_ns = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            total_ns += int(file.read_text().split()[0])
    return total_ns / 1e9


def family(pid: int) -> list[int]:
    """A process and its descendants, parents first."""
    found = [pid]
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in file.read_text().split():
                found += family(int(child))
    return found


def memory(pid: int) -> Memory:
    """The memory of one process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE))
    return Memory(int(sizes["Rss"]), int(sizes["Pss"]), int(sizes["Anonymous"]))


def _descriptors(pid: int) -> list[dict[str, str]]:
    """What the kernel tells of each descriptor of a process."""
    found = []
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found.append(dict(re.findall(r"(?m)^(\w+):\s*(\S+)", info.read_text())))
    return found


def programs_held(pid: int) -> set[int]:
    """The ids of the BPF programs that a process has open."""
    return {int(fields["prog_id"]) for fields in _descriptors(pid) if "prog_id" in fields}


def maps_kb(pid: int) -> int:
    """Kernel memory of the BPF maps that a process has open, which counts as nobody's resident."""
    sizes = {
        fields["map_id"]: int(fields["memlock"])
        for fields in _descriptors(pid)
        if "map_id" in fields
    }
    return sum(sizes.values()) >> 10
