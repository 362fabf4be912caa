#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Checks the house rules that no other linter knows.

The size of files; that each stage includes only earlier stages and base/; that every source says
its licence; that no promise is left in the code; that every link of a document leads somewhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

# The way a request takes: a stage includes those before it.
STAGES = [
    "base",
    "config",
    "process",
    "rust",
    "elf",
    "code",
    "tokio",
    "plan",
    "probe",
    "govern",
    "ring",
    "metric",
    "span",
    "otlp",
    "front",
    "export",
    "prom",
    "serve",
    "self",
    "report",
    "command",
]
INCLUDE = re.compile(r'^#include "(?P<stage>[a-z]+)/', re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def limit(path: Path) -> int:
    """How many lines a file may have."""
    if path.name.endswith(".bpf.c"):
        return 200
    return 120 if path == Path("user/main.c") else 600


def check_layers(path: Path, text: str) -> list[str]:
    """Includes of later stages."""
    if path.parts[0] != "user" or len(path.parts) < 3:
        return []
    own = path.parts[1]
    if own not in STAGES:
        return [f"{path}: the stage {own}/ is not in the list of stages"]
    return [
        f"{path}: includes {stage}/, which comes after {own}/"
        for stage in INCLUDE.findall(text)
        if stage in STAGES and STAGES.index(stage) > STAGES.index(own)
    ]


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as Git forges make them."""
    headings = (heading.lower().replace(" ", "-") for heading in HEADING.findall(text))
    return {re.sub(r"[^\w-]", "", heading) for heading in headings}


def check_links(path: Path, text: str) -> list[str]:
    """Links to files that are not there, or to headings that the file has not."""
    problems = []
    for match in LINK.finditer(text):
        target = path.parent / match["path"] if match["path"] else path
        if not target.exists():
            problems.append(f"{path}: there is no {match['path']}, to which it links")
        elif match["anchor"] and match["anchor"] not in anchors(target.read_text(encoding="utf-8")):
            problems.append(f"{path}: there is no heading {match['anchor']} in {target}")
    return problems


def main() -> int:
    """Prints what is wrong; 1 if anything is."""
    problems: list[str] = []
    documents = [Path("README.md")]
    for top in ("docs", "observability", "tests"):
        documents += sorted(Path(top).rglob("*.md"))
    for path in documents:
        problems += check_links(path, path.read_text(encoding="utf-8"))
    for top in ("bpf", "user", "vmlinux", "tests", "observability", "docs"):
        for path in sorted(Path(top).rglob("*")):
            if path.suffix not in {".c", ".h", ".py", ".sh"} or "target" in path.parts[:4]:
                if path.parts[:2] != ("user", "target") or path.suffix not in {".c", ".h"}:
                    continue
            text = path.read_text(encoding="utf-8")
            lines = text.count("\n")
            if lines > limit(path):
                problems.append(f"{path}: {lines} lines, meant to have at most {limit(path)}")
            if "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause" not in text[:300]:
                problems.append(f"{path}: does not say its licence")
            if PROMISE.search(text) and path.name != Path(__file__).name:
                problems.append(f"{path}: leaves a promise in the code")
            problems += check_layers(path, text)
    print("\n".join(problems) or "house rules: kept")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
