# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A service that calls the server: it starts traces, and exports its own spans to the Collector."""

import dataclasses
import os
import time

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

SERVICE = "caller"
TIMEOUT_S = 20


@dataclasses.dataclass
class Call:
    """A call, and the caller's span for it, which is the root of the trace."""

    is_sampled: bool
    state: str = ""
    trace_id: bytes = dataclasses.field(default_factory=lambda: os.urandom(16))
    span_id: bytes = dataclasses.field(default_factory=lambda: os.urandom(8))
    start_ns: int = dataclasses.field(default_factory=time.time_ns)

    def headers(self) -> list[str]:
        """Returns the W3C Trace Context header fields of this call."""
        flags = "01" if self.is_sampled else "00"
        fields = [f"traceparent: 00-{self.trace_id.hex()}-{self.span_id.hex()}-{flags}"]
        return fields + ([f"tracestate: {self.state}"] if self.state else [])


def export(address: str, run: str, run_attribute: str, calls: list[Call]) -> None:
    """Ends the calls, and sends the spans of sampled calls to the Collector."""
    request = trace_service_pb2.ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    for key, value in (("service.name", SERVICE), (run_attribute, run)):
        attribute = resource.resource.attributes.add(key=key)
        attribute.value.string_value = value
    scope = resource.scope_spans.add()
    for call in calls:
        if call.is_sampled:
            scope.spans.add(
                trace_id=call.trace_id,
                span_id=call.span_id,
                trace_state=call.state,
                name="call",
                kind=trace_pb2.Span.SPAN_KIND_CLIENT,
                start_time_unix_nano=call.start_ns,
                end_time_unix_nano=time.time_ns(),
            )
    with grpc.insecure_channel(address) as channel:
        stub = trace_service_pb2_grpc.TraceServiceStub(channel)
        answer = stub.Export(request, timeout=TIMEOUT_S, wait_for_ready=True)
    assert answer.partial_success.rejected_spans == 0, answer
