# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Containers of the tool and of the sample server, by Docker's command line."""

import dataclasses
import json
import re
import subprocess
import time
import urllib.request
import uuid

from harness.scrape import Scrape
from harness.waiting import DEADLINE_S, wait_until

IMAGE = "scottyscope:test"
SERVER_IMAGE = "scottyscope-test/server"


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command of Docker's to its end."""
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=check, timeout=120
    )


@dataclasses.dataclass(frozen=True)
class Privileges:
    """What a container of the tool gets; each test leaves out one item."""

    capabilities: tuple[str, ...]
    host_pid: bool = True
    tracefs: bool = True

    def without(self, *capabilities: str) -> "Privileges":
        kept = tuple(name for name in self.capabilities if name not in capabilities)
        return dataclasses.replace(self, capabilities=kept)

    def options(self) -> list[str]:
        options = ["--network=host", "--uts=host", "--cap-drop=ALL", "--read-only"]
        options += ["--security-opt=no-new-privileges:true"]
        options += [f"--cap-add={name}" for name in self.capabilities]
        if self.host_pid:
            options.append("--pid=host")
        if self.tracefs:
            options.append("--volume=/sys/kernel/tracing:/sys/kernel/tracing:ro")
        return options


INSPECTION = ("SYS_PTRACE", "DAC_READ_SEARCH")
FRONT = ("SETUID", "SETGID")
# observability/compose.yaml has these.
LEAST = Privileges(("BPF", "PERFMON", *INSPECTION, *FRONT))
# For a Docker that does not know the two newer capabilities, and for kernels before 6.6.
WITH_SYS_ADMIN = Privileges(("SYS_ADMIN", *INSPECTION, *FRONT))


class Container:
    """A running container, which `remove` ends."""

    def __init__(self, image: str, options: list[str], *arguments: str) -> None:
        self.name = f"scottyscope-test-{uuid.uuid4().hex[:12]}"
        docker("run", "--detach", f"--name={self.name}", *options, image, *arguments)

    def state(self) -> dict[str, object]:
        return json.loads(docker("inspect", "--format={{json .State}}", self.name).stdout)

    def pid(self) -> int:
        return int(str(self.state()["Pid"]))

    def output(self) -> str:
        logs = docker("logs", self.name)
        return logs.stdout + logs.stderr

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Waits until the output shows the pattern; a container that ends before is a failure."""

        def find() -> re.Match[str] | None:
            is_over = not self.state()["Running"]
            match = re.search(pattern, self.output())
            assert match or not is_over, f"ended before {pattern!r}: {self.output()}"
            return match

        return wait_until(f"{pattern!r} in the output of {self.name}", find)

    def wait(self) -> int:
        """The exit status of a container that ends by itself."""
        wait_until(f"{self.name} ends", lambda: not self.state()["Running"])
        return int(str(self.state()["ExitCode"]))

    def stop(self) -> tuple[int, float]:
        """Sends the image's stop signal; gives the exit status and the seconds that it took."""
        start = time.monotonic()
        docker("kill", "--signal=TERM", self.name)
        docker("wait", self.name)
        return self.wait(), time.monotonic() - start

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.name, check=False)


class ServerContainer(Container):
    """The sample server, as an unprivileged user."""

    def __init__(self) -> None:
        super().__init__(
            SERVER_IMAGE,
            ["--network=host", "--cap-drop=ALL"],
            *("--bind", "127.0.0.1:0", "--app-check-ms", "3600000", "--sample-ms", "3600000"),
        )
        self.port = int(self.wait_for(r"listening on \S+:(\d+)")[1])


class ToolContainer(Container):
    """The tool in its image, which observes the server on this port."""

    def __init__(
        self,
        server_port: int,
        privileges: Privileges,
        *arguments: str,
        environment: dict[str, str] | None = None,
    ) -> None:
        options = privileges.options()
        options += [f"--env={name}={value}" for name, value in (environment or {}).items()]
        if "--otlp-endpoint" not in arguments:
            arguments = (*arguments, "--otlp-endpoint", "none")
        super().__init__(
            IMAGE,
            options,
            *("--port", str(server_port), "--listen", "127.0.0.1:0", "--max-overhead", "none"),
            *arguments,
        )
        self.port = 0

    def await_attached(self) -> "ToolContainer":
        self.wait_for("attached to process")
        self.port = int(self.wait_for(r"metrics at http://\S+:(\d+)/metrics")[1])
        return self

    def scrape(self) -> Scrape:
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as response:
            return Scrape(response.read().decode())


def verify(server_port: int, privileges: Privileges) -> subprocess.CompletedProcess[str]:
    """A run of `scottyscope verify` in its image."""
    return docker(
        "run", "--rm", *privileges.options(), IMAGE, "verify", "--port", str(server_port), check=False
    )
