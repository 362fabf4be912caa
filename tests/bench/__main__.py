# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Measures what scottyscope costs a server and what it takes itself.

`compare` has servers loaded that nobody observes, that scottyscope does, and that observe
themselves, in turns. `scale` brings the tool to what it is made for at most. Both keep what they
measured as JSON; `report` makes text and a picture of such files, and puts them into a document.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
from pathlib import Path

import comparison
import document
import machine
import scale
from mixes import all_mixes


def add_programs(parser: argparse.ArgumentParser) -> None:
    """The programs that everything is measured with."""
    parser.add_argument("--tool", required=True, help="scottyscope")
    parser.add_argument("--server", required=True, help="the sample server without telemetry")
    parser.add_argument("--load", required=True, help="the load generator")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument(
        "--nice",
        type=int,
        default=-20,
        help="of all that is measured and of the load, so that others hardly get between them",
    )
    parser.add_argument("--into", type=Path, required=True, help="JSON file of what is measured")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser("compare", help="modes of observation with each other")
    add_programs(compare)
    compare.add_argument("--own", required=True, help="the sample server with telemetry")
    compare.add_argument("--trap", required=True, help="what calibrates the cost of traps")
    compare.add_argument("--before", help="an earlier build of scottyscope, to compare with")
    compare.add_argument("--rounds", type=int, default=3)
    compare.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    compare.add_argument("--mixes", nargs="+", choices=list(all_mixes()), default=list(all_mixes()))
    compare.add_argument(
        "--shares",
        nargs="+",
        type=int,
        default=[10, 50, 90, 100],
        help="loads, in percent of what the server takes; 100 is all it takes",
    )
    compare.add_argument("--modes", nargs="+", help="names (default: all that there are)")
    measure = commands.add_parser("scale", help="the tool at its largest")
    add_programs(measure)
    measure.add_argument(
        "--only", nargs="+", choices=list(scale.SCENES), default=list(scale.SCENES)
    )
    measure.add_argument("--seconds", type=float, default=8.0, help="of each scene")
    report = commands.add_parser("report", help="text and a picture of what was measured")
    report.add_argument("files", type=Path, nargs="+", help="what compare and scale measured")
    report.add_argument(
        "--others",
        type=float,
        default=100,
        metavar="PERCENT",
        help="leaves out pairs in which others had more of the CPUs",
    )
    report.add_argument("--text", type=Path, help="a file of the text")
    report.add_argument("--document", type=Path, help="puts the text between its marks")
    report.add_argument("--picture", type=Path, help="an SVG file")
    return parser.parse_args()


def main() -> int:
    """Runs one command."""
    options = parse()
    # Ten thousand websockets take as many descriptors, here and in the server.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.command == "report":
        return document.write(options)
    with tempfile.TemporaryDirectory() as directory, machine.before_others(options.nice):
        if options.command == "compare":
            return comparison.run(options, Path(directory))
        return scale.run(options, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
