# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sample server and the tool as processes, and what a scrape of the tool says."""

import collections
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from typing import TypeVar

from prometheus_client.parser import text_string_to_metric_families

# How many times longer than usual things may take, as on an emulated machine.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))
DEADLINE_S = 15 * PATIENCE
Value = TypeVar("Value")
Requests = collections.Counter[tuple[str, str, str]]

# Nothing of the server's own is to happen while a test counts.
QUIET_OPTIONS = ("--app-check-ms", "3600000", "--sample-ms", "3600000")


def wait_until(
    what: str, check: Callable[[], Value | None], deadline_s: float = DEADLINE_S
) -> Value:
    """Polls until `check` gives something true; fails with `what` after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.01)


def held_by(pid: int, kind: str) -> set[int]:
    """The ids of the BPF programs ("prog"), links or maps that a process has open."""
    found = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        # What is open for a moment only may be closed by now.
        with contextlib.suppress(FileNotFoundError):
            found |= {
                int(number) for number in re.findall(rf"(?m)^{kind}_id:\s*(\d+)", info.read_text())
            }
    return found


class RunDelay:
    """How long processes were kept from running, which shifts what is timed outside of them.

    On a machine that has nothing else to do it is next to nothing (proc_pid_schedstat(5): the
    second field is the time that a thread was ready to run, but waited for a CPU).
    """

    def __init__(self, *pids: int) -> None:
        self.pids = (os.getpid(), *pids)
        self.before = self._waited_ns()

    def _waited_ns(self) -> dict[pathlib.Path, int]:
        found = {}
        for pid in self.pids:
            for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    found[file] = int(file.read_text().split()[1])
        return found

    def s(self) -> float:
        """In seconds, since this was made."""
        now = self._waited_ns()
        return sum(waited - self.before.get(file, 0) for file, waited in now.items()) / 1e9


class Process:
    """A child process, whose standard output and error go to files."""

    def __init__(
        self, arguments: list[str], directory: pathlib.Path, environment: dict[str, str]
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "SCOTTY"))
        }
        with open(directory / "stdout", "wb") as out, open(directory / "stderr", "wb") as err:
            self.popen = subprocess.Popen(
                arguments, stdout=out, stderr=err, env={**clean, **environment}
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def stdout(self) -> str:
        return (self.directory / "stdout").read_text(errors="replace")

    def stderr(self) -> str:
        return (self.directory / "stderr").read_text(errors="replace")

    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def wait_for(self, pattern: str, stream: Callable[[], str]) -> re.Match[str]:
        """Waits until the stream shows the pattern; a process that ends before is a failure."""

        def find() -> re.Match[str] | None:
            is_over = not self.is_alive()
            match = re.search(pattern, stream())
            assert match or not is_over, f"ended before {pattern!r}: {self.stderr()}"
            return match

        return wait_until(f"{pattern!r} in {stream()!r}", find)

    def wait(self) -> int:
        return self.popen.wait(DEADLINE_S)

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.is_alive():
            self.popen.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal, or what it takes, and gives the exit status."""
        self.kill(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
            raise


class Server(Process):
    """The sample server on a free port."""

    def __init__(
        self,
        binary: str,
        directory: pathlib.Path,
        *options: str,
        environment: dict[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        self.binary = binary
        super().__init__(
            [*command, binary, "--bind", "127.0.0.1:0", *QUIET_OPTIONS, *options],
            directory,
            {"RUST_BACKTRACE": "0", **(environment or {})},
        )
        self.port = int(self.wait_for(r"listening on \S+:(\d+)", self.stdout)[1])

    def memory_bytes(self) -> tuple[int, int]:
        """Virtual and resident memory."""
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(pages[0]) * os.sysconf("SC_PAGESIZE"), int(pages[1]) * os.sysconf("SC_PAGESIZE")


class Scrape:
    """One collection, from its Prometheus text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.values, f"twice in one exposition: {key}"
                self.values[key] = sample.value

    def value(self, name: str, **labels: str) -> float:
        return self.values[(name, frozenset(labels.items()))]

    def total(self, name: str) -> float:
        """The value of a metric over all its label sets."""
        found = [value for (sample, _), value in self.values.items() if sample == name]
        assert found, f"{name} is not exposed"
        return sum(found)

    def by_route(self, name: str) -> dict[tuple[str, str, str], float]:
        """The values of a request metric by (method, path, status)."""
        found = {}
        for (sample, labels), value in self.values.items():
            if sample == name:
                fields = dict(labels)
                assert fields.keys() == {"method", "path", "status"}, f"labels {fields}"
                found[(fields["method"], fields["path"], fields["status"])] = value
        return found

    def requests(self) -> Requests:
        return collections.Counter(
            {key: int(value) for key, value in self.by_route("scotty_http_requests_total").items()}
        )

    def polls(self) -> int:
        return int(self.value("scotty_tokio_poll_count_total"))

    def active(self) -> int:
        return int(self.value("scotty_http_requests_active"))

    def found(self, check: str) -> float:
        """How often the tool's check of an assumption found this."""
        return self.value("scottyscope_checks_total", check=check)

    def losses(self) -> dict[str, float]:
        """What was lost, by cause; empty where nothing was."""
        return {
            dict(labels)["cause"]: value
            for (name, labels), value in self.values.items()
            if name == "scottyscope_lost_total" and value
        }


class Tool(Process):
    """A run of scottyscope; attached, and serving /metrics unless told not to, when made."""

    def __init__(
        self,
        directory: pathlib.Path,
        *options: str,
        environment: dict[str, str] | None = None,
        command: Sequence[str] = (),
        await_attached: bool = True,
        binary: str | None = None,
    ) -> None:
        binary = binary or os.environ["SCOTTYSCOPE"]
        super().__init__([*command, binary, *options], directory, environment or {})
        self.target = int(options[options.index("--pid") + 1]) if "--pid" in options else 0
        self.is_listening = "none" not in options[options.index("--listen") + 1 :][:1]
        self.port = 0
        if await_attached:
            self.wait_for("attached to process", self.stderr)
        if await_attached and self.is_listening:
            self.port = int(self.wait_for(r"metrics at http://\S+:(\d+)/metrics", self.stderr)[1])

    def text(self, path: str = "/metrics") -> str:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as response:
            return response.read().decode()

    def scrape(self) -> Scrape:
        return Scrape(self.text())

    def processes(self) -> dict[str, int]:
        """This process and its descendants: name -> process id."""
        found, left = {}, [self.pid]
        while left:
            pid = left.pop()
            proc = pathlib.Path(f"/proc/{pid}")
            found[(proc / "comm").read_text().strip()] = pid
            left += map(int, (proc / f"task/{pid}/children").read_text().split())
        return found


class Counting:
    """Counts requests between its making and `expect`, which says what the client did."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.before = tool.scrape()

    def counted(self) -> Requests:
        """Label sets with more requests than at the start, and by how many."""
        now = self.tool.scrape().requests()
        return +collections.Counter(
            {key: count - self.before.requests()[key] for key, count in now.items()}
        )

    def expect(self, *label_sets: tuple[str, str, int | str], times: int = 1) -> None:
        """Exactly these label sets, each as often as it is given, and `times` over."""
        wanted: Requests = collections.Counter()
        for method, path, status in label_sets:
            wanted[(method, path, str(status))] += times
        end = time.monotonic() + DEADLINE_S
        while (seen := self.counted()).total() < wanted.total() and time.monotonic() < end:
            time.sleep(0.01)
        assert seen == wanted
        wait_until("no request is active", lambda: self.tool.scrape().active() == 0)
        # Nothing comes late either.
        assert self.counted() == wanted
        assert self.tool.scrape().losses() == {}
