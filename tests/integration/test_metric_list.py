# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`scottyscope metrics`: the list agrees with a collection and with an exposition."""

import json
import os
import subprocess
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.builds import BOTH_RECORDERS
from harness.http_client import ask_once, get
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool

TESTED_BUILDS = BOTH_RECORDERS

# Labels of every metric; the overflow label set of a metric has only the last one.
COMMON_LABELS = {"le", "otel_metric_overflow"}
Row = dict[str, Any]


def metric_list() -> Row:
    """Runs the command without privileges."""
    answer = subprocess.run(
        [os.environ["SCOTTYSCOPE"], "metrics", "--format", "json"],
        check=True,
        capture_output=True,
        user="nobody",
        env={},
    )
    assert answer.stderr == b""
    return json.loads(answer.stdout)


@pytest.mark.quick
def test_exposition_is_listed(server: Server, tool: Tool) -> None:
    """Every family has the name, type, help and labels of its row in the list."""
    ask_once(server.port, get("/api/v1/health"))
    rows = {row["prometheus"]: row for row in metric_list()["metrics"]}
    families = [
        family
        for family in text_string_to_metric_families(tool.text())
        if family.name != "target_info"
    ]
    assert len(families) > 40
    for family in families:
        # The parser removes the suffix of a counter's name.
        suffix = "_total" if family.type == "counter" else ""
        row = rows[family.name + suffix]
        kind = row["kind"].replace("up_down_counter", "gauge")
        assert (family.type, family.documentation) == (kind, row["help"])
        for sample in family.samples:
            assert set(sample.labels) - COMMON_LABELS == set(row["attributes"]), sample


def test_collection_is_listed(start: Starter, server: Server) -> None:
    """Every metric of a collection has the name, unit, kind and attributes of its row."""
    ask_once(server.port, get("/api/v1/health"))
    tool = start.watch(server, "--once", "--format", "json", await_attached=False)
    assert tool.wait() == 0, tool.stderr()
    rows = {row["name"]: row for row in metric_list()["metrics"]}
    for metric in json.loads(tool.stdout())["metrics"]:
        row = rows[metric["name"]]
        assert (metric["unit"], metric["kind"]) == (row["unit"], row["kind"])
        for point in metric["points"]:
            assert set(point["attributes"]) == set(row["attributes"])


@pytest.mark.quick
@pytest.mark.parametrize(
    ("metric", "label", "rows"),
    [
        ("scottyscope_lost_total", "cause", "losses"),
        ("scottyscope_checks_total", "check", "checks"),
        ("scottyscope_probe_hits_total", "hook", "hooks"),
    ],
)
def test_label_values_are_listed(tool: Tool, metric: str, label: str, rows: str) -> None:
    """The list has exactly the exposed causes of loss, results of checks, and hooks."""
    found = {dict(labels)[label] for (name, labels) in tool.scrape().values if name == metric}
    assert found == {row["name"] for row in metric_list()[rows]}


def test_text(server: Server) -> None:
    """The text output names the same metrics; the command needs no privileges."""
    answer = subprocess.run(
        [os.environ["SCOTTYSCOPE"], "metrics"], check=True, capture_output=True, user="nobody"
    )
    heads = [line for line in answer.stdout.decode().splitlines() if not line.startswith(" ")]
    assert [head.split()[0] for head in heads] == [
        row["prometheus"] for row in metric_list()["metrics"]
    ]
