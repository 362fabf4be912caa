# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Requests whose handlers panic, block or fail, from several clients at once."""

import random
import threading

from harness.http_client import get, outcome

HARSH = (
    "/api/v1/test/panic",
    "/api/v1/test/spawn_panic/3",
    "/api/v1/test/status/500",
    "/api/v1/test/block_in_place/2",
    "/api/v1/test/spawn_blocking/2",
    "/api/v1/test/keep_request/2",
    "/api/v1/health",
    "/nowhere",
)


def harsh_outcomes(port: int) -> list[list[int | str]]:
    """Returns the outcomes of four clients, each with its own fixed sequence of 150 requests."""
    outcomes: list[list[int | str]] = [[] for _ in range(4)]

    def run(number: int) -> None:
        order = random.Random(number).choices(HARSH, k=150)
        outcomes[number] += [outcome(port, get(target)) for target in order]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
