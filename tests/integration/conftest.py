# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fixtures: the sample server in its builds, and the tool attached to it.

The binaries are those of the environment: SCOTTYSCOPE, and SCOTTY_DEFAULT, SCOTTY_BARE and so on
for the builds of tests/fixtures/scotty. What is missing is skipped, with its reason.
"""

import contextlib
import itertools
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

# Before they are imported: failures of their assertions then show what was compared.
pytest.register_assert_rewrite(
    "harness", "http_client", "ledger", "sessions", "traces", "websocket_client"
)

# pylint: disable=wrong-import-position
from harness import Counting, Process, Server, Tool  # noqa: E402
from ledger import Ledger  # noqa: E402

# What the server is built like: see the Makefile. The first three differ in features and mangling,
# the others in optimisation and in the versions of libraries.
BUILDS = ("default", "bare", "v0", "size", "lto", "older", "current")
BUILD_VARIABLES = {build: f"SCOTTY_{build.upper()}" for build in BUILDS}
# Others have no recorder, or one whose functions are inlined.
BUILDS_WITH_RECORDER = ("default",)
# There AppData::new does not tell where the status is.
BUILDS_WITHOUT_STATUSES = ("lto",)
# For modules whose tests are to run on more of them than on the usual two.
EVERY_BUILD = pytest.mark.parametrize("build", BUILDS[:3], indirect=True, scope="module")
WHOLE_MATRIX = pytest.mark.parametrize("build", BUILDS, indirect=True, scope="module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without root or the tool nothing here can run."""
    if os.geteuid() != 0:
        reason = "needs root: attaches uprobes"
    elif not os.access(os.environ.get("SCOTTYSCOPE", ""), os.X_OK):
        reason = "SCOTTYSCOPE does not name the tool's binary"
    else:
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


def binary_of(build: str) -> str:
    """The server's binary of that build."""
    variable = BUILD_VARIABLES[build]
    path = os.environ.get(variable, "")
    if not os.access(path, os.X_OK):
        pytest.skip(f"{variable} does not name a binary of the sample server")
    return path


@pytest.fixture(scope="module", params=["default", "bare"])
def build(request: pytest.FixtureRequest) -> str:
    """The builds that every subject is tested with."""
    return request.param


@pytest.fixture(scope="module")
def binary(build: str) -> str:
    return binary_of(build)


@pytest.fixture(scope="module")
def make_directory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], pathlib.Path]:
    """Makes directories for the output of processes."""
    numbers = itertools.count()
    return lambda: tmp_path_factory.mktemp(f"process{next(numbers)}")


class Starter:
    """Starts servers and tools, and ends those that still run."""

    def __init__(self, make_directory: Callable[[], pathlib.Path]) -> None:
        self.make_directory = make_directory
        self.processes: list[Process] = []

    def server(self, binary: str, *options: str, **keywords: Any) -> Server:
        server = Server(binary, self.make_directory(), *options, **keywords)
        self.processes.append(server)
        return server

    def tool(self, *options: str, **keywords: Any) -> Tool:
        """The tool; on a free port, without a collector or a limit unless the options say so."""
        if "--listen" not in options:
            options = (*options, "--listen", "127.0.0.1:0")
        if "--otlp-endpoint" not in options:
            options = (*options, "--otlp-endpoint", "none")
        # How fast a machine is must not decide on whether polls are counted or estimated.
        if "--max-overhead" not in options:
            options = (*options, "--max-overhead", "none")
        tool = Tool(self.make_directory(), *options, **keywords)
        self.processes.append(tool)
        return tool

    def watch(self, server: Server, *options: str, **keywords: Any) -> Tool:
        """The tool attached to this server."""
        return self.tool("--pid", str(server.pid), *options, **keywords)

    def verify(self, *options: str, command: Sequence[str] = ()) -> Process:
        """A run of `scottyscope verify` to its end, by `command` if one is given."""
        process = self.process([*command, os.environ["SCOTTYSCOPE"], "verify", *options])
        process.wait()
        return process

    def process(self, arguments: list[str], environment: dict[str, str] | None = None) -> Process:
        process = Process(arguments, self.make_directory(), environment or {})
        self.processes.append(process)
        return process

    def end_all(self) -> None:
        """All of them, also where one does not end as it should."""
        with contextlib.ExitStack() as stack:
            for process in self.processes:
                stack.callback(process.end)


@pytest.fixture
def start(make_directory: Callable[[], pathlib.Path]) -> Iterator[Starter]:
    """For processes of one test."""
    starter = Starter(make_directory)
    yield starter
    starter.end_all()


@pytest.fixture(scope="module")
def start_shared(make_directory: Callable[[], pathlib.Path]) -> Iterator[Starter]:
    """For processes that the tests of a module share."""
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
    """Counts what the shared tool counts in one test."""
    return Counting(tool)


@pytest.fixture
def ledger(tool: Tool) -> Iterator[Ledger]:
    """What the clients of one test do, and the shared tool must say."""
    ledger = Ledger(tool)
    yield ledger
    ledger.close()
