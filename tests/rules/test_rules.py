# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Alerts and recording rules: promtool accepts them, each fires, and each is in the runbook."""

import collections
import pathlib
import re
import subprocess

import check
import expressions
import metric_list
import pytest
from rules import ALERTS, RECORDINGS, RULE_FILES, RUNBOOK, TEST_FILES, Rule, read

SEVERITIES = {"critical", "warning", "info"}
ANNOTATIONS = {"summary", "description", "runbook", "dashboard"}
DASHBOARDS = {"scottyscope-overview", "scotty-metrics", "scottyscope-polls", "scottyscope-oauth", "scottyscope-tool"}
# Prometheus makes `up` for each target that it scrapes, and the resource is in target_info. The
# Collector has metrics of its own.
OF_EXPORTERS = frozenset({"job", "instance", "exporter"})
OTHER_SERIES = {
    "up": frozenset({"job", "instance"}),
    "otelcol_exporter_queue_capacity": OF_EXPORTERS,
    "otelcol_exporter_queue_size": OF_EXPORTERS,
    "otelcol_exporter_send_failed_metric_points": OF_EXPORTERS,
    "otelcol_exporter_send_failed_spans": OF_EXPORTERS,
    "otelcol_receiver_refused_metric_points": frozenset({"job", "instance", "receiver"}),
    "otelcol_receiver_refused_spans": frozenset({"job", "instance", "receiver"}),
    "target_info": frozenset({"job", "instance", "process_pid", "process_executable_path"}),
}


def promtool(*arguments: str) -> str:
    """What promtool prints; an error if it refuses."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def recorded_labels(checker: check.Checker) -> None:
    """Adds each recorded series to those that the checker knows, in the order of the rules."""
    for rule in RECORDINGS:
        checker.recorded[rule.name] = checker.check(rule.expression)


@pytest.fixture(scope="session")
def checker(known: metric_list.MetricList) -> check.Checker:
    """Knows all metrics and all recorded series."""
    checker = check.Checker(known, OTHER_SERIES)
    recorded_labels(checker)
    return checker


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_promtool_accepts(path: pathlib.Path) -> None:
    promtool("check", "rules", "--lint-fatal", str(path))


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_unit_tests(path: pathlib.Path) -> None:
    promtool("test", "rules", str(path))


def test_each_alert_fires_and_does_not() -> None:
    """Each alert has a unit test in which it fires, and one in which it does not."""
    cases = collections.defaultdict(set)
    for path in TEST_FILES:
        for test in read(path)["tests"]:
            for case in test["alert_rule_test"]:
                cases[case["alertname"]].add(bool(case["exp_alerts"]))
    assert dict(cases) == {alert.name: {True, False} for alert in ALERTS}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.name)
def test_alert(rule: Rule, checker: check.Checker) -> None:
    """Each alert reads metrics that exist, and tells whoever is on call what to do."""
    labels = checker.check(rule.expression)
    assert rule.labels.keys() == {"severity"} and rule.labels["severity"] in SEVERITIES
    assert rule.annotations.keys() == ANNOTATIONS
    assert rule.annotations["runbook"] == f"docs/runbook.md#{rule.name.lower()}"
    assert rule.annotations["dashboard"] in DASHBOARDS
    used = set(re.findall(r"\$labels\.(\w+)", rule.annotations["description"]))
    assert used <= labels, f"the result has no label {used - labels}"
    # The value of absent() is always 1.
    assert "$value" in rule.annotations["description"] or rule.name == "ScottyscopeAbsent"


def test_names_are_unique() -> None:
    names = [rule.name for rule in (*ALERTS, *RECORDINGS)]
    assert len(names) == len(set(names))


def test_recordings_are_read(checker: check.Checker) -> None:
    """A recorded series keeps the name's convention: level, metric, operations."""
    for rule in RECORDINGS:
        assert re.fullmatch(r"scotty:[a-z_]+:[a-z0-9_]+", rule.name), rule.name
        assert checker.recorded[rule.name]


def test_runbook() -> None:
    """Each alert has a heading in the runbook with text below it, and no other heading is there."""
    parts = re.split(r"^### (\w+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    written = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(written) == [alert.name for alert in ALERTS]
    short = [name for name, text in written.items() if len(text.split()) < 20]
    assert not short, f"the runbook says too little about {short}"


def test_documentation(checker: check.Checker) -> None:
    """The examples of the documentation read metrics and labels that exist."""
    found = expressions.documents()
    assert len(found) >= 20
    for expression in found:
        checker.check(expression.text)


def test_wrong_rule_is_seen(checker: check.Checker) -> None:
    """The checker refuses a misspelt name, a misspelt label, and a rate of a gauge."""
    for expression in (
        "rate(scotty_http_request_total[5m])",
        'rate(scotty_http_requests_total{code="500"}[5m])',
        "rate(scotty_memory_rss_bytes[5m])",
        "scotty_http_requests_total > 5",
        "sum by (route) (rate(scotty_http_requests_total[5m]))",
        "scotty:http_requests:rate10m",
    ):
        with pytest.raises(check.WrongExpression):
            checker.check(expression)
