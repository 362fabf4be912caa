#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Measures what scottyscope costs a server at full load.

Rounds are paired and interleaved: bare, attached, bare, attached, ... Each pair gives one ratio of
throughput; told are the median and the spread of these, since absolute times drift. Also told: time
in the kernel per hit of each program (BPF statistics), CPU time of the tool, time to attach and
detach. The load is h2load's, over HTTP/1.1, on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "setup"))

from sample_server import start_server  # noqa: E402  (found by the path above)

STATISTICS = Path("/proc/sys/kernel/bpf_stats_enabled")


def load(port: int, path: str, seconds: int, connections: int) -> float:
    """Requests per second of one round."""
    output = subprocess.run(
        ["h2load", "--h1", "-D", str(seconds), "-c", str(connections), "-t", "1"]
        + [f"http://127.0.0.1:{port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    match = re.search(r"finished in [^,]*, ([0-9.]+) req/s", output)
    if not match:
        sys.exit(f"bench: h2load says nothing: {output}")
    return float(match.group(1))


def attach(tool: str, pid: int, arguments: list[str]) -> subprocess.Popen[str]:
    """The tool, once it says that it is attached."""
    process = subprocess.Popen(
        [tool, "--pid", str(pid), "--listen", "none", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if "attached to" in line:
            return process
    sys.exit(f"bench: the tool does not attach (exit status {process.wait()})")


def detach(process: subprocess.Popen[str]) -> tuple[str, float]:
    """What it says at its end, and the CPU seconds it took."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=60)
    return text.strip().splitlines()[-1], cpu


def programs() -> dict[str, tuple[int, int]]:
    """Runs and nanoseconds of each loaded program of ours."""
    listing = json.loads(
        subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True).stdout
    )
    return {
        entry["name"]: (entry.get("run_cnt", 0), entry.get("run_time_ns", 0))
        for entry in listing
        if entry.get("name", "").startswith("on_") and entry.get("run_cnt")
    }


def measure_pairs(options: argparse.Namespace, port: int, pid: int, arguments: list[str]) -> None:
    """Paired rounds at one level, and their median."""
    ratios = []
    cpu_seconds = 0.0
    last = ""
    for number in range(options.pairs):
        bare = load(port, options.path, options.seconds, options.connections)
        tool = attach(options.tool, pid, arguments)
        attached = load(port, options.path, options.seconds, options.connections)
        last, cpu = detach(tool)
        cpu_seconds += cpu
        ratios.append(attached / bare)
        print(f"  pair {number + 1}: bare {bare:9.0f}/s, attached {attached:9.0f}/s,"
              f" kept {100 * ratios[-1]:5.1f} %", flush=True)
    share = 100 * cpu_seconds / (options.pairs * options.seconds)
    print(f"  kept: median {100 * statistics.median(ratios):.1f} %,"
          f" from {100 * min(ratios):.1f} to {100 * max(ratios):.1f} %")
    print(f"  the tool took {share:.1f} % of one CPU; {last.removeprefix('scottyscope: ')}\n")


def measure_programs(options: argparse.Namespace, port: int, pid: int) -> None:
    """Time per hit by program; measuring it costs time itself, so in a round of its own."""
    before = STATISTICS.read_text()
    STATISTICS.write_text("1")
    try:
        tool = attach(options.tool, pid, ["--otlp-endpoint", "none"])
        load(port, options.path, options.seconds, options.connections)
        found = programs()
        detach(tool)
    finally:
        STATISTICS.write_text(before)
    print("time in the kernel's programs (without the trap)")
    for name, (runs, nanoseconds) in sorted(found.items()):
        print(f"  {name:20} {runs:9} runs, {nanoseconds / runs:6.0f} ns each")


def main() -> int:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--path", default="/api/v1/health")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()

    server, port = start_server(options.server)
    try:
        print(f"kernel {platform.release()}, {os.cpu_count()} CPUs, {options.connections} keep-alive"
              f" connections on GET {options.path}\n")
        load(port, options.path, 1, options.connections)
        print("metrics only")
        measure_pairs(options, port, server.pid, ["--otlp-endpoint", "none"])
        print("metrics and spans, no collector there")
        measure_pairs(options, port, server.pid, ["--otlp-endpoint", "http://127.0.0.1:9"])
        measure_programs(options, port, server.pid)
    finally:
        server.terminate()
        server.wait(timeout=10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
