# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A run of one build of the server with the tool: what the clients did, and Prometheus' samples.

The clients count; after the run the tests query the back ends about the marked moments.
"""

import collections
import contextlib
import json
import pathlib
import shutil
import time
from typing import Any

from backends import RUN_ATTRIBUTE, RUN_LABEL, BackEnds, Labels
from caller import Call
from harness.http_client import Connection, Response
from harness.scrape import Requests
from harness.server import Server
from harness.sessions import Client, Session
from harness.tool import Tool
from harness.waiting import wait_until

WORKERS = 2
SLOW_POLL = "50ms"
SHELL_LIMIT_S = 8
RATE_LIMIT = 100
# Longer than the use of the runtime, during which no timer may fire.
APP_CHECK_S = 15
# The poll that answered a client may end a moment after the answer.
SETTLE_S = 0.25
# A short interval, so that no test waits long for an export.
ENVIRONMENT = {"OTEL_METRIC_EXPORT_INTERVAL": "300", "OTEL_BSP_SCHEDULE_DELAY": "100"}
# A metric that every export contains.
PULSE = "scotty_http_requests_active"


class Run:
    """A server, the tool attached to it, and its clients."""

    def __init__(
        self, name: str, binary: str, back_ends: BackEnds, directory: pathlib.Path
    ) -> None:
        self.name = name
        self.back_ends = back_ends
        self.gate = directory / "gate"
        self.moments: dict[str, float] = {}
        self.accounts: dict[str, collections.Counter[str]] = {}
        self.requests: Requests = collections.Counter()
        self.elapsed: dict[tuple[str, str, str], list[float]] = collections.defaultdict(list)
        self.clients: list[Client] = []
        self.calls: dict[str, Call] = {}
        self.unsampled: Requests = collections.Counter()
        self.unsampled_account: collections.Counter[str] = collections.Counter()
        self.app_lists: list[list[dict[str, Any]]] = []
        self.memory_bytes: dict[str, tuple[int, int]] = {}
        self.closing = contextlib.ExitStack()
        # The default service name is the name of the executable.
        executable = directory / "scotty"
        shutil.copy2(binary, executable)
        with contextlib.ExitStack() as stack:
            self.server = Server(
                str(executable),
                directory / "server",
                *("--workers", str(WORKERS)),
                *("--shell-ttl-ms", str(SHELL_LIMIT_S * 1000)),
                *("--rate-limit", str(RATE_LIMIT)),
                *("--app-check-ms", str(APP_CHECK_S * 1000)),
                # These processes run until their gate is removed.
                *(
                    "--task-command",
                    f"echo one; echo two; while [ -e {self.gate} ]; do sleep .02; done",
                ),
            )
            stack.callback(self.server.end)
            self.tool = Tool(
                directory / "tool",
                *("--pid", str(self.server.pid)),
                *("--listen", "127.0.0.1:0"),
                *("--slow-poll", SLOW_POLL),
                environment={
                    **ENVIRONMENT,
                    "OTEL_EXPORTER_OTLP_ENDPOINT": back_ends.collector.endpoint,
                    "OTEL_RESOURCE_ATTRIBUTES": f"{RUN_ATTRIBUTE}={name}",
                },
            )
            stack.callback(self.tool.end)
            self.closing = stack.pop_all()

    def end(self) -> None:
        """Ends all processes, at any stage of the run."""
        self.gate.unlink(missing_ok=True)
        self.closing.close()

    # The clients.

    def connect(self) -> Connection:
        return self.closing.enter_context(Connection(self.server.port))

    def count(self, method: str, route: str, status: int | str) -> None:
        self.requests[(method, route, str(status))] += 1

    def ask(self, connection: Connection, request: bytes, route: str) -> Response:
        """Makes a request, and counts it under its route and status."""
        begin_s = time.perf_counter()
        response = connection.ask(request)
        method = request.split(b" ", 1)[0].decode()
        self.count(method, route, response.status)
        label_set = (method, route, str(response.status))
        self.elapsed[label_set].append(time.perf_counter() - begin_s)
        return response

    def client(self, *headers: str, **options: Any) -> Client:
        client = Client(self.server.port, *headers, **options)
        self.count("GET", "/ws", 101)
        self.clients.append(client)
        self.closing.callback(client.close)
        return client

    def task(self, client: Client, app: str, operation: str = "run", *headers: str) -> Session:
        """Runs a compose task of a client, and counts its request."""
        method, route = (
            ("POST", "create") if operation == "create" else ("GET", operation + "/{app_id}")
        )
        task = client.start_task(app, operation, *headers)
        self.count(method, f"/api/v1/authenticated/apps/{route}", 200)
        return task

    # The counts.

    def account(self) -> collections.Counter[str]:
        """Returns the counts of all clients by the names of the metrics."""
        total: collections.Counter[str] = collections.Counter()
        for client in self.clients:
            # The operator + drops negative counts.
            total.update(client.totals())
        return total

    def mark(self, moment: str) -> None:
        """Waits for an export of the present state; records its time and the clients' counts."""
        for client in self.clients:
            if client.is_open:
                client.fence()
        self.accounts[moment] = self.account()
        since_s = time.time() + SETTLE_S

        def exported() -> list[float]:
            answer = self.back_ends.prometheus.query(
                f'timestamp({PULSE}{{{RUN_LABEL}="{self.name}"}})'
            )
            return [at_s for at_s in answer.values() if at_s > since_s]

        self.moments[moment] = wait_until(f"metrics of {moment!r} are exported", exported)[0]
        self.memory_bytes[moment] = self.server.memory_bytes()

    def finish(self) -> None:
        """Ends the tool, which exports the rest, and the server."""
        self.accounts["end"] = self.account()
        assert self.tool.end() == 0, self.tool.stderr()
        self.moments["end"] = time.time()
        assert self.server.end() == 0, self.server.stderr()

    # The samples in Prometheus.

    def series(self, metric: str, moment: str, **labels: str) -> dict[Labels, float]:
        """Returns the series of a metric at a moment, without the labels of query and run."""
        wanted = {RUN_LABEL: self.name, **labels}
        selector = ",".join(f"{key}={json.dumps(value)}" for key, value in wanted.items())
        answer = self.back_ends.prometheus.query(f"{metric}{{{selector}}}", self.moments[moment])
        known = {"__name__", "job", "instance", "host_name", *wanted}
        return {
            frozenset((key, value) for key, value in labels if key not in known): value
            for labels, value in answer.items()
        }

    def value(self, metric: str, moment: str = "end", **labels: str) -> float:
        """Returns the value of one series, which must exist."""
        series = self.series(metric, moment, **labels)
        assert series, f"Prometheus has no {metric} with {labels} at {moment!r}"
        assert series.keys() == {frozenset()}, f"{metric} with {labels} has more labels"
        return series[frozenset()]

    def grown(self, metric: str, since: str, until: str, **labels: str) -> float:
        """Returns by how much a series grew between two moments."""
        return self.value(metric, until, **labels) - self.value(metric, since, **labels)

    def by_route(self, metric: str, moment: str = "end") -> dict[tuple[str, str, str], float]:
        """Returns a request metric by method, path and status."""
        found = {}
        for labels, value in self.series(metric, moment).items():
            fields = dict(labels)
            assert fields.keys() == {"method", "path", "status"}, f"labels of {metric}: {fields}"
            found[(fields["method"], fields["path"], fields["status"])] = value
        return found
