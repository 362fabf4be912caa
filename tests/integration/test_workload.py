# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A workload of every feature on every build; all metrics are compared with the clients' counts.

The clients' steps are the same on each build, so all builds must report the same numbers.
"""

import collections
from collections.abc import Iterator
from typing import Any

import pytest

from harness import names
from harness.applications import await_list
from harness.builds import BUILDS, BUILDS_WITH_RECORDER, BUILDS_WITHOUT_STATUSES
from harness.scrape import Scrape, grown
from harness.starter import Starter
from harness.traces import is_error
from harness.waiting import wait_until
from harness.workload import CLIENTS, STEPS, Workload

TESTED_BUILDS = BUILDS

# Not the same on each build: broadcasts go to all clients that are connected at the time.
BY_CHANCE = (names.MESSAGES_SENT,)
# The counts of each build.
results: dict[str, dict[str, float]] = {}


@pytest.fixture(scope="module")
def workload(start_shared: Starter, binary: str) -> Iterator[Workload]:
    workload = Workload(start_shared, binary)
    yield workload
    workload.ledger.close()


@pytest.mark.quick
def test_every_step_was_taken(workload: Workload) -> None:
    """The random plans contain every step."""
    done = workload.total("done")
    assert len(done) == 8 and done.total() == CLIENTS * (STEPS + 1)


@pytest.mark.quick
def test_sessions_and_messages(workload: Workload, build: str) -> None:
    """Websockets, shells, logs and tasks: counts, levels and durations."""
    # A client that left may not have read two messages that the server sent.
    left = sum(not client.is_open for client in workload.ledger.clients)
    workload.ledger.expect(unread=2 * left)
    workload.ledger.expect_durations()
    results.setdefault(build, {}).update(workload.ledger.seen())


@pytest.mark.quick
def test_requests(workload: Workload, build: str) -> None:
    """Every label set has the clients' count, in its counter and in its histogram."""
    wanted = workload.total("requests")
    seen: dict[Any, float] = dict(workload.counting.counted())
    assert seen == wanted
    counts = workload.tool.scrape().by_route("scotty_http_request_duration_seconds_count")
    assert counts == wanted
    results.setdefault(build, {}).update({" ".join(key): count for key, count in wanted.items()})


@pytest.mark.quick
def test_spans(workload: Workload) -> None:
    """The number of spans of each kind, their errors, and unique ids."""
    ledger, collector = workload.ledger, workload.tracing.collector
    for client in ledger.clients:
        client.close()
    counts = ledger.expected()
    wanted = {
        names.WEBSOCKET_SPAN: counts[names.CONNECTIONS],
        names.SHELL_SPAN: counts[names.SHELLS],
        names.LOG_SPAN: counts[names.LOGS],
        names.TASK_SPAN: counts[names.TASKS],
        "HTTP": workload.total("requests").total(),
    }

    def seen() -> dict[str, int]:
        found = collections.Counter(span["name"].split(" ")[0] for span in collector.spans())
        return dict(found)

    wait_until("all spans arrived", lambda: sum(seen().values()) >= sum(wanted.values()))
    assert seen() == wanted
    spans = collector.spans()
    assert len({span["spanId"] for span in spans}) == len(spans)
    errors = collections.Counter(span["name"] for span in spans if is_error(span))
    assert errors[names.SHELL_SPAN] == counts[names.SHELL_ERRORS]
    assert errors[names.TASK_SPAN] == counts[names.TASK_FAILURES]


@pytest.mark.quick
def test_runtime(workload: Workload) -> None:
    """Polls, wake-ups, task types and workers agree with each other; memory agrees with /proc."""
    tool, server, before = workload.tool, workload.server, workload.ledger.before

    def agrees(scrape: Scrape) -> bool:
        polls = scrape.total(names.POLLS)
        return (
            scrape.total("scotty_tokio_poll_duration_seconds_count") == polls
            and scrape.total(names.POLLS_BY_TASK) == polls
            and grown(before, scrape, names.SCHEDULED) == grown(before, scrape, names.POLLS)
        )

    wait_until("all counts of polls agree", lambda: agrees(tool.scrape()))
    scrape = tool.scrape()
    # While a worker is in block_in_place, another thread takes its place.
    wait_until("two workers", lambda: tool.scrape().total("scotty_tokio_workers_count") == 2)
    # At least the tasks that clients asked for.
    asked = workload.total("requests")
    spawned = 10 * asked[("GET", "/api/v1/test/spawn/{count}/{polls}", "200")]
    spawned += 2 * asked[("GET", "/api/v1/test/spawn_panic/{count}", "200")]
    assert grown(before, scrape, names.DROPPED) > spawned

    def memory_agrees() -> bool:
        memory = server.memory_bytes()
        scrape = tool.scrape()
        reported = (
            scrape.value("scotty_memory_virtual_bytes"),
            scrape.value("scotty_memory_rss_bytes"),
        )
        return reported == memory == server.memory_bytes()

    wait_until("memory equals /proc", memory_agrees)


@pytest.mark.quick
def test_applications(workload: Workload, build: str) -> None:
    """Applications as the server lists them; by status on builds that show the status."""
    tool = workload.tool
    if build not in BUILDS_WITHOUT_STATUSES:
        assert await_list(workload.server, tool).total(names.APPS) == 5
        return
    wait_until("five applications", lambda: tool.scrape().total(names.APPS) == 5)
    assert not {name for name, _ in tool.scrape().values if name == "scotty_apps_by_status"}


@pytest.mark.quick
def test_oauth(workload: Workload, build: str) -> None:
    """OAuth metrics of a build with a recorder; other builds have none."""
    before, after = workload.ledger.before, workload.tool.scrape()
    wanted = workload.total("counts")
    assert wanted.total() > 0
    if build in BUILDS_WITH_RECORDER:
        assert {name: grown(before, after, name) for name in wanted} == wanted
    else:
        assert not {name for name, _ in after.values if name.startswith("scotty_oauth")}


@pytest.mark.quick
def test_nothing_was_lost(workload: Workload) -> None:
    """No event is lost, and the server and the tool work to the end."""
    scrape = workload.tool.scrape()
    assert scrape.losses() == {}
    assert workload.server.is_alive()
    assert workload.tool.end() == 0
    assert "nothing was dropped" in workload.tool.stderr()


def test_builds_agree(build: str) -> None:
    """This build and the default build report the same numbers."""
    if build not in results or "default" not in results:
        pytest.skip("one of the two builds was not run")
    default, this = (
        {name: value for name, value in results[which].items() if name not in BY_CHANCE}
        for which in ("default", build)
    )
    assert default == this and len(default) > 25
