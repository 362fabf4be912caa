# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tests/fuzz/run.py: counts, faults with their inputs, and targets that do not notice wrong answers."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "fuzz" / "run.py"
# A target that notices all damage, and that libFuzzer runs without a fault.
GOOD = """
case "$FUZZ_DAMAGE" in
answer) echo "tests/fuzz/fake.c:7: another answer"; exit 77 ;;
time) echo "takes 1.01 s of CPU time"; exit 77 ;;
memory) echo "takes more than 7 bytes of memory"; exit 77 ;;
esac
case "$*" in
*-max_total_time=3*) printf '#5 NEW cov: 12 corp: 4/9b\\nstat::number_of_executed_units: 345\\n' ;;
esac
"""
FAULTY = GOOD.replace(
    "printf",
    "for one; do case $one in -artifact_prefix=*) printf in >${one#*=}crash-1 ;; esac; done; "
    "echo 'tests/fuzz/fake.c:9: a fault'; exit 77; printf",
)


def run(directory: Path, program: str, has_input: bool = True) -> tuple[int, str, list[str]]:
    """The status, the output and the failed cases of a run of one target."""
    target = directory / "fake"
    target.write_text(f"#!/bin/sh\n{program}")
    target.chmod(0o755)
    inputs = directory / "corpus" / "fake"
    inputs.mkdir(parents=True)
    if has_input:
        (inputs / "one").write_text("input")
    places = {"programs": ".", "corpus": "corpus", "seeds": "seeds", "found": "found", "junit": "x"}
    words = [word for name, path in places.items() for word in (f"--{name}", str(directory / path))]
    done = subprocess.run(
        [sys.executable, str(RUN), *words, "--seconds", "3", "fake"],
        capture_output=True,
        text=True,
        check=False,
    )
    cases = ElementTree.parse(directory / "x").iter("testcase")
    failed = [str(case.get("name")) for case in cases if case.find("failure") is not None]
    return done.returncode, done.stdout, failed


def test_counts_are_printed(tmp_path: Path) -> None:
    status, output, failed = run(tmp_path, GOOD)
    assert (status, failed) == (0, [])
    assert "fake: 345 inputs, 12 edges, 4 corpus" in output


def test_a_fault_is_printed_with_its_input(tmp_path: Path) -> None:
    status, output, failed = run(tmp_path, FAULTY)
    assert (status, failed) == (1, ["fake"])
    assert "tests/fuzz/fake.c:9: a fault" in output
    assert f"run it again: {tmp_path}/fake {tmp_path}/found/fake-faults/crash-1" in output
    assert "echo aW4= | base64 -d" in output


@pytest.mark.parametrize("damage", ["answer", "time", "memory"])
def test_a_target_that_does_not_notice_damage_fails(tmp_path: Path, damage: str) -> None:
    status, _, failed = run(tmp_path, GOOD.replace(f"{damage})", "never)"))
    assert (status, failed) == (1, [f"fake_notices_damage_of_{damage}"])


def test_a_target_without_first_inputs_fails(tmp_path: Path) -> None:
    status, _, failed = run(tmp_path, GOOD, has_input=False)
    assert (status, len(failed)) == (1, 3)


def test_a_target_that_runs_nothing_fails(tmp_path: Path) -> None:
    status, _, failed = run(tmp_path, GOOD.replace("345", "0").replace("#5", "#0"))
    assert (status, failed) == (1, ["fake"])
