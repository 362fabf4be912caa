# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What observers have in common that are one process."""

from __future__ import annotations

import signal
import subprocess
import time

import processes


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
        """Ends it; the seconds that this took."""
        began = time.perf_counter()
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=120)
        return time.perf_counter() - began
