# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A server that exports telemetry of its own, under the names that scottyscope uses, too."""

import json

import pytest

from harness.builds import binary_of
from harness.collector import FAST, Collector
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.waiting import wait_until

WARNING = "the server exports metrics and traces itself (SCOTTY__TELEMETRY)"
NOWHERE = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


def start_server(start: Starter, build: str, collector: Collector | None = None) -> Server:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint} if collector else NOWHERE
    environment = {"SCOTTY__TELEMETRY": "metrics,traces", **endpoint}
    return start.server(binary_of(build), environment=environment)


@pytest.mark.parametrize("how", ["warn", "replace", "ignore"])
def test_is_told_once(start: Starter, how: str) -> None:
    """The tool warns at the attachment and in `verify`, unless an option says what to do."""
    server = start_server(start, "default")
    tool = start.watch(server, "--own-telemetry", how)
    assert tool.end() == 0
    assert tool.stderr().count(WARNING) == (how == "warn")
    verify = start.verify("--pid", str(server.pid), "--own-telemetry", how)
    assert (WARNING in verify.stdout()) == (how != "ignore")
    plan = json.loads(
        start.verify(
            "--pid", str(server.pid), "--own-telemetry", how, "--format", "json"
        ).stdout()
    )
    assert plan["own_telemetry"] == ("" if how == "ignore" else "metrics and traces")


def test_is_told_of_this_server_only(start: Starter) -> None:
    """The tool does not warn without the variable, or for a build without telemetry, which ignores the variable."""
    for server in (start.server(binary_of("default")), start_server(start, "bare")):
        tool = start.watch(server)
        assert tool.end() == 0
        assert "SCOTTY__TELEMETRY" not in tool.stderr()
        assert "SCOTTY__TELEMETRY" not in start.verify("--pid", str(server.pid)).stdout()


def test_replace_is_another_service(start: Starter) -> None:
    """Both export to one collector. With `replace`, no service has two spans of one request."""
    collector = Collector(start)
    server = start_server(start, "default", collector)
    options = ("--otlp-endpoint", collector.endpoint, "--own-telemetry", "replace")
    tool = start.watch(server, *options, environment=FAST)
    ask_once(server.port, get("/api/v1/health"))
    name = server.binary.rsplit("/", 1)[-1]
    wait_until(
        "the tool's resource arrived",
        lambda: any(
            resource.get("service.name") == f"{name}-scottyscope"
            for resource in collector.resources()
        ),
    )
    tool.end()
    of_tool = {
        resource["service.name"]
        for resource in collector.resources()
        if "process.executable.path" in resource
    }
    assert of_tool == {f"{name}-scottyscope"}


def test_a_chosen_name_is_kept(start: Starter) -> None:
    """A service name that the user gives the tool is not changed."""
    collector = Collector(start)
    server = start_server(start, "default")
    options = ("--otlp-endpoint", collector.endpoint, "--own-telemetry", "replace")
    chosen = {**FAST, "OTEL_SERVICE_NAME": "chosen"}
    start.watch(server, *options, environment=chosen)
    wait_until("metrics arrived", lambda: collector.resources())
    assert {resource["service.name"] for resource in collector.resources()} == {"chosen"}
