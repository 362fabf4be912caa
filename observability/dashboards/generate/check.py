# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Checks a PromQL expression against the list of metrics.

An expression that Prometheus parses can still be wrong: a misspelt name or label selects nothing,
and `rate()` of a gauge returns nonsense. Both are errors here.
"""

import re
from collections.abc import Iterable, Mapping

import promql_parser as promql
from metric_list import MetricList, UnknownMetric

# Grafana's variables stand where the grammar wants a duration.
DURATION_VARIABLE = re.compile(r"\$__(rate_interval|interval|range)\b")
OF_COUNTERS = frozenset({"rate", "irate", "increase"})
OF_GAUGES = frozenset(
    {"delta", "idelta", "deriv", "predict_linear", "avg_over_time", "min_over_time"}
    | {"max_over_time", "quantile_over_time", "stddev_over_time", "sum_over_time"}
)
# These functions ask whether and when a series changed, which makes sense for every kind.
OF_ANY = frozenset(
    {"absent", "absent_over_time", "changes", "count_over_time", "present_over_time", "resets"}
    | {"timestamp"}
)
Labels = frozenset[str]


class WrongExpression(Exception):
    """An expression that is no PromQL, or that does not fit the list of metrics."""


def parse(expression: str) -> promql.Expr:
    """Parses an expression in which Grafana's variables may stand."""
    try:
        return promql.parse(DURATION_VARIABLE.sub("5m", expression))
    except ValueError as error:
        raise WrongExpression(f"{expression}: {error}") from error


class Checker:
    """Checks expressions. `recorded` has the labels of each series that a rule records."""

    def __init__(self, metrics: MetricList, recorded: Mapping[str, Labels] | None = None) -> None:
        self.metrics = metrics
        self.recorded = dict(recorded or {})

    def check(self, expression: str) -> Labels:
        """The labels of the expression's result; an error if the expression is wrong."""
        try:
            return self._labels(parse(expression), frozenset())
        except (WrongExpression, UnknownMetric) as error:
            raise WrongExpression(f"{error} (in: {expression})") from error

    def _labels(self, node: promql.Expr, functions: Labels) -> Labels:
        """The labels of a part's result. `functions` are the functions around this part."""
        match node:
            case promql.VectorSelector():
                return self._selected(node, functions)
            case promql.MatrixSelector():
                return self._selected(node.vector_selector, functions)
            case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
                return self._labels(node.expr, functions)
            case promql.AggregateExpr():
                return self._aggregated(node, functions)
            case promql.Call():
                return self._called(node, functions)
            case promql.BinaryExpr():
                return self._combined(node, functions)
        return frozenset()

    def _selected(self, selector: promql.VectorSelector, functions: Labels) -> Labels:
        if selector.name is None:
            raise WrongExpression("a selector without a metric's name")
        if selector.name in self.recorded:
            labels = self.recorded[selector.name]
        else:
            series = self.metrics.series(selector.name)
            labels = series.labels
            if series.is_counter and not functions & (OF_COUNTERS | OF_ANY):
                raise WrongExpression(f"{selector.name} is a counter: use rate() or increase()")
            if series.is_counter and functions & OF_GAUGES and not functions & OF_COUNTERS:
                raise WrongExpression(f"{selector.name} is a counter, not a gauge")
            if not series.is_counter and functions & OF_COUNTERS:
                raise WrongExpression(f"{selector.name} is not a counter: no rate()")
        for matcher in selector.matchers.matchers:
            self._require({matcher.name}, labels, f"a matcher of {selector.name}")
        return labels

    def _aggregated(self, node: promql.AggregateExpr, functions: Labels) -> Labels:
        inner = self._labels(node.expr, functions)
        if str(node.op) in ("topk", "bottomk"):
            return inner
        if node.modifier is None:
            return frozenset()
        named = frozenset(node.modifier.labels)
        self._require(named, inner, f"{node.op} {node.modifier}")
        is_by = node.modifier.type == promql.AggModifierType.By
        return named if is_by else inner - named

    def _called(self, node: promql.Call, functions: Labels) -> Labels:
        name = node.func.name
        found = [self._labels(argument, functions | {name}) for argument in node.args]
        labels = frozenset[str]().union(*found)
        if name == "histogram_quantile":
            self._require({"le"}, labels, name)
            return labels - {"le"}
        if name == "label_replace":
            source, target = node.args[3].val, node.args[1].val
            self._require({source}, labels, name)
            return labels | {target}
        return labels

    def _combined(self, node: promql.BinaryExpr, functions: Labels) -> Labels:
        left, right = (self._labels(side, functions) for side in (node.lhs, node.rhs))
        modifier = node.modifier
        if modifier is None or modifier.matching is None:
            return left or right
        named = frozenset(modifier.matching.labels)
        self._require(named, left, f"the left side of {node.op}")
        self._require(named, right, f"the right side of {node.op}")
        return left

    @staticmethod
    def _require(named: Iterable[str], known: Labels, where: str) -> None:
        unknown = sorted(set(named) - known)
        if unknown:
            raise WrongExpression(f"{where}: no label {', '.join(unknown)}")


def selectors(expression: str) -> list[promql.VectorSelector]:
    """All selectors of an expression, in the order in which they stand."""
    found: list[promql.VectorSelector] = []

    def visit(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)
        for child in children(node):
            visit(child)

    visit(parse(expression))
    return found


def children(node: promql.Expr) -> list[promql.Expr]:
    """The parts that a part of an expression is made from."""
    parts: list[promql.Expr] = [
        getattr(node, name) for name in ("lhs", "rhs", "expr", "param") if hasattr(node, name)
    ]
    return [part for part in [*parts, *getattr(node, "args", [])] if part is not None]


# A label in the template of a legend: "{{status}}".
LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def check_legend(legend: str, labels: Labels) -> None:
    """A legend names only labels that the result has."""
    unknown = sorted(set(LEGEND_LABEL.findall(legend)) - labels)
    if unknown:
        raise WrongExpression(f"the result has no label {', '.join(unknown)} of {legend!r}")
