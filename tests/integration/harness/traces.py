# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Trace contexts of a caller (W3C Trace Context), and the spans that a collector received."""

import base64
import dataclasses
import itertools
import os
from typing import Any

from harness.collector import FAST, Collector, Message
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

UNIQUE = itertools.count()


@dataclasses.dataclass(frozen=True)
class Context:
    """A caller's trace context; the ids are hexadecimal."""

    trace_id: str
    parent_id: str

    def value(self, flags: str = "01", version: str = "00") -> str:
        return f"{version}-{self.trace_id}-{self.parent_id}-{flags}"

    def header(self, flags: str = "01") -> str:
        return f"traceparent: {self.value(flags)}"


def new_context() -> Context:
    return Context(os.urandom(16).hex(), os.urandom(8).hex())


def unique_path() -> str:
    """Returns a path that no route matches, and that no other request uses."""
    return f"/nowhere/{os.getpid()}/{next(UNIQUE)}"


def in_hexadecimal(span: Message) -> Message:
    """Returns the span with hexadecimal ids, and "" where it has no parent."""
    ids = {
        key: base64.b64decode(span.get(key, "")).hex()
        for key in ("traceId", "spanId", "parentSpanId")
    }
    return {**span, **ids}


def spans_of(collector: Collector, context: Context) -> list[Message]:
    """Returns the spans of the caller's trace that have arrived."""
    spans = map(in_hexadecimal, collector.spans())
    return [span for span in spans if span["traceId"] == context.trace_id]


def await_spans(collector: Collector, context: Context, count: int) -> list[Message]:
    """Waits for this number of spans of the trace; asserts that there are no more."""
    wait_until(f"{count} spans of {context}", lambda: len(spans_of(collector, context)) >= count)
    found = spans_of(collector, context)
    assert len(found) == count, [span["name"] for span in found]
    return found


def span_of_path(collector: Collector, path: str) -> Message:
    """Waits for the span of the only request for that path."""

    def find() -> list[Message]:
        return [
            in_hexadecimal(span)
            for span in collector.spans()
            if span["attributes"].get("url.path") == path
        ]

    (span,) = wait_until(f"the span of {path}", find)
    return span


def is_error(span: Message) -> bool:
    return span.get("status", {}).get("code") == "STATUS_CODE_ERROR"


def duration_s(span: Message) -> float:
    return (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9


def named(spans: list[Message], name: str) -> list[Message]:
    return [span for span in spans if span["name"] == name]


def one_named(spans: list[Message], name: str) -> Message:
    (span,) = named(spans, name)
    return span


class Tracing:
    """A tool that exports to its own collector what it observes of a server."""

    def __init__(self, start: Starter, server: Server, *options: str, **environment: Any) -> None:
        self.server = server
        self.port = server.port
        self.collector = Collector(start)
        self.tool: Tool = start.watch(
            server,
            "--otlp-endpoint",
            self.collector.endpoint,
            *options,
            environment={**FAST, **environment},
        )

    def await_spans(self, context: Context, count: int) -> list[Message]:
        return await_spans(self.collector, context, count)
