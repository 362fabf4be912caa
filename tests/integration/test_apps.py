# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Applications: their number, statuses, services, and the time since their last check.

The server's own answer to `apps/list` is the reference.
"""

import math
import time

import pytest

from harness import names
from harness.applications import await_list, by_status, listed
from harness.builds import BOTH_STAGES, binary_of
from harness.http_client import ask_once, get
from harness.ledger import buckets
from harness.run_delay import RunDelay
from harness.scrape import grown
from harness.server import Server
from harness.sessions import APPS, AUTHORIZED, Client
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BOTH_STAGES

CHECK_S = 0.2
SLOW_CHECK_S = 1.0
OPTIONS = ("--app-check-ms", str(round(CHECK_S * 1000)))


@pytest.fixture(scope="module")
def server(start_shared: Starter, binary: str) -> Server:
    return start_shared.server(binary, "--workers", "2", "--apps", "4", *OPTIONS)


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server)


@pytest.mark.quick
def test_list(server: Server, tool: Tool) -> None:
    """All applications are counted by status."""
    await_list(server, tool)
    statuses, _ = listed(server)
    assert statuses == {"running": 6, "stopped": 1}


def test_histograms(start: Starter, server: Server) -> None:
    """Each sample holds each application once: its services, and the age of its check."""
    delay = RunDelay(server.pid)
    tool = start.watch(server, "--app-sample", "300ms")
    await_list(server, tool)
    _, services = listed(server)
    wait_until(
        "three samples",
        lambda: tool.scrape().total(f"{names.APP_AGE}_count") >= 3 * len(services),
    )
    scrape = tool.scrape()
    for name in (names.APP_SERVICES, names.APP_AGE):
        count = scrape.total(f"{name}_count")
        assert count > 0 and count % len(services) == 0
    samples = scrape.total(f"{names.APP_SERVICES}_count") / len(services)
    assert scrape.total(f"{names.APP_AGE}_count") / len(services) == samples
    assert scrape.total(f"{names.APP_SERVICES}_sum") == samples * sum(services)
    for bound, value in buckets(scrape, names.APP_SERVICES).items():
        assert value == samples * sum(count <= bound for count in services)
    # The server checks every 200 ms, so no age is much larger.
    ages_s = scrape.total(f"{names.APP_AGE}_sum")
    assert 0 < ages_s < samples * len(services) * (CHECK_S + delay.s() + 0.05)
    assert buckets(scrape, names.APP_AGE)[math.inf] == samples * len(services)


@pytest.mark.quick
def test_changes(server: Server, tool: Tool) -> None:
    """Applications that are stopped, started, created and destroyed are counted accordingly."""
    base = listed(server)[0]
    with Client(server.port) as client:
        for app, operation, change in (
            ("app-1", "stop", {"running": -1, "stopped": 1}),
            ("app-2", "purge", {"running": -2, "stopped": 2}),
            ("app-1", "run", {"running": -1, "stopped": 1}),
            ("app-2", "destroy", {"running": -1}),
            ("made", "create", {}),
            ("made", "destroy", {"running": -1}),
            ("app-3", "rebuild", {"running": -1}),
        ):
            client.run_task(app, operation)
            await_list(server, tool)
            wanted = base.copy()
            wanted.update(change)
            assert by_status(tool.scrape()) == wanted, f"{operation} {app}"


@pytest.mark.quick
def test_first_sample_comes_at_once(server: Server, tool: Tool) -> None:
    """The first sample comes once the applications are known, not after an interval of 30 s."""
    await_list(server, tool)
    count = len(listed(server)[1])
    wait_until("a sample", lambda: tool.scrape().total(f"{names.APP_AGE}_count") >= count)


def test_age_of_a_check(start: Starter, binary: str) -> None:
    """Between two checks, applications grow older from sample to sample."""
    server = start.server(binary, "--app-check-ms", str(round(SLOW_CHECK_S * 1000)))
    delay = RunDelay(server.pid)
    tool = start.watch(server, "--app-sample", "100ms")
    wait_until("a check", lambda: f"{names.APP_AGE}_count" in tool.text())
    begin_s = time.monotonic()
    scrapes = [tool.scrape()]
    ages_s: list[float] = []

    def has_ages() -> bool:
        scrapes.append(tool.scrape())
        if count := grown(*scrapes[-2:], f"{names.APP_AGE}_count"):
            ages_s.append(grown(*scrapes[-2:], f"{names.APP_AGE}_sum") / count)
        return len(ages_s) >= 8

    wait_until("eight samples", has_ages)
    assert 0 <= min(ages_s) and max(ages_s) < SLOW_CHECK_S + 0.1 + delay.s()
    # Each check makes one sample younger than the sample before.
    checks = 2 + int((time.monotonic() - begin_s) / SLOW_CHECK_S)
    older = sum(later > earlier for earlier, later in zip(ages_s, ages_s[1:]))
    assert older >= max(1, len(ages_s) - 1 - checks)


def test_absent_until_known(start: Starter, binary: str) -> None:
    """Applications are not exposed before the first check that the tool observes."""
    # This server checks only once, when it starts.
    server = start.server(binary)
    wait_until("the server has checked", lambda: listed(server)[0])
    tool = start.watch(server)
    ask_once(server.port, get(f"{APPS}/list", AUTHORIZED))
    wait_until("the request is counted", lambda: tool.scrape().requests().total() == 1)
    assert not [name for name, _ in tool.scrape().values if name.startswith("scotty_app")]


def test_many(start: Starter, binary: str) -> None:
    """200 applications at every check, and 7 that become unsupported after AppData::new."""
    server = start.server(binary, "--apps", "200", "--legacy-apps", "7", *OPTIONS)
    tool = start.watch(server)
    scrape = await_list(server, tool)
    assert scrape.total(names.APPS) == 210
    assert by_status(scrape)["unsupported"] == 7
    assert await_list(server, tool).losses() == {}


def test_says_when_applications_will_be_known(start: Starter) -> None:
    """Before the first check, the log and `verify` say the interval; afterwards that they are known."""
    environment = {"SCOTTY__SCHEDULER__RUNNING_APP_CHECK": "7m"}
    server = start.server(binary_of("bare"), "--app-check-ms", "2500", environment=environment)
    tool = start.watch(server)
    assert "the interval is 7m (SCOTTY__SCHEDULER__RUNNING_APP_CHECK)" in tool.stderr()
    told = start.verify("--pid", str(server.pid)).stdout()
    assert "The interval is 7m (SCOTTY__SCHEDULER__RUNNING_APP_CHECK)." in told
    tool.wait_for("applications is known now", lambda: (tool.scrape(), tool.stderr())[1])
    assert tool.scrape().value(names.APPS) > 0
