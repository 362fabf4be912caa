# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The samplers of OTEL_TRACES_SAMPLER, all on the same requests; metrics count every request.

See "General SDK configuration" and "Built-in samplers" in the OpenTelemetry specification. A
sampler does not depend on the build, so one build is enough.
"""

import collections
import os

import pytest

from harness.builds import binary_of
from harness.collector import FAST, Collector, fields
from harness.http_client import Connection, get
from harness.starter import Starter
from harness.traces import Context, in_hexadecimal
from harness.waiting import wait_until

ROOTS = 1000
JOINED = 300
# Five standard deviations of the number of sampled roots.
ROOTS_SLACK = 80
NO_PROCESS = 4
ROOT_PATH = "/nowhere/root"

# Sampler and argument by the service name of the tool.
SAMPLERS: dict[str, tuple[str, str | None] | None] = {
    "unset": None,
    "on": ("always_on", None),
    "off": ("always_off", None),
    "half": ("traceidratio", "0.5"),
    "quarter": ("traceidratio", "0.25"),
    # Unknown: the tool warns and ignores it.
    "wrong": ("sometimes", None),
    "parent-off": ("parentbased_always_off", None),
    "parent-half": ("parentbased_traceidratio", "0.5"),
}
# Half of the callers sample.
CONTEXTS = [Context(os.urandom(16).hex(), os.urandom(8).hex()) for _ in range(JOINED)]
SAMPLED, UNSAMPLED = CONTEXTS[::2], CONTEXTS[1::2]

Seen = dict[str, "Outcome"]


class Outcome:
    """The spans of one sampler's tool."""

    def __init__(self) -> None:
        self.roots = 0
        self.joined: collections.Counter[str] = collections.Counter()

    def of(self, contexts: list[Context]) -> int:
        return sum(self.joined[context.trace_id] for context in contexts)


def environment_of(name: str) -> dict[str, str]:
    environment = {**FAST, "OTEL_SERVICE_NAME": name}
    chosen = SAMPLERS[name]
    if chosen:
        sampler, argument = chosen
        environment["OTEL_TRACES_SAMPLER"] = sampler
        if argument:
            environment["OTEL_TRACES_SAMPLER_ARG"] = argument
    return environment


def spans_by_service(collector: Collector) -> Seen:
    found: Seen = {name: Outcome() for name in SAMPLERS}
    for request in collector.requests("traces"):
        for resource in request["resourceSpans"]:
            outcome = found[fields(resource["resource"]["attributes"])["service.name"]]
            for span in (s for scope in resource["scopeSpans"] for s in scope["spans"]):
                if fields(span["attributes"]).get("url.path") == ROOT_PATH:
                    outcome.roots += 1
                else:
                    outcome.joined[in_hexadecimal(span)["traceId"]] += 1
    return found


@pytest.fixture(scope="module")
def seen(start_shared: Starter) -> Seen:
    """The spans of all requests under all samplers; the tools have ended."""
    server = start_shared.server(binary_of("bare"))
    collector = Collector(start_shared)
    tools = [
        start_shared.watch(
            server, "--otlp-endpoint", collector.endpoint, environment=environment_of(name)
        )
        for name in SAMPLERS
    ]
    with Connection(server.port) as connection:
        for _ in range(ROOTS // 100):
            connection.send(get(ROOT_PATH) * 100)
            assert {connection.response().status for _ in range(100)} == {404}
        for flags, contexts in (("01", SAMPLED), ("00", UNSAMPLED)):
            heads = [get("/nowhere/joined", context.header(flags)) for context in contexts]
            connection.send(b"".join(heads))
            assert {connection.response().status for _ in heads} == {404}
    for tool in tools:
        wait_until(
            "all requests are counted",
            lambda t=tool: t.scrape().requests().total() == ROOTS + JOINED,
        )
        assert tool.scrape().losses() == {}
        assert tool.end() == 0
    return spans_by_service(collector)


@pytest.mark.parametrize(
    ("name", "roots", "sampled", "unsampled"),
    [
        ("unset", 1, 1, 0),
        ("on", 1, 1, 1),
        ("off", 0, 0, 0),
        ("wrong", 1, 1, 0),
        ("parent-off", 0, 1, 0),
    ],
)
def test_all_or_nothing(seen: Seen, name: str, roots: int, sampled: int, unsampled: int) -> None:
    """Roots, sampled callers and unsampled callers are recorded always or never."""
    outcome = seen[name]
    assert outcome.roots == roots * ROOTS
    assert outcome.of(SAMPLED) == sampled * len(SAMPLED)
    assert outcome.of(UNSAMPLED) == unsampled * len(UNSAMPLED)


def test_ratio_of_roots(seen: Seen) -> None:
    """The ratio of recorded roots is the argument, within the statistical error."""
    for name, ratio in (("half", 0.5), ("parent-half", 0.5), ("quarter", 0.25)):
        assert abs(seen[name].roots - ratio * ROOTS) < ROOTS_SLACK, name


def test_ratio_depends_on_the_trace_id(seen: Seen) -> None:
    """Only the trace id decides, not the caller's flag; a larger ratio includes a smaller one."""
    half, quarter = (set(seen[name].joined) for name in ("half", "quarter"))
    assert quarter < half
    assert JOINED * 0.5 - 50 < len(half) < JOINED * 0.5 + 50
    assert JOINED * 0.25 - 45 < len(quarter) < JOINED * 0.25 + 45
    for contexts in (SAMPLED, UNSAMPLED):
        assert 0 < seen["half"].of(contexts) < len(contexts)


def test_ratio_of_roots_only(seen: Seen) -> None:
    """parentbased_traceidratio follows the caller if there is one."""
    outcome = seen["parent-half"]
    assert outcome.of(SAMPLED) == len(SAMPLED)
    assert outcome.of(UNSAMPLED) == 0


@pytest.mark.parametrize(
    ("sampler", "argument", "named"),
    [
        ("sometimes", None, "OTEL_TRACES_SAMPLER"),
        ("traceidratio", "often", "OTEL_TRACES_SAMPLER_ARG"),
        ("traceidratio", "1.5", "OTEL_TRACES_SAMPLER_ARG"),
        ("parentbased_traceidratio", "-0.1", "OTEL_TRACES_SAMPLER_ARG"),
    ],
)
def test_bad_samplers(start: Starter, sampler: str, argument: str | None, named: str) -> None:
    """The tool warns about an invalid sampler and ignores it, as the specification demands."""
    environment = {"OTEL_TRACES_SAMPLER": sampler}
    if argument:
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
    process = start.process([os.environ["SCOTTYSCOPE"], "--exe", "no-such-name"], environment)
    assert process.wait() == NO_PROCESS
    warning, error = process.stderr().splitlines()
    assert f"warning: {named}: '{argument or sampler}'" in warning and "ignored" in warning
    assert "no-such-name" in error
