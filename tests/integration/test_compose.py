# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compose tasks: their number, durations, failures, and the output lines that clients received."""

import pytest

from harness import names
from harness.builds import BOTH_STAGES
from harness.http_client import ask_once, get
from harness.ledger import Ledger
from harness.server import Server
from harness.sessions import APPS, AUTHORIZED
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_STAGES

# What a task's process prints depends on its application.
MANY = "app-1"
SLOW = "app-2"
ODD = "app-3"
MANY_LINES = 2500
SCRIPT = f"""
case $SCOTTY_APP in
{MANY}) seq {MANY_LINES} ;;
{SLOW}) echo one; sleep 0.4; echo two >&2 ;;
{ODD}) printf '%s\\n' '"sequence":1' '{{"lines":[{{"sequence":2}}]}}' 'é漢🦀' '\\"' ;;
doomed) echo failing; exit 3 ;;
killed) kill -9 $$ ;;
*) echo one ;;
esac
"""
OPTIONS = ("--workers", "2", "--apps", "3", "--task-command", SCRIPT)


@pytest.fixture(scope="module")
def server(start_shared: Starter, binary: str) -> Server:
    return start_shared.server(binary, *OPTIONS)


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("operation", "app"),
    [
        # Tasks of one process, of two processes, and of none.
        ("run", "demo"),
        ("stop", "demo"),
        ("rebuild", "demo"),
        ("adopt", "demo"),
        ("purge", "idle"),
        # Tasks with a state machine inside their own.
        ("create", "new"),
        ("destroy", "new"),
    ],
)
def test_one_task(server: Server, ledger: Ledger, operation: str, app: str) -> None:
    """An operation is one task, however many processes and tokio tasks it needs."""
    client = ledger.client(server.port)
    task = client.run_task(app, operation)
    assert client.states[task.id][0] == "Finished"
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.TASKS] == 1


@pytest.mark.quick
@pytest.mark.parametrize(
    ("operation", "app"),
    [("run", "failing"), ("rebuild", "failing"), ("create", "doomed"), ("create", "killed")],
)
def test_failures(server: Server, ledger: Ledger, operation: str, app: str) -> None:
    """A task whose process fails or is killed is one failure, also in a nested state machine."""
    client = ledger.client(server.port)
    task = client.run_task(app, operation)
    assert client.states[task.id][0] == "Failed"
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.TASK_FAILURES] == 1


@pytest.mark.quick
def test_panic(server: Server, ledger: Ledger) -> None:
    """A task that panics has failed, and so has a task whose nested task panics."""
    client = ledger.client(server.port)
    assert client.await_task(client.start_task("panicking", "create")) == "Failed"
    ledger.expect()
    client.start_task("panicking")
    ledger.expect(TASKS_ACTIVE=-1, TASK_FAILURES=1)
    assert server.is_alive()


@pytest.mark.quick
def test_refused(server: Server, ledger: Ledger) -> None:
    """A refused operation starts no task: unknown application, or no authorization."""
    for operation in ("run", "destroy"):
        response = ask_once(server.port, get(f"{APPS}/{operation}/none", AUTHORIZED))
        assert response.status == 404
    assert ask_once(server.port, get(f"{APPS}/run/demo")).status == 401
    ledger.client(server.port).fence()
    ledger.expect()


def test_durations(server: Server, ledger: Ledger) -> None:
    """Tasks of 0.4 s, and of 0.8 s in two processes, in sequence and in parallel."""
    client = ledger.client(server.port)
    client.run_task(SLOW)
    tasks = [client.start_task(SLOW), client.start_task(SLOW, "rebuild"), client.start_task("demo")]
    client.fence()
    assert ledger.expected()[names.TASKS_ACTIVE] == 3
    tool = ledger.tool
    wait_until("the slow tasks run", lambda: tool.scrape().total(names.TASKS_ACTIVE) >= 2)
    for task in tasks:
        client.await_task(task)
    ledger.expect()
    ledger.expect_durations()


def test_many_at_once(server: Server, ledger: Ledger) -> None:
    """40 tasks in parallel; every second task fails."""
    client = ledger.client(server.port)
    tasks = [client.start_task(app) for app in ("demo", "failing") * 20]
    for task in tasks:
        client.await_task(task)
    for spell in client.spells[names.TASK_DURATION]:
        # Some tasks ended while the client was still starting others.
        spell.shortest_s = 0
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.TASK_FAILURES] == 20


@pytest.mark.quick
@pytest.mark.parametrize("app", [MANY, ODD, "demo"])
def test_output_of_an_ended_task(server: Server, ledger: Ledger, app: str) -> None:
    """Lines arrive in messages of up to 1,000 lines, and count once for each client."""
    clients = [ledger.client(server.port) for _ in range(3)]
    task = clients[0].run_task(app)
    for client in clients:
        client.read_output(task)
    lines = clients[0].counts[names.TASK_LINES]
    assert lines == {MANY: MANY_LINES, ODD: 4, "demo": 1}[app] + 1
    clients[2].read_output(task, from_beginning=False)
    ledger.expect()
    assert ledger.expected()[names.TASK_LINES] == 3 * lines


def is_idle(ledger: Ledger) -> bool:
    return ledger.tool.scrape().value(names.OUTPUT_STREAMS_ACTIVE) == 0


@pytest.mark.parametrize("from_beginning", [True, False])
@pytest.mark.parametrize("app", [MANY, SLOW])
def test_output_of_a_running_task(
    server: Server, ledger: Ledger, app: str, from_beginning: bool
) -> None:
    """Lines that arrive while the task runs, thousands in one message."""
    client, other = ledger.client(server.port), ledger.client(server.port)
    task = client.start_task(app, "rebuild")
    client.start_output(task, from_beginning=from_beginning)
    client.await_type("TaskOutputStreamStarted")
    if app == SLOW:
        assert ledger.tool.scrape().value(names.OUTPUT_STREAMS_ACTIVE) == 1
    other.read_output(task, from_beginning=from_beginning)
    client.await_type("TaskOutputStreamEnded")
    wait_until("no stream is left", lambda: is_idle(ledger))
    client.await_task(task)
    lines = (MANY_LINES if app == MANY else 2) * 2 + 1
    assert client.counts[names.TASK_LINES] == other.counts[names.TASK_LINES] == lines
    ledger.expect()


def test_output_for_a_client_that_left(server: Server, ledger: Ledger) -> None:
    """Lines that the server streams to a closed connection are not counted."""
    client, other = ledger.client(server.port), ledger.client(server.port)
    task = client.start_task(SLOW)
    other.start_output(task)
    # The first line has arrived and the second comes later, so no message is in flight.
    other.until(lambda _: other.counts[names.TASK_LINES] == 1)
    other.fence()
    other.abort()
    client.await_task(task)
    client.read_output(task)
    ledger.expect()


def test_output_refused(server: Server, ledger: Ledger) -> None:
    """Refused streams and lines sent by a client are not counted."""
    client = ledger.client(server.port)
    number = "6a1d8e6e-0000-4000-8000-000000000000"
    wanted = {"task_id": number, "from_beginning": True}
    assert "not found" in client.refused("StartTaskOutputStream", wanted)
    nobody = ledger.client(server.port, token=None)
    assert "Authentication" in nobody.refused("StartTaskOutputStream", wanted)
    line = {"timestamp": "2026-01-01T00:00:00Z", "stream": "Stdout", "content": "", "sequence": 0}
    data = {"task_id": number, "lines": [line] * 9, "is_historical": False, "has_more": False}
    client.send_message("TaskOutputData", data)
    ledger.expect()
    assert ledger.expected()[names.TASK_LINES] == 0
