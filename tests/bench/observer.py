# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What observers have in common that are one process."""

from __future__ import annotations

import signal
import subprocess
import time

import processes

# bpftrace has been seen not to end for minutes, once in many.
PATIENCE_S = 30


class Refused(Exception):
    """It cannot do this here."""


class OneProcess:
    """One that is attached when it is made, and ends by SIGINT."""

    name: str
    attach_s: float
    _process: subprocess.Popen[str]

    def cpu_s(self) -> float:
        """Of its process."""
        return processes.cpu_s(self._process.pid)

    def memory(self) -> dict[str, processes.Memory]:
        """Of its process."""
        return {self.name: processes.memory(self._process.pid)}

    def close(self) -> float:
        """Ends it; the seconds that this took. One that does not end is killed."""
        began = time.perf_counter()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return time.perf_counter() - began
