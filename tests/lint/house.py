#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Checks the rules of this project that no other linter knows. CONTRIBUTING.md lists the rules.

Prints each problem as "path:line: what is wrong". The exit status is 1 if there is a problem.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import includes
import links
import size
import words
from source import Source, read_code, read_documents

PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
LICENCE = "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"


def check_licence(sources: list[Source]) -> list[str]:
    """Each source names its licence at the top."""
    return [
        f"{source.path}: does not name its licence"
        for source in sources
        if LICENCE not in source.text[:300]
    ]


def check_promises(sources: list[Source]) -> list[str]:
    """No source leaves work for later; the rule's own source and tests name the words."""
    return [
        f"{source.path}: leaves work for later: {match[0]}"
        for source in sources
        if source.path.parts[:2] != ("tests", "lint") and (match := PROMISE.search(source.text))
    ]


CODE_RULES: tuple[Callable[[list[Source]], list[str]], ...] = (
    check_licence,
    check_promises,
    size.check_files,
    size.check_functions,
    includes.check_layers,
    includes.check_circles,
    includes.check_test_imports,
)


def check(root: Path) -> list[str]:
    """All problems of the tree at `root`."""
    code, documents = read_code(root), read_documents(root)
    problems = []
    for rule in CODE_RULES:
        problems += rule(code)
    problems += links.check_links(root, documents)
    return problems + words.check_words(code + documents, words.REFUSED)


def main() -> int:
    """Prints what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("."), help="the top of the tree")
    options = parser.parse_args()
    problems = check(options.root)
    print("\n".join(problems) or "house rules: no problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
