# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The committed dashboards: Grafana's own model reads them back, and each panel is complete."""

import itertools
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from typing import Any

import check
import metric_list
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from rules import ALERTS, REPOSITORY

GENERATOR = REPOSITORY / "observability" / "dashboards" / "generate"
FOLDER = REPOSITORY / "observability" / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
COLUMNS = 24
# The sections of Scotty's documentation, in its order.
SECTIONS = [
    "Log Streaming",
    "Shell Sessions",
    "WebSocket & Tasks",
    "Memory",
    "HTTP Server",
    "Tokio Runtime",
    "Application Metrics",
]
# The attributes that spans are sent with and that links search for.
SENT = {"http.response.status_code", "http.route", "error.type"}

Json = dict[str, Any]


def read(path: pathlib.Path) -> Json:
    return json.loads(path.read_text(encoding="utf-8"))


def all_panels(dashboard: Json) -> Iterator[Json]:
    """Rows, and the panels in them."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


PANELS = [
    pytest.param(panel, id=f"{path.stem}: {panel['title']}")
    for path in FILES
    for panel in all_panels(read(path))
    if panel["type"] != "row"
]
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def generate(known: pathlib.Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(GENERATOR), "--metrics", str(known), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_files() -> None:
    assert [path.stem for path in FILES] == sorted(
        ["scottyscope-overview", "scotty-metrics", "scottyscope-polls", "scottyscope-oauth", "scottyscope-tool"]
    )


@each_file
def test_model_reads_it_back(path: pathlib.Path) -> None:
    """Grafana's model has every field of the file, with the same value."""
    document = read(path)
    again = json.loads(json.dumps(model.Dashboard.from_json(document), cls=JSONEncoder))
    assert again == document


@each_file
def test_dashboard(path: pathlib.Path) -> None:
    document = read(path)
    assert document["uid"] == path.stem
    assert document["title"] and document["description"] and document["tags"]
    assert document["refresh"] == "5s"
    assert document["time"] == {"from": "now-1h", "to": "now"}
    names = [variable["name"] for variable in document["templating"]["list"]]
    assert names == ["datasource", "traces", "job", "instance", "path"]
    ids = [panel["id"] for panel in all_panels(document)]
    assert len(ids) == len(set(ids)) and min(ids) > 0


@each_file
def test_layout(path: pathlib.Path) -> None:
    """No panel lies over another one, none is outside the grid, and each row is full."""
    cells: set[tuple[int, int]] = set()
    for panel in all_panels(read(path)):
        place = panel["gridPos"]
        own = set(
            itertools.product(
                range(place["x"], place["x"] + place["w"]),
                range(place["y"], place["y"] + place["h"]),
            )
        )
        assert not own & cells, f"{panel['title']} lies over another panel"
        assert place["x"] + place["w"] <= COLUMNS
        cells |= own
    height = max(y for _, y in cells) + 1
    assert len(cells) == COLUMNS * height, "the grid has holes"


def test_sections() -> None:
    """The dashboard that the documentation promises has the documentation's sections."""
    document = read(FOLDER / "scotty-metrics.json")
    assert document["title"] == "Scotty Metrics"
    rows = [panel["title"] for panel in document["panels"] if panel["type"] == "row"]
    assert rows == SECTIONS


def test_every_metric_is_shown(known: metric_list.MetricList) -> None:
    """Each metric of the list is in some panel."""
    shown = {
        known.series(selector.name).metric.name
        for path in FILES
        for panel in all_panels(read(path))
        for target in panel.get("targets", [])
        for selector in check.selectors(target["expr"])
    }
    assert shown == set(known.by_name)


@pytest.mark.parametrize("panel", PANELS)
def test_panel(panel: Json, known: metric_list.MetricList) -> None:
    """Title, description, unit and data source; queries that fit the list of metrics."""
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"] and defaults["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    references = [target["refId"] for target in panel["targets"]]
    assert references and len(references) == len(set(references))
    checker = check.Checker(known)
    for target in panel["targets"]:
        check.check_legend(target["legendFormat"], checker.check(target["expr"]))
        assert target["datasource"] == panel["datasource"]
        for selector in check.selectors(target["expr"]):
            series = known.series(selector.name)
            assert f"`{series.metric.name}`: {series.metric.help}" in panel["description"]
            matchers = {matcher.name for matcher in selector.matchers.matchers}
            wanted = {"job", "instance"} | ({"path"} & series.labels)
            assert wanted <= matchers, f"{selector.name} ignores a variable"
    steps = [step["value"] for step in defaults.get("thresholds", {"steps": []})["steps"]]
    assert steps[:1] in ([], [None]) and steps[1:] == sorted(steps[1:])


def test_exemplars() -> None:
    """Durations of requests show exemplars, and nothing else asks for them."""
    asked = {
        target["expr"]
        for panel in (parameter.values[0] for parameter in PANELS)
        for target in panel["targets"]
        if target.get("exemplar")
    }
    assert len(asked) >= 3
    assert all("scotty_http_request_duration_seconds_bucket" in text for text in asked)


def test_links() -> None:
    """Links search by attributes that are sent, and take labels that the series have."""
    found = [
        (panel, urllib.parse.unquote(link["url"]))
        for panel in (parameter.values[0] for parameter in PANELS)
        for link in panel["fieldConfig"]["defaults"].get("links", [])
    ]
    assert len(found) >= 10
    for panel, url in found:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        (pane,) = json.loads(query["panes"][0]).values()
        assert pane["datasource"] == "${traces}"
        tags = pane["queries"][0]["tags"]
        assert not tags or tags.partition("=")[0] in SENT
        labels = set(re.findall(r"__field\.labels\.(\w+)", tags))
        for target in panel["targets"]:
            assert labels <= set(check.LEGEND_LABEL.findall(target["legendFormat"]))


def test_alerts_name_dashboards() -> None:
    assert {alert.annotations["dashboard"] for alert in ALERTS} <= {path.stem for path in FILES}


def test_committed_files_are_current(metrics_file: pathlib.Path) -> None:
    done = generate(metrics_file, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_stale_files_are_seen(metrics_file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A missing, a changed and a superfluous file are reported, and mended without --check."""
    options = ("--output", str(tmp_path))
    assert generate(metrics_file, *options).returncode == 0
    assert generate(metrics_file, "--check", *options).returncode == 0
    (tmp_path / "scottyscope-tool.json").unlink()
    (tmp_path / "scottyscope-polls.json").write_text("{}", encoding="utf-8")
    (tmp_path / "scotty-old.json").write_text("{}", encoding="utf-8")
    done = generate(metrics_file, "--check", *options)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3
    assert generate(metrics_file, *options).returncode == 0
    assert generate(metrics_file, "--check", *options).returncode == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scotty_memory_rss_bytes", "scotty_memory_resident_bytes"),
        ('"cause"', '"reason"'),
    ],
)
def test_renamed_metric_is_an_error(
    metrics_file: pathlib.Path, tmp_path: pathlib.Path, old: str, new: str
) -> None:
    """A list in which a name or a label is another one makes the generator fail and say so."""
    text = metrics_file.read_text(encoding="utf-8")
    assert old in text
    changed = tmp_path / "metrics.json"
    changed.write_text(text.replace(old, new), encoding="utf-8")
    done = generate(changed, "--output", str(tmp_path / "none"))
    assert done.returncode == 1
    assert old.strip('"') in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_wrong_list_is_refused(tmp_path: pathlib.Path) -> None:
    wrong = tmp_path / "metrics.json"
    for text in ('{"schema": 99, "metrics": []}', "no JSON", ""):
        wrong.write_text(text, encoding="utf-8")
        done = generate(wrong, "--check")
        assert done.returncode == 1
        assert str(wrong) in done.stderr and "Traceback" not in done.stderr
