# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The build with v0 symbol names: a short test of all counts."""

import pytest

from harness.builds import binary_of
from harness.counting import Counting
from harness.http_client import Connection, get, request_bytes
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

HEALTH = "/api/v1/health"


@pytest.fixture(scope="module")
def server(start_shared: Starter) -> Server:
    return start_shared.server(binary_of("v0"), "--workers", "3")


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server, "--slow-poll", "50ms")


def test_requests(server: Server, counting: Counting) -> None:
    """Matched and unmatched requests, a head of 12 KB, an error, a panic."""
    with Connection(server.port) as connection:
        assert connection.get(HEALTH).status == 200
        assert connection.get(HEALTH, "X-Big: " + "b" * 12000).status == 200
        assert connection.get("/nowhere").status == 404
        assert connection.ask(request_bytes("POST", HEALTH)).status == 405
        assert connection.get("/api/v1/test/status/503").status == 503
        connection.send(get("/api/v1/test/panic"))
        assert connection.is_closed_by_server()
    counting.expect(
        ("GET", HEALTH, 200),
        ("GET", HEALTH, 200),
        ("GET", "/unmatched", 404),
        ("POST", HEALTH, 405),
        ("GET", "/api/v1/test/status/{code}", 503),
        ("GET", "/api/v1/test/panic", "aborted"),
    )
    assert server.is_alive()


def test_load(server: Server, counting: Counting) -> None:
    """10,000 pipelined requests."""
    with Connection(server.port) as connection:
        for _ in range(100):
            connection.send(get(HEALTH) * 100)
            assert {connection.response().status for _ in range(100)} == {200}
    counting.expect(("GET", HEALTH, 200), times=10000)


def test_polls_tasks_and_workers(server: Server, tool: Tool) -> None:
    """Polls of a task, none of a blocking closure; tasks that come and go; three workers."""
    name = "scotty_tokio_tasks_active"
    with Connection(server.port) as connection:
        counting = Counting(tool)
        connection.get(HEALTH)
        counting.expect(("GET", HEALTH, 200))
        before = tool.scrape()
        base = before.value(name)
        for target in ("spawn/1/5000", "spawn_blocking/100", "block/100", "spawn_idle/9"):
            assert connection.get(f"/api/v1/test/{target}").status == 200
        # The connection's task takes two polls if the handler waits, else one.
        expected = before.polls() + (5000 + 2) + 2 + 1 + (1 + 9)
        wait_until("all polls are counted", lambda: tool.scrape().polls() >= expected)
        after = tool.scrape()
        assert after.polls() == expected
        assert after.value(name) == base + 9
        slow = "scotty_tokio_slow_poll_count_total"
        assert after.value(slow) - before.value(slow) == 1
        assert after.value("scotty_tokio_workers_count") == 3
        assert connection.get("/api/v1/test/drop_idle").status == 200
        wait_until("the idle tasks have ended", lambda: tool.scrape().value(name) == base)


def test_memory(server: Server, tool: Tool) -> None:
    """The memory metrics equal /proc."""

    def is_equal() -> bool:
        before = server.memory_bytes()
        scrape = tool.scrape()
        found = (
            scrape.value("scotty_memory_virtual_bytes"),
            scrape.value("scotty_memory_rss_bytes"),
        )
        return server.memory_bytes() == before == found

    wait_until("memory equals /proc", is_equal)
