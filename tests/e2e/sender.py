# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sends a metric and spans to a Collector over OTLP/gRPC."""

import os
import time

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

TIMEOUT_S = 20
METRIC = "scotty_sent_total"
RESOURCE = {
    "service.name": "sender",
    "service.instance.id": "one",
    "host.name": "somewhere",
    "process.pid": "1",
}
MS_NS = 1_000_000


class Sender:
    """Sends to the Collector at an address, with or without TLS."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self.address = address
        self.credentials = credentials

    def channel(self) -> grpc.Channel:
        if self.credentials:
            return grpc.secure_channel(self.address, self.credentials)
        return grpc.insecure_channel(self.address)

    def send_metric(self, value: int) -> None:
        """Sends a counter with this value."""
        request = metrics_service_pb2.ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        for key, text in RESOURCE.items():
            resource.resource.attributes.add(key=key).value.string_value = text
        metric = resource.scope_metrics.add().metrics.add(name=METRIC.removesuffix("_total"))
        metric.sum.is_monotonic = True
        metric.sum.aggregation_temporality = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE
        now_ns = time.time_ns()
        metric.sum.data_points.add(
            as_int=value, start_time_unix_nano=now_ns - MS_NS, time_unix_nano=now_ns
        )
        with self.channel() as channel:
            stub = metrics_service_pb2_grpc.MetricsServiceStub(channel)
            answer = stub.Export(request, timeout=TIMEOUT_S, wait_for_ready=True)
        assert answer.partial_success.rejected_data_points == 0, answer

    def send_span(self, name: str, *, took_ms: int = 1, failed: bool = False) -> str:
        """Sends a trace of one span; returns its id."""
        request = trace_service_pb2.ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        for key, text in RESOURCE.items():
            resource.resource.attributes.add(key=key).value.string_value = text
        end_ns = time.time_ns()
        span = resource.scope_spans.add().spans.add(
            trace_id=os.urandom(16),
            span_id=os.urandom(8),
            name=name,
            kind=trace_pb2.Span.SPAN_KIND_SERVER,
            start_time_unix_nano=end_ns - took_ms * MS_NS,
            end_time_unix_nano=end_ns,
        )
        if failed:
            span.status.code = trace_pb2.Status.STATUS_CODE_ERROR
        with self.channel() as channel:
            stub = trace_service_pb2_grpc.TraceServiceStub(channel)
            answer = stub.Export(request, timeout=TIMEOUT_S, wait_for_ready=True)
        assert answer.partial_success.rejected_spans == 0, answer
        return span.trace_id.hex()
