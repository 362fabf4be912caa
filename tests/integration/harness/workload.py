# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A workload of every feature: clients that do random steps and count them.

The random steps are the same in each run and on each build.
"""

import collections
import os
import random
import threading
from collections.abc import Callable
from typing import Any

from harness import names
from harness.counting import Counting
from harness.http_client import Connection, get, request_bytes
from harness.ledger import Ledger
from harness.oauth import OAuth
from harness.server import Server
from harness.sessions import APPS, AUTHORIZED, Client
from harness.starter import Starter
from harness.traces import Tracing
from harness.websocket_client import BINARY, PING, PING_MESSAGE, frame, pieces_of

CLIENTS = 5
# An emulated machine takes fewer steps.
STEPS = int(os.environ.get("TEST_STEPS", "60"))
SCRIPT = "case $SCOTTY_APP in app-1) seq 1500 ;; app-2) sleep 0.1; echo one ;; *) echo one ;; esac"
# Requests and their label sets.
REQUESTS = [
    (get("/api/v1/health"), ("GET", "/api/v1/health", "200")),
    (get("/nowhere"), ("GET", "/unmatched", "404")),
    (get(f"{APPS}/info/demo", AUTHORIZED), ("GET", f"{APPS}/info/{{app_id}}", "200")),
    (get(f"{APPS}/info/demo"), ("GET", f"{APPS}/info/{{app_id}}", "401")),
    (get("/api/v1/test/status/503"), ("GET", "/api/v1/test/status/{code}", "503")),
    (get("/api/v1/test/sleep/5"), ("GET", "/api/v1/test/sleep/{milliseconds}", "200")),
    (
        request_bytes("POST", "/api/v1/test/echo", body=b"x" * 5000),
        ("POST", "/api/v1/test/echo", "200"),
    ),
    (get("/api/v1/test/spawn/10/20"), ("GET", "/api/v1/test/spawn/{count}/{polls}", "200")),
    (
        get("/api/v1/test/block_in_place/2"),
        ("GET", "/api/v1/test/block_in_place/{milliseconds}", "200"),
    ),
    (
        get("/api/v1/test/spawn_blocking/2"),
        ("GET", "/api/v1/test/spawn_blocking/{milliseconds}", "200"),
    ),
    (get("/api/v1/test/spawn_panic/2"), ("GET", "/api/v1/test/spawn_panic/{count}", "200")),
]
OPERATIONS = (
    ("demo", "run"),
    ("failing", "run"),
    ("demo", "rebuild"),
    ("app-2", "adopt"),
    ("app-1", "run"),
)
# The server broadcasts the states of tasks to all clients. No client may leave during a task: how
# many messages the server sent to that client would be unknown.
QUIET = threading.Lock()


class Worker:
    """One client: a websocket, a connection for requests, and a plan of random steps."""

    def __init__(self, number: int, server: Server, ledger: Ledger) -> None:
        self.random = random.Random(number)
        self.port = server.port
        self.ledger = ledger
        self.client = ledger.client(server.port)
        self.requests: collections.Counter[tuple[str, str, str]] = collections.Counter()
        self.requests[("GET", "/ws", "101")] += 1
        self.done: collections.Counter[str] = collections.Counter()
        self.counts: collections.Counter[str] = collections.Counter()
        self.failure: BaseException | None = None

    def run(self) -> None:
        steps = [
            self.ask,
            self.messages,
            self.shell,
            self.log,
            self.task,
            self.refused,
            self.another_connection,
        ]
        try:
            with Connection(self.port) as self.connection:
                plan = self.random.choices(steps, weights=(8, 3, 3, 3, 1, 2, 1), k=STEPS)
                for step in [*plan, self.oauth]:
                    step()
                    self.done[step.__name__] += 1
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure
        finally:
            self.ledger.delay.keep_thread()

    def ask(self) -> None:
        """Sends pipelined requests."""
        wave = self.random.choices(REQUESTS, k=self.random.randint(1, 12))
        self.connection.send(b"".join(request for request, _ in wave))
        for request, label_set in wave:
            method = request.split(b" ", 1)[0].decode()
            assert str(self.connection.response(method).status) == label_set[2]
            self.requests[label_set] += 1

    def messages(self) -> None:
        """Sends whole, fragmented and split messages, with binary and control frames between."""
        self.client.fence(self.random.randint(1, 50))
        self.client.send(frame(BINARY, PING_MESSAGE) + frame(PING))
        self.client.send_fragments(pieces_of(PING_MESSAGE, 4), between=frame(PING))
        self.client.send_text_split(PING_MESSAGE, 5)
        self.client.fence()

    def shell(self) -> None:
        shells = [self.client.open_shell() for _ in range(self.random.randint(1, 4))]
        for shell in shells:
            self.client.echo(shell, '"sequence":' * self.random.randint(1, 2000))
        for shell in shells:
            end = self.random.choice(("exit", "exit 3", "fail", "terminate"))
            if end == "terminate":
                self.client.terminate_shell(shell)
            else:
                self.client.end_shell(shell, end)

    def log(self) -> None:
        service = self.random.choice(("web", "db", "odd", "long", "broken"))
        lines = self.random.randint(1, 130)
        if self.random.random() < 0.7:
            self.client.read_log(service, lines)
            return
        wanted = self.client.counts[names.LOG_LINES] + lines
        stream = self.client.start_log("web", lines, follow=True)
        self.client.until(lambda _: self.client.counts[names.LOG_LINES] == wanted)
        self.client.stop_log(stream)

    def task(self) -> None:
        app, operation = self.random.choice(OPERATIONS)
        with QUIET:
            task = self.client.run_task(app, operation)
        self.requests[("GET", f"{APPS}/{operation}/{{app_id}}", "200")] += 1
        self.client.read_output(task)

    def refused(self) -> None:
        self.client.refused_log("demo", "none")
        self.client.refused("CreateShellSession", {"app_name": "none", "service_name": "web"})
        self.client.authenticate("wrong")

    def another_connection(self) -> None:
        other = self.ledger.client(self.port)
        self.requests[("GET", "/ws", "101")] += 1
        with QUIET:
            other.fence(self.random.randint(1, 9))
            self.random.choice((Client.abort, Client.close, Client.shake_hands))(other)

    def oauth(self) -> None:
        """Runs device flows and web flows; finishes each device flow twice."""
        client = OAuth(self.port)
        for _ in range(3):
            code = client.start_device()
            client.finish_device(code)
            client.finish_device(code)
            client.finish_web(client.start_web())
        self.counts.update(client.counts)
        for method, path, status, times in (
            ("POST", "/oauth/device", "200", 3),
            ("POST", "/oauth/device/token", "200", 3),
            ("POST", "/oauth/device/token", "400", 3),
            ("GET", "/oauth/authorize", "307", 3),
            ("POST", "/oauth/exchange", "200", 3),
        ):
            self.requests[(method, path, status)] += times


class Workload:
    """A server, a tool that exports to a collector, and the clients; their work is done when the
    constructor returns."""

    def __init__(
        self,
        start: Starter,
        binary: str,
        *options: str,
        warm_up: Callable[[Tracing], None] | None = None,
    ) -> None:
        self.server = start.server(
            binary,
            *("--workers", "2", "--apps", "2", "--app-check-ms", "500", "--sample-ms", "200"),
            *("--log-interval-ms", "3600000", "--task-command", SCRIPT),
        )
        environment = {"OTEL_BSP_MAX_QUEUE_SIZE": "20000"}
        self.tracing = Tracing(start, self.server, *options, **environment)
        self.tool = self.tracing.tool
        if warm_up:
            warm_up(self.tracing)
        self.ledger = Ledger(self.tool)
        self.counting = Counting(self.tool)
        self.workers = [Worker(number, self.server, self.ledger) for number in range(CLIENTS)]
        threads = [threading.Thread(target=worker.run) for worker in self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for worker in self.workers:
            if worker.failure:
                raise worker.failure

    def total(self, attribute: str) -> collections.Counter[Any]:
        """Returns the sum of a counter over all clients."""
        total: collections.Counter[Any] = collections.Counter()
        for worker in self.workers:
            total.update(getattr(worker, attribute))
        return total
