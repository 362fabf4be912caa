#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs the tool's tests on other kernels, each in a virtual machine of its own.

The Python that runs this script is copied into the machines, so it needs the packages of the
integration tests. A machine of 64-bit Arm gets its files from tests/install/arm64.sh instead.

Each kernel runs the workload of tests/integration. The clients of the workload count their requests,
and every metric must have the same counts. Writes one JUnit file for all kernels, and tables of the results.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import kernels
import machine
import report
import system

# Emulated, everything takes some ten times as long, and longer where others use the CPUs.
PATIENCE = 15
STEPS = 15
# A machine takes one of this one's CPUs.
AT_ONCE = os.cpu_count() or 1
# In the virtual machine.
ENVIRONMENT = {
    "PATH": "/bin",
    "PYTHONHOME": "/python",
    "PYTHONPATH": "/packages",
    "PYTHONDONTWRITEBYTECODE": "1",
    "SCOTTYSCOPE": "/bin/scottyscope",
    "SCOTTY_BARE": "/bin/scotty-bare",
    "SCOTTY_DEFAULT": "/bin/scotty-default",
    "TEST_PATIENCE": str(PATIENCE),
    "TEST_STEPS": str(STEPS),
}
# Tests of tests/integration: the workload, exact polls, and what works without poll probes.
TESTS = (
    "test_workload",
    "test_idle_server_polls_nothing",
    "test_polls_of_a_task",
    "test_polls_on_several_connections",
    "test_blocking_closures_are_no_polls",
    "test_tasks_come_and_go",
    "test_a_trace",
    "test_tasks",
)
# The other builds of the server are not there to be compared with.
SELECTION = f"test_kernel or (bare and not builds_agree and ({' or '.join(TESTS)}))"
ARGUMENTS = (
    *("-v", "-p", "instant", "-p", "no:cacheprovider", "--color=no", "-o", "junit_family=xunit1"),
    *("-k", SELECTION),
    *("test_kernel.py", "test_tokio.py", "test_workload.py", "test_poll_sampling.py"),
)


def tail_of(console: pathlib.Path) -> str:
    """The console's last lines, as an XML file may hold them."""
    text = console.read_text(errors="replace") if console.exists() else ""
    printable = "".join(c for c in text if c.isprintable() or c == "\n")
    return "\n".join(printable.splitlines()[-40:])


def failure(series: str, why: str, detail: str) -> ElementTree.Element:
    """A test case for a kernel that did not come so far as to run the tests."""
    case = ElementTree.Element("testcase", classname=f"vm.{series}", name="boots")
    ElementTree.SubElement(case, "failure", message=why).text = detail
    return case


def skip(series: str, why: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=f"vm.{series}", name="boots")
    ElementTree.SubElement(case, "skipped", message=why)
    return case


def cases_of(series: str, results: pathlib.Path) -> list[ElementTree.Element]:
    """The test cases of one machine, by the names that they have here."""
    cases = list(ElementTree.parse(results).iter("testcase"))
    for case in cases:
        module = (case.get("classname") or "").split(".")[-1]
        case.set("classname", f"vm.{series}.{module}")
    return cases


def run_kernel(
    on: system.System, series: str, directory: pathlib.Path, archive: pathlib.Path
) -> list[ElementTree.Element]:
    """The tests on one kernel."""
    try:
        kernel = kernels.newest(series, on.debian, directory)
    except kernels.Unavailable as why:
        return [skip(series, str(why))]
    print(f"vm {series}: {kernel.package} {kernel.version}", flush=True)
    start_s = time.monotonic()
    try:
        environment = {**ENVIRONMENT, "KERNEL_SERIES": series}
        machine.boot(on, kernel.image, archive, environment, directory, on.limit_s)
        cases = cases_of(series, directory / "results")
    except (machine.Died, subprocess.SubprocessError, OSError, ElementTree.ParseError) as problem:
        cases = [failure(series, str(problem), tail_of(directory / "console"))]
    bad = [case for case in cases if report.is_bad(case)]
    took_s = time.monotonic() - start_s
    good = len(cases) - len(bad)
    print(f"vm {series}: {good} of {len(cases)} tests passed in {took_s:.0f} s", flush=True)
    if bad:
        print(tail_of(directory / "console"), flush=True)
    for case in bad:
        print(f"vm {series}: failed: {case.get('name')}", flush=True)
    return cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", type=pathlib.Path, required=True)
    parser.add_argument(
        "--server", type=pathlib.Path, required=True, action="append", help="scotty-bare, -default"
    )
    parser.add_argument("--directory", type=pathlib.Path, required=True, help="kernels, results")
    parser.add_argument("--junit", type=pathlib.Path, required=True)
    parser.add_argument("--arm64", type=pathlib.Path, metavar="ROOT", help="of 64-bit Arm, from here")
    parser.add_argument("--series", choices=kernels.SERIES, nargs="*", default=[*kernels.SERIES])
    options = parser.parse_args()

    on = system.arm64(options.arm64) if options.arm64 else system.X86_64
    options.directory.mkdir(parents=True, exist_ok=True)
    archive = options.directory / "initramfs"
    why_not = on.why_not()
    if not why_not:
        machine.make_image(on, archive, options.tool, options.server, ARGUMENTS)
    suites = ElementTree.Element("testsuites")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(
            lambda series: (
                [skip(series, why_not)]
                if why_not
                else run_kernel(on, series, options.directory / series, archive)
            ),
            options.series,
        )
        for series, cases in zip(options.series, found, strict=True):
            suite = ElementTree.SubElement(suites, "testsuite", name=f"vm.{series}")
            suite.extend(cases)
    ElementTree.ElementTree(suites).write(options.junit, encoding="utf-8", xml_declaration=True)
    tables = report.tables(suites)
    (options.directory / "kernels.md").write_text(tables)
    print(tables)
    return 1 if any(map(report.is_bad, suites.iter("testcase"))) else 0


if __name__ == "__main__":
    sys.exit(main())
