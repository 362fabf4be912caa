# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every expression of dashboards, rules and documentation, asked of Prometheus and VictoriaMetrics.

Each one has data in both after the counted workload. Where clients know the figure, both back ends
have the clients' figure.
"""

import collections
import json
import math
import urllib.parse
from collections.abc import Callable

import expressions
import names
import pytest
from backend import RUN_LABEL
from check import selectors
from expressions import Expression, Sum, substituted, sum_of
from harness import wait_until
from metrics import Labels, MetricsBackEnd
from run import Run

JOB = "scotty"
DASHBOARDS = expressions.dashboards()
OTHERS = [
    *expressions.recordings(),
    *expressions.alerts(),
    *expressions.documents(),
]
SUMS = [each for each in DASHBOARDS if sum_of(each.text)]
LINKS = sorted({link for each in DASHBOARDS for link in each.links})
# Expressions without data, and why.
NO_SCRAPE = "nothing scrapes /metrics here, so that Prometheus makes no series `up`"
NO_RECORDER = "this build of the server has no recorder"


@pytest.fixture(scope="session", params=["prometheus", "victoriametrics"])
def back_end(request: pytest.FixtureRequest, run: Run) -> MetricsBackEnd:
    """Each of the two, once it shows all series of the run."""
    selector = f'count({{__name__=~"scotty.+",{RUN_LABEL}="{run.name}"}})'

    def count(back_end: MetricsBackEnd) -> float:
        return sum(back_end.query(selector, run.moments["end"]).values())

    asked: MetricsBackEnd = getattr(run.back_ends, request.param)
    wanted = count(run.back_ends.prometheus)
    assert wanted > 500
    wait_until(f"{request.param} shows all series", lambda: count(asked) == wanted)
    return asked


@pytest.fixture(scope="session")
def instance(run: Run) -> str:
    (labels,) = run.back_ends.prometheus.query(
        f'scotty_up{{{RUN_LABEL}="{run.name}"}}', run.moments["end"]
    )
    return dict(labels)["instance"]


def reason_for_no_data(expression: Expression, run: Run) -> str | None:
    """Why an expression has no data after the workload; None if it must have some."""
    metrics = {selector.name for selector in selectors(expression.text)}
    if "up" in metrics:
        return NO_SCRAPE
    recorded = any(name.startswith(("scotty_oauth_", "scotty_rate_limit_")) for name in metrics)
    return NO_RECORDER if recorded and run.name == "bare" else None


def ask(back_end: MetricsBackEnd, text: str, run: Run, instance: str) -> dict[Labels, float]:
    return back_end.query(substituted(text, JOB, instance), run.moments["end"])


@pytest.mark.parametrize("expression", DASHBOARDS + OTHERS, ids=str)
def test_has_data(
    expression: Expression, back_end: MetricsBackEnd, run: Run, instance: str
) -> None:
    """A result with a finite value; nothing at all where there is a reason."""
    result = ask(back_end, expression.text, run, instance)
    if expression in DASHBOARDS and reason_for_no_data(expression, run):
        assert result == {}, "the reason for no data no longer holds"
    elif reason_for_no_data(expression, run) == NO_SCRAPE:
        assert result == {}, "the reason for no data no longer holds"
    elif not reason_for_no_data(expression, run):
        assert any(math.isfinite(value) for value in result.values()), result


def requests(run: Run) -> Callable[[Sum], collections.Counter[tuple[str, ...]]]:
    """Counts the clients' requests that a sum selects, by the labels of the sum."""

    def count(wanted: Sum) -> collections.Counter[tuple[str, ...]]:
        counts: collections.Counter[tuple[str, ...]] = collections.Counter()
        for (method, path, status), number in run.requests.items():
            labels = {"method": method, "path": path, "status": status}
            if wanted.matches(**labels):
                counts[tuple(labels[name] for name in wanted.labels)] += number
        return counts

    return count


def known_to_clients(run: Run, wanted: Sum) -> dict[tuple[str, ...], float] | None:
    """What the clients counted, by the labels of a sum; None for what clients cannot know."""
    if wanted.metric == "scotty_http_requests_total":
        return dict(requests(run)(wanted))
    if wanted.metric == "scotty_http_request_duration_seconds_bucket":
        return {("+Inf",): sum(run.requests.values())}
    if wanted.metric in names.COUNTED:
        return {(): run.accounts["end"][wanted.metric]}
    return None


@pytest.mark.parametrize("expression", SUMS, ids=str)
def test_counts(expression: Expression, back_end: MetricsBackEnd, run: Run, instance: str) -> None:
    """The counter below a rate has the clients' figure, by the labels of the panel."""
    wanted = sum_of(substituted(expression.text, JOB, instance))
    assert wanted is not None
    result = back_end.query(wanted.selector, run.moments["end"])
    found = {
        tuple(dict(labels).get(name, "") for name in wanted.labels): value
        for labels, value in result.items()
    }
    counted = known_to_clients(run, wanted)
    if counted is None:
        other = run.back_ends.prometheus.query(wanted.selector, run.moments["end"])
        assert result == pytest.approx(other)
        return
    assert counted
    if wanted.labels == ("le",):
        found = {label: value for label, value in found.items() if label == ("+Inf",)}
    assert found == counted


def test_clients_know_most_figures(run: Run) -> None:
    """The test above compares with the clients, not only one back end with the other."""
    metrics = {
        wanted.metric
        for each in SUMS
        if (wanted := sum_of(each.text)) and known_to_clients(run, wanted) is not None
    }
    counted = set(names.COUNTED) - set(names.ACTIVE)
    assert metrics == counted | {
        "scotty_http_requests_total",
        "scotty_http_request_duration_seconds_bucket",
    }


@pytest.mark.parametrize("name", names.ACTIVE)
def test_active(name: str, back_end: MetricsBackEnd, run: Run, instance: str) -> None:
    """Gauges of panels have what the clients held open at a moment."""
    texts = {each.text for each in DASHBOARDS if each.text.startswith(f"sum({name}{{")}
    assert texts, f"no panel shows {name}"
    for text in texts:
        result = back_end.query(substituted(text, JOB, instance), run.moments["held"])
        assert list(result.values()) == [run.accounts["held"][name]]


@pytest.mark.parametrize("quantile", [0.5, 0.99])
def test_quantiles_agree(back_end: MetricsBackEnd, run: Run, instance: str, quantile: float) -> None:
    """Both back ends take the same buckets for the same quantile."""
    text = (
        f"histogram_quantile({quantile}, sum by (le) "
        f'(scotty_http_request_duration_seconds_bucket{{instance="{instance}"}}))'
    )
    asked, other = (
        back_end.query(text, run.moments["end"])
        for back_end in (back_end, run.back_ends.prometheus)
    )
    assert list(asked.values()) == pytest.approx(list(other.values()))


def tags_of(url: str) -> str:
    """The tags that a link of a panel searches for."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    (pane,) = json.loads(query["panes"][0]).values()
    (search,) = pane["queries"]
    assert search["queryType"] == "search" and search["service"] == "${job:raw}"
    return search["tags"]


# A value of each label that has traces in every run, as Grafana would take it from the series.
SAMPLES = {"status": {"http.response.status_code": "404", "error.type": "500"}, "path": None}
NEEDS_RECORDER = {"http.response.status_code=429"}


@pytest.mark.parametrize("title, url", LINKS, ids=[title for title, _ in LINKS])
def test_link_finds_traces(title: str, url: str, run: Run) -> None:
    """Jaeger finds the traces that a panel's link asks for, by attributes that were sent."""
    tags = tags_of(url)
    key, _, value = tags.partition("=")
    if "${__field.labels.status" in value:
        value = {"http.response.status_code": "404", "error.type": "500"}[key]
    elif "${__field.labels.path" in value:
        value = "/api/v1/authenticated/apps/info/{app_id}"
    search = {key: value} if tags else {}

    def found() -> list[object]:
        return list(run.back_ends.jaeger.find(JOB, run.name, **search))

    spans = wait_until(f"{title}: Jaeger finds traces by {search}", found)
    assert not search or any(str(span.tags.get(key)) == value for span in spans)
