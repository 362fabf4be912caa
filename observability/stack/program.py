# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Programs that end with this one, whatever ends it."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from settings import StackError

PR_SET_PDEATHSIG = 1
READY_S = 60
END_S = 20
LAST_LINES = 5
ANSWER_S = 5
# Reads the C library before the fork: the child only calls it.
LIBC = ctypes.CDLL(None)


def end_with_parent() -> None:
    """In the child: the kernel sends SIGTERM when the parent is gone, even by SIGKILL."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """A child process. Its output goes to a file in the data directory."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | os.PathLike[str]],
        data: pathlib.Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = data / f"{name}.log"
        try:
            with self.log.open("wb") as log:
                # A session of its own: Ctrl-C reaches this program only, which ends the others in order.
                self.popen = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(environment or {})},
                    start_new_session=True,
                    preexec_fn=end_with_parent,
                )
        except OSError as error:
            raise StackError(f"{name} does not start: {error.strerror}: {command[0]}") from error

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def check_alive(self) -> None:
        if not self.is_alive():
            last = " | ".join(self.output().strip().splitlines()[-LAST_LINES:])
            status = self.popen.returncode
            raise StackError(f"{self.name} ended with status {status}: {last or 'it said nothing'}")

    def await_ready(self, url: str) -> None:
        """Waits until the URL answers with status 200."""
        end = time.monotonic() + READY_S
        while not answers(url):
            self.check_alive()
            if time.monotonic() > end:
                raise StackError(f"{self.name} is not ready after {READY_S} s: {url} does not answer")
            time.sleep(0.1)

    def end(self) -> None:
        """Asks the program to end, and kills the program when it does not."""
        if self.is_alive():
            self.popen.terminate()
            try:
                self.popen.wait(END_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as response:
            return response.status == 200
    except OSError:
        return False
