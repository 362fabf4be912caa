# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The queries of panels: PromQL with the dashboard's variables, checked against the metric list."""

import dataclasses
import enum

from check import Checker, check_legend, selectors
from metric_list import MetricList

# The variables that every dashboard has.
TARGET = 'job=~"$job",instance=~"$instance"'
ROUTE = 'path=~"$path"'
INTERVAL = "[$__rate_interval]"
# OpenTelemetry's units and Grafana's.
UNITS = {"s": "s", "By": "bytes", "1": "percentunit"}
RATES = {"{request}": "reqps", "{message}": "mps", "By": "binBps", "s": "percentunit"}


class Shape(enum.Enum):
    """What a panel asks for: a value at each time, or the counts of a histogram's buckets."""

    SERIES = "time_series"
    HEATMAP = "heatmap"


@dataclasses.dataclass(frozen=True)
class Query:
    """An expression with its legend, its unit and the metrics that it reads."""

    expression: str
    legend: str
    unit: str
    metrics: tuple[str, ...]
    has_exemplars: bool = False
    on_right_axis: bool = False
    shape: Shape = Shape.SERIES


class Queries:
    """Makes queries; a name or a label that the metric list does not have is an error."""

    def __init__(self, metrics: MetricList) -> None:
        self.metrics = metrics
        self.checker = Checker(metrics)

    def select(self, name: str, *matchers: str) -> str:
        """The series of the selected instances, and of the selected routes."""
        labels = self.metrics.series(name).labels
        route = [ROUTE] if "path" in labels else []
        return f"{name}{{{','.join([TARGET, *route, *matchers])}}}"

    def raw(
        self,
        expression: str,
        legend: str,
        unit: str,
        *,
        has_exemplars: bool = False,
        on_right_axis: bool = False,
    ) -> Query:
        """A query of any expression. Its metrics are those that it selects."""
        check_legend(legend, self.checker.check(expression))
        names: dict[str, None] = {}
        for selector in selectors(expression):
            names[self.metrics.series(selector.name or "").metric.name] = None
        return Query(expression, legend, unit, tuple(names), has_exemplars, on_right_axis)

    def gauge(self, name: str, legend: str = "{{instance}}", *matchers: str) -> Query:
        """A gauge of each instance."""
        metric = self.metrics.metric(name)
        return self.raw(self.select(name, *matchers), legend, UNITS.get(metric.unit, "short"))

    def total(self, name: str, legend: str, *matchers: str, by: str = "") -> Query:
        """The sum of a gauge over all instances."""
        metric = self.metrics.metric(name)
        expression = f"sum{by and f' by ({by}) '}({self.select(name, *matchers)})"
        return self.raw(expression, legend, UNITS.get(metric.unit, "short"))

    def rate(self, name: str, legend: str, *matchers: str, by: str = "") -> Query:
        """The rate of a counter, summed over all instances."""
        metric = self.metrics.metric(name)
        expression = f"sum{by and f' by ({by}) '}({self._rate(name, INTERVAL, *matchers)})"
        return self.raw(expression, legend, RATES.get(metric.unit, "cps"))

    def grown(self, name: str, legend: str, *matchers: str, by: str = "") -> Query:
        """The growth of a counter in the dashboard's time range."""
        metric = self.metrics.metric(name)
        inner = f"increase({self.select(name, *matchers)}[$__range])"
        expression = f"sum{by and f' by ({by}) '}({inner})"
        return self.raw(expression, legend, UNITS.get(metric.unit, "short"))

    def quantiles(self, name: str, window: str = INTERVAL) -> list[Query]:
        """The usual quantiles of a histogram, and its mean."""
        buckets = f"sum by (le) ({self._rate(f'{name}_bucket', window)})"
        unit = UNITS.get(self.metrics.metric(name).unit, "short")
        is_request = "path" in self.metrics.metric(name).attributes
        found = [
            self.raw(
                f"histogram_quantile({quantile}, {buckets})",
                f"p{round(quantile * 100)}",
                unit,
                has_exemplars=is_request and quantile == 0.99,
            )
            for quantile in (0.5, 0.9, 0.99)
        ]
        total, count = (f"sum({self._rate(f'{name}_{part}', window)})" for part in ("sum", "count"))
        return [*found, self.raw(f"{total} / {count}", "mean", unit)]

    def quantile(self, quantile: float, name: str, legend: str, by: str) -> Query:
        """One quantile of a histogram by a label."""
        buckets = f"sum by (le, {by}) ({self._rate(f'{name}_bucket')})"
        return self.raw(
            f"histogram_quantile({quantile}, {buckets})",
            legend,
            UNITS.get(self.metrics.metric(name).unit, "short"),
            has_exemplars="path" in self.metrics.metric(name).attributes,
        )

    def heatmap(self, name: str) -> Query:
        """The counts of a histogram's buckets over time."""
        buckets = self.select(f"{name}_bucket")
        query = self.raw(
            f"sum by (le) (increase({buckets}{INTERVAL}))",
            "{{le}}",
            UNITS.get(self.metrics.metric(name).unit, "short"),
            has_exemplars="path" in self.metrics.metric(name).attributes,
        )
        return dataclasses.replace(query, shape=Shape.HEATMAP)

    def watched(self, *, on_right_axis: bool = True) -> Query:
        """The part of the time in which polls are counted; below 1 their metrics are estimates."""
        name = "scottyscope_polls_watched_ratio"
        return self.raw(
            f"min({self.select(name)})",
            "share of time counted",
            "percentunit",
            on_right_axis=on_right_axis,
        )

    def _rate(self, name: str, window: str = INTERVAL, *matchers: str) -> str:
        return f"rate({self.select(name, *matchers)}{window})"
