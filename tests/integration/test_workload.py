# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Everything at once: clients of every feature, and every metric compared with what they counted.

Each client's doings are random, but the same in each run and on each build: with a recorder and
without, however optimised, with whatever versions of libraries, the same numbers must come of them.
"""

import collections
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import names
import pytest
from conftest import BUILDS_WITH_RECORDER, BUILDS_WITHOUT_STATUSES, WHOLE_MATRIX, Starter
from harness import Counting, Scrape, Server, wait_until
from http_client import Connection, get, request_bytes
from ledger import Ledger, grown
from sessions import APPS, AUTHORIZED, Client
from test_apps import await_list
from test_recorder import OAuth
from traces import Tracing, is_error
from websocket_client import BINARY, PING, PING_MESSAGE, frame, pieces_of

pytestmark = WHOLE_MATRIX

CLIENTS = 5
# Fewer where everything takes its time.
STEPS = int(os.environ.get("TEST_STEPS", "60"))
SCRIPT = "case $SCOTTY_APP in app-1) seq 1500 ;; app-2) sleep 0.1; echo one ;; *) echo one ;; esac"
# A request and its label set.
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
# What depends on who is connected when: broadcasts go to all of them.
BY_CHANCE = (names.MESSAGES_SENT,)
# Tasks are broadcast to all clients: none may leave with something on its way to it.
QUIET = threading.Lock()
# By build, what was counted in all.
results: dict[str, dict[str, float]] = {}


class Worker:
    """One of the clients: a websocket, a connection for requests, and a plan."""

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

    def ask(self) -> None:
        """Some requests, pipelined."""
        wave = self.random.choices(REQUESTS, k=self.random.randint(1, 12))
        self.connection.send(b"".join(request for request, _ in wave))
        for request, label_set in wave:
            method = request.split(b" ", 1)[0].decode()
            assert str(self.connection.response(method).status) == label_set[2]
            self.requests[label_set] += 1

    def messages(self) -> None:
        """Whole, in fragments, in pieces; with what is no message between."""
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
        """Device flows that are finished, finished twice, or left; and web flows."""
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
    """A server, a tool that sends to a collector, and the workers' doings from start to end."""

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
        total: collections.Counter[Any] = collections.Counter()
        for worker in self.workers:
            total.update(getattr(worker, attribute))
        return total


@pytest.fixture(scope="module")
def workload(start_shared: Starter, binary: str) -> Iterator[Workload]:
    workload = Workload(start_shared, binary)
    yield workload
    workload.ledger.close()


def test_every_step_was_taken(workload: Workload) -> None:
    """Chance left nothing out."""
    done = workload.total("done")
    assert len(done) == 8 and done.total() == CLIENTS * (STEPS + 1)


def test_sessions_and_messages(workload: Workload, build: str) -> None:
    """Websockets, shells, logs and tasks: counts, levels and durations."""
    # To each connection that its client left, something may have been on its way.
    left = sum(not client.is_open for client in workload.ledger.clients)
    workload.ledger.expect(unread=2 * left)
    workload.ledger.expect_durations()
    results.setdefault(build, {}).update(workload.ledger.seen())


def test_requests(workload: Workload, build: str) -> None:
    """Every label set, by its client's count, and in its histogram."""
    wanted = workload.total("requests")
    seen: dict[Any, float] = dict(workload.counting.counted())
    assert seen == wanted
    counts = workload.tool.scrape().by_route("scotty_http_request_duration_seconds_count")
    assert counts == wanted
    results.setdefault(build, {}).update({" ".join(key): count for key, count in wanted.items()})


def test_spans(workload: Workload) -> None:
    """As many of each kind as there were, with ids of their own, and errors where they were."""
    ledger, collector = workload.ledger, workload.tracing.collector
    for client in ledger.clients:
        client.close()
    counts = ledger.expected()
    wanted = {
        names.WEBSOCKET_SPAN: counts[names.CONNECTIONS],
        names.SHELL_SPAN: counts[names.SHELLS],
        names.LOG_SPAN: counts[names.LOGS],
        names.TASK_SPAN: counts[names.TASKS],
        "HTTP": workload.total("requests").total(),
    }

    def seen() -> dict[str, int]:
        found = collections.Counter(span["name"].split(" ")[0] for span in collector.spans())
        return dict(found)

    wait_until("all spans came", lambda: sum(seen().values()) >= sum(wanted.values()))
    assert seen() == wanted
    spans = collector.spans()
    assert len({span["spanId"] for span in spans}) == len(spans)
    errors = collections.Counter(span["name"] for span in spans if is_error(span))
    assert errors[names.SHELL_SPAN] == counts[names.SHELL_ERRORS]
    assert errors[names.TASK_SPAN] == counts[names.TASK_FAILURES]


def test_runtime(workload: Workload) -> None:
    """Polls, wake-ups, kinds of tasks and workers agree with each other; memory with /proc."""
    tool, server, before = workload.tool, workload.server, workload.ledger.before

    def agrees(scrape: Scrape) -> bool:
        polls = scrape.total(names.POLLS)
        return (
            scrape.total("scotty_tokio_poll_duration_seconds_count") == polls
            and scrape.total(names.POLLS_BY_TASK) == polls
            and grown(before, scrape, names.SCHEDULED) == grown(before, scrape, names.POLLS)
        )

    wait_until("all polls are told alike", lambda: agrees(tool.scrape()))
    scrape = tool.scrape()
    # A worker in block_in_place has another thread work in its place meanwhile.
    wait_until("two workers", lambda: tool.scrape().total("scotty_tokio_workers_count") == 2)
    # At the least those that clients asked for.
    asked = workload.total("requests")
    spawned = 10 * asked[("GET", "/api/v1/test/spawn/{count}/{polls}", "200")]
    spawned += 2 * asked[("GET", "/api/v1/test/spawn_panic/{count}", "200")]
    assert grown(before, scrape, names.DROPPED) > spawned

    def memory_agrees() -> bool:
        held = server.memory_bytes()
        scrape = tool.scrape()
        told = (
            scrape.value("scotty_memory_virtual_bytes"),
            scrape.value("scotty_memory_rss_bytes"),
        )
        return told == held == server.memory_bytes()

    wait_until("memory equals /proc", memory_agrees)


def test_applications(workload: Workload, build: str) -> None:
    """As the server lists them; by status, where that can be told."""
    tool = workload.tool
    if build not in BUILDS_WITHOUT_STATUSES:
        assert await_list(workload.server, tool).total(names.APPS) == 5
        return
    wait_until("five applications", lambda: tool.scrape().total(names.APPS) == 5)
    assert not {name for name, _ in tool.scrape().values if name == "scotty_apps_by_status"}


def test_oauth(workload: Workload, build: str) -> None:
    """Of a build with a recorder; the other has none of it."""
    before, after = workload.ledger.before, workload.tool.scrape()
    wanted = workload.total("counts")
    assert wanted.total() > 0
    if build in BUILDS_WITH_RECORDER:
        assert {name: grown(before, after, name) for name in wanted} == wanted
    else:
        assert not {name for name, _ in after.values if name.startswith("scotty_oauth")}


def test_nothing_was_lost(workload: Workload) -> None:
    """No event, and nothing that should have agreed did not."""
    scrape = workload.tool.scrape()
    assert scrape.losses() == {}
    assert workload.server.is_alive()
    assert workload.tool.end() == 0
    assert "0 events lost" in workload.tool.stderr()


def test_builds_agree(build: str) -> None:
    """The same workload, the same numbers, in this build and in the default one."""
    if build not in results or "default" not in results:
        pytest.skip("not both builds were run")
    default, this = (
        {name: value for name, value in results[which].items() if name not in BY_CHANCE}
        for which in ("default", build)
    )
    assert default == this and len(default) > 25
