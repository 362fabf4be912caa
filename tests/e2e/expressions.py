# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every PromQL expression of the dashboards, rules and documentation."""

import dataclasses
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import yaml
from check import parse

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = REPOSITORY / "observability" / "grafana" / "dashboards"
RULES = REPOSITORY / "observability" / "rules"
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
# Longer than a run, so that a window holds all samples of a run.
WINDOW = "15m"
SUBQUERY_STEP = "1s"
COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
SETS = {"and", "or", "unless"}
BLOCK = re.compile(r"^```promql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Expression:
    """One expression and its place."""

    where: str
    text: str
    legend: str = ""
    links: tuple[tuple[str, str], ...] = ()
    has_exemplars: bool = False

    def __str__(self) -> str:
        return self.where


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Returns all panels of a dashboard except rows."""
    for panel in dashboard["panels"]:
        yield from panels(panel) if panel.get("panels") else []
        if panel["type"] != "row":
            yield panel


def of_dashboard(path: pathlib.Path) -> list[Expression]:
    """Returns the expressions of panels and annotations."""
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for panel in panels(dashboard):
        links = panel["fieldConfig"]["defaults"].get("links", [])
        for target in panel["targets"]:
            found.append(
                Expression(
                    f"{path.stem}: {panel['title']}: {target['refId']}",
                    target["expr"],
                    target.get("legendFormat", ""),
                    tuple((link["title"], link["url"]) for link in links),
                    target.get("exemplar", False),
                )
            )
    for annotation in dashboard["annotations"]["list"]:
        for number, piece in enumerate(pieces(annotation["expr"])):
            found.append(Expression(f"{path.stem}: {annotation['name']}: {number}", piece))
    return found


def dashboards() -> list[Expression]:
    paths = sorted(DASHBOARDS.glob("*.json"))
    return [expression for path in paths for expression in of_dashboard(path)]


def pieces(text: str) -> list[str]:
    """Returns the parts of a condition that have data even if the condition is false.

    A comparison drops the series for which it is false, so its two sides are the parts. `and`, `or`
    and `unless` choose between series, so each side is a part. absent() has a result only if its
    argument has none, so the argument is the part.
    """

    def split(node: promql.Expr) -> list[promql.Expr]:
        if isinstance(node, promql.ParenExpr):
            return split(node.expr)
        if isinstance(node, promql.Call) and node.func.name == "absent":
            return [node.args[0]]
        if isinstance(node, promql.BinaryExpr) and str(node.op) in COMPARISONS | SETS:
            sides = [node.lhs, node.rhs]
            return [part for side in sides for part in split(side) if has_selector(part)]
        return [node]

    return [part.prettify() for part in split(parse(text))] if is_condition(text) else [text]


def is_condition(text: str) -> bool:
    node = parse(text)
    while isinstance(node, promql.ParenExpr):
        node = node.expr
    if isinstance(node, promql.Call):
        return node.func.name == "absent"
    return isinstance(node, promql.BinaryExpr) and str(node.op) in COMPARISONS | SETS


def has_selector(node: promql.Expr) -> bool:
    return bool(re.search(r"[a-z_:]{3,}", node.prettify()))


def rules(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def inlined(text: str) -> str:
    """Replaces each recorded series by the expression that records it."""
    for rule in rules("recording.yaml"):
        recorded = f"({rule['expr'].strip()})"
        name = re.escape(rule["record"])
        text = re.sub(
            rf"{name}\[(\w+)\]",
            lambda match: f"{recorded}[{match[1]}:{SUBQUERY_STEP}]",  # noqa: B023
            text,
        )
        text = re.sub(rf"{name}(?![\w:])", lambda _: recorded, text)  # noqa: B023
    return text


def recordings() -> list[Expression]:
    return [Expression(rule["record"], rule["expr"]) for rule in rules("recording.yaml")]


# No run lasts for hours, so an offset of hours is removed.
OFFSET = re.compile(r"\boffset \d+[hd]\b")


def alerts() -> list[Expression]:
    """Returns the parts of each alert's condition, without offsets."""
    return [
        Expression(f"{rule['alert']}: {number}", OFFSET.sub("offset 1s", inlined(piece)))
        for rule in rules("alerts.yaml")
        for number, piece in enumerate(pieces(rule["expr"]))
    ]


def documents() -> list[Expression]:
    """Returns the expressions in promql blocks; an empty line separates two expressions."""
    found = []
    for path in DOCUMENTS:
        for block in BLOCK.findall(path.read_text(encoding="utf-8")):
            for text in re.split(r"\n\s*\n", block):
                lines = [line for line in text.splitlines() if not line.startswith("#")]
                for piece in pieces("\n".join(lines)) if lines else []:
                    found.append(Expression(f"{path.name}: {' '.join(piece.split())}", piece))
    return found


def substituted(text: str, job: str, instance: str) -> str:
    """Inserts values for Grafana's variables, as Grafana does."""
    values = {
        "$__rate_interval": WINDOW,
        "$__interval": WINDOW,
        "$__range": WINDOW,
        "$job": job,
        "$instance": re.escape(instance).replace("\\", "\\\\"),
        "$path": ".*",
    }
    for variable, value in values.items():
        text = text.replace(variable, value)
    assert "$" not in re.sub(r'"\$\d"', "", text), f"{text} has another variable"
    return text


GROWTH = re.compile(r"\b(?:rate|increase)\(\s*([\w:]+(?:\{[^{}]*\})?)\[[^\]]*\]\s*\)")


def of_totals(text: str) -> str:
    """Replaces the growth of each counter by the counter."""
    return GROWTH.sub(r"\1", parse(text).prettify())


@dataclasses.dataclass(frozen=True)
class Sum:
    """An expression of the form sum by (labels) (rate(metric{matchers}[window]))."""

    metric: str
    labels: tuple[str, ...]
    matchers: tuple[tuple[str, str, str], ...]

    @property
    def selector(self) -> str:
        """Returns the counter; its value is the count, because a new tool's counters start at 0."""
        matchers = ",".join(f"{name}{op}{json.dumps(value)}" for name, op, value in self.matchers)
        by = f"by ({', '.join(self.labels)}) " if self.labels else ""
        return f"sum {by}({self.metric}{{{matchers}}})"

    def matches(self, **labels: str) -> bool:
        """Returns whether the matchers select a series with these labels; ignores other labels."""
        for name, op, value in self.matchers:
            if name in labels:
                is_equal = (
                    re.fullmatch(value, labels[name]) is not None
                    if "~" in op
                    else value == labels[name]
                )
                if is_equal == op.startswith("!"):
                    return False
        return True


OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def sum_of(text: str) -> Sum | None:
    """Parses a sum of a counter's growth; returns None for other expressions."""
    node = parse(text)
    if not isinstance(node, promql.AggregateExpr) or str(node.op) != "sum":
        return None
    call = node.expr
    if not isinstance(call, promql.Call) or call.func.name not in ("rate", "increase"):
        return None
    selector = call.args[0].vector_selector
    matchers = tuple(
        (each.name, OPERATORS[str(each.op).removeprefix("MatchOp.")], each.value)
        for each in selector.matchers.matchers
    )
    labels = tuple(node.modifier.labels) if node.modifier else ()
    return Sum(selector.name, labels, matchers)
