# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""bpftrace with peer.bt, as a peer of the tool's."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import tool
from observer import OneProcess, Refused

SCRIPT = Path(__file__).with_name("peer.bt")
HOOKS = ("poll_start", "poll_idle", "task_complete", "http_parse", "http_encode")


def addresses(binary: str, pid: int) -> list[str]:
    """The functions that the tool's own hooks are in."""
    sites = tool.sites(binary, pid)
    if missing := [hook for hook in HOOKS if hook not in sites]:
        raise Refused(f"the server has no function for {', '.join(missing)}")
    return [hex(sites[hook]["function"]) for hook in HOOKS]


class Peer(OneProcess):
    """One that is attached when it is made."""

    name = "bpftrace"

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
