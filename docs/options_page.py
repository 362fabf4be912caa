#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes docs/options.md from the output of `scottyscope --help`.

With --check, writes nothing and fails if the page does not agree with the tool.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

OUTPUT = Path(__file__).parent / "options.md"

INTRODUCTION = """\
# Options

`make docs` writes this page from `scottyscope --help`. `make lint` checks that the page is current.
"""


def main() -> int:
    """Writes, or checks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", type=Path, required=True, help="the scottyscope to ask")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    printed = subprocess.run([options.tool, "--help"], capture_output=True, text=True, check=True)
    text = f"{INTRODUCTION}\n```text\n{printed.stdout}```\n"
    if not options.check:
        OUTPUT.write_text(text, encoding="utf-8")
        return 0
    if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == text:
        return 0
    print(f"{OUTPUT.name} does not agree with {options.tool} --help: run `make docs`")
    return 1


if __name__ == "__main__":
    sys.exit(main())
