# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The command that brings the tool to what it is made for at most, and keeps what it took."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import churn
import machine
import mixes
import processes
import tool
from load import Generator, websockets
from mixes import Mix, request
from modes import SETTLE_S
from server import Server
from sink import Sink

CONNECTIONS = 10_000
TASKS = 100_000
ROUTES = 1_000
ORDINARY_RATE = 1_000
SCRAPES = 9
# A server that does nothing by itself.
QUIET = ("--app-check-ms", "3600000", "--sample-ms", "3600000")


@dataclass
class Taken:
    """What the tool took in a scene."""

    scene: str
    what: str
    attach_s: float
    resident_kb: dict[str, int]
    anonymous_kb: dict[str, int]
    own_kb: int
    maps_kb: int
    cpu_share: dict[str, float]
    """Of one CPU, by process."""
    exposition_ms: list[float]
    exposition_cpu_ms: float
    """Of all processes, each time."""
    exposition_bytes: int
    lines: int
    """Of the exposition, comments not counted."""
    lost: dict[str, int]


@dataclass
class Stage:
    """What scenes are played with."""

    options: argparse.Namespace
    directory: Path
    sink: Sink

    @property
    def seconds(self) -> float:
        """How long each is."""
        seconds: float = self.options.seconds
        return seconds

    @contextlib.contextmanager
    def server(self, *options: str) -> Iterator[Server]:
        """A sample server."""
        with Server(self.options.server, *QUIET, *options) as server:
            yield server

    @contextlib.contextmanager
    def attached(self, server: Server, *options: str) -> Iterator[tool.Tool]:
        """The tool on a server; without a collector unless the options name one."""
        if "--otlp-endpoint" not in options:
            options = (*options, "--otlp-endpoint", "none")
        observer = tool.Tool(self.options.tool, server.pid, *options)
        try:
            yield observer
        finally:
            observer.close()

    def load(self, server: Server, mix: Mix, rate: float = 0, seconds: float = 0) -> float:
        """Requests for so long, or for as long as a scene is; gives their rate."""
        generator = Generator(self.options.load, self.options.connections)
        file = mix.write(self.directory / f"{mix.name}.requests")
        return generator.run(server.port, file, seconds or self.seconds, rate).rate

    def ask(self, server: Server, target: str) -> None:
        """One request."""
        churn.ask(server.port, target)


def watch(name: str, observer: tool.Tool, play: Callable[[], str]) -> Taken:
    """Plays a scene, which tells what it was, and sees what the tool took meanwhile and after."""
    roles = observer.roles()
    began = time.perf_counter()
    before = {role: processes.cpu_s(pid) for role, pid in roles.items()}
    what = play()
    elapsed_s = time.perf_counter() - began
    cpu = {role: (processes.cpu_s(pid) - before[role]) / elapsed_s for role, pid in roles.items()}
    cpu_s = observer.cpu_s()
    scrapes = [observer.scrape() for _ in range(SCRAPES)]
    scrape_cpu_s = (observer.cpu_s() - cpu_s) / SCRAPES
    memory = observer.memory()
    return Taken(
        scene=name,
        what=what,
        attach_s=observer.attach_s,
        resident_kb={role: one.resident_kb for role, one in memory.items()},
        anonymous_kb={role: one.anonymous_kb for role, one in memory.items()},
        own_kb=sum(one.own_kb for one in memory.values()),
        maps_kb=processes.maps_kb(roles["probe"]),
        cpu_share=cpu,
        exposition_ms=[1000 * scrape.seconds for scrape in scrapes],
        exposition_cpu_ms=1000 * scrape_cpu_s,
        exposition_bytes=len(scrapes[-1].text),
        lines=sum(1 for line in scrapes[-1].text.splitlines() if line[:1] != "#"),
        lost=scrapes[-1].lost(),
    )


def idle(stage: Stage) -> Iterator[Taken]:
    """Nothing happens."""
    with stage.server() as server, stage.attached(server) as observer:

        def play() -> str:
            time.sleep(stage.seconds)
            return "nothing happens"

        yield watch("idle", observer, play)


def ordinary(stage: Stage) -> Iterator[Taken]:
    """A server as it might be on any day."""
    mix = mixes.realistic()
    with (
        stage.server("--apps", str(mixes.APPS)) as server,
        stage.attached(server, "--otlp-endpoint", stage.sink.endpoint) as observer,
        websockets(server.port, mix.websockets),
    ):
        yield watch(
            "ordinary",
            observer,
            lambda: f"{stage.load(server, mix, ORDINARY_RATE):,.0f} requests/s with spans",
        )


def saturated(stage: Stage) -> Iterator[Taken]:
    """All the requests that the server takes: without spans, with as many as are meant to be, and with one
    each. What the tool takes until it has found its limits is not looked at."""
    endpoint = ("--otlp-endpoint", stage.sink.endpoint)
    ways: dict[str, tuple[str, ...]] = {"requests": (), "requests + spans": endpoint}
    if tool.has_option(stage.options.tool, "--max-span-rate"):
        ways["requests + all spans"] = (*endpoint, "--max-span-rate=none")
    for name, options in ways.items():
        with stage.server() as server, stage.attached(server, *options) as observer:
            stage.load(server, mixes.hello(), seconds=SETTLE_S)

            def play(server: Server = server) -> str:
                return f"{stage.load(server, mixes.hello()):,.0f} requests/s"

            yield watch(name, observer, play)


def connections(stage: Stage) -> Iterator[Taken]:
    """Very many open websockets."""
    with (
        stage.server() as server,
        stage.attached(server) as observer,
        churn.open_websockets(server.port, CONNECTIONS),
    ):

        def play() -> str:
            time.sleep(stage.seconds)
            active = observer.scrape().value("scotty_websocket_connections_active")
            return f"{active:,.0f} websockets open"

        yield watch("websockets", observer, play)


def tasks(stage: Stage) -> Iterator[Taken]:
    """Very many live tasks: spawned under observation, and there before."""
    options = (
        (f"--max-tasks={2 * TASKS}",) if tool.has_option(stage.options.tool, "--max-tasks") else ()
    )
    with stage.server() as server:
        with stage.attached(server, *options) as observer:

            def spawn() -> str:
                stage.ask(server, f"/api/v1/test/spawn_idle/{TASKS}")
                time.sleep(stage.seconds)
                return f"{observer.scrape().value('scotty_tokio_tasks_active'):,.0f} tasks spawned"

            yield watch("tasks", observer, spawn)
        with stage.attached(server, *options) as observer:

            def wait() -> str:
                time.sleep(stage.seconds)
                active = observer.scrape().value("scotty_tokio_tasks_active")
                return f"{active:,.0f} tasks there before"

            yield watch("tasks before", observer, wait)


def routes(stage: Stage) -> Iterator[Taken]:
    """As many routes as a server hardly has, each with some statuses."""
    targets = [f"/api/v1/test/numbered/{number}/1" for number in range(ROUTES)]
    mix = Mix("routes", "", tuple(request("GET", target) for target in targets))
    options = (f"--max-series={4 * ROUTES}",)
    with (
        stage.server("--routes", str(ROUTES)) as server,
        stage.attached(server, *options) as observer,
    ):

        def play() -> str:
            rate = stage.load(server, mix, 10 * ORDINARY_RATE)
            paths = observer.scrape().by_label("scotty_http_requests_total", "path")
            return f"{len(paths):,} routes at {rate:,.0f} requests/s"

        yield watch("routes", observer, play)


def churning(stage: Stage) -> Iterator[Taken]:
    """A day of connections, sessions and label sets, compressed, seen early and at its end."""
    with (
        stage.server() as server,
        stage.attached(server, "--otlp-endpoint", stage.sink.endpoint) as observer,
    ):
        for name in ("churn, begun", "churn, ended"):
            yield watch(name, observer, lambda: churn.run(server.port, 2 * stage.seconds))


SCENES: dict[str, Callable[[Stage], Iterator[Taken]]] = {
    "idle": idle,
    "ordinary": ordinary,
    "requests": saturated,
    "websockets": connections,
    "tasks": tasks,
    "routes": routes,
    "churn": churning,
}


def run(options: argparse.Namespace, directory: Path) -> int:
    """Plays the scenes, and keeps what they took."""
    described = machine.describe()
    found = []
    with Sink() as sink:
        stage = Stage(options, directory, sink)
        for name in options.only:
            for taken in SCENES[name](stage):
                print(
                    f"{taken.scene:18} {taken.what:44}"
                    f" {sum(taken.resident_kb.values()) / 1024:6.1f} MiB,"
                    f" {100 * sum(taken.cpu_share.values()):5.1f} % of a CPU,"
                    f" exposition {statistics.median(taken.exposition_ms):.0f} ms",
                    file=sys.stderr,
                    flush=True,
                )
                found.append(taken)
    kept = {
        "kind": "scale",
        "machine": described,
        "tool": tool.version(options.tool),
        "seconds": options.seconds,
        "scenes": [dataclasses.asdict(taken) for taken in found],
    }
    options.into.write_text(json.dumps(kept, indent=1) + "\n")
    return 0
