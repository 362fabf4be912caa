# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The ways to observe a server that are compared with each other, and with not doing so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import processes
import tool
from empty import FLOORS, Empty
from peer import Peer
from server import Server
from sink import Sink

BARE = "bare"
# The names of the modes of an earlier build of the tool end so.
BEFORE = " before"
# The tool decides once a second on which polls it watches, and how many traces it keeps.
SETTLE_S = 2.5


class Observer(Protocol):
    """Something that observes a server from outside."""

    attach_s: float

    def cpu_s(self) -> float: ...

    def memory(self) -> dict[str, processes.Memory]: ...

    def close(self) -> float: ...


@dataclass(frozen=True)
class Ending:
    """What is known of an observer at its end."""

    detach_s: float = 0.0
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Mode:
    """One way. `start` gives nothing where the server observes itself, or nobody does."""

    name: str
    what: str
    start: Callable[[Server], Observer | None] = lambda server: None
    observes_itself: bool = False
    sends_spans: bool = False
    settles_s: float = 0.0
    """How long it takes under load until it is as it stays."""


def end(observer: Observer | None) -> Ending:
    """Ends an observer; what it lost it says before."""
    if not observer:
        return Ending()
    lost = observer.scrape().lost() if isinstance(observer, tool.Tool) else {}
    return Ending(observer.close(), lost)


def tool_modes(binary: str, sink: Sink) -> list[Mode]:
    """The tool at each level that it has, without and with spans; all to the unit but for the last
    ones, in which it keeps to the limits that are its defaults."""

    def starter(*options: str) -> Callable[[Server], Observer]:
        return lambda server: tool.Tool(binary, server.pid, *options)

    found = []
    ways = {level: (f"--level={level}",) for level in tool.levels(binary)} or {"scottyscope": ()}
    unlimited = tool.unlimited(binary)
    if unlimited:
        ways = {name: (*options, *unlimited) for name, options in ways.items()}
        ways["limited"] = ()
    for name, options in ways.items():
        settles_s = SETTLE_S if name in ("basic", "limited") else 0.0
        found += [
            Mode(
                name,
                "scottyscope, metrics",
                starter(*options, "--otlp-endpoint", "none"),
                settles_s=settles_s,
            ),
            Mode(
                f"{name} + spans",
                "scottyscope, metrics and spans, sent to a collector",
                starter(*options, "--otlp-endpoint", sink.endpoint),
                sends_spans=True,
                settles_s=settles_s,
            ),
        ]
    return found


def floor_modes(binary: str, trap: str) -> list[Mode]:
    """The tool's hooks without its programs."""

    def starter(*places: str) -> Callable[[Server], Observer]:
        return lambda server: Empty(binary, trap, server.binary, server.pid, *places)

    return [
        Mode(name, f"programs that do nothing at {', '.join(places)}", starter(*places))
        for name, places in FLOORS.items()
    ]


def modes_before(binary: str | None, sink: Sink) -> list[Mode]:
    """The modes of an earlier build of the tool, if there is one."""
    return [
        replace(mode, name=mode.name + BEFORE, what=f"{mode.what}, by {tool.version(binary)}")
        for mode in (tool_modes(binary, sink) if binary else ())
    ]


def all_modes(binary: str, before: str | None, trap: str, sink: Sink) -> dict[str, Mode]:
    """By name, that of nobody observing first."""
    modes = [
        Mode(BARE, "the server, in a build without telemetry"),
        *tool_modes(binary, sink),
        *modes_before(before, sink),
        Mode(
            "own telemetry",
            "the server's own OpenTelemetry metrics and spans, sent to a collector",
            observes_itself=True,
            sends_spans=True,
        ),
        Mode(
            "bpftrace",
            "two histograms, of request and poll durations, by a bpftrace script",
            lambda server: Peer(binary, server.binary, server.pid),
        ),
        *floor_modes(binary, trap),
    ]
    return {mode.name: mode for mode in modes}


def own_telemetry(sink: Sink) -> dict[str, str]:
    """The environment that switches the server's own telemetry on."""
    return {
        "SCOTTY__TELEMETRY": "metrics,traces",
        "OTEL_EXPORTER_OTLP_ENDPOINT": sink.endpoint,
    }
