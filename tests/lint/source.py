# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which files the house rules apply to, and the parts of a file that the rules look at."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CODE_FOLDERS = ("bpf", "user", "vmlinux", "tests", "observability", "docs")
DOCUMENT_FOLDERS = ("docs", "observability", "tests", "bpf", "user")
CODE_SUFFIXES = {".c", ".h", ".py", ".sh"}
# A comment, a string or a character constant.
C_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True)
class Source:
    """A file of the tree; its path is relative to the top of the tree."""

    path: Path
    text: str

    @property
    def is_c(self) -> bool:
        """Whether it is C source or a header."""
        return self.path.suffix in {".c", ".h"}

    @property
    def is_python(self) -> bool:
        """Whether it is a Python source."""
        return self.path.suffix == ".py"


def _read(root: Path, paths: Iterator[Path] | list[Path]) -> list[Source]:
    return [Source(path.relative_to(root), path.read_text(encoding="utf-8")) for path in paths]


def read_code(root: Path) -> list[Source]:
    """All sources, without what cargo built."""
    found = []
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            is_built = path.relative_to(root).parts[:4] == ("tests", "fixtures", "scotty", "target")
            if path.suffix in CODE_SUFFIXES and path.is_file() and not is_built:
                found.append(path)
    return _read(root, found)


def read_documents(root: Path) -> list[Source]:
    """All Markdown documents: those at the top, and those of the folders."""
    found = sorted(root.glob("*.md"))
    for folder in DOCUMENT_FOLDERS:
        for path in sorted((root / folder).rglob("*.md")):
            if "target" not in path.relative_to(root).parts:
                found.append(path)
    return _read(root, found)


def _c_prose(text: str) -> Iterator[tuple[int, str]]:
    for match in C_TOKEN.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        is_include = text.startswith("#include", line_start)
        if not match[0].startswith("'") and not is_include:
            yield text.count("\n", 0, match.start()) + 1, match[0]


def _python_prose(text: str) -> Iterator[tuple[int, str]]:
    kinds = {tokenize.COMMENT, tokenize.STRING}
    # Since Python 3.12 an f-string has a token for each part between its expressions.
    kinds.add(getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            yield token.start[0], token.string


def prose(source: Source) -> Iterator[tuple[int, str]]:
    """The text that people read, as line number and text: comments and strings of code, and documents
    without their code."""
    if source.is_c:
        yield from _c_prose(source.text)
    elif source.is_python:
        yield from _python_prose(source.text)
    else:
        blank = FENCED.sub(lambda match: "\n" * match[0].count("\n"), source.text)
        yield 1, INLINE_CODE.sub("", blank)
