# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""tests/run.py: the line that counts, skipped and slow tests, and groups that run side by side."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "run.py"
PASSED = '<testcase classname="c" name="good" time="1.5"/>'
FAILED = '<testcase classname="c" name="bad" time="0.1"><failure message="two\nlines"/></testcase>'
SKIPPED = '<testcase classname="c" name="left" time="0"><skipped message="no root"/></testcase>'
CRITERION = '<testcase name="old" status="FAILED"/><testcase name="new" status="PASSED" time="2"/>'


def group(directory: Path, name: str, cases: str, command: str = "") -> list[str]:
    """The arguments for a group whose JUnit file has these test cases."""
    source = directory / f"{name}.source"
    source.write_text(f"<testsuites><testsuite name='s'>{cases}</testsuite></testsuites>")
    junit = directory / f"{name}.xml"
    return [name, str(junit), f"{command}cp {source} {junit}"]


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit status and the lines of a run."""
    command = [sys.executable, str(RUN), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("cases", "status", "line"),
    [
        (PASSED, 0, "1 passed, 0 failed"),
        (PASSED + FAILED, 1, "1 passed, 1 failed"),
        (PASSED + SKIPPED, 0, "1 passed, 0 failed, 1 skipped"),
        (CRITERION, 1, "1 passed, 1 failed"),
        ("", 1, "0 passed, 1 failed"),
    ],
)
def test_last_line(tmp_path: Path, cases: str, status: int, line: str) -> None:
    done, lines = run(*group(tmp_path, "one", cases))
    assert (done, lines[-1]) == (status, line)


def test_reasons_and_times(tmp_path: Path) -> None:
    _, lines = run(*group(tmp_path, "one", PASSED + FAILED + SKIPPED))
    start = lines.index("")
    assert lines[start + 1] == "slow        1.5 s  one: c.good"
    assert lines[-3:-1] == ["skipped  c.left: no root", "failed   c.bad: two lines"]


def test_only_the_slowest_are_listed(tmp_path: Path) -> None:
    cases = "".join(f'<testcase classname="c" name="n{i}" time="{i}"/>' for i in range(30))
    _, lines = run(*group(tmp_path, "one", cases))
    slow = [line.split()[1] for line in lines if line.startswith("slow")]
    assert slow == [f"{i}.0" for i in range(29, 19, -1)]


@pytest.mark.parametrize("option", [[], ["--together", "one"], ["--beside", "one"]])
def test_a_group_that_dies_is_a_failure(tmp_path: Path, option: list[str]) -> None:
    one = group(tmp_path, "one", PASSED, "exit 7; ")
    status, lines = run(*option, *one, *group(tmp_path, "two", PASSED))
    assert (status, lines[-1]) == (1, "1 passed, 1 failed")
    assert any(line.startswith("failed   one: no result") for line in lines)


def test_an_exit_status_is_a_failure(tmp_path: Path) -> None:
    name, junit, command = group(tmp_path, "one", PASSED)
    assert run(name, junit, f"{command}; exit 3")[1][-1] == "1 passed, 1 failed"


def test_groups_beside_others_yield_to_them(tmp_path: Path) -> None:
    """Each of the two groups waits for a file of the other, so they must run at the same time."""
    seen, ready = tmp_path / "seen", tmp_path / "ready"
    wait = f"while ! test -s {{}}; do sleep 0.05; done; touch {ready}; "
    one = group(tmp_path, "one", PASSED, wait.format(seen))
    policy = f"chrt -p $$ >{seen}; while ! test -e {ready}; do sleep 0.05; done; "
    two = group(tmp_path, "two", PASSED, policy)
    assert run("--beside", "two", *one, *two)[1][-1] == "2 passed, 0 failed"
    assert "SCHED_IDLE" in seen.read_text()


def test_groups_leave_the_idle_class_in_the_end(tmp_path: Path) -> None:
    one = group(tmp_path, "one", PASSED)
    wait = "until chrt -p $$ | grep -q SCHED_OTHER; do sleep 0.05; done; "
    two = group(tmp_path, "two", PASSED, wait)
    assert run("--beside", "two", *one, *two)[1][-1] == "2 passed, 0 failed"


def test_groups_run_together(tmp_path: Path) -> None:
    meet = "touch {0}; while ! test -e {1}; do sleep 0.05; done; "
    first, second = tmp_path / "first", tmp_path / "second"
    one = group(tmp_path, "one", PASSED, meet.format(first, second))
    two = group(tmp_path, "two", PASSED, meet.format(second, first))
    assert run("--together", "one two", *one, *two)[1][-1] == "2 passed, 0 failed"


def test_a_group_alone_waits_for_the_others(tmp_path: Path) -> None:
    done = tmp_path / "done"
    one = group(tmp_path, "one", PASSED, f"test -e {done} && ")
    two = group(tmp_path, "two", PASSED, f"sleep 0.3; touch {done}; ")
    assert run("--beside", "two", "--alone", "one", *one, *two)[1][-1] == "2 passed, 0 failed"
