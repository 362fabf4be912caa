# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Waits for data in the back ends, and says where to look."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

from program import ANSWER_S
from settings import OBSERVABILITY, Settings, StackError

DATA_S = 60
# A server without requests has no spans: that is no failure.
TRACES_S = 10
REQUEST_RATE = "sum by (path, status) (rate(scotty_http_requests_total[1m]))"


def ask(url: str, **parameters: str) -> dict[str, object]:
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"{url}?{query}", timeout=ANSWER_S) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def series(settings: Settings, expression: str) -> list[dict[str, dict[str, str]]]:
    """The result of an instant query."""
    url = f"http://{settings.address('VICTORIAMETRICS')}/api/v1/query"
    data = ask(url, query=expression)["data"]
    assert isinstance(data, dict)
    result: list[dict[str, dict[str, str]]] = data["result"]
    return result


def await_metrics(settings: Settings, since_s: float, check: Callable[[], None]) -> str:
    """The service whose metrics arrived since that time."""
    end = time.monotonic() + DATA_S
    while time.monotonic() < end:
        check()
        found = series(settings, f"timestamp(scotty_up) > {since_s:.3f}")
        if found:
            return found[0]["metric"]["job"]
        time.sleep(0.5)
    raise StackError(
        f"no metrics came to VictoriaMetrics within {DATA_S} s; see scottyscope.log and"
        " otelcol.log in the data directory (keep the directory with --keep)"
    )


def await_traces(settings: Settings, service: str, check: Callable[[], None]) -> bool:
    """Whether Jaeger shows spans of the service before long."""
    end = time.monotonic() + TRACES_S
    while time.monotonic() < end:
        check()
        data = ask(f"http://{settings.address('JAEGER')}/api/services")["data"]
        if isinstance(data, list) and service in data:
            return True
        time.sleep(0.5)
    return False


def places(settings: Settings, service: str) -> str:
    """What to open, and what it shows."""
    metrics = f"http://{settings.address('VICTORIAMETRICS')}"
    traces = f"http://{settings.address('JAEGER')}"
    query = urllib.parse.quote(REQUEST_RATE)
    name = urllib.parse.quote(service)
    grafana = " ".join(
        [
            f"METRICS_URL={metrics}",
            f"METRICS_INTERVAL={int(settings.text('STACK_EXPORT_INTERVAL_MS')) // 1000 or 1}s",
            f"JAEGER_URL={traces}",
            f"DASHBOARDS_PATH={OBSERVABILITY / 'grafana' / 'dashboards'}",
            f"GF_PATHS_PROVISIONING={OBSERVABILITY / 'grafana' / 'provisioning'}",
            "grafana server",
        ]
    )
    return f"""
  metrics       {metrics}/vmui/?#/?g0.expr={query}&g0.range_input=15m&g0.relative_time=last_15_minutes
  traces        {traces}/search?service={name}&lookback=1h&limit=20
  errors        {traces}/search?service={name}&lookback=1h&tags=%7B%22http.response.status_code%22%3A%22500%22%7D
  alerts        http://{settings.address("VMALERT")}/vmalert/groups
  the tool      http://{settings.address("SCOTTYSCOPE")}/metrics
  the Collector http://{settings.address("STACK_COLLECTOR_METRICS")}/metrics

  Grafana is not part of this. Where Grafana is installed, this shows the dashboards:
    {grafana}
"""
