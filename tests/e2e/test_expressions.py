# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every expression of dashboards, rules and documentation, asked of Prometheus and VictoriaMetrics.

Each one has data in both after the counted workload. Where clients know the figure, both back ends
have the clients' figure.
"""

import collections
import json
import math
import urllib.parse

import expressions
import pytest
from backend import RUN_LABEL
from check import selectors
from expressions import Expression, Sum, substituted, sum_of
from harness import names
from harness.waiting import wait_until
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
NO_COLLECTOR = "the stack scrapes the Collector's own metrics, these back ends need not"
NO_RECORDER = "this build of the server has no recorder"
NO_SAMPLE = "the server of these tests samples its OAuth sessions once an hour"
COLLECTIONS = "scottyscope_collections_total"
# The last export comes after the last moment.
EXEMPLAR_S = 5
REQUESTS = "scotty_http_requests_total"
DURATION = "scotty_http_request_duration_seconds"


@pytest.fixture(scope="session")
def back_ends_of(run: Run) -> list[MetricsBackEnd]:
    """Both, once both show all series and the last sample of the run."""
    selector = f'{{__name__=~"scotty.+",{RUN_LABEL}="{run.name}"}}'

    def progress(back_end: MetricsBackEnd) -> tuple[int, float]:
        samples = back_end.query(selector, run.moments["end"])
        collections = [v for labels, v in samples.items() if ("__name__", COLLECTIONS) in labels]
        return len(samples), sum(collections)

    prometheus, victoriametrics = run.back_ends.prometheus, run.back_ends.victoriametrics

    def is_complete() -> bool:
        shown = progress(prometheus)
        return shown[0] > 500 and shown == progress(victoriametrics)

    wait_until("both back ends show the whole run", is_complete)
    return [prometheus, victoriametrics]


@pytest.fixture(scope="session")
def instance(run: Run) -> str:
    (labels,) = run.back_ends.prometheus.query(
        f'scotty_up{{{RUN_LABEL}="{run.name}"}}', run.moments["end"]
    )
    return dict(labels)["instance"]


def reason_for_no_data(expression: Expression, run: Run) -> str | None:
    """Why an expression has no data after the workload; None if it must have some."""
    metrics = {selector.name for selector in selectors(expression.text)}
    if "otelcol" in expression.text or "otel-collector" in expression.text:
        return NO_COLLECTOR
    if "up" in metrics:
        return NO_SCRAPE
    recorded = any(name.startswith(("scotty_oauth_", "scotty_rate_limit_")) for name in metrics)
    if recorded and run.name == "bare":
        return NO_RECORDER
    return NO_SAMPLE if metrics & {names.DEVICE_SESSIONS, names.WEB_SESSIONS} else None


def ask(back_end: MetricsBackEnd, text: str, run: Run, instance: str) -> dict[Labels, float]:
    return back_end.query(substituted(text, JOB, instance), run.moments["end"])


def is_finite(result: dict[Labels, float]) -> bool:
    return any(math.isfinite(value) for value in result.values())


@pytest.mark.parametrize("expression", DASHBOARDS + OTHERS, ids=str)
def test_has_data(
    expression: Expression, back_ends_of: list[MetricsBackEnd], run: Run, instance: str
) -> None:
    """A result with a finite value; nothing at all where there is a reason.

    What happened once in a run shows no growth: its counters begin with the value that they keep.
    The ratio of two such growths is 0 / 0 (VictoriaMetrics leaves such a result out), so that the
    totals are divided instead.
    """
    reason = reason_for_no_data(expression, run)
    text = expression.text
    # Rules and documentation select no run: the other run may have data.
    if reason == NO_COLLECTOR or (reason == NO_RECORDER and "$instance" not in text):
        return
    for back_end in back_ends_of:
        result = ask(back_end, text, run, instance)
        if reason:
            assert result == {}, f"{back_end.name} has data although {reason}"
            continue
        assert is_finite(result) or is_finite(
            ask(back_end, expressions.of_totals(text), run, instance)
        ), f"{back_end.name}: {result}"


def requests_of(run: Run, wanted: Sum) -> dict[tuple[str, ...], float]:
    """Counts the clients' requests that a sum selects, by the labels of the sum."""
    counts: collections.Counter[tuple[str, ...]] = collections.Counter()
    for (method, path, status), number in run.requests.items():
        labels = {"method": method, "path": path, "status": status}
        if wanted.matches(**labels):
            counts[tuple(labels[name] for name in wanted.labels)] += number
    return dict(counts)


def known_to_clients(run: Run, wanted: Sum) -> dict[tuple[str, ...], float] | None:
    """What the clients counted, by the labels of a sum; None for what clients cannot know."""
    if wanted.metric == REQUESTS:
        return requests_of(run, wanted)
    if wanted.metric == f"{DURATION}_bucket":
        return {("+Inf",): sum(run.requests.values())}
    if wanted.metric in names.COUNTED:
        return {(): run.accounts["end"][wanted.metric]}
    return None


@pytest.mark.parametrize("expression", SUMS, ids=str)
def test_counts(
    expression: Expression, back_ends_of: list[MetricsBackEnd], run: Run, instance: str
) -> None:
    """The counter below a rate has the clients' figure, by the labels of the panel."""
    wanted = sum_of(substituted(expression.text, JOB, instance))
    assert wanted is not None
    prometheus, victoriametrics = (
        back_end.query(wanted.selector, run.moments["end"]) for back_end in back_ends_of
    )
    assert victoriametrics == pytest.approx(prometheus)
    counted = known_to_clients(run, wanted)
    if counted is None:
        return
    found = {
        tuple(dict(labels).get(name, "") for name in wanted.labels): value
        for labels, value in prometheus.items()
    }
    if wanted.labels == ("le",):
        found = {label: value for label, value in found.items() if label == ("+Inf",)}
    assert counted and found == counted


def test_clients_know_most_figures(run: Run) -> None:
    """The test above compares with the clients, not only one back end with the other."""
    sums = [wanted for each in SUMS if (wanted := sum_of(each.text))]
    metrics = {wanted.metric for wanted in sums if wanted.metric in names.COUNTED}
    assert metrics == set(names.COUNTED) - set(names.ACTIVE)
    assert {REQUESTS, f"{DURATION}_bucket"} <= {wanted.metric for wanted in sums}
    assert all(run.accounts["end"][metric] for metric in metrics)


@pytest.mark.parametrize("name", names.ACTIVE)
def test_active(name: str, back_ends_of: list[MetricsBackEnd], run: Run, instance: str) -> None:
    """Gauges of panels have what the clients held open at a moment."""
    texts = {each.text for each in DASHBOARDS if each.text.startswith(f"sum({name}{{")}
    assert texts, f"no panel shows {name}"
    for text in texts:
        for back_end in back_ends_of:
            result = back_end.query(substituted(text, JOB, instance), run.moments["held"])
            assert list(result.values()) == [run.accounts["held"][name]]


def test_quantiles_agree(back_ends_of: list[MetricsBackEnd], run: Run, instance: str) -> None:
    """Both back ends compute the same quantiles and means from the totals."""
    texts = {expressions.of_totals(each.text) for each in DASHBOARDS if f"{DURATION}_" in each.text}
    assert len(texts) >= 5
    for text in texts:
        prometheus, victoriametrics = (
            ask(back_end, text, run, instance) for back_end in back_ends_of
        )
        assert victoriametrics == pytest.approx(prometheus, nan_ok=True), text


# The examples and the alerts of Scotty's own documentation.
DOCUMENTED = {
    "sum by (status) (rate(scotty_http_requests_total[5m]))",
    "histogram_quantile(0.95, rate(scotty_http_request_duration_seconds_bucket[5m]))",
    "rate(scotty_websocket_connections_total[5m])",
    "deriv(scotty_memory_rss_bytes[10m])",
    "scotty_log_streams_active + scotty_shell_sessions_active + "
    "scotty_websocket_connections_active + scotty_tasks_active",
    'rate(scotty_http_requests_total{status="500"}[5m])',
    "deriv(scotty_memory_rss_bytes[30m])",
    "rate(scotty_websocket_auth_failures_total[5m])",
    "rate(scotty_task_failures_total[5m])",
}


def test_documentation_has_all_examples() -> None:
    written = {" ".join(each.text.split()) for each in expressions.documents()}
    assert DOCUMENTED <= written


@pytest.mark.parametrize("expression", [each for each in DASHBOARDS if each.has_exemplars], ids=str)
def test_exemplars(expression: Expression, run: Run, instance: str) -> None:
    """The query of a panel finds exemplars in Prometheus, and Jaeger has the trace of each."""
    text = substituted(expression.text, JOB, instance)
    series = run.back_ends.prometheus.exemplars(
        text, run.moments["start"], run.moments["end"] + EXEMPLAR_S
    )
    traces = {each["labels"]["trace_id"] for found in series for each in found["exemplars"]}
    assert traces
    for trace in sorted(traces)[:3]:
        assert run.back_ends.jaeger.trace(trace), f"Jaeger does not know the trace {trace}"


def tags_of(url: str) -> str:
    """The tags that a link of a panel searches for."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    (pane,) = json.loads(query["panes"][0]).values()
    (search,) = pane["queries"]
    assert search["queryType"] == "search" and search["service"] == "${job:raw}"
    return search["tags"]


# A value of each label that has traces in every run, as Grafana would take it from the series.
SAMPLES = {
    "http.response.status_code": "404",
    "error.type": "500",
    "http.route": "/api/v1/authenticated/apps/info/{app_id}",
}


@pytest.mark.parametrize("title, url", LINKS, ids=[title for title, _ in LINKS])
def test_link_finds_traces(title: str, url: str, run: Run) -> None:
    """Jaeger finds the traces that a panel's link asks for, by attributes that were sent."""
    tags = tags_of(url)
    key, _, value = tags.partition("=")
    value = SAMPLES[key] if value.startswith("${__field.labels.") else value
    search = {key: value} if tags else {}

    def found() -> list[object]:
        return list(run.back_ends.jaeger.find(JOB, run.name, **search))

    spans = wait_until(f"{title}: Jaeger finds traces by {search}", found)
    assert not search or any(str(span.tags.get(key)) == value for span in spans)
