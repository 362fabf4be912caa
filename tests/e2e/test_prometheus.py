# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Prometheus without a Collector, and a Prometheus that takes metrics from VictoriaMetrics."""

import os
import pathlib
import shutil

from backend import OBSERVABILITY
from harness.server import Server
from harness.tool import Tool
from harness.waiting import wait_until
from metrics import Prometheus
from sender import METRIC, Sender
from starting import (
    LABELS,
    Start,
    start_collector,
    start_prometheus,
    start_victoriametrics,
)

SCRAPED_S = 45


def with_target(directory: pathlib.Path, name: str, target: str, address: str) -> pathlib.Path:
    """A copy of a configuration with the address of this run, which comes often, and the rules."""
    text = (OBSERVABILITY / "prometheus" / name).read_text()
    assert text.count(f'"{target}"') == 1
    copy = directory / "prometheus" / name
    copy.parent.mkdir(exist_ok=True)
    text = text.replace(f'"{target}"', f'"{address}"')
    for interval in ("15s", "30s"):
        text = text.replace(f"scrape_interval: {interval}", "scrape_interval: 1s")
    copy.write_text(text)
    if (OBSERVABILITY / "rules").is_dir():
        shutil.copytree(OBSERVABILITY / "rules", directory / "rules", dirs_exist_ok=True)
    return copy


def labels_of(prometheus: Prometheus, expression: str) -> dict[str, str]:
    found = wait_until(expression, lambda: prometheus.query(expression), SCRAPED_S)
    ((labels, _),) = found.items()
    return dict(labels)


def test_scraping(start: Start, tmp_path: pathlib.Path) -> None:
    server = Server(os.environ["SCOTTY_BARE"], tmp_path / "server")
    tool = Tool(
        tmp_path / "tool",
        *("--pid", str(server.pid), "--listen", "127.0.0.1:0"),
        environment={"OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": "none"},
    )
    try:
        file = with_target(tmp_path, "scrape.yml", "scottyscope:9464", f"127.0.0.1:{tool.port}")
        prometheus = start_prometheus(start, tmp_path, file)
        labels = labels_of(prometheus, "scotty_up == 1")
        assert labels["job"] == "scotty"
        assert prometheus.query("scotty_http_requests_active")
    finally:
        tool.end()
        server.end()


def test_federation(start: Start, tmp_path: pathlib.Path) -> None:
    victoriametrics = start_victoriametrics(start, tmp_path)
    collector = start_collector(start, tmp_path, "none", VICTORIAMETRICS_URL=victoriametrics.url)
    Sender(collector.address).send_metric(12)
    file = with_target(
        tmp_path, "federation.yml", "victoriametrics:8428", victoriametrics.address
    )
    prometheus = start_prometheus(start, tmp_path, file)
    assert labels_of(prometheus, f"{METRIC} == 12") == LABELS
