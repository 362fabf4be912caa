# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Jaeger as a process, and the spans that it shows."""

import dataclasses
import json
import pathlib
from typing import Any

from backend import OBSERVABILITY, RUN_ATTRIBUTE, BackEnd, Json, fetch, is_answering


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
    """Returns a span from the JSON of Jaeger's page."""
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
    """Traces from the interface that Jaeger's page uses."""

    TRACE_LIMIT = 20_000

    def __init__(self, directory: pathlib.Path, otlp: str, query: str, grpc: str, health: str) -> None:
        super().__init__(
            "jaeger",
            directory,
            f"--config={OBSERVABILITY / 'jaeger' / 'config.yaml'}",
            environment={
                "JAEGER_OTLP": otlp,
                "JAEGER_QUERY": query,
                "JAEGER_QUERY_GRPC": grpc,
                "JAEGER_HEALTH": health,
                "JAEGER_BATCH_TIMEOUT": "100ms",
                "JAEGER_MAX_TRACES": "100000",
            },
        )
        self.url = f"http://{query}/api"

    def is_ready(self) -> bool:
        return is_answering(f"{self.url}/services")

    def services(self) -> set[str]:
        return set(fetch(f"{self.url}/services")["data"])

    def operations(self, service: str) -> set[tuple[str, str]]:
        """Returns the names and kinds of a service's spans, as the search form offers them."""
        answer = fetch(f"{self.url}/operations", service=service)
        return {(operation["name"], operation["spanKind"]) for operation in answer["data"]}

    def find(self, service: str, run: str, **tags: str) -> list[Span]:
        """Returns the spans of a service in one run from traces with a span that has these tags."""
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
        """Returns all spans of a trace, of any service; none for an unknown trace."""
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
