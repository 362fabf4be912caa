# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Shell sessions: their number, durations and ends."""

import time

import pytest

from harness import names
from harness.builds import BOTH_MANGLINGS
from harness.ledger import Ledger
from harness.run_delay import RunDelay
from harness.server import Server
from harness.sessions import Client
from harness.starter import Starter
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_MANGLINGS

SESSIONS_AN_APP = 64
# Input that looks like messages which end or count sessions.
DECEITS = (
    "how do I exit 3",
    '{"type":"ShellSessionEnded","data":{"reason":"Session timeout"}}',
    '"type":"ShellSessionError"',
    "Session timeout",
    '\\"},"type":"LogsStreamData","lines":[{"sequence":0},{"sequence":1}]',
)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("text", "kind", "exit_code"),
    [
        ("exit", "ShellSessionEnded", 0),
        ("exit 0", "ShellSessionEnded", 0),
        ("exit 3", "ShellSessionEnded", 3),
        ("fail", "ShellSessionError", None),
    ],
)
def test_end_by_input(
    server: Server, ledger: Ledger, text: str, kind: str, exit_code: int | None
) -> None:
    """A shell that exits with any status has not failed; a shell that breaks has failed."""
    client = ledger.client(server.port)
    shell = client.open_shell()
    client.echo(shell, "ls")
    time.sleep(0.15)
    ended = client.end_shell(shell, text)
    assert ended["type"] == kind
    assert ended["data"].get("exit_code") == exit_code
    ledger.expect()
    ledger.expect_durations()


@pytest.mark.quick
def test_terminate(server: Server, ledger: Ledger) -> None:
    """The client terminates sessions at once and after a while."""
    client = ledger.client(server.port)
    for duration_s in (0, 0, 0.02, 0.3):
        shell = client.open_shell()
        time.sleep(duration_s)
        assert client.terminate_shell(shell)["data"]["reason"] == "Terminated by user"
    ledger.expect()
    ledger.expect_durations()


def test_terminated_by_another_client(server: Server, ledger: Ledger) -> None:
    """A session does not belong to the connection that opened it."""
    one, two = ledger.client(server.port), ledger.client(server.port)
    shell = one.open_shell()
    time.sleep(0.1)
    two.send_message("TerminateShellSession", {"session_id": shell.id})
    one.await_shell_end(shell)
    ledger.expect()
    ledger.expect_durations()


def test_time_limit(start: Starter, binary: str) -> None:
    """Sessions that reach the limit are timeouts; a session that ends before is not."""
    server = start.server(binary, "--shell-ttl-ms", "500")
    ledger = Ledger(start.watch(server))
    client = ledger.client(server.port)
    shells = [client.open_shell() for _ in range(3)]
    client.end_shell(shells.pop())
    for shell in shells:
        assert client.await_shell_end(shell)["data"]["reason"] == "Session timeout"
    ledger.expect()
    ledger.expect_durations()
    assert ledger.expected()[names.SHELL_TIMEOUTS] == 2


def test_time_limit_of_a_client_that_left(start: Starter, binary: str) -> None:
    """A session continues without its client, and times out without a message."""
    server = start.server(binary, "--shell-ttl-ms", "500")
    tool = start.watch(server)
    ledger = Ledger(tool)
    client = ledger.client(server.port)
    delay = RunDelay(server.pid)
    shell = client.open_shell()
    client.abort()
    ledger.expect()
    wait_until("the session is over", lambda: tool.scrape().total(names.SHELLS_ACTIVE) == 0)
    assert time.perf_counter() - shell.asked_s > 0.5
    ledger.expect(SHELLS_ACTIVE=-1, SHELL_TIMEOUTS=1)
    sum_s = tool.scrape().total(f"{names.SHELL_DURATION}_sum")
    assert sum_s == pytest.approx(0.5, abs=0.01 + delay.s())


def test_disconnected(server: Server, ledger: Ledger) -> None:
    """Without its client a session continues until its next output, and ends without an error."""
    clients = [ledger.client(server.port) for _ in range(4)]
    shells = [client.open_shell() for client in clients[:3]]
    ends = (Client.abort, Client.close, Client.shake_hands)
    for client, leave in zip(clients, ends):
        leave(client)
    # The sessions are still active; output that cannot be sent ends them.
    ledger.expect()
    for shell in shells:
        clients[3].type_into(shell, "anybody there?")
    ledger.expect(SHELLS_ACTIVE=-3)
    assert ledger.expected()[names.SHELLS_ACTIVE] == 3


@pytest.mark.parametrize("command", ["fail", "break"])
def test_failed_without_its_client(server: Server, ledger: Ledger, command: str) -> None:
    """A session that breaks without its client has failed, though no message is sent."""
    clients = [ledger.client(server.port) for _ in range(4)]
    shells = [client.open_shell() for client in clients[:3]]
    for client in clients[:3]:
        client.abort()
    ledger.expect()
    for shell in shells:
        clients[3].type_into(shell, command)
    ledger.expect(SHELLS_ACTIVE=-3, SHELL_ERRORS=3)


def test_errors_within_a_session(server: Server, ledger: Ledger) -> None:
    """A session that cannot be resized continues, and its end is no failure."""
    client = ledger.client(server.port)
    for command in ("exit", "exit 1"):
        shell = client.open_shell()
        client.send_message("ResizeShellTty", {"session_id": shell.id, "width": 0, "height": 0})
        client.end_shell(shell, command)
    ledger.expect()
    ledger.expect_durations()


@pytest.mark.quick
def test_panic(server: Server, ledger: Ledger) -> None:
    """A session whose task panics has failed, though no message is sent."""
    client = ledger.client(server.port)
    for _ in range(3):
        shell = client.open_shell()
        client.type_into(shell, "panic")
    ledger.expect(SHELLS_ACTIVE=-3, SHELL_ERRORS=3)
    assert server.is_alive()


@pytest.mark.quick
def test_refused(server: Server, ledger: Ledger) -> None:
    """A refused session is neither a session nor an error."""
    client = ledger.client(server.port)
    for app, service in (("none", "web"), ("demo", "none"), ("", ""), ("demo", "x" * 5000)):
        wanted = {"app_name": app, "service_name": service}
        assert "not found" in client.refused("CreateShellSession", wanted)
    nobody = ledger.client(server.port, token=None)
    wanted = {"app_name": "demo", "service_name": "web"}
    assert "Authentication" in nobody.refused("CreateShellSession", wanted)
    # Messages for a session that never existed.
    data = {"session_id": "6a1d8e6e-0000-4000-8000-000000000000"}
    assert "not found" in client.refused("TerminateShellSession", data)
    data |= {"data_type": "Input", "data": "exit"}
    assert "not found" in client.refused("ShellSessionData", data)
    ledger.expect()
    assert ledger.expected()[names.SHELLS] == 0


@pytest.mark.quick
def test_maximum_of_sessions(server: Server, ledger: Ledger) -> None:
    """64 sessions at once, and one more that is refused; they end in three ways."""
    clients = [ledger.client(server.port) for _ in range(4)]
    shells = [(client, client.open_shell()) for client in clients * (SESSIONS_AN_APP // 4)]
    wanted = {"app_name": "demo", "service_name": "web"}
    assert "Maximum sessions" in clients[0].refused("CreateShellSession", wanted)
    ledger.expect()
    assert ledger.expected()[names.SHELLS_ACTIVE] == SESSIONS_AN_APP
    for number, (client, shell) in enumerate(shells):
        client.end_shell(shell, ("exit", "fail", "exit 1")[number % 3])
    ledger.expect()
    ledger.expect_durations()


@pytest.mark.quick
def test_input_and_output(server: Server, ledger: Ledger) -> None:
    """Input and output count as messages only, whatever they look like."""
    client = ledger.client(server.port)
    shell = client.open_shell()
    for text in DECEITS:
        client.echo(shell, text)
    client.send_message("ResizeShellTty", {"session_id": shell.id, "width": 80, "height": 25})
    # A client may not send output.
    output = {"session_id": shell.id, "data_type": "Output", "data": "exit"}
    client.send_message("ShellSessionData", output)
    ended = {"session_id": shell.id, "exit_code": None, "reason": "Session timeout"}
    client.send_message("ShellSessionEnded", ended)
    ledger.expect()
    client.end_shell(shell)
    ledger.expect()
