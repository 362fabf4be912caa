#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes tests/compilers/VERIFIER.md: processed instructions of each program, by compiler."""

from __future__ import annotations

import re
import sys

import builds

FILE = builds.ROOT / "tests/compilers/VERIFIER.md"
LIMIT = 1_000_000
HEAD = f"""# What the verifier does for each program

Number of instructions that the kernel's verifier processes for each program, by compiler. The verifier's limit is
{LIMIT:,}. All optional code is enabled. `make verifier-table` writes this file. `make compilers` fails if a
program needs a tenth more than here.
Linux KERNEL.

"""


def table(numbers: dict[str, dict[str, int]], kernel: str) -> str:
    """The file's text; `numbers` by compiler and program."""
    compilers = list(numbers)
    lines = [
        "| program | " + " | ".join(compilers) + " |",
        "| --- |" + " ---: |" * len(compilers),
    ]
    for program in sorted({name for found in numbers.values() for name in found}):
        cells = [f"{numbers[compiler].get(program, 0):,}" for compiler in compilers]
        lines.append(f"| `{program}` | " + " | ".join(cells) + " |")
    return HEAD.replace("KERNEL", kernel) + "\n".join(lines) + "\n"


def recorded() -> tuple[str, dict[str, dict[str, int]]]:
    """The kernel and the numbers of the file as it is."""
    text = FILE.read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    numbers = {
        compiler: {row[0]: int(row[column].replace(",", "")) for row in rows[2:]}
        for column, compiler in enumerate(rows[0][1:], 1)
    }
    return re.search(r"^Linux ([\d.]+)\.$", text, re.MULTILINE)[1], numbers


def main() -> int:
    """Measures and writes."""
    missing = [compiler for compiler in builds.COMPILERS if not builds.is_there(compiler)]
    if missing:
        print(f"not installed: {' '.join(missing)}")
        return 1
    numbers = {
        compiler: {name: found["processed"] for name, found in builds.verify(compiler).items()}
        for compiler in builds.COMPILERS
    }
    FILE.write_text(table(numbers, builds.kernel()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
