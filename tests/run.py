#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs groups of tests and adds up their results.

A group is a command that writes a JUnit file. Groups run one after another, because many tests check
times and need a quiet machine. The groups of --together run first and at the same time. The groups of
--beside run while the other groups do, in the scheduling class SCHED_IDLE, which gives them only the
CPU time that the other groups leave. The groups of --alone run last, one at a time.

The slowest tests are printed, then skipped tests with their reasons, then failed tests. The last line
is "N passed, N failed", with the number of skipped tests if there are any. A group that dies, or
that runs no test, counts as one failure.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SLOWEST = 10


@dataclass
class Group:
    """A group of tests, as the command line gives it."""

    name: str
    junit: Path
    command: str


@dataclass
class Tally:
    """The results of tests."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: list[tuple[float, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds the results of another group."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.seconds += other.seconds


def read_junit(group: Group) -> Tally:
    """Counts the test cases of a JUnit file, which Criterion and pytest both write."""
    tally = Tally()
    for suite in ElementTree.parse(group.junit).iter():
        for case in suite.findall("testcase"):
            # Criterion names the suite, pytest the class.
            place = case.get("classname") or suite.get("name")
            name = f"{place}.{case.get('name')}"
            count_case(tally, name, case)
            tally.seconds.append((float(case.get("time") or 0), f"{group.name}: {name}"))
    return tally


def count_case(tally: Tally, name: str, case: ElementTree.Element) -> None:
    """Adds the result of one test."""
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


def result_of(group: Group, status: int) -> Tally:
    """The results of a group whose command ended with this status."""
    try:
        tally = read_junit(group)
    except (OSError, ElementTree.ParseError) as problem:
        return Tally(failed=[f"{group.name}: no result ({problem}), exit status {status}"])
    if tally.passed + len(tally.failed) + len(tally.skipped) == 0:
        tally.failed.append(f"{group.name}: no test ran")
    elif status != 0 and not tally.failed:
        tally.failed.append(f"{group.name}: exit status {status} though no test failed")
    return tally


def run_group(group: Group) -> Tally:
    """Runs one group, whose output goes to standard output."""
    print(f"== {group.name}", flush=True)
    group.junit.unlink(missing_ok=True)
    start = time.monotonic()
    status = subprocess.run(group.command, shell=True, check=False).returncode
    print(f"== {group.name}: {time.monotonic() - start:.0f} s", flush=True)
    return result_of(group, status)


class Background:
    """Groups that run one after another while this process does other things. The output of each is
    printed when the group has ended."""

    def __init__(self, groups: list[Group], is_idle: bool) -> None:
        self._groups = groups
        self._is_idle = is_idle
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._tally = Tally()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for group in self._groups:
            group.junit.unlink(missing_ok=True)
            log = group.junit.with_suffix(".log")
            start = time.monotonic()
            with log.open("wb") as output:
                process = self._start(group, output)
                status = process.wait()
            seconds = time.monotonic() - start
            text = log.read_text(encoding="utf-8", errors="replace")
            print(f"== {group.name}\n{text}== {group.name}: {seconds:.0f} s", flush=True)
            self._tally.add(result_of(group, status))

    def _start(self, group: Group, output: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            # On Linux the class is a property of the thread, and children inherit it.
            policy = os.SCHED_IDLE if self._is_idle else os.SCHED_OTHER
            os.sched_setscheduler(0, policy, os.sched_param(0))
            self._process = subprocess.Popen(
                group.command, shell=True, stdout=output, stderr=subprocess.STDOUT, process_group=0
            )
            return self._process

    def _leave_idle_class(self) -> None:
        """Lets the groups compete for the CPUs from now on."""
        with self._lock:
            self._is_idle = False
            group = self._process.pid if self._process else 0
        for task in Path("/proc").glob("[0-9]*/task/[0-9]*"):
            # Processes end meanwhile. Without privileges a process may have to stay in its class.
            with contextlib.suppress(OSError):
                if os.getpgid(int(task.parts[2])) == group:
                    os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))

    def finish(self) -> Tally:
        """Waits for all groups; returns their results."""
        self._leave_idle_class()
        self._thread.join()
        return self._tally

    def stop(self) -> None:
        """Ends the group that runs and starts no other one."""
        self._groups.clear()
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._process:
                os.killpg(self._process.pid, signal.SIGTERM)


def run_all(groups: list[Group], options: argparse.Namespace) -> Tally:
    """Runs all groups."""
    total = Tally()
    together, beside = options.together.split(), options.beside.split()
    alone = options.alone.split()
    backgrounds = [Background([group], False) for group in groups if group.name in together]
    try:
        for background in backgrounds:
            total.add(background.finish())
        idle = Background([group for group in groups if group.name in beside], True)
        backgrounds.append(idle)
        for group in groups:
            if group.name not in (*together, *beside, *alone):
                total.add(run_group(group))
        total.add(idle.finish())
        for group in groups:
            if group.name in alone:
                total.add(run_group(group))
    except BaseException:
        for background in backgrounds:
            background.stop()
        raise
    return total


def report(total: Tally) -> None:
    """Prints the slowest, skipped and failed tests, and the line that counts."""
    print()
    for seconds, name in sorted(total.seconds, reverse=True)[:SLOWEST]:
        print(f"slow     {seconds:6.1f} s  {name}")
    for reason in total.skipped:
        print(f"skipped  {reason}")
    for name in total.failed:
        print(f"failed   {name}")
    skipped = f", {len(total.skipped)} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {len(total.failed)} failed{skipped}")


def main() -> int:
    """Runs all groups: NAME JUNIT_FILE COMMAND, three arguments a group."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--together", "--beside", "--alone"):
        parser.add_argument(name, default="", metavar="NAMES", help="separated by spaces")
    parser.add_argument("groups", nargs="+", metavar="NAME JUNIT COMMAND")
    options = parser.parse_args()
    words = options.groups
    if len(words) % 3:
        parser.error("a group has three arguments: its name, its JUnit file, its command")
    groups = [Group(name, Path(junit), command) for name, junit, command in zip(*[iter(words)] * 3)]
    total = run_all(groups, options)
    report(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
