# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fixtures: containers of the sample server and of the tool, which end with their test.

CONTAINER_DIRECTORY names the directory that setup.sh has prepared.
"""

import itertools
import os
import pathlib
import platform
from collections.abc import Callable, Iterator

import pytest

# Before they are imported: failures of their assertions then show what was compared.
pytest.register_assert_rewrite("containers", "harness")

# pylint: disable=wrong-import-position
from containers import (  # noqa: E402
    LEAST,
    SERVER_IMAGE,
    WITH_SYS_ADMIN,
    Container,
    Privileges,
    ServerContainer,
    ToolContainer,
    docker,
)
from harness.process import Process  # noqa: E402

DIRECTORY = pathlib.Path(os.environ.get("CONTAINER_DIRECTORY", "/nowhere"))


def pytest_configure() -> None:
    """All commands talk to the daemon that setup.sh has found or started."""
    host = DIRECTORY / "host"
    if host.exists() and host.read_text().strip():
        os.environ["DOCKER_HOST"] = host.read_text().strip()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a daemon nothing here can run."""
    told = DIRECTORY / "unavailable"
    if told.exists():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=told.read_text().strip()))


class Starter:
    """Starts processes and containers, and ends those that still run."""

    def __init__(self, make_directory: Callable[[], pathlib.Path]) -> None:
        self.make_directory = make_directory
        self.processes: list[Process] = []
        self.containers: list[Container] = []

    def process(self, arguments: list[str]) -> Process:
        process = Process(arguments, self.make_directory(), {})
        self.processes.append(process)
        return process

    def tool(
        self,
        server: ServerContainer,
        privileges: Privileges,
        *arguments: str,
        environment: dict[str, str] | None = None,
    ) -> ToolContainer:
        tool = ToolContainer(server.port, privileges, *arguments, environment=environment)
        self.containers.append(tool)
        return tool

    def end_all(self) -> None:
        for container in self.containers:
            container.remove()
        for process in self.processes:
            process.end()


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """For processes and containers of one test."""
    numbers = itertools.count()
    starter = Starter(lambda: tmp_path_factory.mktemp(f"process{next(numbers)}"))
    yield starter
    starter.end_all()


@pytest.fixture(scope="session")
def server() -> Iterator[ServerContainer]:
    """One that all tests observe."""
    server = ServerContainer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def known_capabilities() -> bool:
    """Whether this Docker knows CAP_BPF and CAP_PERFMON: 20.10 does not."""
    tried = docker("create", "--cap-add=BPF", "--cap-add=PERFMON", SERVER_IMAGE, check=False)
    if tried.returncode == 0:
        docker("rm", tried.stdout.strip())
    else:
        assert "unknown capability" in tried.stderr, tried.stderr
    return tried.returncode == 0


def has_multi_links() -> bool:
    """Whether the kernel attaches uprobes without perf events: from Linux 6.6 on."""
    major, minor = platform.release().split(".")[:2]
    return (int(major), int(minor)) >= (6, 6)


@pytest.fixture(params=["least", "with CAP_SYS_ADMIN"])
def privileges(request: pytest.FixtureRequest, known_capabilities: bool) -> Privileges:
    """The two documented sets of privileges."""
    if request.param != "least":
        return WITH_SYS_ADMIN
    if not known_capabilities:
        pytest.skip("this Docker does not know CAP_BPF and CAP_PERFMON")
    if not has_multi_links():
        pytest.skip("kernels before 6.6 need CAP_SYS_ADMIN")
    return LEAST
