# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Prometheus says of a run, against what its clients counted."""

import collections
import itertools

import pytest
from backends import RUN_LABEL
from harness import names
from harness.sessions import Spell
from run import SETTLE_S, WORKERS, Run
from workload import (
    BLOCKS,
    GROWTH_MB,
    IDLE_TASKS,
    LONG_TASK_POLLS,
    SLEEP,
    SLEEP_S,
    SLEEPERS,
    TASK_POLLS,
    TASKS,
)

# A connection's task is polled to read a request, and again when its handler was woken.
CONNECTION_POLLS = 2
# What the ends of something may be off as a client sees them, on a machine that is busy.
SLACK_S = 0.025


def test_requests(run: Run) -> None:
    """Every label set as often as the client saw it, and no other."""
    assert run.by_route("scotty_http_requests_total") == run.requests


def test_request_durations(run: Run) -> None:
    """As many as there were requests; as long as they took, not longer than the client waited."""
    name = "scotty_http_request_duration_seconds"
    assert run.by_route(f"{name}_count") == run.requests
    sums = run.by_route(f"{name}_sum")
    for label_set, elapsed in run.elapsed.items():
        if label_set != ("GET", SLEEP, "200"):
            assert 0 < sums[label_set] <= sum(elapsed) + SLACK_S, label_set
    fields = {"method": "GET", "path": SLEEP, "status": "200"}
    short = len(run.elapsed[("GET", SLEEP, "200")])
    assert run.requests[("GET", SLEEP, "200")] == short + SLEEPERS
    assert run.value(f"{name}_bucket", **fields, le="0.05") == 0
    assert run.value(f"{name}_bucket", **fields, le="5") == short
    assert run.value(f"{name}_bucket", **fields, le="+Inf") == short + SLEEPERS
    assert sums[("GET", SLEEP, "200")] > short * SLEEP_S


def test_active_requests(run: Run) -> None:
    """Those that wait for their answer; none at the end."""
    name = "scotty_http_requests_active"
    assert run.value(name, "held") == SLEEPERS
    assert run.value(name) == 0


def test_quantile(run: Run) -> None:
    """Buckets serve what they are for: a quantile of durations in PromQL."""
    ((_, seconds),) = run.back_ends.prometheus.query(
        "histogram_quantile(0.01, sum by (le) (scotty_http_request_duration_seconds_bucket"
        f'{{{RUN_LABEL}="{run.name}", path="{SLEEP}"}}))',
        run.moments["end"],
    ).items()
    assert SLEEP_S / 4 <= seconds <= SLEEP_S * 4


def test_memory(run: Run) -> None:
    """Equal to what /proc says; the peak is not below."""
    for moment in ("idle", "grown"):
        virtual, resident = run.memory_bytes[moment]
        assert run.value("scotty_memory_virtual_bytes", moment) == virtual
        assert run.value("scotty_memory_rss_bytes", moment) == resident
    grown = run.grown("scotty_memory_rss_bytes", "blocked", "grown")
    assert grown >= GROWTH_MB * 1_000_000
    peak = max(run.series("scotty_memory_rss_peak_bytes", "grown").values())
    assert peak >= run.memory_bytes["grown"][1]


def test_up(run: Run) -> None:
    assert run.value("scotty_up", "settled") == 1


def test_workers(run: Run) -> None:
    assert run.value("scotty_tokio_workers_count") == WORKERS


def test_tasks_alive(run: Run) -> None:
    """Those that were spawned to stay, until they are dropped; none of those that ended."""
    name = names.TOKIO_TASKS_ACTIVE
    assert run.grown(name, "quiet", "spawned") == 0
    assert run.grown(name, "spawned", "idle") == IDLE_TASKS
    assert run.grown(name, "quiet", "dropped") == 0


def test_polls(run: Run) -> None:
    """Every poll of a task that has a known number of them; each is in the histogram."""
    assert run.grown(names.POLLS, "quiet", "polled") == LONG_TASK_POLLS + CONNECTION_POLLS
    spawned = run.grown(names.POLLS, "polled", "spawned")
    # The connection may be woken by each of the tasks that it waits for.
    assert TASKS * TASK_POLLS < spawned <= TASKS * (TASK_POLLS + 1) + CONNECTION_POLLS
    histogram = "scotty_tokio_poll_duration_seconds"
    for moment in ("quiet", "end"):
        assert run.value(f"{histogram}_count", moment) == run.value(names.POLLS, moment)
    assert run.value(f"{histogram}_bucket", le="+Inf") == run.value(names.POLLS)


def test_slow_polls(run: Run) -> None:
    """Workers that were blocked; none of them else."""
    name = "scotty_tokio_slow_poll_count_total"
    assert run.grown(name, "dropped", "blocked") == BLOCKS
    assert run.grown(name, "quiet", "dropped") == 0


def test_tasks_ended(run: Run) -> None:
    """Those that were spawned, and those that were dropped."""
    assert run.grown(names.DROPPED, "quiet", "polled") == 1
    assert run.grown(names.DROPPED, "polled", "spawned") == TASKS
    assert run.grown(names.DROPPED, "spawned", "idle") == 0
    assert run.grown(names.DROPPED, "idle", "dropped") == IDLE_TASKS


def test_scheduling(run: Run) -> None:
    """A wake-up before each poll, a first poll of each task, and idle times between polls."""
    for since, until in itertools.pairwise(("quiet", "polled", "spawned")):
        polls = run.grown(names.POLLS, since, until)
        assert run.grown(names.SCHEDULED, since, until) == polls
    assert run.grown(f"{names.FIRST_POLL}_count", "quiet", "polled") == 1
    assert run.grown(f"{names.FIRST_POLL}_count", "polled", "spawned") == TASKS
    assert run.grown(f"{names.FIRST_POLL}_count", "spawned", "idle") == IDLE_TASKS
    # Each wake-up ends an idle time, but for the first of a task, and where a task wakes itself. The
    # connection may be woken amid its poll, by each of the tasks that it waits for.
    woken = run.grown(names.SCHEDULED, "quiet", "spawned") - (1 + TASKS)
    idle = woken - (LONG_TASK_POLLS - 1) - TASKS * (TASK_POLLS - 1)
    assert idle - TASKS <= run.grown(f"{names.IDLE}_count", "quiet", "spawned") <= idle
    # The connection has waited for the first of these requests since before the moment was marked.
    waited_s = run.moments["polled"] - run.moments["quiet"]
    assert run.grown(f"{names.IDLE}_sum", "polled", "spawned") >= SETTLE_S
    assert run.grown(f"{names.IDLE}_sum", "quiet", "polled") <= 2 * waited_s + SLACK_S


@pytest.mark.parametrize("name", names.COUNTED)
def test_counts(run: Run, name: str) -> None:
    """Connections, messages, sessions, lines and errors as the clients counted them."""
    wanted = run.accounts["end"][name]
    assert wanted > 0 or name in names.ACTIVE
    assert run.value(name) == wanted


@pytest.mark.parametrize("name", names.ACTIVE)
def test_active(run: Run, name: str) -> None:
    """What the clients held open at a moment."""
    assert run.accounts["held"][name] > 0
    assert run.value(name, "held") == run.accounts["held"][name]


@pytest.mark.parametrize("name", names.DURATIONS)
def test_durations(run: Run, name: str) -> None:
    """As many as ended, as long in all as the clients saw them last."""
    spells: list[Spell] = [spell for client in run.clients for spell in client.spells[name]]
    assert spells
    assert run.value(f"{name}_count") == len(spells)
    shortest_s = sum(spell.shortest_s for spell in spells)
    longest_s = sum(spell.longest_s for spell in spells)
    sum_s = run.value(f"{name}_sum")
    assert shortest_s * 0.98 - SLACK_S <= sum_s <= longest_s * 1.02 + SLACK_S


def test_apps(run: Run) -> None:
    """All of them by status, as the server lists them."""
    apps = run.app_lists[-1]
    assert run.value(names.APPS) == len(apps)
    by_status = collections.Counter(app["status"].lower() for app in apps)
    series = run.series(names.APPS_BY_STATUS, "end")
    assert {dict(labels)["status"]: count for labels, count in series.items() if count} == by_status


def test_app_services(run: Run) -> None:
    """Observations of every application that there was, each time there is a look at them."""
    count, total = (run.value(f"{names.APP_SERVICES}_{what}") for what in ("count", "sum"))
    services = [[len(app["services"]) for app in apps] for apps in run.app_lists]
    looks = itertools.product(range(int(count) + 1), repeat=len(services))
    assert count > 0
    assert any(
        count == sum(times * len(each) for times, each in zip(look, services, strict=True))
        and total == sum(times * sum(each) for times, each in zip(look, services, strict=True))
        for look in looks
    ), f"{count} observations of {total} services in all, of {services}"
    assert run.value(f"{names.APP_AGE}_count") == count


def is_unrecorded(run: Run, *metrics: str) -> bool:
    """Whether the build has no recorder, which these metrics come from; then there are none."""
    if run.name == "default":
        return False
    assert not any(run.series(metric, "end") for metric in metrics)
    return True


def test_oauth(run: Run) -> None:
    """Flows, validations and failures."""
    if is_unrecorded(run, names.DEVICE_FLOWS, names.WEB_FLOWS, names.VALIDATIONS):
        return
    asked = {route: count for (_, route, _), count in run.requests.items()}
    validations, failures = 0, 0
    for (_, route, status), count in run.requests.items():
        if route in ("/oauth/device/token", "/oauth/exchange"):
            validations += count
            failures += count if status == "400" else 0
    assert run.value(names.DEVICE_FLOWS) == asked["/oauth/device"]
    assert run.value(names.WEB_FLOWS) == asked["/oauth/authorize"]
    assert run.value(names.VALIDATIONS) == validations
    assert run.value(names.VALIDATION_FAILURES) == failures > 0
    assert run.value(names.FLOW_FAILURES) == failures
    assert run.value(f"{names.VALIDATION_DURATION}_count") == validations


def tier_of(route: str) -> str | None:
    """Which limit a route is under, if any."""
    if route.startswith(("/api/v1/authenticated/", "/api/v1/apps/")):
        return "authenticated"
    if route == "/api/v1/login":
        return "public_auth"
    return "oauth" if route.startswith(("/oauth/", "/api/oauth/")) else None


def test_rate_limit(run: Run) -> None:
    """What was let through and what was not, by limit; and what could not be told."""
    if is_unrecorded(run, names.RATE_LIMITED, names.EXTRACTOR_ERRORS):
        return
    decided: collections.Counter[tuple[str, str]] = collections.Counter()
    undecided = 0
    for (_, route, status), count in run.requests.items():
        tier = tier_of(route)
        if tier == "authenticated" and status == "500":
            undecided += count
        elif tier:
            decided[(tier, "denied" if status == "429" else "allowed")] += count
    assert decided[("public_auth", "denied")] > 0 and undecided > 0
    series = run.series(names.RATE_LIMITED, "end")
    seen = {
        (dict(labels)["tier"], dict(labels)["decision"]): count for labels, count in series.items()
    }
    assert seen == decided
    assert run.value(names.EXTRACTOR_ERRORS) == undecided


def test_nothing_was_lost(run: Run) -> None:
    """No loss of the tool's own, and no complaint of the Collector's."""
    series = run.series("scottyscope_lost_total", "end")
    assert {dict(labels)["cause"]: count for labels, count in series.items() if count} == {}
    assert run.back_ends.collector.problems() == []


def test_who_it_is(run: Run) -> None:
    """Job and instance, by which Prometheus joins what else is known of the server."""
    (labels,) = run.back_ends.prometheus.query(
        f'scotty_up{{{RUN_LABEL}="{run.name}"}} * on (job, instance) group_left '
        "(process_pid, process_executable_path) target_info",
        run.moments["settled"],
    )
    fields = dict(labels)
    assert fields["job"] == "scotty"
    assert fields["process_pid"] == str(run.server.pid)
    assert fields["process_executable_path"] == run.server.binary
