# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The process that analyses the executable has no privileges, and its end is one sentence."""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator

import pytest

from harness import many_symbols
from harness.builds import ONE_BUILD
from harness.privileges import Privileges
from harness.process import Process
from harness.starter import Starter
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

PLANNER = "scottyscope-pln"
FAILED = 1
# The analysis of so many names takes seconds, and exceeds the budget of user/base/budget.h.
NAME = "_ZN3all5State" + "".join(f"8segment{i % 10}" for i in range(100)) + "17h0123456789abcdefE"
MANY = 2_000_000


@pytest.fixture(name="target", scope="module")
def fixture_target(start_shared: Starter) -> Iterator[Process]:
    """A process with an executable of many symbols."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory).chmod(0o755)
        program = pathlib.Path(directory, "many")
        many_symbols.build(program, NAME, MANY)
        yield start_shared.process([str(program)])


def child_of(pid: int, name: str) -> int:
    """Returns the process id of the child with the name; 0 without one."""
    with contextlib.suppress(OSError, ValueError):
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == name:
                return int(child)
    return 0


def start_verify(start: Starter, target: Process) -> tuple[Process, int]:
    """Starts `verify`. Returns the process and its planner, which analyses the executable."""
    verify = start.process([os.environ["SCOTTYSCOPE"], "verify", "--pid", str(target.pid)])
    planner = wait_until("a planner", lambda: child_of(verify.pid, PLANNER))
    wait_until("a filter", lambda: Privileges(planner).has_filter())
    return verify, planner


def user_of_front() -> int:
    """Returns the user that replaces root."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("scottyscope").pw_uid
    return 65534


def test_privileges(start: Starter, target: Process) -> None:
    """No capability, no root, no new privileges, no file but the executable, limits of memory and time."""
    verify, planner = start_verify(start, target)
    os.kill(planner, signal.SIGSTOP)
    found = Privileges(planner)
    for which in ("Eff", "Prm", "Inh", "Bnd", "Amb"):
        assert found.capabilities(which) == set()
    assert found.users() == {user_of_front()} and 0 not in found.groups()
    assert found.has_no_new_privileges() and found.has_filter()
    assert found.core_limits() == {"0"}
    assert found.session() == planner and not found.has_terminal()
    descriptors = {int(link.name): os.readlink(link) for link in (found.proc / "fd").iterdir()}
    assert [descriptors[number] for number in range(3)] == ["/dev/null"] * 3
    assert descriptors[3].startswith("socket:")
    assert descriptors[4] == os.readlink(f"/proc/{target.pid}/exe")
    assert len(descriptors) == 5
    limits = (found.proc / "limits").read_text()
    for limit in ("Max address space", "Max cpu time", "Max file size"):
        assert not re.search(rf"(?m)^{limit} +unlimited", limits), limit
    # Files in memory have no other limit than their size and number (user/planner/confine.c).
    assert re.search(r"(?m)^Max open files +18 +18 ", limits)
    environment = (found.proc / "environ").read_bytes()
    assert environment == b"" or b"LD_LIBRARY_PATH=" in environment
    os.kill(planner, signal.SIGCONT)
    verify.wait()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGBUS])
def test_the_end_of_the_planner(start: Starter, target: Process, number: signal.Signals) -> None:
    """A planner that crashes or is killed is one line and a status."""
    verify, planner = start_verify(start, target)
    os.kill(planner, number)
    assert verify.wait() == FAILED
    assert re.fullmatch(r"scottyscope: error: the analysis of \S+/many .*\n", verify.stderr())


def test_the_planner_ends_with_the_agent(start: Starter, target: Process) -> None:
    """A planner without its agent does not go on."""
    verify, planner = start_verify(start, target)
    verify.popen.kill()
    verify.wait()
    wait_until("the planner has ended", lambda: not pathlib.Path(f"/proc/{planner}").exists())


def test_too_much_work(start: Starter, target: Process) -> None:
    """An executable that exceeds the budget is refused; the sentence names the limit."""
    for command in ("verify", "run"):
        process = start.process([os.environ["SCOTTYSCOPE"], command, "--pid", str(target.pid)])
        assert process.wait() == FAILED
        assert re.search(r"the analysis of \S+/many exceeds the limit of \d+ ", process.stderr())
        assert len(process.stderr().splitlines()) == 1
