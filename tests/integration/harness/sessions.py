# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A client of the server's websocket protocol that counts what it does and measures durations.

The counts are keyed by the names of the metrics that must agree with them. A duration has a lower
and an upper bound, because the client measures from outside the server.
"""

import collections
import dataclasses
import json
import time
from typing import Any

from harness import names
from harness.http_client import TOKEN, ask_once, get, request_bytes
from harness.websocket_client import Message, WebSocket

AUTHORIZED = f"Authorization: Bearer {TOKEN}"
APPS = "/api/v1/authenticated/apps"
# How long after a disconnect the server has noticed it at the latest.
GONE_S = 0.1
# Delay between server and client that no interface reports: of the hypervisor, of a CPU that wakes
# up, and of TCP. A slow machine had 2 ms.
UNSEEN_S = 0.01


def task_request(app: str, operation: str, *headers: str) -> bytes:
    """Returns the request that starts a compose task."""
    headers = (AUTHORIZED, *headers)
    if operation != "create":
        return get(f"{APPS}/{operation}/{app}", *headers)
    body = json.dumps({"app_name": app}).encode()
    return request_bytes(
        "POST", f"{APPS}/create", "Content-Type: application/json", *headers, body=body
    )


@dataclasses.dataclass
class Spell:
    """Bounds of a duration, as the client measured it."""

    shortest_s: float
    longest_s: float

    def bounds_s(self, delay_s: float) -> tuple[float, float]:
        """Returns the bounds for a metric.

        They are wider by UNSEEN_S or 2 %, whichever is larger, and by the given run-queue delay.
        """
        slack_s = max(UNSEEN_S, 0.02 * self.longest_s) + delay_s
        return self.shortest_s - slack_s, self.longest_s + slack_s


@dataclasses.dataclass
class Session:
    """A shell, a log stream or a compose task: when the client asked for it and saw it begin."""

    id: str
    asked_s: float
    begun_s: float
    ended_s: float = 0

    def begun_to(self, end_s: float) -> float:
        return max(0.0, end_s - self.begun_s)


class Client(WebSocket):
    """A websocket that authenticates itself, unless its token is None or wrong."""

    def __init__(self, port: int, *headers: str, token: str | None = TOKEN) -> None:
        super().__init__(port, *headers)
        self.port = port
        self.counts = collections.Counter({names.CONNECTIONS: 1, names.CONNECTIONS_ACTIVE: 1})
        self.spells: dict[str, list[Spell]] = collections.defaultdict(list)
        self.open_logs: dict[str, Session] = {}
        self.open_shells: dict[str, Session] = {}
        self.open_tasks: dict[str, Session] = {}
        self.ends: dict[str, Message] = {}
        # The last state of each task, and the times between which it arrived.
        self.states: dict[str, tuple[str, float, float]] = {}
        self.asked_s = 0.0
        if token is not None:
            self.authenticate(token)

    def totals(self) -> collections.Counter[str]:
        """Returns all counts, including the messages: the server receives what the client sends."""
        total = self.counts.copy()
        total[names.MESSAGES_RECEIVED], total[names.MESSAGES_SENT] = self.sent, self.received
        return total

    def authenticate(self, token: str) -> bool:
        self.send_message("Authenticate", {"token": token})
        answer = self.await_type("AuthenticationSuccess", "AuthenticationFailed")
        is_refused = answer["type"] == "AuthenticationFailed"
        self.counts[names.AUTH_FAILURES] += is_refused
        return not is_refused

    def note(self, message: Message) -> None:
        data: Any = message.get("data")
        match message["type"]:
            case "LogsStreamData":
                self.counts[names.LOG_LINES] += len(data["lines"])
            case "TaskOutputData":
                self.counts[names.TASK_LINES] += len(data["lines"])
            case "TaskOutputStreamStarted":
                self.counts[names.OUTPUT_STREAMS] += 1
            case "ShellSessionCreated":
                self._begin(self.open_shells, data["session_id"], names.SHELLS, names.SHELLS_ACTIVE)
            case "ShellSessionEnded":
                self.counts[names.SHELL_TIMEOUTS] += data["reason"] == "Session timeout"
                self._end_shell(data["session_id"], message)
            case "ShellSessionError":
                self.counts[names.SHELL_ERRORS] += 1
                self._end_shell(data["session_id"], message)
            case "LogsStreamStarted":
                self._begin(self.open_logs, data["stream_id"], names.LOGS, names.LOGS_ACTIVE)
            case "LogsStreamError":
                self.counts[names.LOG_ERRORS] += 1
            case "LogsStreamEnded":
                self.ends[data["stream_id"]] = message
                self._end_log(data["stream_id"], self.before_s)
            case "TaskInfoUpdated":
                self.states[data["id"]] = (data["state"], self.after_s, self.before_s)

    def _begin(self, opened: dict[str, Session], number: str, total: str, active: str) -> None:
        opened[number] = Session(number, self.asked_s, self.before_s)
        self.counts[total] += 1
        self.counts[active] += 1

    def _ask(self, kind: str, data: Any) -> None:
        self.asked_s = time.perf_counter()
        self.send_message(kind, data)

    # Shells.

    def open_shell(self, app: str = "demo", service: str = "web") -> Session:
        """Opens a session; returns once it is created."""
        self._ask("CreateShellSession", {"app_name": app, "service_name": service})
        created = self.await_type("ShellSessionCreated")
        return self.open_shells[created["data"]["session_id"]]

    def refused(self, kind: str, data: Any) -> str:
        """Makes a request that the server refuses; returns its error message."""
        self._ask(kind, data)
        return self.await_type("Error")["data"]

    def type_into(self, shell: Session, text: str) -> None:
        data = {"session_id": shell.id, "data_type": "Input", "data": text}
        self.send_message("ShellSessionData", data)

    def echo(self, shell: Session, text: str) -> None:
        """Types a text and waits for its echo."""
        self.type_into(shell, text)
        assert self.await_type("ShellSessionData")["data"]["data"] == text

    def end_shell(self, shell: Session, text: str = "exit") -> Message:
        """Types the text that ends the session; returns its last message."""
        shell.ended_s = time.perf_counter()
        self.type_into(shell, text)
        return self.await_shell_end(shell)

    def terminate_shell(self, shell: Session) -> Message:
        shell.ended_s = time.perf_counter()
        self.send_message("TerminateShellSession", {"session_id": shell.id})
        return self.await_shell_end(shell)

    def await_shell_end(self, shell: Session) -> Message:
        while shell.id in self.open_shells:
            self.next_message()
        return self.ends[shell.id]

    def _end_shell(self, number: str, message: Message) -> None:
        self.ends[number] = message
        shell = self.open_shells.pop(number)
        self.counts[names.SHELLS_ACTIVE] -= 1
        shortest_s = shell.begun_to(shell.ended_s or self.after_s)
        spell = Spell(shortest_s, self.before_s - shell.asked_s)
        self.spells[names.SHELL_DURATION].append(spell)

    # Log streams.

    def start_log(
        self, service: str = "web", lines: int | None = None, *, follow: bool = False
    ) -> Session:
        """Opens a stream; returns once it has started."""
        data = {"app_name": "demo", "service_name": service, "follow": follow, "lines": lines}
        self._ask("StartLogStream", data)
        started = self.await_type("LogsStreamStarted")
        return self.open_logs[started["data"]["stream_id"]]

    def refused_log(self, app: str, service: str) -> str:
        """Asks for a stream that is refused, which is an error; returns the error message."""
        self.counts[names.LOG_ERRORS] += 1
        data = {"app_name": app, "service_name": service, "follow": False, "lines": 1}
        return self.refused("StartLogStream", data)

    def stop_log(self, stream: Session) -> Message:
        stream.ended_s = time.perf_counter()
        self.send_message("StopLogStream", {"stream_id": stream.id})
        return self.await_log_end(stream)

    def await_log_end(self, stream: Session) -> Message:
        while stream.id in self.open_logs:
            self.next_message()
        return self.ends[stream.id]

    def read_log(self, service: str = "web", lines: int | None = None) -> str:
        """Reads a stream from its start to its end; returns the reason of its end."""
        return self.await_log_end(self.start_log(service, lines))["data"]["reason"]

    def _end_log(self, number: str, latest_s: float) -> None:
        stream = self.open_logs.pop(number)
        self.counts[names.LOGS_ACTIVE] -= 1
        # A stream that ends by itself may have ended before its first line arrived.
        shortest_s = stream.begun_to(stream.ended_s) if stream.ended_s else 0.0
        spell = Spell(shortest_s, latest_s - stream.asked_s)
        self.spells[names.LOG_DURATION].append(spell)

    # Compose tasks.

    def start_task(self, app: str, operation: str = "run", *headers: str) -> Session:
        """Starts a task on an application; returns once the server has accepted it."""
        request = task_request(app, operation, *headers)
        asked_s = time.perf_counter()
        response = ask_once(self.port, request)
        assert response.status == 200, response.body
        number = json.loads(response.body)["task"]["id"]
        task = Session(number, asked_s, time.perf_counter())
        self.open_tasks[number] = task
        self.counts[names.TASKS] += 1
        self.counts[names.TASKS_ACTIVE] += 1
        return task

    def await_task(self, task: Session) -> str:
        """Waits for the end of a task that this client started; returns its last state."""
        while self.states.get(task.id, ("Running",))[0] == "Running":
            self.next_message()
        state, after_s, before_s = self.states[task.id]
        del self.open_tasks[task.id]
        self.counts[names.TASKS_ACTIVE] -= 1
        self.counts[names.TASK_FAILURES] += state == "Failed"
        spell = Spell(task.begun_to(after_s), before_s - task.asked_s)
        self.spells[names.TASK_DURATION].append(spell)
        return state

    def run_task(self, app: str, operation: str = "run", *headers: str) -> Session:
        """Starts a task and waits for its end."""
        task = self.start_task(app, operation, *headers)
        self.await_task(task)
        return task

    def start_output(self, task: Session, *, from_beginning: bool = True) -> None:
        data = {"task_id": task.id, "from_beginning": from_beginning}
        self._ask("StartTaskOutputStream", data)

    def read_output(self, task: Session, *, from_beginning: bool = True) -> None:
        """Reads a task's output until the stream ends."""
        self.start_output(task, from_beginning=from_beginning)
        self.await_type("TaskOutputStreamEnded")

    # Ending.

    def _leave(self) -> None:
        """Ends the connection's log streams with it."""
        if self.counts[names.CONNECTIONS_ACTIVE]:
            self.counts[names.CONNECTIONS_ACTIVE] = 0
            for number in list(self.open_logs):
                self._end_log(number, time.perf_counter() + GONE_S)

    def _mark_end(self) -> None:
        for stream in self.open_logs.values():
            stream.ended_s = stream.ended_s or time.perf_counter()

    def shake_hands(self, reason: str = "") -> None:
        self._mark_end()
        super().shake_hands(reason)
        self._leave()

    def close(self) -> None:
        self._mark_end()
        super().close()
        self._leave()

    def abort(self) -> None:
        self._mark_end()
        super().abort()
        self._leave()
