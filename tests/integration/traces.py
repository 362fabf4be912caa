# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Trace contexts of a caller (W3C Trace Context), and the spans that a collector got for them."""

import base64
import dataclasses
import itertools
import os
from typing import Any

from collector import FAST, Collector, Message
from conftest import Starter
from harness import Server, Tool, wait_until

UNIQUE = itertools.count()


@dataclasses.dataclass(frozen=True)
class Context:
    """Where a caller's request stands in its trace; ids in hexadecimal."""

    trace_id: str
    parent_id: str

    def value(self, flags: str = "01", version: str = "00") -> str:
        return f"{version}-{self.trace_id}-{self.parent_id}-{flags}"

    def header(self, flags: str = "01") -> str:
        return f"traceparent: {self.value(flags)}"


def new_context() -> Context:
    return Context(os.urandom(16).hex(), os.urandom(8).hex())


def unique_path() -> str:
    """A path that no route matches, and that no other request of these tests has."""
    return f"/nowhere/{os.getpid()}/{next(UNIQUE)}"


def in_hexadecimal(span: Message) -> Message:
    """The span with its ids in hexadecimal, and "" for a parent that is not there."""
    ids = {
        key: base64.b64decode(span.get(key, "")).hex()
        for key in ("traceId", "spanId", "parentSpanId")
    }
    return {**span, **ids}


def spans_of(collector: Collector, context: Context) -> list[Message]:
    """The spans of the caller's trace that came so far."""
    spans = map(in_hexadecimal, collector.spans())
    return [span for span in spans if span["traceId"] == context.trace_id]


def await_spans(collector: Collector, context: Context, count: int) -> list[Message]:
    """Waits until so many spans of the trace came, and sees that there are no more."""
    wait_until(f"{count} spans of {context}", lambda: len(spans_of(collector, context)) >= count)
    found = spans_of(collector, context)
    assert len(found) == count, [span["name"] for span in found]
    return found


def span_of_path(collector: Collector, path: str) -> Message:
    """Waits for the span of the one request that was made for that path."""

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
    """A tool that sends what it sees of a server to a collector of its own."""

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
