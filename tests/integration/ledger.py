# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares all that a tool reports of websockets, sessions and tasks with what clients did."""

import collections
import itertools
import math
import time
from typing import Any

import names
from harness import DEADLINE_S, RunDelay, Scrape, Tool, wait_until
from sessions import Client, Spell


def grown(before: Scrape, after: Scrape, name: str) -> float:
    """By how much a metric, over all its label sets, is larger."""
    return after.total(name) - before.total(name)


def buckets(scrape: Scrape, name: str) -> dict[float, float]:
    """The cumulative buckets of a histogram without labels, by their upper bounds."""
    found = {}
    for (sample, labels), value in scrape.values.items():
        if sample == f"{name}_bucket":
            found[float(dict(labels)["le"])] = value
    assert math.inf in found, f"{name} has no buckets"
    return found


def assert_histogram(
    before: Scrape, after: Scrape, name: str, spells: list[Spell], delay_s: float
) -> None:
    """The histogram grew by these: count, sum, and each bucket, as closely as the client knows."""
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
    """What the clients it made did since it was made."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.clients: list[Client] = []
        wait_until(
            "nothing of another test is left",
            lambda: not any(tool.scrape().total(name) for name in names.ACTIVE),
        )
        self.before = tool.scrape()
        self.delay = RunDelay(tool.target)

    def client(self, port: int, *headers: str, **options: Any) -> Client:
        client = Client(port, *headers, **options)
        self.clients.append(client)
        return client

    def expected(self) -> dict[str, int]:
        """Of every metric by how much it must have grown."""
        total: collections.Counter[str] = collections.Counter()
        for client in self.clients:
            # Not +: that forgets what is below zero.
            total.update(client.totals())
        return {name: total[name] for name in names.COUNTED}

    def seen(self) -> dict[str, int]:
        now = self.tool.scrape()
        return {name: int(grown(self.before, now, name)) for name in names.COUNTED}

    def expect(self, unread: int = 0, **also: int) -> None:
        """Everything as the clients counted it, `also` what they could not; nothing comes late.

        Of the messages sent, clients that left may not have read so many.
        """
        end = time.monotonic() + DEADLINE_S
        wanted, seen = self.compared(unread, also)
        while seen != wanted and time.monotonic() < end:
            time.sleep(0.01)
            # What the server sends by itself may have come between the two.
            wanted, seen = self.compared(unread, also)
        assert seen == wanted
        assert self.tool.scrape().losses() == {}

    def compared(self, unread: int, also: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
        """What is wanted, and what is seen."""
        wanted, seen = self.wanted(also), self.seen()
        if 0 < seen[names.MESSAGES_SENT] - wanted[names.MESSAGES_SENT] <= unread:
            wanted[names.MESSAGES_SENT] = seen[names.MESSAGES_SENT]
        return wanted, seen

    def wanted(self, also: dict[str, int]) -> dict[str, int]:
        """What the clients have counted when all that was sent to them has arrived."""
        for client in self.clients:
            if client.is_open:
                client.fence()
        wanted = self.expected()
        for name, count in also.items():
            wanted[getattr(names, name)] += count
        return wanted

    def expect_durations(self) -> None:
        """The histograms of durations hold what the clients timed."""
        after = self.tool.scrape()
        delay_s = self.delay.s()
        for name in names.DURATIONS:
            lists = [client.spells[name] for client in self.clients]
            assert_histogram(self.before, after, name, list(itertools.chain(*lists)), delay_s)

    def close(self) -> None:
        """Ends the connections that are still there, however the test went."""
        for client in self.clients:
            # Shells outlive their client's connection.
            for number in client.open_shells if client.is_open else ():
                client.send_message("TerminateShellSession", {"session_id": number})
            client.close()
