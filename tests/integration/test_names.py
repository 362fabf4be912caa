# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The number of series, and their names."""

import re

import pytest

from harness import names
from harness.builds import ONE_BUILD
from harness.counting import Counting
from harness.http_client import RECEIVE_BYTES, Connection, ask_once, get
from harness.scrape import Scrape
from harness.server import Server
from harness.sessions import AUTHORIZED, Client
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
SCANNED = 100_000
OVERFLOW = {"otel_metric_overflow": "true"}
# The name in the documentation, and the name in Scotty 0.3.3.
SCOTTY_NAMES = {
    names.CONNECTIONS_ACTIVE: "scotty_websocket_connections",
    names.CONNECTIONS: "scotty_websocket_connections_total",
    "scotty_tokio_slow_poll_count_total": "scotty_tokio_poll_slow_count_total",
    "scotty_memory_rss_bytes": "scotty_memory_rss_bytes",
    names.SHELLS: "scotty_shell_sessions_total",
    names.LOG_LINES: "scotty_log_stream_lines_total",
    names.TASKS: "scotty_tasks_total",
    "scotty_tokio_workers_count": "scotty_tokio_workers_count",
}


def label_sets(scrape: Scrape) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    """Returns all series except those by task type, which come and go with the tasks."""
    return {series for series in scrape.values if not series[0].startswith("scotty_tokio_task_")}


def read_responses(connection: Connection, status: int, count: int) -> None:
    """Reads this number of responses with a JSON body; all must have the status."""
    data = b""
    while data.count(b"HTTP/1.1 ") < count or not data.endswith(b"}"):
        data += connection.socket.recv(RECEIVE_BYTES)
    assert data.count(b"HTTP/1.1 %d " % status) == count == data.count(b"HTTP/1.1 ")


def test_scan_adds_no_series(server: Server, tool: Tool) -> None:
    """100,000 unknown paths, and queries and ids of known routes, add no series."""
    with Connection(server.port) as connection:
        # Each label set occurs once before the scan.
        for target in ("/scan/0", "/api/v1/test/status/404", "/api/v1/authenticated/apps/info/0"):
            assert connection.get(target, AUTHORIZED).status == 404
        counting = Counting(tool)
        wait_until("the label sets are exposed", lambda: len(tool.scrape().requests()) >= 3)
        # The cost of the probes is known after a second.
        cost = ("scottyscope_probe_overhead_ratio", frozenset[tuple[str, str]]())
        wait_until("the cost is exposed", lambda: cost in tool.scrape().values)
        before = label_sets(tool.scrape())
        size = len(tool.text())
        for first in range(0, SCANNED, 1000):
            wave = range(first, first + 1000)
            connection.send(
                b"".join(get(f"/scan/{number}/../{number:x}?q={number}") for number in wave)
            )
            read_responses(connection, 404, len(wave))
        connection.send(
            b"".join(get(f"/api/v1/test/status/404?secret-{number}") for number in range(500))
        )
        read_responses(connection, 404, 500)
        connection.send(
            b"".join(
                get(f"/api/v1/authenticated/apps/info/secret-{number}", AUTHORIZED)
                for number in range(500)
            )
        )
        read_responses(connection, 404, 500)
    wait_until(
        "all are counted",
        lambda: counting.counted()[("GET", "/unmatched", "404")] >= SCANNED,
    )
    assert counting.counted()[("GET", "/unmatched", "404")] == SCANNED
    assert label_sets(tool.scrape()) == before
    # The numbers are longer, but there are no more lines.
    assert len(tool.text()) < size * 1.2
    assert "scan" not in tool.text() and "secret" not in tool.text()


def test_overflow(start: Starter, server: Server) -> None:
    """Requests beyond --max-series are counted in one overflow label set."""
    tool = start.watch(server, "--max-series", "5")
    asked = 0
    with Connection(server.port) as connection:
        for status in range(206, 260):
            asked += 3
            connection.send(get(f"/api/v1/test/status/{status}") * 3)
            assert {connection.response().status for _ in range(3)} == {status}

    def series() -> dict[frozenset[tuple[str, str]], int]:
        return {
            labels: int(value)
            for (name, labels), value in tool.scrape().values.items()
            if name == "scotty_http_requests_total"
        }

    wait_until("all are counted", lambda: sum(series().values()) == asked)
    beyond = frozenset(OVERFLOW.items())
    assert beyond in series() and len(series()) <= 6
    assert series()[beyond] == asked - 3 * (len(series()) - 1)
    scrape = tool.scrape()
    assert (
        scrape.value("scotty_http_request_duration_seconds_count", **OVERFLOW) == series()[beyond]
    )


@pytest.mark.parametrize("chosen", ["docs", "scotty-0.3"])
def test_names(start: Starter, server: Server, chosen: str) -> None:
    """The same values under the documented names, or under those of Scotty 0.3.3."""
    tool = start.watch(server, "--metric-names", chosen)
    client = Client(server.port)
    client.end_shell(client.open_shell())
    client.read_log("web", 7)
    ask_once(server.port, get(HEALTH))
    expected = {names.CONNECTIONS_ACTIVE: 1, names.CONNECTIONS: 1, names.SHELLS: 1}
    expected |= {names.LOG_LINES: 7, "scotty_tokio_workers_count": 2}

    def value(name: str) -> float:
        return tool.scrape().total(name if chosen == "docs" else SCOTTY_NAMES[name])

    for name, wanted in expected.items():
        wait_until(name, lambda n=name, w=wanted: value(n) == w)
    scrape = tool.scrape()
    exposed = {name for name, _ in scrape.values}
    if chosen == "docs":
        assert exposed >= SCOTTY_NAMES.keys()
        assert not exposed & (set(SCOTTY_NAMES.values()) - SCOTTY_NAMES.keys())
        assert scrape.value("scotty_http_requests_total", method="GET", path=HEALTH, status="200")
    else:
        assert exposed >= set(SCOTTY_NAMES.values())
        assert not exposed & (SCOTTY_NAMES.keys() - set(SCOTTY_NAMES.values()))
        labels = {"method": "GET", "route": HEALTH, "status": "200"}
        assert scrape.value("scotty_http_requests_total", **labels) == 1
    client.close()


@pytest.mark.quick
def test_names_follow_the_rules(tool: Tool) -> None:
    """All names have a valid form, a prefix, a help text, and _total only if they are counters."""
    text = tool.text()
    families = re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text)
    assert len(families) == len(set(families)) > 40
    for name, kind in families:
        if name == "target_info":
            continue
        assert re.fullmatch(r"(scotty|scottyscope)_[a-z0-9_]+", name)
        assert f"# HELP {name} " in text
        assert name.endswith("_total") == (kind == "counter") or name == names.APPS
