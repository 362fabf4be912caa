# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""All real back ends together, with the configurations of observability/.

The Collector sends metrics to VictoriaMetrics by remote write and to Prometheus by OTLP, and spans
to Jaeger: it runs its default configuration and the variant for several exporters.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from backend import FOLDER, OBSERVABILITY, RUN_ATTRIBUTE, RUN_LABEL, BackEnd, free_addresses
from jaeger import Jaeger
from metrics import Labels, Prometheus, VictoriaMetrics, Vmalert

__all__ = [
    "RUN_ATTRIBUTE",
    "RUN_LABEL",
    "BackEnd",
    "BackEnds",
    "Collector",
    "Jaeger",
    "Labels",
    "Prometheus",
    "VictoriaMetrics",
    "Vmalert",
    "free_addresses",
    "running",
]

COLLECTOR_FOLDER = OBSERVABILITY / "otel-collector"
CONFIGURATION = COLLECTOR_FOLDER / "config.yaml"
# The last file that the Collector merges.
TEST_CONFIGURATION = FOLDER / "otelcol" / "test.yaml"
Started = TypeVar("Started", bound=BackEnd)


def variant(name: str) -> pathlib.Path:
    return COLLECTOR_FOLDER / "variants" / f"{name}.yaml"


class Collector(BackEnd):
    """The OpenTelemetry Collector with its default configuration and variants."""

    def __init__(
        self, directory: pathlib.Path, variants: list[str], environment: dict[str, str]
    ) -> None:
        files = [CONFIGURATION, *map(variant, variants), TEST_CONFIGURATION]
        grpc, http, health, metrics = free_addresses(4)
        host, port = metrics.split(":")
        super().__init__(
            "otelcol",
            directory,
            *(f"--config=file:{file}" for file in files),
            environment={
                "COLLECTOR_GRPC": grpc,
                "COLLECTOR_HTTP": http,
                "COLLECTOR_HEALTH": health,
                "COLLECTOR_METRICS_HOST": host,
                "COLLECTOR_METRICS_PORT": port,
                **environment,
            },
        )
        self.address = grpc
        self.endpoint = f"http://{grpc}"
        self.http_endpoint = f"http://{http}"
        self.health_url = f"http://{health}"
        self.metrics_address = metrics

    def is_ready(self) -> bool:
        return "Everything is ready" in self.process.stderr()

    def problems(self) -> list[str]:
        """Returns the warnings and errors of the log."""
        return [
            line
            for line in self.process.stderr().splitlines()
            if line.split("\t")[1:2] in (["error"], ["warn"])
        ]


@dataclasses.dataclass
class BackEnds:
    """All back ends."""

    prometheus: Prometheus
    victoriametrics: VictoriaMetrics
    jaeger: Jaeger
    collector: Collector


@contextlib.contextmanager
def running(make_directory: Callable[[str], pathlib.Path]) -> Iterator[BackEnds]:
    """Starts all back ends in the order of their dependencies; ends them in reverse order."""
    prometheus, victoriametrics, jaeger, query, grpc, health = free_addresses(6)
    with contextlib.ExitStack() as stack:

        def start(back_end: Started) -> Started:
            stack.callback(back_end.end)
            back_end.await_ready()
            return back_end

        yield BackEnds(
            start(Prometheus(make_directory("prometheus"), prometheus)),
            start(VictoriaMetrics(make_directory("victoriametrics"), victoriametrics)),
            start(Jaeger(make_directory("jaeger"), jaeger, query, grpc, health)),
            start(
                Collector(
                    make_directory("otelcol"),
                    ["several-exporters"],
                    {
                        "VICTORIAMETRICS_URL": f"http://{victoriametrics}",
                        "PROMETHEUS_URL": f"http://{prometheus}",
                        "JAEGER_OTLP": jaeger,
                    },
                )
            ),
        )
