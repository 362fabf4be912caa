# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tool neither keeps nor writes the contents of websockets, shells, logs and tasks."""

import json

import pytest

from harness.bpf import map_dumps
from harness.builds import BOTH_MANGLINGS
from harness.collector import FAST, Collector
from harness.http_client import ask_once, get, request_bytes
from harness.leaks import traces_of
from harness.server import Server
from harness.sessions import APPS, Client
from harness.starter import Starter
from harness.tool import Tool
from harness.traces import new_context
from harness.waiting import wait_until
from harness.websocket_client import BINARY, encode, frame, pieces_of

TESTED_BUILDS = BOTH_MANGLINGS

# Each kind of secret has its own text, which shows where a leak comes from.
SECRETS = {
    kind: f"s3cr3t-{number:02}-{kind}"
    for number, kind in enumerate(
        (
            "token",
            "wrong-token",
            "token-in-fragments",
            "token-in-pieces",
            "early-in-message",
            "no-message",
            "binary",
            "shell-input",
            "shell-in-progress",
            "shell-command",
            "task-output",
            "body",
            "cookie",
            "protocol-header",
            "tracestate-of-malformed",
            "close-reason",
        )
    )
}
# Log lines are the server's own text.
LOG_TEXTS = ("db line", "LogsStreamData", "0" * 64)


def typed(kind: str, shell: str) -> dict[str, str]:
    return {"session_id": shell, "data_type": "Input", "data": SECRETS[kind] * 3}


def log_in(client: Client, tool: Tool) -> bytes:
    """Fails to log in with secrets in one message and in pieces, then logs in. Returns map contents."""
    client.authenticate(SECRETS["wrong-token"])
    maps = map_dumps(tool.pid)
    for kind in ("token-in-fragments", "token-in-pieces"):
        message = encode("Authenticate", {"token": SECRETS[kind]})
        if kind == "token-in-pieces":
            client.send_text_split(message, 7)
        else:
            client.send_fragments(pieces_of(message, 16))
        client.await_type("AuthenticationFailed")
        maps += map_dumps(tool.pid)
    assert client.authenticate(SECRETS["token"])
    return maps


def send_malformed(client: Client) -> None:
    """Sends secrets in messages that the server rejects."""
    client.send_text(f'{{"a":"{SECRETS["early-in-message"]}"}}'.encode())
    client.send_text(SECRETS["no-message"].encode())
    for _ in range(2):
        client.await_type("Error")
    client.send(frame(BINARY, SECRETS["binary"].encode()))


def use_shell_and_logs(client: Client, tool: Tool) -> bytes:
    """Types secrets into a shell, and reads logs. Returns map contents."""
    maps = b""
    request = {"app_name": "demo", "service_name": "web", "shell_command": SECRETS["shell-command"]}
    client.send_message("CreateShellSession", request)
    client.await_type("ShellSessionCreated")
    (shell,) = client.open_shells
    for kind in ("shell-input", "shell-in-progress"):
        client.send_message("ShellSessionData", typed(kind, shell))
        client.await_type("ShellSessionData")
        maps += map_dumps(tool.pid)
    for service in ("db", "odd", "long"):
        stream = client.start_log(service, 100, follow=True)
        client.fence()
        maps += map_dumps(tool.pid)
        client.stop_log(stream)
    return maps


def use_api(client: Client, server: Server) -> None:
    """Runs a task whose output is secret, and creates an application with a secret in the body."""
    authorized = f"Authorization: Bearer {SECRETS['token']}"
    answer = ask_once(server.port, get(f"{APPS}/run/demo", authorized))
    number = json.loads(answer.body)["task"]["id"]
    client.send_message("StartTaskOutputStream", {"task_id": number})
    client.await_type("TaskOutputStreamEnded")
    body = json.dumps({"app_name": "new", "settings": {"domain": SECRETS["body"]}}).encode()
    create = request_bytes(
        "POST", f"{APPS}/create", "Content-Type: application/json", authorized, body=body
    )
    assert ask_once(server.port, create).status == 200


@pytest.fixture(scope="module")
def written(start_shared: Starter, binary: str) -> bytes:
    """Everything that the tool writes with -v -v, and the contents of its maps."""
    server = start_shared.server(
        binary,
        "--task-command",
        f"echo {SECRETS['task-output']}; echo {SECRETS['task-output']} >&2",
        environment={"SCOTTY__API__ACCESS_TOKEN": SECRETS["token"]},
    )
    collector = Collector(start_shared)
    tool = start_shared.watch(
        server, "-v", "-v", "--report", "--otlp-endpoint", collector.endpoint, environment=FAST
    )
    client = Client(
        server.port,
        f"Cookie: session={SECRETS['cookie']}",
        f"Sec-WebSocket-Protocol: {SECRETS['protocol-header']}",
        "traceparent: 00-0-0-00",
        f"tracestate: vendor={SECRETS['tracestate-of-malformed']}",
        token=None,
    )
    maps = log_in(client, tool)
    send_malformed(client)
    maps += use_shell_and_logs(client, tool)
    use_api(client, server)
    maps += map_dumps(tool.pid)
    context = new_context()
    other = Client(server.port, context.header(), token=None)
    other.shake_hands(SECRETS["close-reason"])
    client.abort()
    wait_until("the last span arrived", lambda: "websocket_connection" in collector.text())
    text = tool.text()
    assert tool.end() == 0
    text += tool.stdout() + tool.stderr() + collector.text()
    # These texts are expected: the search would find a secret as well.
    for expected in ("scotty_websocket_messages_sent_total", "scotty.log_stream.lines", "url.path"):
        assert expected in text
    assert f"{APPS}/create".encode() in maps
    return text.encode() + maps


@pytest.mark.quick
@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_leaves(written: bytes, kind: str) -> None:
    """The secret is in no output and in no map."""
    assert [trace for trace in traces_of(SECRETS[kind]) if trace in written] == []


@pytest.mark.quick
@pytest.mark.parametrize("text", LOG_TEXTS)
def test_no_log_text_leaves(written: bytes, text: str) -> None:
    """Log lines are in no output and in no map."""
    assert text.encode() not in written
