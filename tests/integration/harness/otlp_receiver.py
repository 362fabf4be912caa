#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A small OTLP/gRPC collector for tests.

Prints `listening on 127.0.0.1:PORT`, then appends each accepted request to a file as one line of
JSON: {"signal": "metrics"|"traces", "metadata": {...}, "peer": ..., "request": {...}}.

Needs the packages grpcio and opentelemetry-proto.
"""

import argparse
import concurrent.futures
import json
import signal
import sys
import threading

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc


def varint(value):
    """The protobuf encoding of an unsigned integer."""
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def field(number, content):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def retry_details(code, delay_s):
    """Returns `grpc-status-details-bin`: an encoded google.rpc.Status with a RetryInfo.

    The Python classes of both are in a package that no other test needs.
    """
    delay = duration_pb2.Duration()
    delay.FromNanoseconds(int(delay_s * 1e9))
    retry_info = any_pb2.Any(
        type_url="type.googleapis.com/google.rpc.RetryInfo",
        value=field(1, delay.SerializeToString()),
    )
    return b"\x08" + varint(code) + field(3, retry_info.SerializeToString())


class Recorder:
    """Decides how each request is answered, and records the accepted requests."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.left_to_fail = options.fail
        self.output = open(options.output, "a", encoding="utf-8")

    def refuse_some(self, context):
        """Ends the call with --fail-status for the first --fail requests."""
        with self.lock:
            if self.left_to_fail == 0:
                return
            self.left_to_fail -= 1
        status = grpc.StatusCode[self.options.fail_status]
        if self.options.retry_delay is not None:
            details = retry_details(status.value[0], self.options.retry_delay)
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
        context.abort(status, "refused by --fail")

    def accept(self, name, request, context):
        """Records a request and its headers."""
        self.refuse_some(context)
        line = {
            "signal": name,
            "metadata": {key: str(value) for key, value in context.invocation_metadata()},
            "peer": context.peer(),
            "request": MessageToDict(request),
        }
        with self.lock:
            print(json.dumps(line), file=self.output, flush=True)


class MetricsService(metrics_grpc.MetricsServiceServicer):
    """The collector's service for metrics."""

    def __init__(self, recorder):
        self.recorder = recorder

    def Export(self, request, context):
        self.recorder.accept("metrics", request, context)
        response = metrics.ExportMetricsServiceResponse()
        if self.recorder.options.reject:
            response.partial_success.rejected_data_points = self.recorder.options.reject
            response.partial_success.error_message = "refused by --reject"
        return response


class TraceService(traces_grpc.TraceServiceServicer):
    """The collector's service for traces."""

    def __init__(self, recorder):
        self.recorder = recorder

    def Export(self, request, context):
        self.recorder.accept("traces", request, context)
        response = traces.ExportTraceServiceResponse()
        if self.recorder.options.reject:
            response.partial_success.rejected_spans = self.recorder.options.reject
            response.partial_success.error_message = "refused by --reject"
        return response


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", help="file to append a line of JSON per request to")
    parser.add_argument("--port", type=int, default=0, help="0: a free port")
    parser.add_argument("--fail", type=int, default=0, metavar="N",
                        help="answer the first N requests with --fail-status")
    parser.add_argument("--fail-status", default="UNAVAILABLE", metavar="NAME",
                        choices=[code.name for code in grpc.StatusCode])
    parser.add_argument("--retry-delay", type=float, metavar="SECONDS",
                        help="send RetryInfo with a failure")
    parser.add_argument("--reject", type=int, default=0, metavar="N",
                        help="claim in partial_success to have rejected N points or spans")
    parser.add_argument("--tls-key", help="PEM file; with --tls-certificate: serve TLS")
    parser.add_argument("--tls-certificate", help="PEM file")
    parser.add_argument("--tls-client-ca", help="PEM file: authority of clients' certificates")
    return parser.parse_args()


def main():
    options = parse_options()
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=4),
        # Without SO_REUSEPORT a port that is taken is an error, as for a real collector.
        options=[("grpc.so_reuseport", 0)],
    )
    recorder = Recorder(options)
    metrics_grpc.add_MetricsServiceServicer_to_server(MetricsService(recorder), server)
    traces_grpc.add_TraceServiceServicer_to_server(TraceService(recorder), server)
    address = f"127.0.0.1:{options.port}"
    if options.tls_key:
        with open(options.tls_key, "rb") as key, open(options.tls_certificate, "rb") as chain:
            pair = (key.read(), chain.read())
        authority = None
        if options.tls_client_ca:
            with open(options.tls_client_ca, "rb") as file:
                authority = file.read()
        credentials = grpc.ssl_server_credentials(
            [pair], root_certificates=authority, require_client_auth=authority is not None
        )
        port = server.add_secure_port(address, credentials)
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
    server.stop(grace=0.5).wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
