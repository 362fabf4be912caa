# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Reads of the server's memory that fail, because the kernel has reclaimed the pages."""

import pathlib
import threading

from harness.builds import ONE_BUILD
from harness.counting import Counting
from harness.http_client import Connection, get
from harness.reclaim import reclaimed_in_a_loop, swap_file
from harness.server import Server
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

CONNECTIONS = 4
REQUESTS = 4000
# A head of several pages, and one route out of two kinds.
TARGETS = ("/api/v1/health", "/api/v1/test/status/404")
TEMPLATES = {"/api/v1/health": "200", "/api/v1/test/status/{code}": "404"}
LONG_HEADER = "X-Long: " + "x" * 6000


def ask_many(port: int) -> None:
    with Connection(port) as connection:
        for number in range(REQUESTS):
            target = TARGETS[number % len(TARGETS)]
            connection.get(target, *[LONG_HEADER] * (number % 3 == 0))


def test_reclaimed_memory(server: Server, counting: Counting, tmp_path: pathlib.Path) -> None:
    """Seen and lost requests add up, and none has a label that is not its own."""
    threads = [
        threading.Thread(target=ask_many, args=(server.port,)) for _ in range(CONNECTIONS)
    ]
    with swap_file(tmp_path / "swap"), reclaimed_in_a_loop(server.pid):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    sent = CONNECTIONS * REQUESTS
    wait_until("no request is active", lambda: counting.tool.scrape().active() == 0)
    seen, lost = counting.counted(), counting.tool.scrape().losses()
    print(f"seen {seen.total()} of {sent}, lost {lost}")
    for method, path, status in seen:
        assert method == "GET"
        assert status in (TEMPLATES.get(path, status), "unknown")
        assert status in {*TEMPLATES.values(), "unknown"}
        assert path in {*TEMPLATES, "/unknown"}
    # Of a poll whose task could not be read, no_task counts each hook.
    certain = seen.total() + lost.get("head_unread", 0)
    assert certain <= sent <= certain + lost.get("no_task", 0)
    unknown = sum(count for (_, path, _), count in seen.items() if path == "/unknown")
    assert unknown <= lost.get("read_fault", 0) + lost.get("route_strange", 0)
    unknown = sum(count for (*_, status), count in seen.items() if status == "unknown")
    assert unknown == lost.get("status_unknown", 0)
