# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What was compared as a picture: bars of medians, with lines from the least to the most."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from empty import FLOORS
from modes import BARE
from rounds import SATURATION, Sample
from tables import distinct, ratios

PANEL_WIDTH, BAR_HEIGHT, BAR_GAP = 270, 16, 8
LEFT, TOP, HEAD, SPACE, FOOT = 150, 60, 44, 50, 40
COLORS = {
    "own telemetry": "#c2571a",
    "bpftrace": "#8a6d1d",
    BARE: "#8c8c8c",
    **dict.fromkeys(FLOORS, "#5b8a72"),
}
TOOL_COLOR = "#2166ac"


@dataclass(frozen=True)
class Panel:
    """One quantity of all modes. A logarithmic one begins at the power of ten below the least."""

    title: str
    unit: str
    values: dict[str, list[float]]
    logarithmic: bool = False

    def scale(self) -> Callable[[float], float]:
        """From a value to how far along the panel it is, 0 to 1."""
        every = [value for values in self.values.values() for value in values]
        if not self.logarithmic:
            most = max(every)
            return lambda value: value / most
        low, high = math.floor(math.log10(min(every))), math.log10(max(every))
        return lambda value: (math.log10(value) - low) / max(high - low, 1e-9)


def panels(samples: Sequence[Sample], mix: str, share: int) -> list[Panel]:
    """What a mix's row of the picture shows; latency and CPU at that load."""
    modes = distinct(sample.mode for sample in samples if sample.mix == mix)
    there = [sample for sample in samples if (sample.mix, sample.share) == (mix, share)]
    kept = {
        mode: [100 * ratio for ratio in ratios(samples, mix, SATURATION, mode, lambda s: s.rate)]
        for mode in modes
    }
    cpu = {
        mode: [s.server_cpu_ms + s.observer_cpu_ms for s in there if s.mode == mode]
        for mode in modes
    }
    late = {mode: [s.latency_us["p99"] for s in there if s.mode == mode] for mode in modes}
    return [
        panel
        for panel in (
            Panel(f"{mix}: throughput kept at saturation", "%", kept),
            Panel(f"CPU of both per 1,000 requests, at {share} %", "ms", cpu),
            Panel(f"p99 latency at {share} %, logarithmic", "us", late, logarithmic=True),
        )
        if all(panel.values.values())
    ]


def draw_panel(panel: Panel, x: float, y: float) -> list[str]:
    """Its bars, each with its median."""
    scale = panel.scale()
    width = PANEL_WIDTH - 60
    lines = [f'<text x="{x}" y="{y - 12}" class="title">{escape(panel.title)}</text>']
    for mode, values in panel.values.items():
        median = statistics.median(values)
        told = f"{median:,.0f}" if median >= 100 else f"{median:.1f}"
        middle = y + BAR_HEIGHT / 2
        ends = [x + width * scale(value) for value in (min(values), max(values))]
        color = COLORS.get(mode, TOOL_COLOR)
        lines += [
            f'<rect x="{x}" y="{y}" width="{width * scale(median):.1f}" height="{BAR_HEIGHT}"'
            f' fill="{color}" fill-opacity="0.75"/>',
            f'<path d="M{ends[0]:.1f} {middle}H{ends[1]:.1f}" stroke="#222" stroke-width="1.5"/>',
            f'<text x="{max(ends) + 5:.1f}" y="{middle + 4}">{told} {panel.unit}</text>',
        ]
        y += BAR_HEIGHT + BAR_GAP
    return lines


def picture(kept: dict[str, Any]) -> str:
    """An SVG file with a row of panels for each mix."""
    samples = [Sample(**one) for one in kept["samples"]]
    y: float = TOP
    widest = 0
    lines: list[str] = []
    for mix in distinct(sample.mix for sample in samples):
        shares = distinct(sample.share for sample in samples if sample.mix == mix)
        row = panels(samples, mix, 50 if 50 in shares else shares[0])
        modes = list(row[0].values) if row else []
        y += HEAD
        for number, mode in enumerate(modes):
            middle = y + number * (BAR_HEIGHT + BAR_GAP) + BAR_HEIGHT / 2
            lines.append(
                f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end">{escape(mode)}</text>'
            )
        for column, panel in enumerate(row):
            lines += draw_panel(panel, LEFT + column * (PANEL_WIDTH + SPACE), y)
        widest = max(widest, len(row))
        y += len(modes) * (BAR_HEIGHT + BAR_GAP)
    width = LEFT + widest * (PANEL_WIDTH + SPACE)
    height = y + FOOT
    machine = f"{kept['machine']['kernel']}, {kept['machine']['cpus']}; {kept['tool']}"
    note = "bars: median of pairs; black lines: from the least to the most of them"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}"'
            f' viewBox="0 0 {width} {height:.0f}">',
            "<style>text { font: 12px sans-serif; fill: #222 } .title { font-weight: bold }"
            " .head { font-size: 16px; font-weight: bold }</style>",
            f'<rect width="{width}" height="{height:.0f}" fill="#fff"/>',
            '<text x="12" y="26" class="head">What observing a server costs</text>',
            f'<text x="12" y="46">{escape(machine)}</text>',
            *lines,
            f'<text x="12" y="{height - 14:.0f}">{note}</text>',
            "</svg>",
            "",
        ]
    )
