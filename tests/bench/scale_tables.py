# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the tool took at its largest, against what it is meant to."""

from __future__ import annotations

import statistics
from typing import Any

from scale import Taken
from tables import table

# Mebibytes of the probe, and of all processes; percent of a CPU; milliseconds.
MOST_MIB, MOST_OF_ALL_MIB, MOST_CPU, MOST_EXPOSITION_MS = 32, 48, 3, 50


def against(value: float, most: float) -> str:
    """A value, marked where it is more than it should be."""
    return f"{value:.1f}{'' if value < most else ' (!)'}"


def scale(kept: dict[str, Any]) -> str:
    """All scenes."""
    scenes = [Taken(**one) for one in kept["scenes"]]
    rows = []
    for taken in scenes:
        mib = {role: size / 1024 for role, size in taken.resident_kb.items()}
        cpu = 100 * sum(taken.cpu_share.values())
        rows.append(
            (
                taken.scene,
                taken.what,
                f"{taken.attach_s:.2f}",
                against(mib["probe"], MOST_MIB),
                against(sum(mib.values()), MOST_OF_ALL_MIB),
                f"{sum(taken.anonymous_kb.values()) / 1024:.1f}",
                f"{taken.maps_kb / 1024:.1f}",
                against(cpu, MOST_CPU),
                against(statistics.median(taken.exposition_ms), MOST_EXPOSITION_MS),
                f"{max(taken.exposition_ms):.1f}",
                f"{taken.exposition_cpu_ms:.1f}",
                f"{taken.lines:,}",
                ", ".join(f"{cause} {count:,}" for cause, count in taken.lost.items()) or "nothing",
            )
        )
    head = (
        "scene",
        "",
        "attach, s",
        "probe, MiB",
        "all, MiB",
        "no file's, MiB",
        "BPF maps, MiB",
        "% of a CPU",
        "exposition, ms",
        "at most",
        "its CPU, ms",
        "lines",
        "lost",
    )
    aims = (
        f"Resident memory is meant to be under {MOST_MIB} MiB ({MOST_OF_ALL_MIB} of all"
        f" processes), CPU under {MOST_CPU} % of one, the exposition under {MOST_EXPOSITION_MS} ms;"
        " (!) marks what is not."
    )
    return f"{aims}\n\n{table(head, rows)}"
