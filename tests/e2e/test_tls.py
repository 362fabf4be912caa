# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""From scottyscope to the Collector: TLS and a password, and mutual TLS; an agent and a gateway."""

import base64
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator

import grpc
import pytest
from backends import Collector
from certificates import Authority, Certificate
from harness.server import Server
from harness.tool import Tool
from harness.waiting import wait_until
from sender import Sender
from starting import LABELS, Start, await_metric, start_collector, start_victoriametrics

USER, PASSWORD = "sender", "pass"
# htpasswd's form of this password: base64 of its SHA-1.
HTPASSWD = "sender:{SHA}nU4eI71bcnBGqeO0t9tXvY1u5oQ="
REFUSED_S = 5


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    """A server to observe."""
    started = Server(os.environ["SCOTTY_BARE"], tmp_path / "server")
    yield started
    started.end()


def tool_environment(
    collector: Collector, certificate: pathlib.Path, password: str
) -> dict[str, str]:
    credentials = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://{collector.address}",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Basic%20{credentials}",
        "OTEL_METRIC_EXPORT_INTERVAL": "300",
    }


@pytest.fixture
def public_directory() -> Iterator[pathlib.Path]:
    """A directory that every user may read: the sender of scottyscope is nobody."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        yield directory


def test_tls_from_scottyscope(
    start: Start, server: Server, tmp_path: pathlib.Path, public_directory: pathlib.Path
) -> None:
    authority = Authority(tmp_path)
    certificate = readable(authority, public_directory)
    own = authority.sign("collector")
    victoriametrics = start_victoriametrics(start, tmp_path)
    collector = start_collector(
        start,
        tmp_path,
        "tls",
        VICTORIAMETRICS_URL=victoriametrics.url,
        COLLECTOR_CERTIFICATE=str(own.certificate),
        COLLECTOR_KEY=str(own.key),
        COLLECTOR_HTPASSWD=HTPASSWD,
    )
    options = ("--pid", str(server.pid), "--listen", "none")
    stranger = Tool(
        tmp_path / "stranger",
        *options,
        environment=tool_environment(collector, certificate, "wrong"),
    )
    # The Collector refuses several exports.
    time.sleep(REFUSED_S)
    assert victoriametrics.query("scotty_up") == {}
    stranger.end()
    tool = Tool(
        tmp_path / "tool", *options, environment=tool_environment(collector, certificate, PASSWORD)
    )
    wait_until("metrics arrive", lambda: victoriametrics.query("scotty_up == 1"), 30)
    assert tool.end() == 0


def credentials(authority: Authority, client: Certificate | None) -> grpc.ChannelCredentials:
    root = authority.own.certificate.read_bytes()
    if not client:
        return grpc.ssl_channel_credentials(root)
    return grpc.ssl_channel_credentials(
        root, client.key.read_bytes(), client.certificate.read_bytes()
    )


def start_mutual(
    start: Start, directory: pathlib.Path, authority: Authority, own: Certificate, store: str
) -> Collector:
    """A Collector that takes data from senders with a certificate of the authority."""
    return start_collector(
        start,
        directory,
        "mutual-tls",
        VICTORIAMETRICS_URL=store,
        COLLECTOR_CERTIFICATE=str(own.certificate),
        COLLECTOR_KEY=str(own.key),
        COLLECTOR_CLIENT_CA=str(authority.own.certificate),
    )


def readable(authority: Authority, directory: pathlib.Path) -> pathlib.Path:
    """A copy of the authority's certificate that every user may read."""
    copy = directory / "authority.pem"
    shutil.copy(authority.own.certificate, copy)
    return copy


def test_mutual_tls(
    start: Start, server: Server, tmp_path: pathlib.Path, public_directory: pathlib.Path
) -> None:
    """The Collector takes what scottyscope sends with its certificate, and nothing without."""
    authority = Authority(tmp_path)
    certificate = readable(authority, public_directory)
    own, client = authority.sign("collector"), authority.sign("client")
    client.key.chmod(0o600)
    victoriametrics = start_victoriametrics(start, tmp_path)
    collector = start_mutual(start, tmp_path, authority, own, victoriametrics.url)
    options = ("--pid", str(server.pid), "--listen", "none")
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://{collector.address}",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        "OTEL_METRIC_EXPORT_INTERVAL": "300",
    }
    stranger = Tool(tmp_path / "stranger", *options, environment=environment)
    stranger.wait_for("cannot export metrics", stranger.stderr)
    assert victoriametrics.query("scotty_up") == {}
    stranger.end()
    pair = {
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(client.certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(client.key),
    }
    tool = Tool(tmp_path / "tool", *options, environment={**environment, **pair})
    wait_until("metrics arrive", lambda: victoriametrics.query("scotty_up == 1"), 30)
    assert tool.end() == 0


def test_agent_and_gateway(start: Start, tmp_path: pathlib.Path) -> None:
    authority = Authority(tmp_path)
    own, client = authority.sign("gateway"), authority.sign("agent")
    victoriametrics = start_victoriametrics(start, tmp_path)
    gateway = start_mutual(start, tmp_path, authority, own, victoriametrics.url)
    agent = start_collector(
        start,
        tmp_path,
        "agent",
        GATEWAY_OTLP=gateway.address,
        GATEWAY_CA=str(authority.own.certificate),
        AGENT_CERTIFICATE=str(client.certificate),
        AGENT_KEY=str(client.key),
    )
    with grpc.secure_channel(gateway.address, credentials(authority, None)) as channel:
        with pytest.raises(grpc.FutureTimeoutError):
            grpc.channel_ready_future(channel).result(REFUSED_S)
    Sender(agent.address).send_metric(10)
    assert await_metric(victoriametrics, 10) == LABELS
    Sender(gateway.address, credentials(authority, client)).send_metric(11)
    assert await_metric(victoriametrics, 11) == LABELS
