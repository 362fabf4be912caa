# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""OTLP by TLS: the collector's certificate is checked, and the tool can show one of its own."""

import dataclasses
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Iterator

import pytest
from collector import FAST, Collector
from conftest import Starter, binary_of
from harness import Server, Tool, wait_until
from http_client import ask_once, get

DAYS = "2"


@dataclasses.dataclass(frozen=True)
class Identity:
    """A private key and its certificate, as PEM files."""

    key: str
    certificate: str


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def authority(directory: pathlib.Path, name: str) -> Identity:
    """A certificate authority of its own."""
    made = Identity(str(directory / f"{name}.key"), str(directory / f"{name}.pem"))
    options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subject = ("-subj", f"/CN={name}", "-days", DAYS)
    openssl("req", "-x509", *options, "-keyout", made.key, "-out", made.certificate, *subject)
    return made


def issue(directory: pathlib.Path, name: str, issuer: Identity) -> Identity:
    """A key and a certificate that the authority signed, for this machine."""
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
    """Two authorities that do not know each other, and whom they know."""

    authority: Identity
    collector: Identity
    client: Identity
    others: Identity
    stranger: Identity


@pytest.fixture(scope="module")
def identities() -> Iterator[Identities]:
    with tempfile.TemporaryDirectory() as path:
        directory = pathlib.Path(path)
        # The front has no privileges, and reads the certificates of authorities.
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
    """The tool, sending to `localhost` by TLS, with these files in its environment."""
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
    """The tool with a client certificate: `pair` has the paths of the certificate and of the key."""
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
    """Metrics and a span of a request."""
    ask_once(server.port, get("/api/v1/health"))
    wait_until("a span arrives", lambda: collector.spans())
    wait_until("metrics arrive", lambda: collector.metrics())


def assert_refused(tool: Tool, collector: Collector, server: Server) -> None:
    """Nothing arrives, and the tool says so; it goes on."""
    ask_once(server.port, get("/api/v1/health"))
    tool.wait_for("cannot export", tool.stderr)
    assert collector.spans() == [] and collector.metrics() == {}
    assert tool.scrape().requests().total() >= 1


def test_tls(start: Starter, server: Server, identities: Identities) -> None:
    collector = tls_collector(start, identities)
    watch(start, server, collector, certificate=identities.authority.certificate)
    assert_arrives(collector, server)


def test_collector_of_another_authority(
    start: Starter, server: Server, identities: Identities
) -> None:
    """A collector whose certificate nobody vouches for gets nothing."""
    collector = tls_collector(start, identities)
    tool = watch(start, server, collector, certificate=identities.others.certificate)
    assert_refused(tool, collector, server)


def test_mutual_tls(start: Starter, server: Server, identities: Identities) -> None:
    """The collector takes what comes from a certificate of its authority. Only root can read the
    key."""
    collector = mutual_collector(start, identities)
    client = identities.client
    watch_mutual(start, server, collector, identities, client.certificate, client.key)
    assert_arrives(collector, server)


def test_without_a_client_certificate(
    start: Starter, server: Server, identities: Identities
) -> None:
    collector = mutual_collector(start, identities)
    tool = watch(start, server, collector, certificate=identities.authority.certificate)
    assert_refused(tool, collector, server)


def test_client_certificate_of_another_authority(
    start: Starter, server: Server, identities: Identities
) -> None:
    collector = mutual_collector(start, identities)
    stranger = identities.stranger
    tool = watch_mutual(
        start, server, collector, identities, stranger.certificate, stranger.key
    )
    assert_refused(tool, collector, server)


def test_key_is_nowhere_to_be_seen(start: Starter, server: Server, identities: Identities) -> None:
    """Neither in messages nor in what others can read of the processes."""
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
    """A pair that does not belong together: said, and nothing arrives."""
    collector = mutual_collector(start, identities)
    certificate, key = identities.client.certificate, identities.stranger.key
    tool = watch_mutual(start, server, collector, identities, certificate, key)
    assert_refused(tool, collector, server)
