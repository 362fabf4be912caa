# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A trivial OTLP/gRPC collector, that counts what comes and forgets it."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc


class _Metrics(metrics_grpc.MetricsServiceServicer):
    def Export(self, request: Any, context: Any) -> Any:
        return metrics.ExportMetricsServiceResponse()


class _Traces(traces_grpc.TraceServiceServicer):
    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count

    def Export(self, request: Any, context: Any) -> Any:
        self._count(
            sum(len(scope.spans) for part in request.resource_spans for scope in part.scope_spans)
        )
        return traces.ExportTraceServiceResponse()


class Sink:
    """One on a free port, in threads of this process, until the end of its context."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans = 0
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=2))
        metrics_grpc.add_MetricsServiceServicer_to_server(_Metrics(), self._server)
        traces_grpc.add_TraceServiceServicer_to_server(_Traces(self._add), self._server)
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _add(self, spans: int) -> None:
        with self._lock:
            self._spans += spans

    def spans(self) -> int:
        """Spans that have come so far."""
        with self._lock:
            return self._spans

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(grace=0).wait()
