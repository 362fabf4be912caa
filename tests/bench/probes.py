# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What each probe costs: its trap, as calibrated, and its program, by the kernel's BPF statistics.

The statistics cost time themselves, so this is a round of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import processes
import tool
from load import websockets
from mixes import Mix
from rounds import WARM_SECONDS, Bench

STATISTICS = Path("/proc/sys/kernel/bpf_stats_enabled")
PREFIX = "on_"
TRACEPOINT = "tracepoint"


@dataclass
class Probe:
    """One hook of the tool under a load."""

    mix: str
    hook: str
    site: str
    """The cost class of the instruction that was replaced; a tracepoint replaces none, and is hit
    by every process of the machine."""
    hits: int
    hits_per_request: float
    program_ns: float
    """A hit."""
    trap_ns: float
    """A hit."""
    us_per_request: float
    """As this and what follows, nothing of tracepoints: who hit them is not known."""
    share: float
    """Of what all probes cost."""


def trap_costs(binary: str) -> dict[str, float]:
    """Nanoseconds of a trap by the cost class of its site."""
    output = subprocess.run([binary], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: float(cost) for name, cost in json.loads(output).items()}


def _runs(programs: set[int]) -> dict[str, tuple[int, int]]:
    """Runs and nanoseconds by hook, as BPF statistics have them."""
    listing = json.loads(
        subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True).stdout
    )
    return {
        entry["name"].removeprefix(PREFIX): (entry.get("run_cnt", 0), entry.get("run_time_ns", 0))
        for entry in listing
        if entry["id"] in programs and entry.get("name", "").startswith(PREFIX)
    }


def measure(
    bench: Bench, mix: Mix, binary: str, options: tuple[str, ...], traps: dict[str, float]
) -> list[Probe]:
    """The probes that were hit when the server was saturated, the dearest first."""
    server = bench.servers[False]
    sites = tool.sites(binary, server.pid)
    file = bench.requests(mix)
    before = STATISTICS.read_text()
    STATISTICS.write_text("1")
    try:
        observer = tool.Tool(binary, server.pid, *options, *tool.unlimited(binary))
        with websockets(server.port, mix.websockets):
            bench.generator.run(server.port, file, WARM_SECONDS)
            programs = processes.programs_held(observer.process.pid)
            first = _runs(programs)
            load = bench.generator.run(server.port, file, bench.seconds)
            last = _runs(programs)
        observer.close()
    except OSError as error:
        sys.exit(f"bench: no BPF statistics: {error}")
    finally:
        STATISTICS.write_text(before)

    found = []
    for hook, (runs, run_ns) in last.items():
        hits = runs - first[hook][0]
        if not hits:
            continue
        site = sites[hook]["cost"] if hook in sites else TRACEPOINT
        program_ns = (run_ns - first[hook][1]) / hits
        trap_ns = traps.get(site, 0.0)
        us = (program_ns + trap_ns) * hits / load.answered / 1000 if site != TRACEPOINT else 0.0
        found.append(
            Probe(mix.name, hook, site, hits, hits / load.answered, program_ns, trap_ns, us, 0.0)
        )
    total = sum(probe.us_per_request for probe in found)
    for probe in found:
        probe.share = probe.us_per_request / total
    return sorted(found, key=lambda probe: -probe.us_per_request)
