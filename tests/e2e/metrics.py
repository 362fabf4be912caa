# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Prometheus, VictoriaMetrics and vmalert as processes, and their answers."""

import os
import pathlib
import subprocess

from backend import OBSERVABILITY, BackEnd, Json, fetch, is_answering

Labels = frozenset[tuple[str, str]]
TOOL_S = 60


def run_tool(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run(
        [os.environ[f"E2E_{name.upper()}"], *options],
        capture_output=True,
        text=True,
        timeout=TOOL_S,
        check=False,
    )


class MetricsBackEnd(BackEnd):
    """Makes instant PromQL queries over Prometheus' HTTP interface."""

    url: str

    def query(self, expression: str, at_s: float | None = None) -> dict[Labels, float]:
        """Returns the samples of an expression by their labels, now or at a time."""
        time = {} if at_s is None else {"time": f"{at_s:.3f}"}
        answer = fetch(f"{self.url}/api/v1/query", query=expression, **time)
        assert answer["status"] == "success" and answer["data"]["resultType"] == "vector", answer
        return {
            frozenset(sample["metric"].items()): float(sample["value"][1])
            for sample in answer["data"]["result"]
        }


class Prometheus(MetricsBackEnd):
    """Prometheus with its receivers for OTLP and remote write, and storage for exemplars."""

    def __init__(
        self,
        directory: pathlib.Path,
        address: str,
        configuration: pathlib.Path = OBSERVABILITY / "prometheus" / "prometheus.yml",
    ) -> None:
        super().__init__(
            "prometheus",
            directory,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={address}",
            "--web.enable-otlp-receiver",
            "--web.enable-remote-write-receiver",
            "--enable-feature=exemplar-storage",
            environment={},
        )
        self.address = address
        self.url = f"http://{address}"

    def is_ready(self) -> bool:
        return is_answering(f"{self.url}/-/ready")

    def exemplars(self, expression: str, start_s: float, end_s: float) -> list[Json]:
        """Returns the exemplars of the series of an expression between two times."""
        answer = fetch(
            f"{self.url}/api/v1/query_exemplars",
            query=expression,
            start=f"{start_s:.3f}",
            end=f"{end_s:.3f}",
        )
        assert answer["status"] == "success", answer
        return answer["data"]


class VictoriaMetrics(MetricsBackEnd):
    """A single node of VictoriaMetrics."""

    def __init__(self, directory: pathlib.Path, address: str, *options: str) -> None:
        super().__init__(
            "victoriametrics",
            directory,
            f"-storageDataPath={directory / 'data'}",
            f"-httpListenAddr={address}",
            "-retentionPeriod=30d",
            # By default a query ignores the last 30 seconds.
            "-search.latencyOffset=0s",
            *options,
            environment={},
        )
        self.address = address
        self.url = f"http://{address}"

    def is_ready(self) -> bool:
        return is_answering(f"{self.url}/health")


class Vmalert(BackEnd):
    """vmalert, which evaluates rules in VictoriaMetrics or Prometheus and writes the results."""

    def __init__(
        self, directory: pathlib.Path, address: str, metrics_url: str, *rules: pathlib.Path
    ) -> None:
        super().__init__(
            "vmalert",
            directory,
            f"-httpListenAddr={address}",
            f"-datasource.url={metrics_url}",
            f"-remoteWrite.url={metrics_url}",
            f"-remoteRead.url={metrics_url}",
            "-notifier.blackhole",
            *(f"-rule={rule}" for rule in rules),
            environment={},
        )
        self.url = f"http://{address}"

    def is_ready(self) -> bool:
        return is_answering(f"{self.url}/health")

    def groups(self) -> list[Json]:
        """Returns the groups of rules with the states of their rules."""
        return fetch(f"{self.url}/api/v1/rules")["data"]["groups"]

    def alerts(self) -> list[Json]:
        """Returns the alerts that are pending or firing."""
        return fetch(f"{self.url}/api/v1/alerts")["data"]["alerts"]
