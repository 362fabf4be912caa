# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Rules about size: the lines of a file and of a function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from source import Source

FUNCTION_LINES = 60
FILE_LINES = 600
FILE_LINES_BPF = 200
FILE_LINES_MAIN = 120
# The name of a function: of "SEC(...) int BPF_PROG(task_started, ...)" and "Test(suite, name)" in the macro.
C_NAME = re.compile(r"\b(?:BPF_\w+|Test|ParameterizedTest)\((?P<macro>[^)]*)\)|\b(?!SEC\()(?P<name>\w+)\(")


def file_limit(path: Path) -> int:
    """How many lines a file may have."""
    if path.name.endswith(".bpf.c"):
        return FILE_LINES_BPF
    return FILE_LINES_MAIN if path == Path("user/main.c") else FILE_LINES


def check_files(sources: list[Source]) -> list[str]:
    """Files that are too long."""
    problems = []
    for source in sources:
        lines, limit = source.text.count("\n"), file_limit(source.path)
        if lines > limit:
            problems.append(f"{source.path}: {lines} lines; the limit is {limit}")
    return problems


def c_functions(text: str) -> Iterator[tuple[int, str, int]]:
    """Line, name and number of lines, with the braces, of each function that is defined.

    clang-format puts the braces of a function, and no other braces, in lines of their own at column 0.
    """
    head: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            name = C_NAME.search(" ".join(head))
            title = (name["macro"] or name["name"]) if name else " ".join(head)
            yield start - len(head), title, number - start + 1
            head, start = [], 0
        elif not start:
            head = [*head, line] if line and not line.startswith(("#", "/", " *", "}")) else []


def python_functions(text: str) -> Iterator[tuple[int, str, int]]:
    """Line, name and number of lines of each function."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1


def check_functions(sources: list[Source]) -> list[str]:
    """Functions that are too long, of C and of Python."""
    problems = []
    for source in sources:
        if source.path.parts[0] == "vmlinux" or not (source.is_c or source.is_python):
            continue
        functions = c_functions if source.is_c else python_functions
        problems += [
            f"{source.path}:{line}: {name}() has {lines} lines; the limit is {FUNCTION_LINES}"
            for line, name, lines in functions(source.text)
            if lines > FUNCTION_LINES
        ]
    return problems
