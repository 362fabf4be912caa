# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The workload of a run: requests of each kind, sessions, tasks, and traces of a caller."""

import json

from caller import Call
from harness.http_client import TOKEN, Connection, get, request_bytes
from harness.sessions import AUTHORIZED, Client
from run import RATE_LIMIT, Run

HEALTH = "/api/v1/health"
APPS = "/api/v1/authenticated/apps"
INFO = APPS + "/info/{app_id}"
CREATE = APPS + "/create"
STATUS = "/api/v1/test/status/{code}"
SLEEP = "/api/v1/test/sleep/{milliseconds}"
ECHO = "/api/v1/test/echo"
PANIC = "/api/v1/test/panic"
SPAWN = "/api/v1/test/spawn/{count}/{polls}"
BLOCK = "/api/v1/test/block/{milliseconds}"
LOGIN = "/api/v1/login"
UNMATCHED = "/unmatched"
ROUNDS = 5
SLEEP_S = 0.1
# Longer than Run.mark() takes.
HELD_S = 8
SLEEPERS = 2
REFUSED_LOGS = 2
LONG_TASK_POLLS = 5000
TASKS, TASK_POLLS = 40, 3
IDLE_TASKS = 25
BLOCKS = 2
GROWTH_MB = 32

# Requests and their routes.
REQUESTS = [
    (get(HEALTH), HEALTH),
    (get(HEALTH + "?with=query"), HEALTH),
    (get("/api/v1/info"), "/api/v1/info"),
    (get("/no/where"), UNMATCHED),
    (request_bytes("DELETE", HEALTH), HEALTH),
    (get(APPS + "/info/demo", AUTHORIZED), INFO),
    (get(APPS + "/info/idle", AUTHORIZED), INFO),
    (get(APPS + "/info/none", AUTHORIZED), INFO),
    (get(APPS + "/info/demo", "Authorization: Bearer wrong"), INFO),
    (get("/api/v1/test/status/500"), STATUS),
    (get("/api/v1/test/status/503"), STATUS),
    (request_bytes("POST", ECHO, body=b"e" * 100_000), ECHO),
    (get(f"/api/v1/test/sleep/{int(SLEEP_S * 1000)}"), SLEEP),
]


def json_request(target: str, *headers: str, **fields: str) -> bytes:
    """Returns a POST request with these fields as JSON."""
    body = json.dumps(fields).encode()
    return request_bytes("POST", target, "Content-Type: application/json", *headers, body=body)


def send_requests(run: Run) -> None:
    """Makes several rounds of requests of each kind, and one whose handler panics."""
    with Connection(run.server.port) as connection:
        for request, route in REQUESTS * ROUNDS:
            run.ask(connection, request, route)
    with Connection(run.server.port) as connection:
        connection.send(get(PANIC))
        assert connection.is_closed_by_server()
        run.count("GET", PANIC, "aborted")


def list_apps(run: Run) -> None:
    """Asks the server for its applications."""
    with Connection(run.server.port) as connection:
        response = run.ask(connection, get(APPS + "/list", AUTHORIZED), APPS + "/list")
    run.app_lists.append(json.loads(response.body)["apps"])


def use_sessions(run: Run) -> None:
    """Runs shells, log streams and tasks that end in every way; holds some at one moment."""
    operator, watcher = run.client(), run.client()
    stranger = run.client(token="wrong")
    assert not stranger.authenticate("wrong again")
    stranger.refused("CreateShellSession", {"app_name": "demo", "service_name": "web"})

    shell, slow_shell = operator.open_shell(), watcher.open_shell("demo", "db")
    operator.echo(shell, "ls")
    operator.end_shell(operator.open_shell(), "fail")
    operator.terminate_shell(operator.open_shell())

    operator.read_log("web", 120)
    operator.read_log("broken", 5)
    for _ in range(REFUSED_LOGS):
        operator.refused_log("demo", "none")
    stream = operator.start_log("db", 10, follow=True)

    run.gate.touch()
    task = run.task(operator, "demo")
    watcher.start_output(task)
    sleepers = [run.connect() for _ in range(SLEEPERS)]
    for sleeper in sleepers:
        sleeper.send(get(f"/api/v1/test/sleep/{HELD_S * 1000}"))
    run.mark("held")
    run.gate.unlink()

    operator.await_task(task)
    watcher.await_type("TaskOutputStreamEnded")
    operator.stop_log(stream)
    operator.end_shell(shell, "exit 3")
    for sleeper in sleepers:
        assert sleeper.response().status == 200
        run.count("GET", SLEEP, 200)
    use_tasks(run, operator)
    watcher.await_shell_end(slow_shell)
    for client in (operator, watcher, stranger):
        client.fence()
        client.shake_hands()


def use_tasks(run: Run, client: Client) -> None:
    """Runs a task that creates an application, and a task that fails."""
    created = run.task(client, "fresh", "create")
    assert client.await_task(created) == "Finished"
    client.read_output(created)
    failed = run.task(client, "failing")
    assert client.await_task(failed) == "Failed"
    client.read_output(failed)


def use_runtime(run: Run) -> None:
    """Runs tasks with known numbers of polls, and marks moments between them."""
    connection = run.connect()
    run.ask(connection, get(HEALTH), HEALTH)
    run.mark("quiet")
    run.ask(connection, get(f"/api/v1/test/spawn/1/{LONG_TASK_POLLS}"), SPAWN)
    run.mark("polled")
    run.ask(connection, get(f"/api/v1/test/spawn/{TASKS}/{TASK_POLLS}"), SPAWN)
    run.mark("spawned")
    run.ask(
        connection, get(f"/api/v1/test/spawn_idle/{IDLE_TASKS}"), "/api/v1/test/spawn_idle/{count}"
    )
    run.mark("idle")
    run.ask(connection, get("/api/v1/test/drop_idle"), "/api/v1/test/drop_idle")
    run.mark("dropped")
    for _ in range(BLOCKS):
        run.ask(connection, get("/api/v1/test/block/100"), BLOCK)
    run.mark("blocked")
    run.ask(connection, get(f"/api/v1/test/grow/{GROWTH_MB}"), "/api/v1/test/grow/{megabytes}")
    run.mark("grown")


def use_oauth(run: Run) -> None:
    """Finishes OAuth flows, and fails to finish them again."""
    with Connection(run.server.port) as connection:
        flow = json.loads(run.ask(connection, json_request("/oauth/device"), "/oauth/device").body)
        for _ in range(3):
            request = json_request("/oauth/device/token", device_code=flow["device_code"])
            run.ask(connection, request, "/oauth/device/token")
        redirect = run.ask(connection, get("/oauth/authorize"), "/oauth/authorize")
        (session,) = [
            line.partition("state=")[2]
            for line in redirect.head.split("\r\n")
            if line.lower().startswith("location:")
        ]
        for _ in range(2):
            request = json_request("/oauth/exchange", session_id=session)
            run.ask(connection, request, "/oauth/exchange")


def await_check(run: Run) -> None:
    """Waits for a check of all applications; the next check comes much later."""
    list_apps(run)
    client = run.client()
    client.await_type("AppListUpdated")
    client.shake_hands()
    list_apps(run)


def exceed_limit(run: Run) -> None:
    """Makes more logins than the limit allows, and a request without a rate-limit key."""
    with Connection(run.server.port) as connection:
        for _ in range(RATE_LIMIT + 5):
            run.ask(connection, json_request(LOGIN, password=TOKEN), LOGIN)
        run.ask(connection, get(APPS + "/info/demo"), INFO)


def call(run: Run, name: str, *, is_sampled: bool = True, state: str = "") -> Call:
    run.calls[name] = Call(is_sampled, state)
    return run.calls[name]


def be_called(run: Run) -> None:
    """Makes requests in sampled and unsampled traces, and one with a malformed header."""
    with Connection(run.server.port) as connection:
        headers = call(run, "request", state="vendor=a:b,other@tenant=1").headers()
        run.ask(connection, get(APPS + "/info/demo", AUTHORIZED, *headers), INFO)
        headers = call(run, "failure").headers()
        run.ask(connection, get("/api/v1/test/status/500", *headers), STATUS)
        headers = call(run, "unsampled", is_sampled=False).headers()
        run.ask(connection, get(HEALTH, *headers), HEALTH)
        run.unsampled[("GET", HEALTH, "200")] += 1
        broken = call(run, "broken", is_sampled=False)
        header = f"traceparent: 00-{broken.trace_id.hex()}-{'0' * 16}-01"
        run.ask(connection, get(HEALTH, header), HEALTH)

    client = run.client()
    task = run.task(client, "called", "create", *call(run, "task").headers())
    client.await_task(task)
    client.shake_hands()

    for name, is_sampled in (("websocket", True), ("unsampled websocket", False)):
        client = run.client(*call(run, name, is_sampled=is_sampled).headers())
        client.end_shell(client.open_shell())
        client.read_log("web", 3)
        client.shake_hands()
    run.unsampled[("GET", "/ws", "101")] += 1
    run.unsampled_account.update(client.totals())


def use_all(run: Run) -> None:
    """Runs the whole workload; returns once everything is exported."""
    run.mark("start")
    send_requests(run)
    use_sessions(run)
    be_called(run)
    use_oauth(run)
    await_check(run)
    use_runtime(run)
    exceed_limit(run)
    run.mark("settled")
    run.finish()
