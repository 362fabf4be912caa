# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A back end as a process: start, readiness, end, and requests to its HTTP interface."""

import contextlib
import json
import os
import pathlib
import random
import socket
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from harness.process import Process
from harness.waiting import wait_until

START_S = 60
ANSWER_S = 20
# Above the default ports of the back ends.
PORTS = (20000, 65536)
FOLDER = pathlib.Path(__file__).parent
# The users' configurations.
OBSERVABILITY = FOLDER.parent.parent / "observability"
# The resource attribute that identifies a run, and its name in Prometheus.
RUN_ATTRIBUTE = "deployment.environment.name"
RUN_LABEL = "deployment_environment_name"

Json = dict[str, Any]


def free_addresses(count: int) -> list[str]:
    """Returns free ports of this machine, as HOST:PORT. They are none that the kernel gives to sockets
    without a port, so that no server of a test takes one before its back end starts."""
    first, last = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    ports = [port for port in range(*PORTS) if not int(first) <= port <= int(last)]
    random.shuffle(ports)
    found: list[str] = []
    while len(found) < count:
        port = ports.pop()
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(f"127.0.0.1:{port}")
    return found


def fetch(url: str, **parameters: str) -> Json:
    """Returns a back end's JSON answer; fails with its message if the status is an error."""
    query = urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(f"{url}?{query}", timeout=ANSWER_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{url}?{query}: {error}: {error.read()!r}") from error


def is_answering(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as response:
            return response.status == 200
    except OSError:
        return False


class BackEnd:
    """A back end as a process."""

    def __init__(
        self, name: str, directory: pathlib.Path, *options: str, environment: dict[str, str]
    ) -> None:
        self.name = name
        binary = os.environ[f"E2E_{name.upper()}"]
        self.process = Process([binary, *options], directory, environment)

    def is_ready(self) -> bool:
        raise NotImplementedError

    def await_ready(self) -> None:
        def check() -> bool:
            assert self.process.is_alive(), f"{self.name} ended: {self.last_words()}"
            return self.is_ready()

        wait_until(f"{self.name} is ready", check, START_S)

    def end(self) -> None:
        """Ends the process; fails if it had ended before, or with an error."""
        assert self.process.is_alive(), f"{self.name} ended by itself: {self.last_words()}"
        assert self.process.end() == 0, f"{self.name} did not end well: {self.last_words()}"

    def last_words(self) -> str:
        return self.process.stderr()[-3000:]
