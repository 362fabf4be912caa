# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The alert expressions of docs/fleet.md: each is silent, and each fires, when it should."""

import os
import pathlib
import re
import subprocess
from typing import Any

import yaml

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "fleet.md"
INTERVAL = "15s"
# All hosts send for 10 minutes; then only host a does. Later the gateway and a tool lose data.
SERIES = {
    'scotty_up{host_name="a",instance="1"}': "1x200",
    'scotty_up{host_name="b",instance="2"}': "1x40",
    'scotty_up{host_name="c",instance="3"}': "1x40",
    'otelcol_receiver_refused_metric_points{receiver="otlp"}': "0x80 0+5x120",
    'otelcol_receiver_refused_spans{receiver="otlp"}': "0x80 0+5x120",
    'otelcol_exporter_send_failed_metric_points{exporter="p"}': "0x80 0+5x120",
    'otelcol_exporter_send_failed_spans{exporter="p"}': "0x80 0+5x120",
    'scottyscope_lost_total{host_name="a",cause="spans_queue_full"}': "0x80 0+5x120",
    'kube_pod_container_status_waiting_reason{namespace="scotty",reason="CrashLoopBackOff"}': (
        "0x80 1x120"
    ),
}
BEFORE, AFTER = "8m", "30m"
GONE_HOSTS = ["b", "c"]


def expressions() -> list[str]:
    """The expressions of the section on alerts."""
    section = DOCUMENT.read_text().split("\n## Alerts for a fleet\n", 1)[1]
    found: list[str] = []
    for block in re.findall(r"(?s)```promql\n(.*?)```", section):
        found.append(block.strip())
    found += re.findall(r"`(kube_[^`]+)`", section)
    return found


def test_alerts_fire_when_they_should(tmp_path: pathlib.Path) -> None:
    rules = [
        {"alert": f"alert{number}", "expr": expression}
        for number, expression in enumerate(expressions())
    ]
    assert len(rules) == 8
    (tmp_path / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "fleet", "rules": rules}]})
    )
    checks: list[dict[str, Any]] = []
    for rule in rules:
        labels: list[dict[str, str]] = [{}]
        if "unless" in rule["expr"]:
            labels = [{"host_name": host} for host in GONE_HOSTS]
        elif "lost_total" in rule["expr"]:
            labels = [{"host_name": "a", "cause": "spans_queue_full"}]
        elif rule["expr"].startswith("kube_"):
            labels = [{"namespace": "scotty", "reason": "CrashLoopBackOff"}]
        checks.append({"eval_time": BEFORE, "alertname": rule["alert"]})
        fired = [{"exp_labels": each} for each in labels]
        checks.append({"eval_time": AFTER, "alertname": rule["alert"], "exp_alerts": fired})
    series = [{"series": name, "values": values} for name, values in SERIES.items()]
    test = {"interval": INTERVAL, "input_series": series, "alert_rule_test": checks}
    file = tmp_path / "test.yml"
    file.write_text(
        yaml.safe_dump(
            {"rule_files": ["rules.yml"], "evaluation_interval": INTERVAL, "tests": [test]}
        )
    )
    told = subprocess.run(
        [os.environ["E2E_PROMTOOL"], "test", "rules", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
