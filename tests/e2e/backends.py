# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The real back ends as processes, and what they answer when asked as a person would ask them.

The Collector takes what scottyscope sends and passes metrics on to Prometheus and spans to Jaeger.
Their configurations are in the folders that build them.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from harness import Process, wait_until

START_S = 60
ANSWER_S = 20
FOLDER = pathlib.Path(__file__).parent
# The resource attribute that tells the runs apart, and what Prometheus makes of its name.
RUN_ATTRIBUTE = "deployment.environment.name"
RUN_LABEL = "deployment_environment_name"

Labels = frozenset[tuple[str, str]]
Json = dict[str, Any]
Started = TypeVar("Started", bound="BackEnd")


def free_addresses(count: int) -> list[str]:
    """That many free ports of this machine, as HOST:PORT."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def fetch(url: str, **parameters: str) -> Json:
    """The JSON that a back end answers with; fails with its own words where it refuses."""
    query = urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(f"{url}?{query}", timeout=ANSWER_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}?{query}: {error}: {error.read()!r}") from error


def is_answering(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as response:
            return response.status == 200
    except OSError:
        return False


class BackEnd:
    """A process that is one of the back ends."""

    def __init__(
        self, name: str, directory: pathlib.Path, *options: str, environment: dict[str, str]
    ) -> None:
        self.name = name
        binary = os.environ[f"E2E_{name.upper()}"]
        self.process = Process([binary, *options], directory, environment)

    def is_ready(self) -> bool:
        raise NotImplementedError

    def await_ready(self) -> None:
        def check() -> bool:
            assert self.process.is_alive(), f"{self.name} ended: {self.last_words()}"
            return self.is_ready()

        wait_until(f"{self.name} is ready", check, START_S)

    def end(self) -> None:
        """Ends it; one that ended by itself, or does not end well, is a failure."""
        assert self.process.is_alive(), f"{self.name} ended by itself: {self.last_words()}"
        assert self.process.end() == 0, f"{self.name} did not end well: {self.last_words()}"

    def last_words(self) -> str:
        return self.process.stderr()[-3000:]


class Prometheus(BackEnd):
    """Metrics, by instant queries of PromQL."""

    def __init__(self, directory: pathlib.Path, address: str) -> None:
        super().__init__(
            "prometheus",
            directory,
            f"--config.file={FOLDER / 'prometheus' / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={address}",
            "--web.enable-otlp-receiver",
            environment={},
        )
        self.url = f"http://{address}"

    def is_ready(self) -> bool:
        return is_answering(f"{self.url}/-/ready")

    def query(self, expression: str, at_s: float | None = None) -> dict[Labels, float]:
        """The samples of an expression by their labels, now or at that time."""
        time = {} if at_s is None else {"time": f"{at_s:.3f}"}
        answer = fetch(f"{self.url}/api/v1/query", query=expression, **time)
        assert answer["status"] == "success" and answer["data"]["resultType"] == "vector", answer
        return {
            frozenset(sample["metric"].items()): float(sample["value"][1])
            for sample in answer["data"]["result"]
        }


@dataclasses.dataclass
class Span:
    """A span as Jaeger shows it. Times are in microseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    run: str
    name: str
    tags: dict[str, Any]
    start_us: int
    end_us: int
    links: list[tuple[str, str]]


def parse_span(span: Json, processes: Json) -> Span:
    """A span of the JSON that Jaeger's page is made from."""
    process = processes[span["processID"]]
    parents = [
        reference["spanID"]
        for reference in span["references"]
        if reference["refType"] == "CHILD_OF" and reference["traceID"] == span["traceID"]
    ]
    resource = {tag["key"]: tag["value"] for tag in process["tags"]}
    return Span(
        trace_id=span["traceID"],
        span_id=span["spanID"],
        parent_id=parents[0] if parents else "",
        service=process["serviceName"],
        run=resource.get(RUN_ATTRIBUTE, ""),
        name=span["operationName"],
        tags={tag["key"]: tag["value"] for tag in span["tags"]},
        start_us=span["startTime"],
        end_us=span["startTime"] + span["duration"],
        links=[
            (reference["traceID"], reference["spanID"])
            for reference in span["references"]
            if reference["refType"] == "FOLLOWS_FROM"
        ],
    )


class Jaeger(BackEnd):
    """Traces, by the interface that Jaeger's own page uses."""

    TRACE_LIMIT = 20_000

    def __init__(self, directory: pathlib.Path, otlp: str, query: str, grpc: str) -> None:
        super().__init__(
            "jaeger",
            directory,
            f"--config={FOLDER / 'jaeger' / 'config.yaml'}",
            environment={
                "E2E_JAEGER": otlp,
                "E2E_JAEGER_QUERY": query,
                "E2E_JAEGER_QUERY_GRPC": grpc,
            },
        )
        self.url = f"http://{query}/api"

    def is_ready(self) -> bool:
        return is_answering(f"{self.url}/services")

    def services(self) -> set[str]:
        return set(fetch(f"{self.url}/services")["data"])

    def operations(self, service: str) -> set[tuple[str, str]]:
        """The names of a service's spans and their kinds, as the search form offers them."""
        answer = fetch(f"{self.url}/operations", service=service)
        return {(operation["name"], operation["spanKind"]) for operation in answer["data"]}

    def find(self, service: str, run: str, **tags: str) -> list[Span]:
        """The spans of a service in one run, of the traces that have a span with these tags."""
        conditions = {"tags": json.dumps(tags)} if tags else {}
        answer = fetch(
            f"{self.url}/traces",
            service=service,
            lookback="1h",
            limit=str(self.TRACE_LIMIT),
            **conditions,
        )
        assert not answer["errors"], answer["errors"]
        spans = [
            parse_span(span, trace["processes"])
            for trace in answer["data"]
            for span in trace["spans"]
        ]
        return [span for span in spans if (span.service, span.run) == (service, run)]

    def trace(self, trace_id: str) -> list[Span]:
        """All spans of a trace, of whatever service; none where it is not known."""
        try:
            answer = fetch(f"{self.url}/traces/{trace_id}")
        except AssertionError as error:
            if "404" in str(error):
                return []
            raise
        return [
            parse_span(span, trace["processes"])
            for trace in answer["data"]
            for span in trace["spans"]
        ]


class Collector(BackEnd):
    """The OpenTelemetry Collector."""

    def __init__(self, directory: pathlib.Path, otlp: str, prometheus: str, jaeger: str) -> None:
        super().__init__(
            "otelcol",
            directory,
            f"--config=file:{FOLDER / 'otelcol' / 'config.yaml'}",
            environment={
                "E2E_COLLECTOR": otlp,
                "E2E_PROMETHEUS": prometheus,
                "E2E_JAEGER": jaeger,
            },
        )
        self.address = otlp
        self.endpoint = f"http://{otlp}"

    def is_ready(self) -> bool:
        return "Everything is ready" in self.process.stderr()

    def problems(self) -> list[str]:
        """What it could not pass on, in its own words."""
        return [
            line
            for line in self.process.stderr().splitlines()
            if line.split("\t")[1:2] in (["error"], ["warn"])
        ]


@dataclasses.dataclass
class BackEnds:
    """All of them."""

    prometheus: Prometheus
    jaeger: Jaeger
    collector: Collector


@contextlib.contextmanager
def running(make_directory: Callable[[str], pathlib.Path]) -> Iterator[BackEnds]:
    """Starts them in the order in which they need each other, and ends them in the other order."""
    otlp, prometheus, jaeger, query, grpc = free_addresses(5)
    with contextlib.ExitStack() as stack:

        def start(back_end: Started) -> Started:
            stack.callback(back_end.end)
            back_end.await_ready()
            return back_end

        yield BackEnds(
            start(Prometheus(make_directory("prometheus"), prometheus)),
            start(Jaeger(make_directory("jaeger"), jaeger, query, grpc)),
            start(Collector(make_directory("otelcol"), otlp, prometheus, jaeger)),
        )
