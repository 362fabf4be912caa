#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes docs/metrics.md from the list that `scottyscope metrics --format json` prints.

With --check, writes nothing and fails if the page does not agree with the tool.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parent / "metrics.md"
Row = dict[str, Any]

INTRODUCTION = """\
# Metrics

`make docs` writes this page from the lists in the code. `make lint` checks that the page is current.
`scottyscope metrics` prints the same list. [Signals](signals.md) says how each metric is obtained.

## Metrics of the server

`--metric-names scotty-0.3` gives each metric the name that Scotty 0.3 itself emits. The last two
columns have that name where the names differ.
"""

LOSSES = """\
## Causes of `scottyscope_lost_total`

The first word of each text says what is missing from the numbers. With all causes at 0, the metrics
are exact and the spans are complete.
"""

CHECKS = """\
## Results of `scottyscope_checks_total`

The tool checks its assumptions about the server while it runs. `*_agrees` is normal. `*_differs` and
`*_strange` mean that an assumption was wrong for this build of the server.
"""

HOOKS = """\
## Hooks of `scottyscope_probe_hits_total`

A hook that this build of the server does not need stays at 0.
"""


def code(text: str | None) -> str:
    """The text as code; empty for none."""
    return f"`{text}`" if text else ""


def kind(metric: Row) -> str:
    """The kind in words."""
    return str(metric["kind"]).replace("up_down", "up-down").replace("_", " ")


def server_row(metric: Row) -> str:
    """A row with the names of both namings."""
    other: Row = metric["scotty_0_3"] or {}
    prometheus = other.get("prometheus")
    if prometheus == metric["prometheus"]:
        prometheus = None
    cells = [
        code(metric["prometheus"]),
        code(metric["name"]),
        kind(metric),
        ", ".join(map(code, metric["attributes"])),
        metric["help"],
        code(prometheus),
        code(other.get("name")),
    ]
    return f"| {' | '.join(cells)} |"


def tool_row(metric: Row) -> str:
    """A row of a metric that has one name."""
    attributes = ", ".join(map(code, metric["attributes"]))
    cells = [code(metric["prometheus"]), code(metric["name"]), kind(metric), attributes]
    return f"| {' | '.join(cells)} | {metric['help']} |"


def table(columns: list[str], rows: list[str]) -> list[str]:
    """A Markdown table with a blank line behind it."""
    return [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *rows, ""]


def named(rows: list[Row]) -> list[str]:
    """Rows of a list of names."""
    return [f"| `{row['name']}` | {row['help']} |" for row in rows]


def document(metric_list: Row) -> str:
    """The whole page."""
    names = ["Prometheus name", "OpenTelemetry name", "kind", "attributes", "meaning"]
    metrics: list[Row] = metric_list["metrics"]
    server = [server_row(metric) for metric in metrics if metric["scope"] == "server"]
    tool = [tool_row(metric) for metric in metrics if metric["scope"] == "tool"]
    attributes = [
        f"| `{row['key']}` | {row['help']} | {code(row['scotty_0_3'])} |"
        for row in metric_list["attributes"]
    ]
    lines = [
        INTRODUCTION,
        *table([*names, "Prometheus, `scotty-0.3`", "OpenTelemetry, `scotty-0.3`"], server),
        "## Metrics of the tool\n",
        *table(names, tool),
        "## Attributes\n",
        *table(["attribute", "value", "`scotty-0.3`"], attributes),
        LOSSES,
        *table(["cause", "what was lost"], named(metric_list["losses"])),
        CHECKS,
        *table(["result", "meaning"], named(metric_list["checks"])),
        HOOKS,
        *table(["hook", "what it hooks"], named(metric_list["hooks"])),
    ]
    return "\n".join(lines)


def main() -> int:
    """Writes, or checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="the file that has the list")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    text = document(json.loads(options.metrics.read_text(encoding="utf-8")))
    if not options.check:
        OUTPUT.write_text(text, encoding="utf-8")
        return 0
    if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == text:
        return 0
    print(f"{OUTPUT.name} does not agree with {options.metrics}: run `make docs`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
