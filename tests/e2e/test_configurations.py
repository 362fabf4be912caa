# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The configuration files of observability/: the programs accept them, and they agree with each other."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from backend import FOLDER, OBSERVABILITY
from backends import CONFIGURATION, variant
from certificates import Authority
from metrics import run_tool

VARIANTS = sorted(path.stem for path in (OBSERVABILITY / "otel-collector/variants").glob("*.yaml"))
PROMETHEUS_FILES = sorted((OBSERVABILITY / "prometheus").glob("*.yml"))
OVERLAYS = [
    [],
    ["traefik.yaml"],
    ["compose.prometheus.yaml"],
    ["compose.prometheus.yaml", "compose.scrape.yaml"],
    ["compose.alertmanager.yaml"],
    ["compose.tls.yaml"],
    ["compose.mutual-tls.yaml"],
    ["traefik.yaml", "compose.tls.yaml", "compose.alertmanager.yaml"],
]
# Where tests/e2e has the Go module of a version in .env.
MODULES = {
    "COLLECTOR_VERSION": ("otelcol", "go.opentelemetry.io/collector/otelcol"),
    "VICTORIAMETRICS_VERSION": ("victoriametrics", "github.com/VictoriaMetrics/VictoriaMetrics"),
    "STACK_JAEGER_MODULE_VERSION": ("jaeger", "github.com/jaegertracing/jaeger"),
    "PROMETHEUS_VERSION": ("prometheus", "github.com/prometheus/prometheus"),
}
SECRET = re.compile(r"(?i)(password|token|secret|api[-_]?key|authorization)\"?\s*[:=]\s*(\S.*)")


@pytest.fixture
def environment(tmp_path: pathlib.Path) -> dict[str, str]:
    """What the variants ask for."""
    authority = Authority(tmp_path)
    server, client = authority.sign("server"), authority.sign("client")
    return {
        "GRAFANA_CLOUD_OTLP_URL": "https://otlp.invalid/otlp",
        "GRAFANA_CLOUD_INSTANCE": "1",
        "GRAFANA_CLOUD_TOKEN": "token",
        "VENDOR_OTLP_URL": "https://vendor.invalid",
        "VENDOR_API_KEY": "key",
        "COLLECTOR_CERTIFICATE": str(server.certificate),
        "COLLECTOR_KEY": str(server.key),
        "COLLECTOR_CLIENT_CA": str(authority.own.certificate),
        "COLLECTOR_HTPASSWD": "sender:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "GATEWAY_OTLP": "gateway:4317",
        "GATEWAY_CA": str(authority.own.certificate),
        "AGENT_CERTIFICATE": str(client.certificate),
        "AGENT_KEY": str(client.key),
    }


def validate(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *files: pathlib.Path
) -> subprocess.CompletedProcess[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return run_tool("otelcol", "validate", *(f"--config=file:{file}" for file in files))


@pytest.mark.parametrize("name", VARIANTS)
def test_collector_accepts_variant(
    name: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = validate(monkeypatch, environment, CONFIGURATION, variant(name))
    assert ended.returncode == 0, ended.stderr


def test_collector_refuses_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """The check above can fail."""
    mistake = tmp_path / "mistake.yaml"
    mistake.write_text("service: {pipelines: {metrics: {exporters: [none]}}}\n")
    assert validate(monkeypatch, {}, CONFIGURATION, mistake).returncode != 0


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_says_how_to_start_it(name: str) -> None:
    text = variant(name).read_text()
    assert name == "none" or f"variants/{name}.yaml" in text


@pytest.mark.parametrize("file", PROMETHEUS_FILES, ids=lambda file: file.stem)
def test_promtool_accepts(file: pathlib.Path) -> None:
    ended = run_tool("promtool", "check", "config", str(file))
    assert ended.returncode == 0, ended.stderr


def test_victoriametrics_accepts_scrape_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTOR_METRICS", "collector:8888")
    monkeypatch.setenv("VMALERT", "vmalert:8880")
    file = OBSERVABILITY / "victoriametrics" / "scrape.yaml"
    ended = run_tool("victoriametrics", f"-promscrape.config={file}", "-promscrape.config.dryRun")
    assert ended.returncode == 0, ended.stderr


def compose(overlays: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """What Docker Compose makes of the files together."""
    files = [option for name in ("compose.yaml", *overlays) for option in ("-f", name)]
    return subprocess.run(
        [os.environ["E2E_DOCKER_COMPOSE"], *files, "config", "--format", "json"],
        cwd=OBSERVABILITY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("overlays", OVERLAYS, ids="+".join)
def test_compose_accepts(overlays: list[str]) -> None:
    ended = compose(overlays, OTLP_AUTHORIZATION="Basic x")
    assert ended.returncode == 0, ended.stderr
    assert "variable is not set" not in ended.stderr.replace("\n", " ")


def test_compose_wants_the_password_of_tls() -> None:
    ended = compose(["compose.tls.yaml"], OTLP_AUTHORIZATION="")
    assert ended.returncode != 0
    assert "OTLP_AUTHORIZATION" in ended.stderr


@pytest.mark.parametrize("file", sorted(OBSERVABILITY.glob("*.yaml")), ids=lambda file: file.stem)
def test_mounted_files_exist(file: pathlib.Path) -> None:
    mounts = re.findall(r"^\s+- \./([^:\s]+):", file.read_text(), re.MULTILINE)
    assert [mount for mount in mounts if not (OBSERVABILITY / mount).exists()] == []


def module_version(name: str, version: str) -> str:
    """The version of the Go module of a release."""
    if name == "PROMETHEUS_VERSION":
        # v3.16.0 is v0.316.0 as a module.
        minor, patch = version.removeprefix("v3.").split(".")
        return f"v0.3{int(minor):02}.{patch}"
    return f"v{version.removeprefix('v')}"


@pytest.mark.parametrize("name", MODULES)
def test_version_is_that_of_the_tests(name: str) -> None:
    (version,) = re.findall(
        rf"^{name}=(\S+)$", (OBSERVABILITY / ".env").read_text(), re.MULTILINE
    )
    folder, module = MODULES[name]
    text = (FOLDER / folder / "go.mod").read_text()
    (required,) = re.findall(rf"^(?:require |\t){re.escape(module)} (v\S+)", text, re.MULTILINE)
    assert required == module_version(name, version)


def test_no_secret_is_in_a_file() -> None:
    """A value is empty, comes from the environment, or is the password that Grafana's login changes."""
    for file in OBSERVABILITY.rglob("*"):
        if file.suffix not in {".yaml", ".yml", ".env"} and file.name != ".env":
            continue
        for line in file.read_text().splitlines():
            match = SECRET.search(line)
            if match and not line.lstrip().startswith("#"):
                value = match[2].strip('"')
                if value in {"true", "false"}:
                    continue  # a switch, such as automountServiceAccountToken
                assert value.startswith(("${", "authorization=${")), f"{file}: {line}"


def test_data_sources_have_the_names_of_dashboards() -> None:
    text = (OBSERVABILITY / "grafana/provisioning/datasources/datasources.yaml").read_text()
    assert re.findall(r"^\s+uid: (\S+)", text, re.MULTILINE) == ["victoriametrics", "jaeger"]
    for file in (OBSERVABILITY / "grafana" / "dashboards").glob("*.json"):
        assert isinstance(json.loads(file.read_text()), dict), file
