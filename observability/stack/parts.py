# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The parts of the stack as programs on loopback: their options are those of compose.yaml."""

import dataclasses
import pathlib

from settings import HOST, OBSERVABILITY, Settings


@dataclasses.dataclass
class Part:
    """One program: how to start it, and how to see that it is ready."""

    name: str
    options: list[str]
    environment: dict[str, str]
    # Names of ports in .env.
    ports: list[str]
    ready_url: str
    # The Go module that the program is built from, and the version that the stack is made for.
    module: str
    version: str


def victoriametrics(settings: Settings, data: pathlib.Path) -> Part:
    address = settings.address("VICTORIAMETRICS")
    return Part(
        name="victoriametrics",
        options=[
            f"-storageDataPath={data / 'victoriametrics'}",
            f"-retentionPeriod={settings.text('RETENTION')}",
            f"-httpListenAddr={address}",
            f"-promscrape.config={OBSERVABILITY / 'victoriametrics' / 'scrape.yaml'}",
            f"-vmalert.proxyURL=http://{settings.address('VMALERT')}",
            "-search.latencyOffset=0s",
        ],
        environment={
            "COLLECTOR_METRICS": settings.address("STACK_COLLECTOR_METRICS"),
            "VMALERT": settings.address("VMALERT"),
        },
        ports=["VICTORIAMETRICS"],
        ready_url=f"http://{address}/health",
        module="github.com/VictoriaMetrics/VictoriaMetrics",
        version=settings.text("VICTORIAMETRICS_VERSION"),
    )


def vmalert(settings: Settings) -> Part:
    address = settings.address("VMALERT")
    metrics = f"http://{settings.address('VICTORIAMETRICS')}"
    return Part(
        name="vmalert",
        options=[
            f"-rule={OBSERVABILITY / 'rules' / '*.yaml'}",
            f"-httpListenAddr={address}",
            f"-datasource.url={metrics}",
            f"-remoteWrite.url={metrics}",
            f"-remoteRead.url={metrics}",
            "-evaluationInterval=15s",
            f"-external.url=http://{address}",
            "-notifier.blackhole",
        ],
        environment={},
        ports=["VMALERT"],
        ready_url=f"http://{address}/health",
        module="github.com/VictoriaMetrics/VictoriaMetrics",
        version=settings.text("VICTORIAMETRICS_VERSION"),
    )


def jaeger(settings: Settings) -> Part:
    health = settings.address("STACK_JAEGER_HEALTH")
    return Part(
        name="jaeger",
        options=[f"--config=file:{OBSERVABILITY / 'jaeger' / 'config.yaml'}"],
        environment={
            "JAEGER_OTLP": settings.address("STACK_JAEGER_OTLP"),
            "JAEGER_QUERY": settings.address("JAEGER"),
            "JAEGER_QUERY_GRPC": settings.address("STACK_JAEGER_GRPC"),
            "JAEGER_HEALTH": health,
            "JAEGER_MAX_TRACES": settings.text("JAEGER_MAX_TRACES"),
        },
        ports=["STACK_JAEGER_OTLP", "JAEGER", "STACK_JAEGER_GRPC", "STACK_JAEGER_HEALTH"],
        ready_url=f"http://{health}/status",
        module="github.com/jaegertracing/jaeger",
        version=settings.text("STACK_JAEGER_MODULE_VERSION"),
    )


def collector(settings: Settings) -> Part:
    folder = OBSERVABILITY / "otel-collector"
    variant = folder / "variants" / f"{settings.text('COLLECTOR_VARIANT')}.yaml"
    health = settings.address("STACK_COLLECTOR_HEALTH")
    return Part(
        name="otelcol",
        options=[f"--config=file:{folder / 'config.yaml'}", f"--config=file:{variant}"],
        environment={
            "COLLECTOR_GRPC": settings.address("COLLECTOR_GRPC"),
            "COLLECTOR_HTTP": settings.address("COLLECTOR_HTTP"),
            "COLLECTOR_HEALTH": health,
            "COLLECTOR_METRICS_HOST": HOST,
            "COLLECTOR_METRICS_PORT": str(settings.port("STACK_COLLECTOR_METRICS")),
            "COLLECTOR_MEMORY_MIB": settings.text("COLLECTOR_MEMORY_MIB"),
            "VICTORIAMETRICS_URL": f"http://{settings.address('VICTORIAMETRICS')}",
            "JAEGER_OTLP": settings.address("STACK_JAEGER_OTLP"),
        },
        ports=[
            "COLLECTOR_GRPC",
            "COLLECTOR_HTTP",
            "STACK_COLLECTOR_HEALTH",
            "STACK_COLLECTOR_METRICS",
        ],
        ready_url=f"http://{health}/",
        module="go.opentelemetry.io/collector/otelcol",
        version=f"v{settings.text('COLLECTOR_VERSION')}",
    )


def all_parts(settings: Settings, data: pathlib.Path) -> list[Part]:
    """In the order in which they need each other."""
    return [
        victoriametrics(settings, data),
        jaeger(settings),
        collector(settings),
        vmalert(settings),
    ]
