#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Writes Grafana's dashboards from the list of metrics; with --check, reports stale files."""

import argparse
import pathlib
import sys

import metric_list
import oauth
import overview
import polls
import sections
import tool
from board import to_json
from check import WrongExpression
from queries import Queries

OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "grafana" / "dashboards"
BOARDS = (overview.board, sections.board, polls.board, oauth.board, tool.board)


def files(queries: Queries) -> dict[str, str]:
    """The text of each dashboard by the name of its file."""
    boards = [make(queries) for make in BOARDS]
    return {f"{board.uid}.json": to_json(board, queries) for board in boards}


def stale(wanted: dict[str, str], output: pathlib.Path) -> list[str]:
    """The files that are missing, that differ, or that no dashboard has."""
    present = {path.name: path.read_text(encoding="utf-8") for path in output.glob("*.json")}
    return [
        name
        for name in sorted(wanted.keys() | present.keys())
        if wanted.get(name) != present.get(name)
    ]


def main() -> int:
    """Writes or checks."""
    parser = argparse.ArgumentParser(prog="generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="report stale files, write nothing")
    parser.add_argument(
        "--metrics",
        required=True,
        type=pathlib.Path,
        metavar="FILE",
        help="what `scottyscope metrics --format json` prints",
    )
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT, metavar="FOLDER")
    options = parser.parse_args()
    try:
        wanted = files(Queries(metric_list.load(options.metrics)))
    except (WrongExpression, metric_list.UnknownMetric, ValueError, OSError) as error:
        print(f"dashboards: {error}", file=sys.stderr)
        return 1
    if options.check:
        names = stale(wanted, options.output)
        for name in names:
            print(f"{options.output / name} is not what the generator writes: run `make docs`")
        return 1 if names else 0
    options.output.mkdir(parents=True, exist_ok=True)
    for name in stale(wanted, options.output):
        if name in wanted:
            (options.output / name).write_text(wanted[name], encoding="utf-8")
        else:
            (options.output / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
