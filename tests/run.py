#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs the test suites named on the command line and adds up what they say.

Each suite is a command that writes a JUnit file. The last line is "N passed, N failed", with the
number of skipped tests, whose reasons are printed, where there are any. A suite that dies, or that
runs no test, counts as one failure.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tally:
    """What became of a suite's tests."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Takes over another suite's numbers."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def read_junit(path: Path) -> Tally:
    """Counts the test cases of a JUnit file, which Criterion and pytest both write."""
    tally = Tally()
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname') or ''}.{case.get('name')}".lstrip(".")
        skip = case.find("skipped")
        bad = case.find("failure")
        if bad is None:
            bad = case.find("error")
        if bad is not None:
            why = (bad.get("message") or "no reason given").splitlines()[0]
            tally.failed.append(f"{name}: {why}")
        elif case.get("status") == "FAILED":
            tally.failed.append(name)
        elif skip is not None or case.get("status") == "SKIPPED":
            reason = skip.get("message") if skip is not None else None
            tally.skipped.append(f"{name}: {reason or 'no reason given'}")
        else:
            tally.passed += 1
    return tally


def run_suite(name: str, command: str, junit: Path) -> Tally:
    """Runs one suite; its output goes where ours goes."""
    print(f"== {name}", flush=True)
    junit.unlink(missing_ok=True)
    status = subprocess.run(command, shell=True, check=False).returncode
    try:
        tally = read_junit(junit)
    except (OSError, ElementTree.ParseError) as problem:
        return Tally(failed=[f"{name}: no result ({problem}), exit status {status}"])
    if tally.passed + len(tally.failed) + len(tally.skipped) == 0:
        tally.failed.append(f"{name}: it ran no test")
    elif status != 0 and not tally.failed:
        tally.failed.append(f"{name}: exit status {status} though no test failed")
    return tally


def main() -> int:
    """Runs all suites: NAME JUNIT_FILE COMMAND, three arguments a suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="+", metavar="NAME JUNIT COMMAND")
    words = parser.parse_args().suites
    if len(words) % 3:
        parser.error("three arguments a suite: its name, its JUnit file, its command")

    total = Tally()
    for name, junit, command in zip(words[::3], words[1::3], words[2::3]):
        total.add(run_suite(name, command, Path(junit)))

    print()
    for reason in total.skipped:
        print(f"skipped  {reason}")
    for name in total.failed:
        print(f"failed   {name}")
    skipped = f", {len(total.skipped)} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {len(total.failed)} failed{skipped}")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
