# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A child process whose output a test reads."""

import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Callable

from harness.waiting import DEADLINE_S, wait_until


class Process:
    """A child process. Its standard output and standard error go to files."""

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
        """Waits until the stream matches the pattern; fails if the process ends without a match."""

        def find() -> re.Match[str] | None:
            is_over = not self.is_alive()
            match = re.search(pattern, stream())
            assert match or not is_over, f"ended before {pattern!r}: {self.stderr()}"
            return match

        return wait_until(f"{pattern!r} in {stream()!r}", find)

    def wait(self) -> int:
        """Waits for the end of the process; returns its exit status."""
        return self.popen.wait(DEADLINE_S)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal unless the process has ended."""
        if self.is_alive():
            self.popen.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal, waits, and returns the exit status; kills the process if that fails."""
        self.kill(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
            raise
