# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""OTLP over TLS: the tool verifies the collector's certificate, and can present its own."""

import dataclasses
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator

import pytest

from harness.builds import binary_of
from harness.collector import FAST, Collector
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

DAYS = "2"


@dataclasses.dataclass(frozen=True)
class Identity:
    """A private key and its certificate, as PEM files."""

    key: str
    certificate: str


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def authority(directory: pathlib.Path, name: str) -> Identity:
    """Makes a certificate authority."""
    made = Identity(str(directory / f"{name}.key"), str(directory / f"{name}.pem"))
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subject = ("-subj", f"/CN={name}", "-days", DAYS)
    openssl("req", "-x509", *options, "-keyout", made.key, "-out", made.certificate, *subject)
    return made


def issue(directory: pathlib.Path, name: str, issuer: Identity) -> Identity:
    """Makes a key and a certificate for this machine, signed by the authority."""
    made = Identity(str(directory / f"{name}.key"), str(directory / f"{name}.pem"))
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        "req", *options, "-keyout", made.key, "-out", str(request), "-subj", f"/CN={name}"
    )
    signer = ("-CA", issuer.certificate, "-CAkey", issuer.key, "-CAcreateserial")
    openssl(
        *("x509", "-req", "-in", str(request), "-out", made.certificate, "-days", DAYS),
        *("-extfile", str(extensions), *signer),
    )
    return made


@dataclasses.dataclass(frozen=True)
class Identities:
    """Two unrelated authorities, and the certificates that they signed."""

    authority: Identity
    collector: Identity
    client: Identity
    others: Identity
    stranger: Identity


@pytest.fixture(scope="module")
def identities() -> Iterator[Identities]:
    with tempfile.TemporaryDirectory() as path:
        directory = pathlib.Path(path)
        # The front, which has no privileges, reads the certificates of authorities.
        directory.chmod(0o755)
        ours, theirs = authority(directory, "ours"), authority(directory, "theirs")
        made = Identities(
            authority=ours,
            collector=issue(directory, "collector", ours),
            client=issue(directory, "client", ours),
            others=theirs,
            stranger=issue(directory, "stranger", theirs),
        )
        os.chmod(made.client.key, 0o600)
        os.chmod(made.client.certificate, 0o600)
        yield made


@pytest.fixture(scope="module")
def server(start_shared: Starter) -> Server:
    return start_shared.server(binary_of("default"))


def tls_collector(start: Starter, identities: Identities, *options: str) -> Collector:
    identity = identities.collector
    options = (*options, "--tls-key", identity.key, "--tls-certificate", identity.certificate)
    return Collector(start, 0, *options)


def mutual_collector(start: Starter, identities: Identities) -> Collector:
    return tls_collector(start, identities, "--tls-client-ca", identities.authority.certificate)


def watch(start: Starter, server: Server, collector: Collector, **files: str) -> Tool:
    """Starts a tool that exports to `localhost` over TLS, with these files in its environment."""
    environment = {f"OTEL_EXPORTER_OTLP_{name.upper()}": path for name, path in files.items()}
    return start.watch(
        server,
        "--otlp-endpoint",
        f"https://localhost:{collector.port}",
        environment={**FAST, **environment},
    )


def watch_mutual(
    start: Starter, server: Server, collector: Collector, identities: Identities, *pair: str
) -> Tool:
    """Starts a tool with a client certificate: `pair` is the certificate's and the key's path."""
    certificate, key = pair
    return watch(
        start,
        server,
        collector,
        certificate=identities.authority.certificate,
        client_certificate=certificate,
        client_key=key,
    )


def assert_arrives(collector: Collector, server: Server) -> None:
    """Asserts that metrics and the span of a request arrive."""
    ask_once(server.port, get("/api/v1/health"))
    wait_until("a span arrives", lambda: collector.spans())
    wait_until("metrics arrive", lambda: collector.metrics())


def assert_refused(tool: Tool, collector: Collector, server: Server) -> None:
    """Asserts that nothing arrives, and that the tool reports the error and continues."""
    ask_once(server.port, get("/api/v1/health"))
    tool.wait_for("cannot export", tool.stderr)
    assert collector.spans() == [] and collector.metrics() == {}
    assert tool.scrape().requests().total() >= 1


def test_tls(start: Starter, server: Server, identities: Identities) -> None:
    """A certificate of the configured authority is accepted."""
    collector = tls_collector(start, identities)
    watch(start, server, collector, certificate=identities.authority.certificate)
    assert_arrives(collector, server)


def test_collector_of_another_authority(
    start: Starter, server: Server, identities: Identities
) -> None:
    """A collector with a certificate of an unknown authority receives nothing."""
    collector = tls_collector(start, identities)
    tool = watch(start, server, collector, certificate=identities.others.certificate)
    assert_refused(tool, collector, server)


def test_mutual_tls(start: Starter, server: Server, identities: Identities) -> None:
    """The collector accepts a client certificate of its authority, whose key only root can read."""
    collector = mutual_collector(start, identities)
    client = identities.client
    watch_mutual(start, server, collector, identities, client.certificate, client.key)
    assert_arrives(collector, server)


def test_without_a_client_certificate(
    start: Starter, server: Server, identities: Identities
) -> None:
    """A collector that demands a client certificate refuses a tool without one."""
    collector = mutual_collector(start, identities)
    tool = watch(start, server, collector, certificate=identities.authority.certificate)
    assert_refused(tool, collector, server)


def test_client_certificate_of_another_authority(
    start: Starter, server: Server, identities: Identities
) -> None:
    """A collector refuses a client certificate of an unknown authority."""
    collector = mutual_collector(start, identities)
    stranger = identities.stranger
    tool = watch_mutual(
        start, server, collector, identities, stranger.certificate, stranger.key
    )
    assert_refused(tool, collector, server)


def test_key_is_not_exposed(start: Starter, server: Server, identities: Identities) -> None:
    """The key is neither in messages nor in files of the processes that others can read."""
    collector = mutual_collector(start, identities)
    client = identities.client
    tool = watch_mutual(start, server, collector, identities, client.certificate, client.key)
    assert_arrives(collector, server)
    secret = pathlib.Path(identities.client.key).read_text().splitlines()[1]
    for pid in tool.processes().values():
        for name in ("cmdline", "environ"):
            assert secret.encode() not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    tool.end()
    assert secret not in tool.stdout() + tool.stderr() + collector.text()


def test_key_of_another_certificate(
    start: Starter, server: Server, identities: Identities
) -> None:
    """A key that does not fit the certificate is reported, and nothing arrives."""
    collector = mutual_collector(start, identities)
    certificate, key = identities.client.certificate, identities.stranger.key
    tool = watch_mutual(start, server, collector, identities, certificate, key)
    assert_refused(tool, collector, server)
