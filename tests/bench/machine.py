# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What machine a measurement was made on, and how busy it was."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path


def describe() -> dict[str, str]:
    """The machine in the words of its kernel."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpus": f"{os.cpu_count()} x {model[1] if model else 'unknown'}",
        "virtual": "yes" if re.search(r"^flags.*\bhypervisor\b", cpuinfo, re.MULTILINE) else "no",
        "memory": f"{int(memory[1]) >> 20 if memory else 0} GiB",
        "load average": f"{os.getloadavg()[0]:.1f} when it began",
    }


@contextlib.contextmanager
def before_others(nice: int) -> Iterator[None]:
    """Runs this process and its children at that priority, to the end of the context.

    Where the kernel groups processes by their sessions, nice values count only within a group; so
    the group has one of its own (sched(7), autogroup).
    """
    group = Path("/proc/self/autogroup")
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    group_before = group.read_text().split()[-1] if group.exists() else None
    try:
        if group_before is not None:
            group.write_text(str(nice))
        yield
    finally:
        if group_before is not None:
            group.write_text(group_before)
        os.setpriority(os.PRIO_PROCESS, 0, before)


def busy_s() -> float:
    """CPU seconds that all CPUs were busy, or taken by the hypervisor (proc_stat(5))."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def bench_s() -> float:
    """CPU seconds of this process and of the children that it has waited for."""
    return sum(os.times()[:4])
