# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The OTLP receiver as a process, with methods that search what it received."""

import collections
import json
import pathlib
import sys
from typing import Any

from harness.starter import Starter
from harness.waiting import PATIENCE

Message = dict[str, Any]

# Short intervals, so that no test waits long for an export. On a slow machine they are longer: the
# tool drops collections that its receiver does not take in time.
FAST = {
    "OTEL_METRIC_EXPORT_INTERVAL": str(round(300 * PATIENCE**2)),
    "OTEL_BSP_SCHEDULE_DELAY": str(round(100 * PATIENCE)),
}


def fields(attributes: list[Message]) -> dict[str, Any]:
    """Returns OTLP attributes as a dictionary; OTLP/JSON writes integers as texts."""
    found = {}
    for attribute in attributes:
        ((kind, value),) = attribute["value"].items()
        found[attribute["key"]] = int(value) if kind == "intValue" else value
    return found


class Collector:
    """A receiver, by default on a free port."""

    def __init__(self, start: Starter, port: int = 0, *options: str) -> None:
        self.file = start.make_directory() / "requests"
        self.file.touch()
        self.items: list[Message] = []
        self.read_bytes = 0
        script = pathlib.Path(__file__).with_name("otlp_receiver.py")
        self.process = start.process(
            [sys.executable, str(script), str(self.file), "--port", str(port), *options]
        )
        self.port = int(self.process.wait_for(r"listening on \S+:(\d+)", self.process.stdout)[1])
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def text(self) -> str:
        return self.file.read_text()

    def _items(self, signal: str) -> list[Message]:
        """Returns the requests of a signal. Parses each whole line of the file once."""
        with open(self.file, encoding="utf-8") as file:
            file.seek(self.read_bytes)
            text = file.read()
        whole = text[: text.rfind("\n") + 1]
        self.read_bytes += len(whole.encode())
        self.items += map(json.loads, whole.splitlines())
        return [item for item in self.items if item["signal"] == signal]

    def requests(self, signal: str) -> list[Message]:
        return [item["request"] for item in self._items(signal)]

    def headers(self, signal: str, name: str) -> set[str]:
        """Returns the values of a header in all requests of a signal."""
        return {item["metadata"].get(name, "") for item in self._items(signal)}

    def resources(self) -> list[dict[str, Any]]:
        return [
            fields(group["resource"]["attributes"])
            for signal, key in (("metrics", "resourceMetrics"), ("traces", "resourceSpans"))
            for request in self.requests(signal)
            for group in request[key]
        ]

    def spans(self) -> list[Message]:
        return [
            {**span, "attributes": fields(span.get("attributes", []))}
            for request in self.requests("traces")
            for resource in request["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]

    def metrics(self) -> dict[str, Message]:
        """Returns the latest state of each metric."""
        return {
            metric["name"]: metric
            for request in self.requests("metrics")
            for resource in request["resourceMetrics"]
            for scope in resource["scopeMetrics"]
            for metric in scope["metrics"]
        }

    def counted(self) -> collections.Counter[tuple[str, str, str]]:
        """Returns the latest http.requests by method, path and status."""
        metric = self.metrics().get("scotty.http.requests", {"sum": {"dataPoints": []}})
        found: collections.Counter[tuple[str, str, str]] = collections.Counter()
        for point in metric["sum"]["dataPoints"]:
            labels = fields(point["attributes"])
            found[(labels["method"], labels["path"], labels["status"])] = int(point["asInt"])
        return found
