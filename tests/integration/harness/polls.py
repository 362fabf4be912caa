# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Poll probes that are attached only part of the time."""

import collections

from harness.http_client import Connection, get
from harness.tool import Tool
from harness.traces import Tracing
from harness.waiting import PATIENCE, wait_until

HEALTH = "/api/v1/health"
# Before the tool detaches the poll probes, it learns from some hundred requests.
LEARNING_REQUESTS = 400
HITS = "scottyscope_probe_hits_total"
# In the tool's log when it starts to sample polls.
SAMPLING_MESSAGE = "scotty_tokio_* metrics are estimates"
# The hook of a poll's start, in builds with another than the usual hook.
_POLL_START = collections.defaultdict(lambda: "poll_start", lto="raw_poll")


def poll_start_hook(build: str) -> str:
    """Returns the name of the hook of a poll's start."""
    return _POLL_START[build]


def watched(tool: Tool) -> float:
    """Returns the ratio of the time in which the poll probes are attached."""
    return tool.scrape().value("scottyscope_polls_watched_ratio")


def ask(port: int, count: int) -> None:
    """Makes this number of requests on one connection."""
    with Connection(port) as connection:
        for _ in range(count):
            connection.send(get(HEALTH))
            assert connection.response("GET").status == 200


def detach_polls(tracing: Tracing) -> None:
    """Makes requests until the tool detaches the poll probes for part of the time."""
    ask(tracing.port, LEARNING_REQUESTS)

    def are_detached() -> bool:
        ask(tracing.port, 20)
        return watched(tracing.tool) < 0.5

    wait_until("the poll probes are detached", are_detached, 30 * PATIENCE)


class Windows:
    """Counts the sampling windows of the poll probes while there is load.

    The hits of the poll probes grow during a window, and are constant between two windows.
    """

    def __init__(self, tool: Tool, build: str) -> None:
        self.tool = tool
        self.hook = poll_start_hook(build)
        self.hits = self._hits()
        self.is_growing = True
        self.seen = 0

    def _hits(self) -> float:
        return self.tool.scrape().value(HITS, hook=self.hook)

    def look(self) -> None:
        """Scrapes once; call it several times in a window's period of a second."""
        hits = self._hits()
        is_growing = hits > self.hits
        self.seen += is_growing and not self.is_growing
        self.hits, self.is_growing = hits, is_growing

    def wait(self, count: int) -> None:
        """Waits until this number of windows has started."""

        def look() -> bool:
            self.look()
            return self.seen >= count

        wait_until(f"{count} sampling windows", look)
