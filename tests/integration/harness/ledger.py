# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares what a tool reports about websockets, sessions and tasks with what the clients did."""

import collections
import itertools
import math
import time
from typing import Any

from harness import names
from harness.run_delay import RunDelay
from harness.scrape import Scrape, grown
from harness.sessions import Client, Spell
from harness.tool import Tool
from harness.waiting import DEADLINE_S, INTERVAL_S, wait_until


def buckets(scrape: Scrape, name: str) -> dict[float, float]:
    """Returns the cumulative buckets of a histogram without labels, by their upper bounds."""
    found = {}
    for (sample, labels), value in scrape.values.items():
        if sample == f"{name}_bucket":
            found[float(dict(labels)["le"])] = value
    assert math.inf in found, f"{name} has no buckets"
    return found


def assert_histogram(
    before: Scrape, after: Scrape, name: str, spells: list[Spell], delay_s: float
) -> None:
    """Asserts that count, sum and each bucket grew by these durations, within their bounds."""
    assert grown(before, after, f"{name}_count") == len(spells), name
    bounds = [spell.bounds_s(delay_s) for spell in spells]
    sum_s = grown(before, after, f"{name}_sum")
    assert sum(low for low, _ in bounds) <= sum_s <= sum(high for _, high in bounds), (
        f"{name}, delayed by {delay_s}: {spells}"
    )
    old = buckets(before, name)
    for bound, value in buckets(after, name).items():
        surely = sum(high <= bound for _, high in bounds)
        perhaps = sum(low <= bound for low, _ in bounds)
        assert surely <= value - old[bound] <= perhaps, (
            f"{name} up to {bound}, delayed by {delay_s}: {spells}"
        )


class Ledger:
    """The clients made by this object, and what they did since it was made."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.clients: list[Client] = []
        wait_until(
            "no session of another test is active",
            lambda: not any(tool.scrape().total(name) for name in names.ACTIVE),
        )
        self.before = tool.scrape()
        self.delay = RunDelay(tool.target)

    def client(self, port: int, *headers: str, **options: Any) -> Client:
        client = Client(port, *headers, **options)
        self.clients.append(client)
        return client

    def expected(self) -> dict[str, int]:
        """Returns by how much each metric must have grown."""
        total: collections.Counter[str] = collections.Counter()
        for client in self.clients:
            # The operator + drops negative counts.
            total.update(client.totals())
        return {name: total[name] for name in names.COUNTED}

    def seen(self) -> dict[str, int]:
        now = self.tool.scrape()
        return {name: int(grown(self.before, now, name)) for name in names.COUNTED}

    def expect(self, unread: int = 0, **also: int) -> None:
        """Asserts that the tool counted what the clients counted, plus `also`, and lost nothing.

        Clients that left may not have read up to `unread` messages that the server sent them.
        """
        end = time.monotonic() + DEADLINE_S
        wanted, seen = self.compared(unread, also)
        while seen != wanted and time.monotonic() < end:
            time.sleep(INTERVAL_S)
            # The server may have sent a message of its own between the two reads.
            wanted, seen = self.compared(unread, also)
        assert seen == wanted
        assert self.tool.scrape().losses() == {}

    def compared(self, unread: int, also: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        """Returns the expected and the reported values."""
        wanted, seen = self.wanted(also), self.seen()
        if 0 < seen[names.MESSAGES_SENT] - wanted[names.MESSAGES_SENT] <= unread:
            wanted[names.MESSAGES_SENT] = seen[names.MESSAGES_SENT]
        return wanted, seen

    def wanted(self, also: dict[str, int]) -> dict[str, int]:
        """Returns the clients' counts after all messages sent to them have arrived."""
        for client in self.clients:
            if client.is_open:
                client.fence()
        wanted = self.expected()
        for name, count in also.items():
            wanted[getattr(names, name)] += count
        return wanted

    def expect_durations(self) -> None:
        """Asserts that the duration histograms hold the durations that the clients measured."""
        after = self.tool.scrape()
        delay_s = self.delay.s()
        for name in names.DURATIONS:
            lists = [client.spells[name] for client in self.clients]
            assert_histogram(self.before, after, name, list(itertools.chain(*lists)), delay_s)

    def close(self) -> None:
        """Closes all connections that are still open, also after a failure."""
        for client in self.clients:
            # A shell does not end with its client's connection.
            for number in client.open_shells if client.is_open else ():
                client.send_message("TerminateShellSession", {"session_id": number})
            client.close()
