# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Load from several threads, which count what they see."""

import collections
import threading
from collections.abc import Callable

from harness.http_client import Connection, ask_once, get

REQUESTS_A_CONNECTION = 50


class Load:
    """Threads that each run `step` in a loop until the block ends, and the outcomes they saw."""

    def __init__(self, threads: int, step: Callable[["Load"], None]) -> None:
        self.outcomes: collections.Counter[int | str] = collections.Counter()
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(step,)) for _ in range(threads)]

    def _run(self, step: Callable[["Load"], None]) -> None:
        while not self.stopped.is_set():
            try:
                step(self)
            except Exception as error:  # pylint: disable=broad-except
                self.saw(repr(error))

    def saw(self, what: int | str) -> None:
        with self.lock:
            self.outcomes[what] += 1

    def total(self) -> int:
        with self.lock:
            return self.outcomes.total()

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def keep_alive_load(port: int, target: str, threads: int = 3) -> Load:
    """Returns a load of requests for one target, 50 on each connection. The outcome of a response
    is its status, or "wrong body"."""
    expected = ask_once(port, get(target)).body

    def step(load: Load) -> None:
        with Connection(port) as connection:
            for _ in range(REQUESTS_A_CONNECTION):
                response = connection.get(target)
                load.saw(response.status if response.body == expected else "wrong body")

    return Load(threads, step)
