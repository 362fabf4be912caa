# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Programs that do nothing, where the tool has its own: what is left for those to cost no more."""

from __future__ import annotations

import subprocess
import time

import tool
from observer import OneProcess, Refused

POLL = ("task_schedule", "poll_start", "poll_idle")
ROUTE = ("http_match",)
# The fewest that can tell a request's beginning and its end.
ENDS = (*ROUTE, "http_encode")
REQUEST = ("http_parse", *ENDS)
# Where the bytes of a request and of its response pass the kernel, without a trap.
SOCKETS = ("sock_recv_length", "sock_send_length")

# What they are called, and where they are; each is hit once by a request on a connection that is open.
FLOORS = {
    "6 empty traps": (*POLL, *REQUEST),
    "3 empty traps": REQUEST,
    "2 empty traps": ENDS,
    "1 trap, 2 tracepoints": (*ROUTE, *SOCKETS),
}


class Empty(OneProcess):
    """Some that are attached when it is made."""

    name = "holder"

    def __init__(
        self, tool_binary: str, trap: str, server_binary: str, pid: int, *places: str
    ) -> None:
        sites = tool.all_sites(tool_binary, pid)
        where = [str(site["file_offset"]) for site in sites if site["hook"] in places]
        where += [name for name in places if name in SOCKETS]
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [trap, str(pid), server_binary, *dict.fromkeys(where)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout and self._process.stderr
        if not self._process.stdout.readline():
            raise Refused(self._process.stderr.read().strip())
        self.attach_s = time.perf_counter() - began
