# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""bpftrace with peer.bt, as a peer of the tool's."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import processes
import tool

SCRIPT = Path(__file__).with_name("peer.bt")
HOOKS = ("poll_start", "poll_idle", "task_complete", "http_parse", "http_encode")


class Refused(Exception):
    """It cannot do this here."""


def addresses(binary: str, pid: int) -> list[str]:
    """The functions that the tool's own hooks are in."""
    sites = tool.sites(binary, pid)
    if missing := [hook for hook in HOOKS if hook not in sites]:
        raise Refused(f"the server has no function for {', '.join(missing)}")
    return [hex(sites[hook]["function"]) for hook in HOOKS]


class Peer:
    """One that is attached when it is made."""

    def __init__(self, tool_binary: str, server_binary: str, pid: int) -> None:
        if not shutil.which("bpftrace"):
            raise Refused("bpftrace is not installed")
        functions = addresses(tool_binary, pid)
        began = time.perf_counter()
        self._process = subprocess.Popen(
            ["bpftrace", "-B", "line", "-p", str(pid), str(SCRIPT), server_binary, *functions],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        text = ""
        assert self._process.stdout
        for line in self._process.stdout:
            text += line
            if line.startswith("attached"):
                self.attach_s = time.perf_counter() - began
                return
        raise Refused(f"bpftrace ends with {self._process.wait()}: {text.strip()}")

    def cpu_s(self) -> float:
        """Of its process."""
        return processes.cpu_s(self._process.pid)

    def memory(self) -> dict[str, processes.Memory]:
        """Of its process."""
        return {"bpftrace": processes.memory(self._process.pid)}

    def close(self) -> float:
        """Ends it; the seconds that this took."""
        began = time.perf_counter()
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=120)
        return time.perf_counter() - began
