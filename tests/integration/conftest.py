# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fixtures: the sample server in its builds, and the tool attached to it.

The environment names the binaries: SCOTTYSCOPE, and SCOTTY_DEFAULT, SCOTTY_BARE and so on for the
builds of tests/fixtures/scotty. A test whose binary is missing is skipped, with the reason.
"""

import itertools
import os
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Before the import, so that a failed assertion of the harness shows the compared values.
pytest.register_assert_rewrite("harness")

# pylint: disable=wrong-import-position
from harness.builds import BUILDS, binary_of  # noqa: E402
from harness.counting import Counting  # noqa: E402
from harness.ledger import Ledger  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.starter import Starter  # noqa: E402
from harness.tool import Tool  # noqa: E402

QUICK_BUILD = "default"
# The last test of this module compares the builds.
WHOLE_MODULES = ("test_workload.py",)


class BuildScheduling(LoadScopeScheduling):
    """Gives all tests of one module on one build to the same worker, for they share a server."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        if module.endswith(WHOLE_MODULES):
            return module
        builds = re.findall(rf"[\[-]({'|'.join(BUILDS)})(?=[]-])", test)
        return f"{module}[{builds[0] if builds else ''}]"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BuildScheduling:
    """Replaces the distribution of tests to the workers of pytest -n."""
    return BuildScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the mark `quick` on the default build only; skips tests without root or tool."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        build = parameters.get("build") or parameters.get("which") or QUICK_BUILD
        if build != QUICK_BUILD:
            item.own_markers[:] = [mark for mark in item.own_markers if mark.name != "quick"]
    if os.geteuid() != 0:
        reason = "needs root: attaches uprobes"
    elif not os.access(os.environ.get("SCOTTYSCOPE", ""), os.X_OK):
        reason = "SCOTTYSCOPE does not name the tool's binary"
    else:
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs the tests of a module on the builds that the module names."""
    if "build" in metafunc.fixturenames:
        builds = getattr(metafunc.module, "TESTED_BUILDS")
        metafunc.parametrize("build", builds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def build(request: pytest.FixtureRequest) -> str:
    """The build of the server."""
    return request.param


@pytest.fixture(scope="module")
def binary(build: str) -> str:
    return binary_of(build)


@pytest.fixture(scope="module")
def make_directory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], pathlib.Path]:
    """Makes a directory for the output of each process."""
    numbers = itertools.count()
    return lambda: tmp_path_factory.mktemp(f"process{next(numbers)}")


@pytest.fixture
def start(make_directory: Callable[[], pathlib.Path]) -> Iterator[Starter]:
    """Starts the processes of one test."""
    starter = Starter(make_directory)
    yield starter
    starter.end_all()


@pytest.fixture(scope="module")
def start_shared(make_directory: Callable[[], pathlib.Path]) -> Iterator[Starter]:
    """Starts processes that the tests of a module share."""
    starter = Starter(make_directory)
    yield starter
    starter.end_all()


@pytest.fixture(scope="module")
def server(start_shared: Starter, binary: str) -> Server:
    return start_shared.server(binary, "--workers", "2")


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server)


@pytest.fixture
def counting(tool: Tool) -> Counting:
    """The requests that the shared tool counts during one test."""
    return Counting(tool)


@pytest.fixture
def ledger(tool: Tool) -> Iterator[Ledger]:
    """The clients of one test, and what the shared tool must report of them."""
    ledger = Ledger(tool)
    yield ledger
    ledger.close()
