# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rule about links: a link of a document leads to a file, and to a heading if it names one."""

from __future__ import annotations

import re
from pathlib import Path

from source import Source

LINK = re.compile(r"\]\((?!https?://)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as Git forges make them."""
    headings = (heading.lower().replace(" ", "-") for heading in HEADING.findall(text))
    return {re.sub(r"[^\w-]", "", heading) for heading in headings}


def check_links(root: Path, documents: list[Source]) -> list[str]:
    """Links to a file that does not exist, or to a heading that a file does not have."""
    problems = []
    for document in documents:
        for match in LINK.finditer(document.text):
            own = root / document.path
            target = own.parent / match["path"] if match["path"] else own
            if not target.exists():
                problems.append(f"{document.path}: {match['path']} does not exist")
            elif match["anchor"] and match["anchor"] not in anchors(target.read_text("utf-8")):
                problems.append(f"{document.path}: {match['path']} has no heading {match['anchor']}")
    return problems
