# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The list of metrics that `scottyscope metrics --format json` prints."""

import dataclasses
import json
import pathlib

SCHEMA = 1
COUNTER = "counter"
HISTOGRAM = "histogram"
# The names of a histogram's series. Each series is a counter.
PARTS = ("_bucket", "_sum", "_count")
# The labels that every series has: who was observed. The Collector adds the host.
TARGET_LABELS = frozenset({"job", "instance", "host_name"})


class UnknownMetric(Exception):
    """A name that the list does not have."""


@dataclasses.dataclass(frozen=True)
class Metric:
    """One metric: its name in Prometheus, and the facts that a panel needs."""

    name: str
    kind: str
    unit: str
    help: str
    attributes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Series:
    """The series that a selector names: a metric, or a part of a histogram."""

    metric: Metric
    is_counter: bool
    labels: frozenset[str]


class MetricList:
    """All metrics by their Prometheus names."""

    def __init__(self, metrics: list[Metric]) -> None:
        self.by_name = {metric.name: metric for metric in metrics}

    def metric(self, name: str) -> Metric:
        if name not in self.by_name:
            raise UnknownMetric(f"{name} is not in the list of metrics")
        return self.by_name[name]

    def series(self, name: str) -> Series:
        """The series of this name. A histogram's own name names no series."""
        metric = self.by_name.get(name)
        if metric:
            if metric.kind == HISTOGRAM:
                raise UnknownMetric(f"{name} is a histogram: select one of {', '.join(PARTS)}")
            labels = TARGET_LABELS.union(metric.attributes)
            return Series(metric, metric.kind == COUNTER, labels)
        for part in PARTS:
            metric = self.by_name.get(name.removesuffix(part))
            if name.endswith(part) and metric and metric.kind == HISTOGRAM:
                own = {"le"} if part == "_bucket" else set()
                return Series(metric, True, TARGET_LABELS.union(metric.attributes, own))
        raise UnknownMetric(f"{name} is not in the list of metrics")


def load(path: pathlib.Path) -> MetricList:
    """Reads the list from a file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if document.get("schema") != SCHEMA:
        raise ValueError(
            f"{path} has schema {document.get('schema')!r}, this program reads {SCHEMA}: "
            "write the file with the scottyscope of the same version"
        )
    return MetricList(
        [
            Metric(
                name=entry["prometheus"],
                kind=entry["kind"],
                unit=entry["unit"],
                help=entry["help"],
                attributes=tuple(entry["attributes"]),
            )
            for entry in document["metrics"]
        ]
    )
