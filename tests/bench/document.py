# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes text and a picture of what was measured, and keeps them in a document."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import chart
import scale_tables
import tables
from rounds import Sample, by_place, undisturbed

# More than there are pairs in a run.
APART = 1_000_000
KINDS = {"compare": tables.comparison, "scale": scale_tables.scale}


def quieter(kept: dict[str, Any], most_percent: float) -> dict[str, Any]:
    """Without the pairs that others disturbed more; of them nothing but their number is kept."""
    if kept["kind"] != "compare" or most_percent >= 100:
        return kept
    samples = [Sample(**one) for one in kept["samples"]]
    left = undisturbed(samples, most_percent / 100)
    before, after = len(by_place(samples)), len(by_place(left))
    if not after:
        sys.exit(f"bench: others had more than {most_percent:g} % of the CPUs in all pairs")
    return {
        **kept,
        "samples": [dataclasses.asdict(sample) for sample in left],
        "machine": {
            **kept["machine"],
            "left out": f"{before - after} of {before} pairs,"
            f" in which others had more than {most_percent:g} % of the CPUs",
        },
    }


def merged(files: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One of each kind: a measurement may be made in several runs, of one tool on one machine."""
    found: dict[str, dict[str, Any]] = {}
    for number, kept in enumerate(files):
        for sample in kept.get("samples", []):
            # Pairs of different runs are not those of each other.
            sample["pair"] += number * APART
        first = found.setdefault(kept["kind"], kept)
        if first is kept:
            continue
        if first["tool"] != kept["tool"] or first["machine"]["kernel"] != kept["machine"]["kernel"]:
            sys.exit("bench: these were measured with different tools or kernels")
        known = {probe["mix"] for probe in first.get("probes", [])}
        for name, value in kept.items():
            if name == "probes":
                first[name] += [probe for probe in value if probe["mix"] not in known]
            elif isinstance(value, list):
                first[name] += value
            elif isinstance(value, dict) and name not in ("machine", "traps"):
                first[name] |= value
    return list(found.values())


def heading(kept: dict[str, Any]) -> str:
    """What was measured with, and where."""
    facts = {**kept["machine"], "tool": kept["tool"]}
    if "connections" in kept:
        facts["load"] = f"{kept['connections']} connections, {kept['seconds']:g} s each measurement"
    return "".join(f"- {name}: {value}\n" for name, value in facts.items())


def replace(document: Path, kind: str, text: str) -> None:
    """Puts it where the document has its marks."""
    begin, end = (f"<!-- {kind}: {word} -->\n" for word in ("begin", "end"))
    old = document.read_text(encoding="utf-8")
    if begin not in old or end not in old:
        sys.exit(f"bench: {document} has no marks for {kind}")
    before, _, rest = old.partition(begin)
    _, _, after = rest.partition(end)
    document.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def write(options: argparse.Namespace) -> int:
    """Prints everything, and keeps it where that is asked for."""
    texts = []
    for everything in merged(json.loads(file.read_text()) for file in options.files):
        kept = quieter(everything, options.others)
        texts.append(f"{heading(kept)}\n{KINDS[kept['kind']](kept)}")
        if options.document:
            replace(options.document, kept["kind"], texts[-1])
        if options.picture and kept["kind"] == "compare":
            options.picture.write_text(chart.picture(kept), encoding="utf-8")
    print("\n".join(texts))
    if options.text:
        options.text.write_text("\n".join(texts), encoding="utf-8")
    return 0
