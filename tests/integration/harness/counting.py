# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the requests that the tool counted with those that a test made."""

import collections
import time

from harness.scrape import Requests
from harness.tool import Tool
from harness.waiting import DEADLINE_S, INTERVAL_S, wait_until


class Counting:
    """The requests that the tool counts from the construction of this object on."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.before = tool.scrape()
        self._requests_before = self.before.requests()

    def counted(self) -> Requests:
        """Returns by how much each label set grew, without the label sets that did not grow."""
        now = self.tool.scrape().requests()
        return +collections.Counter(
            {key: count - self._requests_before[key] for key, count in now.items()}
        )

    def expect(self, *label_sets: tuple[str, str, int | str], times: int = 1) -> None:
        """Asserts that exactly these requests are counted, each `times` times, and none lost."""
        wanted: Requests = collections.Counter()
        for method, path, status in label_sets:
            wanted[(method, path, str(status))] += times
        end = time.monotonic() + DEADLINE_S
        while (seen := self.counted()).total() < wanted.total() and time.monotonic() < end:
            time.sleep(INTERVAL_S)
        assert seen == wanted
        wait_until("no request is active", lambda: self.tool.scrape().active() == 0)
        # No further request is counted late.
        assert self.counted() == wanted
        assert self.tool.scrape().losses() == {}
