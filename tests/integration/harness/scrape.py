# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One scrape of the tool, parsed."""

import collections

from prometheus_client.parser import text_string_to_metric_families

# The cause of a loss: a receiver, slow on a busy machine, had not accepted a collection when the
# next one was due.
SUPERSEDED = "metrics_superseded"
Requests = collections.Counter[tuple[str, str, str]]


class Scrape:
    """One collection, parsed from its Prometheus text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.values, f"twice in one exposition: {key}"
                self.values[key] = sample.value

    def value(self, name: str, **labels: str) -> float:
        return self.values[(name, frozenset(labels.items()))]

    def total(self, name: str) -> float:
        """Returns the sum of a metric over all its label sets."""
        found = [value for (sample, _), value in self.values.items() if sample == name]
        assert found, f"{name} is not exposed"
        return sum(found)

    def by_route(self, name: str) -> dict[tuple[str, str, str], float]:
        """Returns the values of a request metric by (method, path, status)."""
        found = {}
        for (sample, labels), value in self.values.items():
            if sample == name:
                fields = dict(labels)
                assert fields.keys() == {"method", "path", "status"}, f"labels {fields}"
                found[(fields["method"], fields["path"], fields["status"])] = value
        return found

    def requests(self) -> Requests:
        return collections.Counter(
            {key: int(value) for key, value in self.by_route("scotty_http_requests_total").items()}
        )

    def polls(self) -> int:
        return int(self.value("scotty_tokio_poll_count_total"))

    def active(self) -> int:
        return int(self.value("scotty_http_requests_active"))

    def found(self, check: str) -> float:
        """Returns how often the tool found an assumption of this kind to be wrong."""
        return self.value("scottyscope_checks_total", check=check)

    def losses(self) -> dict[str, float]:
        """Returns the number of lost events by cause, without the causes that lost none.

        SUPERSEDED is left out: sums are cumulative, so the newer collection has everything.
        """
        lost = {
            dict(labels)["cause"]: value
            for (name, labels), value in self.values.items()
            if name == "scottyscope_lost_total" and value
        }
        lost.pop(SUPERSEDED, None)
        return lost


def grown(before: Scrape, after: Scrape, name: str) -> float:
    """Returns by how much a metric grew, summed over all its label sets."""
    return after.total(name) - before.total(name)
