# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fixtures: the real back ends, and a run of each build of the server.

The environment names the binaries: SCOTTYSCOPE, SCOTTY_DEFAULT, SCOTTY_BARE and E2E_ with the name
of each back end.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import pytest

# Before the imports, so that a failed assertion shows the compared values.
pytest.register_assert_rewrite(
    "backend",
    "backends",
    "caller",
    "harness",
    "jaeger",
    "metrics",
    "run",
    "starting",
    "workload",
)

# pylint: disable=wrong-import-position
import backends  # noqa: E402
import caller  # noqa: E402
import workload  # noqa: E402
from backend import BackEnd  # noqa: E402
from run import Run  # noqa: E402
from starting import Start  # noqa: E402

BUILDS = {"default": "SCOTTY_DEFAULT", "bare": "SCOTTY_BARE"}
PROGRAMS = (
    *("otelcol", "prometheus", "promtool", "jaeger", "victoriametrics", "vmalert"),
    *("kustomize", "docker_compose"),
)
BINARIES = (
    *(f"E2E_{program.upper()}" for program in PROGRAMS),
    "SCOTTYSCOPE",
    *BUILDS.values(),
)


def pytest_configure() -> None:
    """Reports a missing program as an error: these tests never run by accident."""
    missing = [
        f"{variable} does not name a program"
        for variable in BINARIES
        if not os.access(os.environ.get(variable, ""), os.X_OK)
    ]
    if os.geteuid() != 0:
        missing.append("root is needed: the tool attaches uprobes")
    if missing:
        raise pytest.UsageError("; ".join(missing))


@pytest.fixture(scope="session")
def back_ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[backends.BackEnds]:
    """All back ends, running."""
    with backends.running(tmp_path_factory.mktemp) as running:
        yield running


@pytest.fixture(scope="session", params=BUILDS)
def run(
    request: pytest.FixtureRequest,
    back_ends: backends.BackEnds,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Run]:
    """A run that has ended; its back ends still run."""
    name: str = request.param
    directory: pathlib.Path = tmp_path_factory.mktemp(name)
    run = Run(name, os.environ[BUILDS[name]], back_ends, directory)
    try:
        workload.use_all(run)
    finally:
        run.end()
    caller.export(
        back_ends.collector.address, name, backends.RUN_ATTRIBUTE, list(run.calls.values())
    )
    yield run


@pytest.fixture
def start(tmp_path: pathlib.Path) -> Iterator[Start]:
    """Starts back ends; ends them in reverse order before their directory is removed."""
    assert tmp_path.is_dir()
    with contextlib.ExitStack() as stack:

        def start_one(back_end: BackEnd) -> None:
            stack.callback(back_end.end)
            back_end.await_ready()

        yield start_one
