# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""No websocket client notices the tool, whatever happens to the tool or to the server."""

import random
import signal
import threading
from collections.abc import Callable

from harness import names
from harness.builds import BOTH_MANGLINGS
from harness.http_client import get, outcome
from harness.load import Load
from harness.server import Server
from harness.sessions import Client
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until
from harness.websocket_client import PING, PING_MESSAGE, TEXT, frame, pieces_of

TESTED_BUILDS = BOTH_MANGLINGS

CLIENTS = 4
STEPS = 60
# Messages that all clients receive at a random time.
BROADCASTS = ("TaskInfoUpdated", "AppListUpdated", "Error")
Said = list[str]


def answer_to(client: Client, kind: str, data: object = None) -> str:
    """Sends a message; returns the type of the first answer that is not a broadcast."""
    client.send_message(kind, data)
    return client.until(lambda message: message["type"] not in BROADCASTS)["type"]


def shell_that(end: str) -> Callable[[Client], str]:
    def step(client: Client) -> str:
        shell = client.open_shell()
        client.echo(shell, "x" * 300)
        return str(client.end_shell(shell, end)["data"].get("reason"))

    return step


def panicking_shell(client: Client) -> str:
    client.type_into(client.open_shell(), "panic")
    return answer_to(client, "Ping")


def log_of(service: str) -> Callable[[Client], str]:
    def step(client: Client) -> str:
        before = client.counts[names.LOG_LINES]
        reason = client.read_log(service, 120)
        return f"{reason} {client.counts[names.LOG_LINES] - before}"

    return step


def task_of(app: str) -> Callable[[Client], str]:
    def step(client: Client) -> str:
        return client.await_task(client.start_task(app))

    return step


def in_fragments(client: Client) -> str:
    client.send_fragments(pieces_of(PING_MESSAGE, 2), between=frame(PING))
    return client.await_type("Pong")["type"]


def reconnects(client: Client) -> str:
    """Opens another connection, and resets it within a frame."""
    with Client(client.port) as other:
        other.send(frame(TEXT, b"x" * 500)[:300])
        other.abort()
    return "reset by the client"


def breaks_the_protocol(client: Client) -> str:
    with Client(client.port) as other:
        other.send(frame(0x3, b"reserved"))
        other.read_to_end()
    return "ended by the server"


def over_http(target: str) -> Callable[[Client], str]:
    return lambda client: str(outcome(client.port, get(target)))


ACTIONS = [
    lambda client: answer_to(client, "Ping"),
    lambda client: answer_to(client, "Authenticate", {"token": "wrong"}),
    shell_that("exit 1"),
    shell_that("fail"),
    panicking_shell,
    log_of("web"),
    log_of("broken"),
    task_of("demo"),
    task_of("failing"),
    in_fragments,
    reconnects,
    breaks_the_protocol,
    over_http("/api/v1/test/panic"),
    over_http("/api/v1/test/spawn_panic/2"),
]


def what_clients_see(port: int) -> list[Said]:
    """Returns what the clients saw; each runs its own fixed sequence of actions."""
    said: list[Said] = [[] for _ in range(CLIENTS)]

    def run(number: int) -> None:
        with Client(port) as client:
            for action in random.Random(number).choices(ACTIONS, k=STEPS):
                said[number].append(action(client))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_panics_under_probes(start: Starter, binary: str) -> None:
    """Sessions and tasks that panic and fail: all clients see the same as without the tool."""
    server = start.server(binary)
    without = what_clients_see(server.port)
    assert [len(said) for said in without] == [STEPS] * CLIENTS
    tool = start.watch(server)
    assert what_clients_see(server.port) == without
    wait_until(
        "no session is active",
        lambda: not any(tool.scrape().total(name) for name in names.ACTIVE),
    )
    assert tool.scrape().losses() == {}
    assert server.is_alive() and "fatal runtime error" not in server.stderr()
    assert tool.end(signal.SIGINT) == 0
    assert what_clients_see(server.port) == without


def echo_load(port: int, threads: int = 3, pause_s: float = 0.001) -> Load:
    """Returns a load of shells with 40 echoes each; a wrong echo is an outcome of its own.

    The pauses leave the tool time to attach and detach.
    """

    def step(load: Load) -> None:
        with Client(port) as client:
            shell = client.open_shell()
            for number in range(40):
                client.echo(shell, f"{number} " * (number + 1))
                load.saw("echo")
                load.stopped.wait(pause_s)
            client.end_shell(shell)
            load.saw("end")

    return Load(threads, step)


def test_attaching_under_load(start: Starter, server: Server) -> None:
    """Tools attach, detach and are killed during sessions; every echo is correct."""
    with echo_load(server.port) as load:
        for number in (signal.SIGTERM, signal.SIGKILL):
            tool = start.watch(server)
            seen = load.total()
            wait_until("the load continues", lambda s=seen: load.total() > s + 100)
            tool.kill(number)
            tool.wait()
        last = start.watch(server)
        seen = load.total()
        wait_until("the load continues", lambda: load.total() > seen + 100)
    assert load.outcomes.keys() == {"echo", "end"}
    wait_until(
        "no session is active",
        lambda: not any(last.scrape().total(name) for name in names.ACTIVE),
    )


def test_killed_during_sessions(start: Starter, server: Server) -> None:
    """Sessions that are open when the tool is killed continue, and the next tool finds them."""
    clients = [Client(server.port) for _ in range(5)]
    tool: Tool = start.watch(server)
    shells = [client.open_shell() for client in clients]
    stream = clients[0].start_log("web", 5, follow=True)
    wait_until("the tool counts the shells", lambda: tool.scrape().total(names.SHELLS_ACTIVE) == 5)
    tool.kill(signal.SIGKILL)
    tool.wait()
    for client, shell in zip(clients, shells):
        client.echo(shell, "still here?")
    again = start.watch(server)
    levels = dict(zip(names.ACTIVE, (5, 5, 1, 0)))
    wait_until(
        "the next tool finds the sessions",
        lambda: {name: again.scrape().total(name) for name in levels} == levels,
    )
    for client, shell in zip(clients, shells):
        client.end_shell(shell)
    assert clients[0].stop_log(stream)["data"]["reason"] == "Stream stopped"
    for client in clients:
        client.shake_hands()
    wait_until(
        "no session is active",
        lambda: not any(again.scrape().total(name) for name in names.ACTIVE),
    )
