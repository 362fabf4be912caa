# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Rules about includes and imports: the order of layers, circles, and tests that import tests."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

from source import Source

# Each line is a group of folders of user/; a file includes only its own folder and earlier ones.
LAYERS = (
    "base config process rust elf code tokio plan planner "  # known before anything is attached
    "snapshot probe ring govern "  # what is read, and how often
    "metric span otlp "  # what the numbers mean, and their encoding
    "ipc export self prom web front "  # the unprivileged process, and the tool's own metrics
    "report agent command"  # what combines the others
).split()
INCLUDE = re.compile(r'^#include "(?P<path>[^"]+)"', re.MULTILINE)
# Where the compiler looks for includes, besides the folder of the file itself.
INCLUDE_FOLDERS = ("user", "bpf")


def rank(layer: str) -> int | None:
    """The place of a folder of user/ in the order; None if it has none."""
    return LAYERS.index(layer) if layer in LAYERS else None


def check_layers(sources: list[Source]) -> list[str]:
    """A file of user/ includes only its own layer and earlier ones."""
    problems = []
    for source in sources:
        if source.path.parts[0] != "user" or len(source.path.parts) < 3:
            continue
        own = source.path.parts[1]
        own_rank = rank(own)
        if own_rank is None:
            problems.append(f"{source.path}: {own}/ is not in the list of layers")
            continue
        for path in INCLUDE.findall(source.text):
            layer = path.split("/")[0]
            other = rank(layer) if "/" in path else None
            if other is not None and other > own_rank:
                problems.append(f"{source.path}: includes {layer}/, a later layer than {own}/")
    return problems


def unit_of(path: Path) -> str:
    """The name of a source without its suffixes: x.c and x.h are one unit, and so are x.bpf.c and
    x.bpf.h."""
    return str(path.parent / path.name.split(".")[0])


def units(sources: list[Source]) -> dict[str, set[str]]:
    """Each unit of user/ and bpf/ and the units that it includes. An internal.h is the common part of
    its folder, and no unit."""
    known = {source.path for source in sources if source.is_c}
    graph: dict[str, set[str]] = {}
    for source in sources:
        if source.path.parts[0] not in INCLUDE_FOLDERS or source.path not in known:
            continue
        own = unit_of(source.path)
        included = graph.setdefault(own, set())
        for path in INCLUDE.findall(source.text):
            places = (source.path.parent, *map(Path, INCLUDE_FOLDERS))
            # Not Path.resolve(), because the paths are relative to the tree.
            found = (Path(os.path.normpath(place / path)) for place in places)
            included.update(unit_of(place) for place in found if place in known)
        included.discard(own)
    return {
        unit: {other for other in included if not other.endswith("/internal")}
        for unit, included in graph.items()
        if not unit.endswith("/internal")
    }


def shortest_circle(graph: dict[str, set[str]], start: str) -> list[str] | None:
    """The shortest way from a unit back to itself, by breadth-first search."""
    came_from: dict[str, str] = {}
    queue = [start]
    for unit in queue:
        for other in sorted(graph.get(unit, ())):
            if other == start:
                circle = [start, unit]
                while unit != start:
                    unit = came_from[unit]
                    circle.append(unit)
                return circle[::-1]
            if other not in came_from:
                came_from[other] = unit
                queue.append(other)
    return None


def check_circles(sources: list[Source]) -> list[str]:
    """No two units of user/ or bpf/ include each other, directly or through others."""
    graph = units(sources)
    reported: set[frozenset[str]] = set()
    problems = []
    for unit in sorted(graph):
        circle = shortest_circle(graph, unit)
        if circle and frozenset(circle) not in reported:
            reported.add(frozenset(circle))
            problems.append("units that include each other: " + " -> ".join(circle))
    return problems


def check_test_imports(sources: list[Source]) -> list[str]:
    """A test module imports no other test module: what both need is a module of helpers."""
    problems = []
    for source in sources:
        if source.path.parts[0] != "tests" or not source.is_python:
            continue
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                # "from . import test_x" names the module after "import".
                names = [node.module] if node.module else [alias.name for alias in node.names]
            else:
                continue
            problems += [
                f"{source.path}:{node.lineno}: imports the test module {name}"
                for name in names
                if name.split(".")[-1].startswith("test_")
            ]
    return problems
