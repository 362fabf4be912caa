#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs fuzz targets, each for a time, and writes a JUnit file.

A target reads its first inputs from CORPUS/NAME and SEEDS/NAME, and stores the inputs with new coverage in
FOUND/NAME, from where the next run continues. A fault is printed with the input that shows it.

Each target also runs with FUZZ_DAMAGE in the environment, which makes the answers of the code under test
wrong: a target that does not notice is a failed test. The first target shows the limits of time and memory.
"""

from __future__ import annotations

import argparse
import base64
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

# A limit for the whole process; driver.c has the limits of an input.
PROCESS_LIMIT_MB = 1024
HANG_SECONDS = 25
PRINTED_INPUT_BYTES = 4096
ENVIRONMENT = {"ASAN_OPTIONS": "quarantine_size_mb=8:allocator_may_return_null=1"}
FAULT = re.compile(
    r"^(?:\S+\.[ch]:\d+:\d*:? .*|==\d+==\s?ERROR: .*|SUMMARY: .*)$", re.MULTILINE
)


@dataclass
class Case:
    """A test and its result."""

    name: str
    seconds: float = 0.0
    fault: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where programs and inputs are."""

    programs: Path
    corpus: Path
    seeds: Path
    found: Path

    def inputs(self, target: str) -> list[Path]:
        """The directories with the first inputs of a target."""
        return [folder for place in (self.corpus, self.seeds) if (folder := place / target).is_dir()]


def execute(command: list[str], damage: str = "") -> tuple[int, str]:
    """Runs a target. Returns the status and the output."""
    environment = os.environ | ENVIRONMENT | ({"FUZZ_DAMAGE": damage} if damage else {})
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", errors="replace")


def last_number(pattern: str, output: str) -> int:
    """The last number that the pattern finds in the output; 0 for none."""
    found = re.findall(pattern, output)
    return int(found[-1]) if found else 0


def advice(program: Path, artifact: Path) -> str:
    """How to see a fault again."""
    lines = [f"run it again: {program} {artifact}"]
    content = artifact.read_bytes()
    if len(content) <= PRINTED_INPUT_BYTES:
        text = base64.b64encode(content).decode()
        lines.append(f"make the input: echo {text} | base64 -d >{artifact}")
    return "\n".join(lines)


def fuzz(target: str, places: Places, seconds: int) -> Case:
    """Searches for faults for a time."""
    program, found = places.programs / target, places.found / target
    artifacts = places.found / f"{target}-faults"
    found.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    before = set(artifacts.iterdir())
    start = time.monotonic()
    status, output = execute(
        [
            str(program),
            f"-max_total_time={seconds}",
            f"-rss_limit_mb={PROCESS_LIMIT_MB}",
            f"-timeout={HANG_SECONDS}",
            f"-artifact_prefix={artifacts}/",
            "-print_final_stats=1",
            str(found),
            *map(str, places.inputs(target)),
        ]
    )
    case = Case(target, time.monotonic() - start)
    case.counts = {
        "inputs": last_number(r"stat::number_of_executed_units: (\d+)", output)
        or last_number(r"^#(\d+)", output),
        "edges": last_number(r"cov: (\d+)", output),
        "corpus": last_number(r"corp: (\d+)/", output),
    }
    if status != 0:
        reasons = FAULT.findall(output) or output.splitlines()[-5:]
        hints = [advice(program, one) for one in sorted(set(artifacts.iterdir()) - before)]
        case.fault = "\n".join([*reasons[:3], *hints])
    elif case.counts["inputs"] == 0:
        case.fault = "no input was executed"
    return case


def check_damage(target: str, places: Places, damage: str, words: str) -> Case:
    """Whether a target notices what FUZZ_DAMAGE makes wrong, with its first inputs."""
    case = Case(f"{target}_notices_damage_of_{damage}")
    inputs = [str(one) for folder in places.inputs(target) for one in sorted(folder.iterdir())]
    start = time.monotonic()
    program = str(places.programs / target)
    artifacts = f"-artifact_prefix={places.found}/"
    if not inputs:
        case.fault = "the target has no first inputs"
    else:
        status, output = execute([program, artifacts, *inputs])
        if status != 0:
            case.fault = f"the first inputs show a fault: {FAULT.findall(output)[:1]}"
        status, output = execute([program, artifacts, *inputs], damage)
        if not case.fault and (status == 0 or not re.search(words, output)):
            case.fault = f"status {status} though the answers are wrong"
    case.seconds = time.monotonic() - start
    return case


def run_target(target: str, places: Places, seconds: int, is_first: bool) -> list[Case]:
    """All tests of a target."""
    cases = [check_damage(target, places, "answer", r"tests/fuzz/\w+\.c:\d+: ")]
    if is_first:
        cases.append(check_damage(target, places, "time", r"s of CPU time"))
        cases.append(check_damage(target, places, "memory", r"bytes of memory"))
    cases.append(fuzz(target, places, seconds))
    return cases


def write_junit(cases: list[Case], path: Path) -> None:
    """Writes the results."""
    suite = ElementTree.Element("testsuite", name="fuzz", tests=str(len(cases)))
    for case in cases:
        element = ElementTree.SubElement(
            suite, "testcase", classname="fuzz", name=case.name, time=f"{case.seconds:.1f}"
        )
        if case.counts:
            properties = ElementTree.SubElement(element, "properties")
            for name, count in case.counts.items():
                ElementTree.SubElement(properties, "property", name=name, value=str(count))
        if case.fault:
            # XML has no control characters, which an input may bring into a message.
            fault = "".join(c if c.isprintable() or c == "\n" else "?" for c in case.fault)
            ElementTree.SubElement(element, "failure", message=fault.splitlines()[0]).text = fault
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def report(cases: list[Case]) -> None:
    """Prints the results of a target."""
    for case in cases:
        counts = ", ".join(f"{count} {name}" for name, count in case.counts.items())
        if counts:
            print(f"fuzz     {case.seconds:6.1f} s  {case.name}: {counts}")
        if case.fault:
            print(f"fuzz     failed: {case.name}\n{case.fault}")
    sys.stdout.flush()


def main() -> int:
    """Runs the targets, some at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--found", type=Path, required=True)
    parser.add_argument("--junit", type=Path, required=True)
    parser.add_argument("--seconds", type=int, required=True, help="of each target")
    parser.add_argument("--jobs", type=int, default=2, help="targets that run at a time")
    parser.add_argument("targets", nargs="+")
    options = parser.parse_args()
    places = Places(options.programs, options.corpus, options.seeds, options.found)
    options.found.mkdir(parents=True, exist_ok=True)
    cases: list[Case] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [
            pool.submit(run_target, target, places, options.seconds, target == options.targets[0])
            for target in options.targets
        ]
        for run in concurrent.futures.as_completed(runs):
            report(run.result())
            cases += run.result()
    write_junit(cases, options.junit)
    return 1 if any(case.fault for case in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
