# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The command that compares modes of observation, and keeps what it measured."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
from pathlib import Path

import machine
import mixes
import modes
import probes
import rounds
import tool
from load import Generator
from server import Server
from sink import Sink

SERVER_OPTIONS = ("--apps", str(mixes.APPS))


def chosen(found: dict[str, modes.Mode], names: list[str] | None) -> dict[str, modes.Mode]:
    """The modes that are asked for, and that which they are compared with."""
    if unknown := set(names or ()) - set(found):
        sys.exit(f"bench: no such mode: {', '.join(unknown)}; there are {', '.join(found)}")
    return {
        name: mode
        for name, mode in found.items()
        if not names or name in names or name == modes.BARE
    }


def run(options: argparse.Namespace, directory: Path) -> int:
    """Measures, and keeps it."""
    skipped: dict[str, str] = {}
    described = machine.describe()
    wanted = [mixes.all_mixes()[name] for name in options.mixes]
    with Sink() as sink:
        found = modes.all_modes(options.tool, options.before, options.trap, sink)
        with (
            Server(options.server, *SERVER_OPTIONS) as bare,
            Server(options.own, *SERVER_OPTIONS, environment=modes.own_telemetry(sink)) as own,
        ):
            generator = Generator(options.load, options.connections)
            bench = rounds.Bench(
                generator, {False: bare, True: own}, sink, options.seconds, directory
            )
            traps = probes.trap_costs(options.trap)
            levels = tool.levels(options.tool)
            most = (f"--level={levels[-1]}",) if levels else ()
            most = (*most, "--otlp-endpoint", sink.endpoint)
            hits: list[probes.Probe] = []
            samples: list[rounds.Sample] = []
            # What is there when it is interrupted is kept.
            with contextlib.suppress(KeyboardInterrupt):
                for mix in wanted:
                    hits += probes.measure(bench, mix, options.tool, most, traps)
                for sample in rounds.measure_all(
                    bench,
                    chosen(found, options.modes),
                    wanted,
                    options.shares,
                    options.rounds,
                    skipped,
                ):
                    samples.append(sample)
    kept = {
        "kind": "compare",
        "machine": described,
        "tool": tool.version(options.tool),
        "connections": options.connections,
        "seconds": options.seconds,
        "mixes": {mix.name: mix.what for mix in wanted},
        "modes": {mode.name: mode.what for mode in found.values()},
        "skipped": skipped,
        "traps": traps,
        "samples": [dataclasses.asdict(sample) for sample in samples],
        "probes": [dataclasses.asdict(probe) for probe in hits],
    }
    options.into.write_text(json.dumps(kept, indent=1) + "\n")
    return 0
