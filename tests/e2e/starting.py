# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Starts a Collector with a variant of its configuration, and its back ends."""

import pathlib
from collections.abc import Callable

from backend import BackEnd, fetch, free_addresses
from backends import Collector
from harness.waiting import wait_until
from jaeger import Jaeger
from metrics import MetricsBackEnd, Prometheus, VictoriaMetrics
from sender import METRIC

# Nothing listens here: a variant that does not replace an exporter fails.
NOWHERE = {"VICTORIAMETRICS_URL": "http://127.0.0.1:9", "JAEGER_OTLP": "127.0.0.1:9"}
Start = Callable[[BackEnd], None]
# The labels that a back end makes of Sender's resource.
LABELS = {"__name__": METRIC, "job": "sender", "instance": "one", "host_name": "somewhere"}


def start_collector(
    start: Start, directory: pathlib.Path, name: str, **environment: str
) -> Collector:
    collector = Collector(directory / f"otelcol-{name}", [name], {**NOWHERE, **environment})
    start(collector)
    return collector


def start_jaeger(start: Start, directory: pathlib.Path) -> tuple[Jaeger, str]:
    """Starts Jaeger; returns it and the address that accepts spans."""
    otlp, query, grpc_query, health = free_addresses(4)
    jaeger = Jaeger(directory / "jaeger", otlp, query, grpc_query, health)
    start(jaeger)
    return jaeger, otlp


def start_prometheus(
    start: Start, directory: pathlib.Path, configuration: pathlib.Path | None = None
) -> Prometheus:
    (address,) = free_addresses(1)
    options = [configuration] if configuration else []
    prometheus = Prometheus(directory / "prometheus", address, *options)
    start(prometheus)
    return prometheus


def start_victoriametrics(start: Start, directory: pathlib.Path) -> VictoriaMetrics:
    (address,) = free_addresses(1)
    victoriametrics = VictoriaMetrics(directory / "victoriametrics", address)
    start(victoriametrics)
    return victoriametrics


def problems(collector: Collector) -> list[str]:
    """Returns the Collector's failed exports, except those to NOWHERE."""
    return [line for line in collector.problems() if "grpc_log" not in line]


def await_metric(back_end: MetricsBackEnd, value: int) -> dict[str, str]:
    """Returns the labels of the metric that was sent."""
    found = wait_until(
        f"{back_end.name} has {METRIC}", lambda: back_end.query(f"{METRIC} == {value}"), 30
    )
    ((labels, _),) = found.items()
    return dict(labels)


def span_names(jaeger: Jaeger) -> set[str]:
    answer = fetch(f"{jaeger.url}/traces", service="sender", lookback="1h", limit="1000")
    return {span["operationName"] for trace in answer["data"] for span in trace["spans"]}
