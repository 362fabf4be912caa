# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Interleaved rounds of pairs: in each, every mode has its turn at the same load, next to one of the
server that nobody observes.

Absolute times drift, on virtual machines above all; so what is compared are the measurements of one
pair, and what is told is the median of such comparisons.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import machine
import processes
from load import Generator, websockets
from mixes import Mix
from modes import BARE, Ending, Mode, end
from observer import Refused
from server import Server
from sink import Sink

# Before each measurement, so that what is new to the caches does not count.
WARM_SECONDS = 0.2
# The load that is as much as the server takes.
SATURATION = 100


@dataclass
class Sample:
    """One measurement."""

    mode: str
    mix: str
    share: int
    pair: int
    wanted_rate: float
    rate: float
    unanswered: int
    latency_us: dict[str, float]
    server_cpu_ms: float
    """CPU milliseconds of the server per 1,000 requests."""
    observer_cpu_ms: float
    observer_cpu_share: float
    """Of one CPU."""
    server_kb: int
    observer_kb: dict[str, int]
    observer_own_kb: int
    sends_spans: bool
    spans: int
    """That came to the collector in the observer's time."""
    answered: int
    """In the observer's time, that before the measurement included."""
    attach_s: float
    others_share: float
    """What all else on the machine had of its CPUs meanwhile."""
    detach_s: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)


@dataclass
class Bench:
    """What is measured with."""

    generator: Generator
    servers: dict[bool, Server]
    """Without and with telemetry of their own."""
    sink: Sink
    seconds: float
    directory: Path

    def requests(self, mix: Mix) -> Path:
        """The file that the load generator reads."""
        return mix.write(self.directory / f"{mix.name}.requests")


def saturation(bench: Bench, mix: Mix) -> float:
    """What the server takes that nobody observes, in requests a second."""
    server = bench.servers[False]
    file = bench.requests(mix)
    with websockets(server.port, mix.websockets):
        bench.generator.run(server.port, file, 2 * WARM_SECONDS)
        return statistics.median(
            bench.generator.run(server.port, file, bench.seconds).rate for _ in range(3)
        )


def measure(bench: Bench, mode: Mode, mix: Mix, share: int, rate: float, pair: int) -> Sample:
    """One mode at one load."""
    server = bench.servers[mode.observes_itself]
    file = bench.requests(mix)
    spans = bench.sink.spans()
    observer = mode.start(server)
    ending = Ending()
    try:
        with websockets(server.port, mix.websockets):
            warm_s = max(WARM_SECONDS, mode.settles_s)
            warm = bench.generator.run(server.port, file, warm_s, rate)
            others_s = machine.busy_s() - machine.bench_s()
            began, server_cpu_s = time.perf_counter(), processes.cpu_s(server.pid)
            observer_cpu_s = observer.cpu_s() if observer else 0.0
            load = bench.generator.run(server.port, file, bench.seconds, rate)
            observer_cpu_s = (observer.cpu_s() if observer else 0.0) - observer_cpu_s
            server_cpu_s = processes.cpu_s(server.pid) - server_cpu_s
            elapsed_s = time.perf_counter() - began
            memory = observer.memory() if observer else {}
            others_s = machine.busy_s() - machine.bench_s() - others_s
    finally:
        ending = end(observer)
    thousands = load.answered / 1000
    return Sample(
        mode=mode.name,
        mix=mix.name,
        share=share,
        pair=pair,
        wanted_rate=rate,
        rate=load.rate,
        unanswered=load.unanswered,
        latency_us=load.latency_us,
        server_cpu_ms=1000 * server_cpu_s / thousands,
        observer_cpu_ms=1000 * observer_cpu_s / thousands,
        observer_cpu_share=observer_cpu_s / elapsed_s,
        server_kb=processes.memory(server.pid).resident_kb,
        observer_kb={name: one.resident_kb for name, one in memory.items()},
        observer_own_kb=sum(one.own_kb for one in memory.values()),
        sends_spans=mode.sends_spans,
        spans=bench.sink.spans() - spans,
        answered=warm.answered + load.answered,
        attach_s=observer.attach_s if observer else 0.0,
        others_share=max(0.0, others_s - server_cpu_s - observer_cpu_s)
        / (elapsed_s * (os.cpu_count() or 1)),
        detach_s=ending.detach_s,
        lost=ending.lost,
    )


def turns(modes: dict[str, Mode], number: int) -> list[tuple[Mode, Mode]]:
    """Every mode but the bare one once, in another order each round: none is always first. With
    each comes the bare one, before it or after."""
    bare = modes[BARE]
    others = [mode for mode in modes.values() if mode.name != BARE]
    begin = number % max(len(others), 1)
    return [
        (bare, mode) if (number + index) % 2 == 0 else (mode, bare)
        for index, mode in enumerate([*others[begin:], *others[:begin]])
    ]


def tell(sample: Sample, number: int) -> None:
    """Says what was measured in which round, for those who wait."""
    print(
        f"  {sample.mix} {sample.share:3} % round {number + 1}: {sample.mode:21}"
        f" {sample.rate:9,.0f}/s, p99 {sample.latency_us['p99']:9,.0f} us,"
        f" server {sample.server_cpu_ms:6.1f} ms per 1,000",
        file=sys.stderr,
        flush=True,
    )


def measure_all(
    bench: Bench,
    modes: dict[str, Mode],
    mixes: Sequence[Mix],
    shares: Sequence[int],
    rounds: int,
    skipped: dict[str, str],
) -> Iterator[Sample]:
    """Every mode at every load, so often; those that refuse are left out, with their reason."""
    pairs = itertools.count()
    for mix in mixes:
        most = saturation(bench, mix)
        print(f"{mix.name}: {most:,.0f} requests/s unobserved", file=sys.stderr, flush=True)
        for number in range(rounds):
            for share in shares:
                rate = 0 if share == SATURATION else most * share / 100
                for both in turns(modes, number):
                    pair = next(pairs)
                    if any(mode.name in skipped for mode in both):
                        continue
                    for mode in both:
                        try:
                            sample = measure(bench, mode, mix, share, rate, pair)
                        except Refused as refusal:
                            skipped[mode.name] = str(refusal)
                            continue
                        tell(sample, number)
                        yield sample


def undisturbed(samples: Sequence[Sample], most: float) -> list[Sample]:
    """Those of pairs in which others never had more than such a share of the machine."""
    return [
        sample
        for modes in by_place(samples).values()
        if max(one.others_share for one in modes.values()) <= most
        for sample in modes.values()
    ]


def by_place(samples: Sequence[Sample]) -> dict[tuple[str, int, int], dict[str, Sample]]:
    """Those that are compared with each other: by mix, share and pair, then by mode."""
    found: dict[tuple[str, int, int], dict[str, Sample]] = {}
    for sample in samples:
        found.setdefault((sample.mix, sample.share, sample.pair), {})[sample.mode] = sample
    return {place: modes for place, modes in found.items() if BARE in modes}
