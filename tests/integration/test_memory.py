# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The memory metrics equal /proc at the collection; the peak covers the time between two."""

import pytest

from harness.builds import ONE_BUILD
from harness.http_client import ask_once, get
from harness.scrape import Scrape
from harness.server import Server
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


@pytest.mark.quick
def test_peak_between_two_collections(server: Server, tool: Tool) -> None:
    """Memory allocated and freed between two scrapes shows in the next scrape only."""
    before = quiet_scrape(server, tool)[0].value(RSS)
    ask_once(server.port, get("/api/v1/test/grow/100"))
    ask_once(server.port, get("/api/v1/test/shrink"))
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
