# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What was compared as tables in Markdown, which can be read as they are."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from modes import BARE, BEFORE
from probes import TRACEPOINT, Probe
from rounds import SATURATION, Sample, by_place


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown whose columns are in line, numbers to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def text(line: Sequence[str]) -> str:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        return f"| {' | '.join(cells)} |"

    rule = [":".ljust(widths[0], "-"), *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([text(lines[0]), text(rule), *map(text, lines[1:])]) + "\n"


def spread(values: Sequence[float], form: str) -> str:
    """The median, and from where to where."""
    if len(values) < 2:
        return form.format(values[0])
    ends = f"{form.format(min(values))}-{form.format(max(values))}"
    return f"{form.format(statistics.median(values))} ({ends})"


def ratios(
    samples: Sequence[Sample], mix: str, share: int, mode: str, value: Callable[[Sample], float]
) -> list[float]:
    """A mode's values by those of the same pair that nobody observed."""
    return [
        value(modes[mode]) / value(modes[BARE])
        for (where, load, _), modes in by_place(samples).items()
        if where == mix and load == share and mode in modes
    ]


def distinct(values: Iterable[Any]) -> list[Any]:
    """Each once, in the order they come."""
    return list(dict.fromkeys(values))


def lost(samples: Sequence[Sample]) -> str:
    """What the tool lost, added up, by cause; metrics' losses would be among them."""
    total: dict[str, int] = {}
    for sample in samples:
        for cause, count in sample.lost.items():
            total[cause] = total.get(cause, 0) + count
    return ", ".join(f"{cause} {count:,}" for cause, count in total.items()) or "nothing"


def load_table(samples: Sequence[Sample], mix: str, share: int) -> str:
    """All modes at one load."""
    rows = []
    there = [sample for sample in samples if (sample.mix, sample.share) == (mix, share)]
    for mode in distinct(sample.mode for sample in there):
        own = [sample for sample in there if sample.mode == mode]

        def middle(value: Callable[[Sample], float], own: Sequence[Sample] = own) -> float:
            return statistics.median(map(value, own))

        late = {
            name: statistics.median(sample.latency_us[name] for sample in own)
            for name in own[0].latency_us
        }
        kept = ratios(samples, mix, share, mode, lambda sample: 100 * sample.rate)
        cpu = ratios(samples, mix, share, mode, lambda sample: sample.server_cpu_ms)
        rows.append(
            (
                mode,
                f"{middle(lambda sample: sample.rate):,.0f}",
                spread([100 * ratio for ratio in kept], "{:.1f}") if mode != BARE else "100",
                *(f"{late[name]:,.0f}" for name in ("p50", "p99", "p99.9")),
                f"{middle(lambda sample: sample.server_cpu_ms):.1f}",
                spread([100 * ratio for ratio in cpu], "{:.0f}") if mode != BARE else "100",
                f"{middle(lambda sample: sample.observer_cpu_ms):.2f}",
                f"{100 * middle(lambda sample: sample.observer_cpu_share):.1f}",
            )
        )
    head = (
        "mode",
        "requests/s",
        "kept, %",
        "p50, us",
        "p99, us",
        "p99.9, us",
        "server, CPU ms",
        "% of bare",
        "observer, CPU ms",
        "% of a CPU",
    )
    return table(head, rows)


def differences(
    samples: Sequence[Sample], mix: str, share: int, mode: str, value: Callable[[Sample], float]
) -> list[float]:
    """The differences between a mode and no observer, one for each pair, in the order of the pairs."""
    return [
        value(modes[mode]) - value(modes[BARE])
        for (where, load, _), modes in sorted(by_place(samples).items())
        if where == mix and load == share and mode in modes
    ]


def change_table(samples: Sequence[Sample], mix: str, share: int) -> str:
    """The cost of each mode and of the same mode in the build before: medians, and the ratio of both; ""
    without such a build."""
    there = distinct(sample.mode for sample in samples)
    rows = []
    for mode in (name for name in there if name + BEFORE in there):
        cells = [mode]
        for value in (lambda sample: sample.server_cpu_ms, lambda sample: -sample.rate):
            now, before = (
                statistics.median(differences(samples, mix, share, name, value))
                for name in (mode, mode + BEFORE)
            )
            cells += [f"{now:,.2f}", f"{before:,.2f}", f"{now / before:.2f}" if before > 0 else ""]
        rows.append(cells)
    head = ("mode", "added CPU ms", "before", "ratio", "lost requests/s", "before", "ratio")
    return table(head, rows) if rows else ""


def observer_table(samples: Sequence[Sample]) -> str:
    """What does not depend on the load."""
    rows = []
    for mode in distinct(sample.mode for sample in samples):
        own = [sample for sample in samples if sample.mode == mode]
        has_observer = any(sample.observer_kb for sample in own)
        processes = {
            name: max(sample.observer_kb[name] for sample in own) / 1024
            for name in own[0].observer_kb
        }
        rows.append(
            (
                mode,
                spread([sample.attach_s for sample in own], "{:.2f}") if has_observer else "",
                spread([sample.detach_s for sample in own], "{:.2f}") if has_observer else "",
                " + ".join(f"{name} {size:.1f}" for name, size in processes.items()),
                f"{max(sample.observer_own_kb for sample in own) / 1024:.1f}"
                if has_observer
                else "",
                f"{max(sample.server_kb for sample in own) / 1024:.1f}",
                f"{100 * sum(s.spans for s in own) / sum(s.answered for s in own):.0f}"
                if any(sample.sends_spans for sample in own)
                else "",
                lost(own) if has_observer else "",
            )
        )
    head = (
        "mode",
        "attach, s",
        "detach, s",
        "resident, MiB at most",
        "its own, MiB",
        "server, MiB",
        "spans, % of requests",
        "lost",
    )
    return table(head, rows)


def probe_table(probes: Sequence[Probe]) -> str:
    """What each hook costs."""
    rows = []
    for probe in probes:
        own = probe.site != TRACEPOINT
        rows.append(
            (
                probe.hook,
                probe.site if own else "tracepoint, of all processes",
                f"{probe.hits:,}",
                f"{probe.hits_per_request:.2f}" if own else "",
                f"{probe.trap_ns:,.0f}" if probe.trap_ns else "",
                f"{probe.program_ns:,.0f}",
                f"{probe.us_per_request:.2f}" if own else "",
                f"{100 * probe.share:.1f}" if own else "",
            )
        )
    hits = sum(probe.hits_per_request for probe in probes if probe.site != TRACEPOINT)
    us = sum(probe.us_per_request for probe in probes)
    rows.append(("all", "", "", f"{hits:.2f}", "", "", f"{us:.2f}", "100.0"))
    head = (
        "hook",
        "site",
        "hits",
        "a request",
        "trap, ns",
        "program, ns",
        "us a request",
        "share, %",
    )
    return table(head, rows)


def comparison(kept: dict[str, Any]) -> str:
    """Everything that was compared."""
    samples = [Sample(**one) for one in kept["samples"]]
    found = [Probe(**one) for one in kept["probes"]]
    parts = []
    for mix in distinct(sample.mix for sample in samples):
        parts.append(f"### {mix}: {kept['mixes'][mix]}\n")
        for share in sorted({sample.share for sample in samples if sample.mix == mix}):
            load = "all that it takes" if share == SATURATION else f"{share} % of that"
            pairs = collections.Counter(
                sample.mode
                for sample in samples
                if (sample.mix, sample.share) == (mix, share) and sample.mode != BARE
            )
            count = max(pairs.values(), default=0)
            parts.append(f"{load}, {count} pairs each:\n")
            parts.append(load_table(samples, mix, share))
            parts.append(change_table(samples, mix, share))
    parts.append("### The observers\n")
    parts.append(observer_table(samples))
    busy = spread([100 * sample.others_share for sample in samples], "{:.0f}")
    parts.append(f"Others had {busy} % of the CPUs during the measurements.\n")
    for name, reason in kept["skipped"].items():
        parts.append(f"1 skipped: {name}: {reason}\n")
    parts.append("### The probes\n")
    costs = ", ".join(f"{name} {cost:,.0f} ns" for name, cost in kept["traps"].items())
    parts.append(f"A trap with a program that does nothing: {costs}.\n")
    for mix in distinct(probe.mix for probe in found):
        parts.append(f"{mix}:\n")
        parts.append(probe_table([probe for probe in found if probe.mix == mix]))
    return "\n".join(filter(None, parts))
