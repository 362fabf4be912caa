# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A trivial OTLP/gRPC collector, that counts what comes and forgets it."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
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
    def __init__(self, spans: Synchronized[int]) -> None:
        self._spans = spans

    def Export(self, request: Any, context: Any) -> Any:
        count = sum(
            len(scope.spans) for part in request.resource_spans for scope in part.scope_spans
        )
        with self._spans.get_lock():
            self._spans.value += count
        return traces.ExportTraceServiceResponse()


def _serve(spans: Synchronized[int], parent: Connection) -> None:
    """Tells the parent the port, and serves until the parent says that it is enough, or is no more."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=2))
    metrics_grpc.add_MetricsServiceServicer_to_server(_Metrics(), server)
    traces_grpc.add_TraceServiceServicer_to_server(_Traces(spans), server)
    parent.send(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    try:
        parent.recv()
    except EOFError:
        pass
    server.stop(grace=0).wait()


class Sink:
    """One on a free port until the end of its context: a process of its own, which keeps nobody here from
    reading a clock."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._spans: Synchronized[int] = context.Value("Q")
        self._child, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._spans, far), daemon=True)
        self._process.start()
        far.close()
        self.endpoint = f"http://127.0.0.1:{self._child.recv()}"

    def spans(self) -> int:
        """Spans that have come so far."""
        with self._spans.get_lock():
            return self._spans.value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.close()
        self._process.join()
