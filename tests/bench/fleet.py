# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Measures what a gateway Collector takes for many hosts.

A real scottyscope observes the sample server once, under the realistic mix of requests. Its OTLP
messages are then sent as those of many hosts: each host has a connection, an instance id and a
host name of its own, and values that grow. The Collector runs the files of observability/ with
VictoriaMetrics and a receiver of spans behind it.

    build/venv/bin/python tests/bench/fleet.py --cases 10:0,100:0,100:20

A case is HOSTS:SPANS, with the spans of one host in a second.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

# pylint: disable=wrong-import-position
import machine  # noqa: E402
import mixes  # noqa: E402
from harness.http_client import Connection  # noqa: E402
from harness.process import Process  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.tool import Tool  # noqa: E402

EXPORT_S = 15.0
SPANS_S = 5.0  # OTEL_BSP_SCHEDULE_DELAY
BATCH = 512
REQUESTS = 2000
WARM_UP_S = 2 * EXPORT_S
TICKS = os.sysconf("SC_CLK_TCK")
PORTS = {"grpc": 24317, "http": 24318, "health": 24133, "own": 24888, "sink": 24417, "store": 24428}
COLUMNS = ("hosts", "spans/s a host", "points/s", "spans/s", "gateway CPU %", "gateway MiB")
COLUMNS += ("VictoriaMetrics CPU %", "VictoriaMetrics MiB", "lost")
SINK = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{sink}"}}}}}}}}
exporters: {{debug: {{verbosity: basic, sampling_initial: 1, sampling_thereafter: 100000}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}
"""


class Recorder(metrics_grpc.MetricsServiceServicer, traces_grpc.TraceServiceServicer):
    """Keeps the last message of metrics and the first spans."""

    def __init__(self) -> None:
        self.metrics = metrics.ExportMetricsServiceRequest()
        self.spans = traces.ExportTraceServiceRequest()

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if isinstance(request, metrics.ExportMetricsServiceRequest):
            self.metrics = request
            return metrics.ExportMetricsServiceResponse()
        if not self.spans.resource_spans:
            self.spans.CopyFrom(request)
        return traces.ExportTraceServiceResponse()


def record(options: argparse.Namespace, directory: Path) -> tuple[Recorder, int]:
    """The messages of a run of the tool, and the number of series on its /metrics."""
    recorder = Recorder()
    receiver = grpc.server(futures.ThreadPoolExecutor(4))
    metrics_grpc.add_MetricsServiceServicer_to_server(recorder, receiver)
    traces_grpc.add_TraceServiceServicer_to_server(recorder, receiver)
    port = receiver.add_insecure_port("127.0.0.1:0")
    receiver.start()
    executable = shutil.copy2(options.server, directory / "scotty")
    server = Server(str(executable), directory / "server", "--apps", str(mixes.APPS))
    tool = Tool(
        directory / "tool",
        *("--pid", str(server.pid), "--listen", "127.0.0.1:0"),
        *("--otlp-endpoint", f"http://127.0.0.1:{port}"),
        environment={"OTEL_METRIC_EXPORT_INTERVAL": "500"},
        binary=options.tool,
    )
    requests = mixes.realistic().requests
    for number in range(REQUESTS):
        if number % 100 == 0:
            connection = Connection(server.port)
        connection.ask(requests[number % len(requests)])
    time.sleep(1.5)
    series = sum(not line.startswith("#") for line in tool.text().splitlines())
    assert tool.end() == 0 and server.end() == 0
    receiver.stop(None)
    return recorder, series


def set_attribute(resource: Any, name: str, value: str) -> None:
    for attribute in resource.attributes:
        if attribute.key == name:
            attribute.value.string_value = value
            return
    raise AssertionError(f"the resource has no {name}")


def points_of(request: Any) -> list[Any]:
    """All data points of a message."""
    return [
        point
        for group in request.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
        for point in getattr(metric, metric.WhichOneof("data")).data_points
    ]


class Host:
    """A sender with the messages of one scottyscope."""

    def __init__(self, number: int, recorder: Recorder, endpoint: str) -> None:
        self.metrics = metrics.ExportMetricsServiceRequest()
        self.metrics.CopyFrom(recorder.metrics)
        self.points = points_of(self.metrics)
        self.spans = recorder.spans.resource_spans[0]
        self.name = f"host-{number}"
        self.resource = self.metrics.resource_metrics[0].resource
        set_attribute(self.resource, "service.instance.id", f"{self.name}-1-1")
        set_attribute(self.resource, "host.name", self.name)
        # Without the option, channels to one address share a connection.
        self.channel = grpc.insecure_channel(endpoint, [("grpc.use_local_subchannel_pool", 1)])
        self.export_metrics = metrics_grpc.MetricsServiceStub(self.channel).Export
        self.export_spans = traces_grpc.TraceServiceStub(self.channel).Export

    def send_metrics(self) -> Any:
        now = time.time_ns()
        for point in self.points:
            point.time_unix_nano = now
            if hasattr(point, "bucket_counts") and point.bucket_counts:
                point.bucket_counts[0] += 1
                point.count += 1
            elif point.HasField("as_int"):
                point.as_int += 1
        return self.export_metrics.future(self.metrics)

    def send_spans(self, count: int) -> Any:
        request = traces.ExportTraceServiceRequest()
        group = request.resource_spans.add()
        group.resource.CopyFrom(self.resource)
        spans = group.scope_spans.add().spans
        known = self.spans.scope_spans[0].spans
        now = time.time_ns()
        for number in range(count):
            span = spans.add()
            span.CopyFrom(known[number % len(known)])
            span.trace_id, span.span_id = os.urandom(16), os.urandom(8)
            span.start_time_unix_nano, span.end_time_unix_nano = now - 1_000_000, now
        return self.export_spans.future(request)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def own_metric(name: str) -> float:
    """The sum of a counter of the Collector over its label sets."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORTS['own']}/metrics") as answer:
        text = answer.read().decode()
    return sum(map(float, re.findall(rf"(?m)^otelcol_{name}(?:_total)?\{{[^}}]*\}} (\S+)$", text)))


@contextlib.contextmanager
def back_ends(options: argparse.Namespace, directory: Path) -> Iterator[tuple[Process, Process]]:
    """The gateway, and VictoriaMetrics and the receiver of spans behind it."""
    sink_file = directory / "sink.yaml"
    sink_file.write_text(SINK.format(**PORTS))
    stack = ROOT / "observability"
    environment = {
        "COLLECTOR_GRPC": f"127.0.0.1:{PORTS['grpc']}",
        "COLLECTOR_HTTP": f"127.0.0.1:{PORTS['http']}",
        "COLLECTOR_HEALTH": f"127.0.0.1:{PORTS['health']}",
        "COLLECTOR_METRICS_PORT": str(PORTS["own"]),
        "VICTORIAMETRICS_URL": f"http://127.0.0.1:{PORTS['store']}",
        "JAEGER_OTLP": f"127.0.0.1:{PORTS['sink']}",
        **dict(
            line.split("=", 1)
            for line in (stack / "kubernetes/config/gateway.env").read_text().splitlines()
            if line.startswith(("COLLECTOR_MEMORY", "GOMEMLIMIT"))
        ),
    }
    configuration = [stack / "otel-collector/config.yaml", stack / "kubernetes/config/gateway.yaml"]
    store = ["-storageDataPath", str(directory / "store"), "-httpListenAddr"]
    store += [f"127.0.0.1:{PORTS['store']}"]
    with contextlib.ExitStack() as closing:

        def start(arguments: list[str], name: str) -> Process:
            process = Process(arguments, directory / name, environment)
            closing.callback(process.end)
            return process

        victoriametrics = start([options.victoriametrics, *store], "victoriametrics")
        sink = start([options.otelcol, f"--config=file:{sink_file}"], "sink")
        sink.wait_for("Everything is ready", sink.stderr)
        gateway = start(
            [options.otelcol, *(f"--config=file:{file}" for file in configuration)], "gateway"
        )
        gateway.wait_for("Everything is ready", gateway.stderr)
        yield gateway, victoriametrics


def send_until(end_s: float, hosts: list[Host], span_rate: int) -> tuple[int, float]:
    """Sends what is due, spread evenly; gives the failures and the worst delay of the sender."""
    due: list[tuple[float, int, bool]] = []
    begin = time.monotonic()
    for index in range(len(hosts)):
        due.append((begin + EXPORT_S * index / len(hosts), index, False))
        if span_rate:
            due.append((begin + SPANS_S * index / len(hosts), index, True))
    due.sort()
    sent: list[Any] = []
    failures, late_s = 0, 0.0
    while (now := time.monotonic()) < end_s:
        at_s, index, is_spans = due[0]
        if at_s > now:
            time.sleep(min(at_s, end_s) - now)
            continue
        due.pop(0)
        late_s = max(late_s, now - at_s)
        if is_spans:
            left = round(span_rate * SPANS_S)
            while left > 0:
                sent.append(hosts[index].send_spans(min(left, BATCH)))
                left -= BATCH
        else:
            sent.append(hosts[index].send_metrics())
        due.append((at_s + (SPANS_S if is_spans else EXPORT_S), index, is_spans))
        due.sort()
        failures += sum(each.exception() is not None for each in sent if each.done())
        sent = [each for each in sent if not each.done()]
    failures += sum(each.exception() is not None for each in sent)
    return failures, late_s


def measure(options: argparse.Namespace, recorder: Recorder, hosts_count: int, rate: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        with back_ends(options, Path(name)) as (gateway, store):
            endpoint = f"127.0.0.1:{PORTS['grpc']}"
            hosts = [Host(number, recorder, endpoint) for number in range(hosts_count)]
            failures, _ = send_until(time.monotonic() + WARM_UP_S, hosts, rate)
            names = ("receiver_accepted_metric_points", "receiver_accepted_spans")
            before = [own_metric(each) for each in names]
            cpu = [cpu_s(gateway.pid), cpu_s(store.pid)]
            begin = time.monotonic()
            more, late_s = send_until(begin + options.seconds, hosts, rate)
            span_s = time.monotonic() - begin
            used = [cpu_s(gateway.pid) - cpu[0], cpu_s(store.pid) - cpu[1]]
            accepted = [(own_metric(each) - then) / span_s for each, then in zip(names, before)]
            assert accepted[0] > 0, "the Collector counted no metrics"
            refused = own_metric("receiver_refused_(?:metric_points|spans)")
            failed = own_metric("exporter_send_failed_(?:metric_points|spans)")
            line = (
                f"| {hosts_count} | {rate} | {accepted[0]:,.0f} | {accepted[1]:,.0f} | "
                f"{100 * used[0] / span_s:.1f} | {peak_mib(gateway.pid):.0f} | "
                f"{100 * used[1] / span_s:.1f} | {peak_mib(store.pid):.0f} | "
                f"{failures + more + refused + failed:.0f} |"
            )
            if late_s > SPANS_S:
                line += f" the sender was {late_s:.1f} s late: not a measurement"
            for host in hosts:
                host.channel.close()
    return line


def main() -> None:
    build = ROOT / "build"
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tool", default=str(build / "scottyscope"))
    parser.add_argument("--server", default=str(build / "fixtures/scotty-default"))
    parser.add_argument("--otelcol", default=str(build / "e2e/otelcol"))
    parser.add_argument("--victoriametrics", default=str(build / "e2e/victoriametrics"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", default="10:0,100:0,500:0,100:20,100:100")
    options = parser.parse_args()
    print("; ".join(f"{key}: {value}" for key, value in machine.describe().items()))
    with tempfile.TemporaryDirectory() as name:
        recorder, series = record(options, Path(name))
    points = points_of(recorder.metrics)
    label_sets = sum(
        len(getattr(metric, metric.WhichOneof("data")).data_points)
        for metric in recorder.metrics.resource_metrics[0].scope_metrics[0].metrics
        if metric.name == "scotty.http.requests"
    )
    version = subprocess.run(
        [options.otelcol, "--version"], capture_output=True, text=True, check=True
    )
    print(f"{version.stdout.strip()}; one host: {series} series on /metrics, {len(points)} points")
    print(f"in {recorder.metrics.ByteSize():,} bytes; {label_sets} sets of method, path and status")
    print("| " + " | ".join(COLUMNS) + " |")
    print("| --- " * len(COLUMNS) + "|")
    for case in options.cases.split(","):
        hosts, rate = map(int, case.split(":"))
        print(measure(options, recorder, hosts, rate), flush=True)


if __name__ == "__main__":
    main()
