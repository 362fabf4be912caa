# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The memory metrics equal /proc at the collection; the peak is that of a reader's own interval."""

from collections.abc import Callable

import pytest

from harness.builds import ONE_BUILD
from harness.collector import Collector
from harness.http_client import Connection, ask_once, get
from harness.scrape import Scrape
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

MEBIBYTE = 1 << 20
RSS = "scotty_memory_rss_bytes"
PEAK = "scotty_memory_rss_peak_bytes"


def quiet_scrape(server: Server, tool: Tool) -> tuple[Scrape, int, int]:
    """Returns a scrape during which the server's memory did not change, and that memory."""

    def attempt() -> tuple[Scrape, int, int] | None:
        before = server.memory_bytes()
        scrape = tool.scrape()
        return (scrape, *before) if server.memory_bytes() == before else None

    return wait_until("the memory is the same before and after a scrape", attempt)


@pytest.mark.quick
def test_memory_equals_proc(server: Server, tool: Tool) -> None:
    """Equal to the byte: at rest, after growth by 50 MiB, and after shrinking."""
    sizes = []
    for target in ("/api/v1/health", "/api/v1/test/grow/50", "/api/v1/test/shrink"):
        assert ask_once(server.port, get(target)).status == 200
        scrape, virtual_bytes, rss_bytes = quiet_scrape(server, tool)
        assert scrape.value("scotty_memory_virtual_bytes") == virtual_bytes
        assert scrape.value(RSS) == rss_bytes
        sizes.append(rss_bytes)
    assert sizes[1] >= sizes[0] + 50 * MEBIBYTE > sizes[2]


def spike(server: Server) -> None:
    """Lets the server allocate 100 MiB and free them."""
    for target in ("/api/v1/test/grow/100", "/api/v1/test/shrink"):
        assert ask_once(server.port, get(target)).status == 200


@pytest.mark.quick
def test_peak_between_two_collections(server: Server, tool: Tool) -> None:
    """Memory allocated and freed between two scrapes shows in the next scrape only."""
    before = quiet_scrape(server, tool)[0].value(RSS)
    spike(server)
    after = tool.scrape()
    assert after.value(RSS) < before + 20 * MEBIBYTE
    assert before + 100 * MEBIBYTE <= after.value(PEAK) <= before + 110 * MEBIBYTE
    scrape, _, rss_bytes = quiet_scrape(server, tool)
    assert rss_bytes <= scrape.value(PEAK) <= rss_bytes + 1 * MEBIBYTE


def test_peak_is_never_below_resident(server: Server, tool: Tool) -> None:
    """The peak is at least the resident memory, also in a second collection without a change."""
    for target in ("/api/v1/test/grow/5", "/api/v1/test/grow/1", "/api/v1/test/shrink"):
        ask_once(server.port, get(target))
        for _ in range(2):
            scrape = tool.scrape()
            assert scrape.value(PEAK) >= scrape.value(RSS)


def test_other_processes_do_not_count(server: Server, tool: Tool) -> None:
    """Memory of another process is not in the server's peak."""
    _, _, rss_bytes = quiet_scrape(server, tool)
    assert len(bytearray(200 * MEBIBYTE)) == 200 * MEBIBYTE
    assert tool.scrape().value(PEAK) <= rss_bytes + 1 * MEBIBYTE


class Peaks:
    """Says of a memory peak whether it has the spike. Between spikes, the memory does not grow."""

    def __init__(self, resident: float) -> None:
        self.resident = resident

    def has_spike(self, peak: float) -> bool:
        grown = peak - self.resident
        assert grown <= 20 * MEBIBYTE or 100 * MEBIBYTE <= grown <= 120 * MEBIBYTE
        return grown > 20 * MEBIBYTE

    def scraper(self, read: Callable[[], str]) -> Callable[[], bool]:
        """Returns a function that makes a scrape and returns whether its peak has the spike."""
        return lambda: self.has_spike(Scrape(read()).value(PEAK))


def scrape_on(connection: Connection) -> str:
    """Makes a scrape on a connection that stays open."""
    response = connection.get("/metrics")
    assert response.status == 200
    assert "Connection: close" not in response.head
    return response.body.decode()


def exported_peaks(collector: Collector) -> list[float]:
    """Returns the memory peak of each export."""
    return [
        float(metric["gauge"]["dataPoints"][0]["asInt"])
        for request in collector.requests("metrics")
        for resource in request["resourceMetrics"]
        for scope in resource["scopeMetrics"]
        for metric in scope["metrics"]
        if metric["name"] == "scotty.memory.rss.peak"
    ]


@pytest.mark.quick
def test_each_reader_has_its_own_peak(start: Starter, server: Server) -> None:
    """Scrapers and the export see a spike in their next interval, whoever reads first, and once."""
    collector = Collector(start)
    tool = start.watch(
        server,
        "--otlp-endpoint",
        collector.endpoint,
        environment={"OTEL_METRIC_EXPORT_INTERVAL": "1500"},
    )
    peaks = Peaks(quiet_scrape(server, tool)[0].value(RSS))
    with Connection(tool.port) as first, Connection(tool.port) as second:
        fast = peaks.scraper(lambda: scrape_on(first))
        slow = peaks.scraper(lambda: scrape_on(second))
        others = [
            peaks.scraper(lambda: tool.text("/metrics?reader=a")),
            peaks.scraper(lambda: tool.text("/metrics?reader=b")),
            peaks.scraper(tool.text),
        ]
        assert not any(read() for read in (fast, slow, *others))
        for _ in range(3):
            # An export amid a spike would end an interval in which the memory is still high.
            count = len(exported_peaks(collector))
            wait_until("an export", lambda: len(exported_peaks(collector)) > count)
            spike(server)
            assert [fast() for _ in range(3)] == [True, False, False]
            assert [others[0]() for _ in range(2)] == [True, False]
        for read in (slow, *others[1:]):
            assert [read() for _ in range(3)] == [True, False, False]
        # A reader that connects now has an interval that begins with the observation.
        with Connection(tool.port) as third:
            late = peaks.scraper(lambda: scrape_on(third))
            assert [late() for _ in range(3)] == [True, False, False]
        count = len(exported_peaks(collector))
        wait_until("two more exports", lambda: len(exported_peaks(collector)) >= count + 2)
        assert not fast() and not slow()
    assert [peaks.has_spike(peak) for peak in exported_peaks(collector)].count(True) == 3
    assert tool.end() == 0
