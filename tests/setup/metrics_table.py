#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes observability/METRICS.md from the lists in the code; with --check, says if it is stale."""

from __future__ import annotations

import re
import sys
from pathlib import Path

OUTPUT = Path("observability/METRICS.md")
DESCRIPTIONS = Path("user/metric/descriptions.h")
SELF = Path("user/self/self.c")
WIRE = Path("bpf/wire.h")
# The one of numbers between 0 and 1 is no unit.
UNITS = {"s": "seconds", "By": "bytes", "1": "ratio"}
KINDS = {
    "METRIC_COUNTER": "counter",
    "METRIC_UP_DOWN_COUNTER": "up-down counter",
    "METRIC_GAUGE": "gauge",
    "METRIC_HISTOGRAM": "histogram",
}
TEXT = r'"((?:[^"\\]|\\.)*)"'


def joined(path: Path) -> str:
    """The file without continued lines, and with adjacent texts made one."""
    text = re.sub(r"\s*\\\n\s*", " ", path.read_text(encoding="utf-8"))
    return re.sub(r'"\s+"', "", re.sub(r"\n\s*", " ", text))


def prometheus_name(name: str, unit: str, kind: str) -> str:
    """The name that the exposition has, by OpenTelemetry's translation."""
    name = name.replace(".", "_")
    suffix = UNITS.get(unit)
    if suffix and not name.endswith(suffix):
        name += f"_{suffix}"
    if kind == "METRIC_COUNTER" and not name.endswith("_total"):
        name += "_total"
    return name


def rows_of_target() -> list[tuple[str, str, str, str, str]]:
    """(name, name in Scotty 0.3 or "", unit, kind, help) of the target's metrics."""
    pattern = rf"X\(\w+, {TEXT}, (?:SAME|{TEXT}), {TEXT}, (METRIC_\w+), {TEXT}\)"
    return re.findall(pattern, joined(DESCRIPTIONS))


def rows_of_attributes() -> list[tuple[str, str, str]]:
    """(key, key in Scotty 0.3 or "", meaning) of the target's metrics' attributes."""
    return re.findall(rf"X\({TEXT}, (?:SAME|{TEXT}), {TEXT}\)", joined(DESCRIPTIONS))


def rows_of_tool() -> list[tuple[str, str, str, str]]:
    """The same of the tool's own."""
    pattern = rf"= \{{\s*{TEXT}, {TEXT}, {TEXT}, (METRIC_\w+)\}}"
    return [(name, unit, kind, text) for name, unit, text, kind in
            re.findall(pattern, joined(SELF))]


def rows_of_list(name: str) -> list[tuple[str, str]]:
    """(name, meaning) of one of the wire's lists."""
    match = re.search(rf"#define {name}\(X\)(.*?)(?:/\*|#define|enum )", joined(WIRE))
    assert match, name
    return re.findall(rf"X\(\w+, {TEXT}, {TEXT}\)", match.group(1))


def table(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """A table of the tool's metrics."""
    lines = ["| Prometheus name | OpenTelemetry name | kind | |", "| --- | --- | --- | --- |"]
    for name, unit, kind, text in rows:
        prometheus = prometheus_name(name, unit, kind)
        lines.append(f"| `{prometheus}` | `{name}` | {KINDS[kind]} | {text} |")
    return lines


def code(text: str) -> str:
    """The text as code, nothing for none."""
    return f"`{text}`" if text else ""


def table_of_target() -> list[str]:
    """The target's metrics with both names; those of Scotty 0.3 only where they are others."""
    lines = [
        "| Prometheus name | OpenTelemetry name | kind | | Prometheus, `scotty-0.3` "
        "| OpenTelemetry, `scotty-0.3` |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, other, unit, kind, text in rows_of_target():
        prometheus = prometheus_name(name, unit, kind)
        renamed = prometheus_name(other, unit, kind) if other else prometheus
        shown = code(renamed if renamed != prometheus else "")
        lines.append(
            f"| `{prometheus}` | `{name}` | {KINDS[kind]} | {text} | {shown} | {code(other)} |"
        )
    return lines


def table_of_attributes() -> list[str]:
    """Their attributes, the same way."""
    lines = ["| attribute | | `scotty-0.3` |", "| --- | --- | --- |"]
    return lines + [f"| `{key}` | {text} | {code(other)} |"
                    for key, other, text in rows_of_attributes()]


def document() -> str:
    """The whole page."""
    lines = [
        "# Metrics",
        "",
        "Made from the lists in the code by `make docs`; `make lint` checks that it is current.",
        "",
        "## Of the server",
        "",
        "The last two columns are the names with `--metric-names scotty-0.3`, which are those that",
        "Scotty 0.3 itself emits, where they are others.",
        "",
        *table_of_target(),
        "",
        *table_of_attributes(),
        "",
        "## Of the tool",
        "",
        *table(rows_of_tool()),
        "",
    ]
    for title, name in (
        ("Causes of `scottyscope_lost_total`, in the kernel", "LOSS_LIST"),
        ("Findings of `scottyscope_checks_total`", "CHECK_LIST"),
        ("Hooks of `scottyscope_probe_hits_total`", "HOOK_LIST"),
    ):
        lines += [f"## {title}", "", "| | |", "| --- | --- |"]
        lines += [f"| `{key}` | {text} |" for key, text in rows_of_list(name)]
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Writes, or checks."""
    text = document()
    if "--check" not in sys.argv[1:]:
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text(text, encoding="utf-8")
        return 0
    if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == text:
        return 0
    print(f"{OUTPUT} does not agree with the code: run `make docs`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
