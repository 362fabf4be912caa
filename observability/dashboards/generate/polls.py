# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboard "Scotty Polls and Latency": where time goes inside the server."""

import links
from board import Board, Row
from panels import GREEN, RED, YELLOW, heat, stat, timeseries
from queries import INTERVAL, Queries
from sections import ESTIMATES

# The kinds of task that serve HTTP connections, as the tool names them.
CONNECTIONS = 'task=~".*(handle_connection|serve_connection).*"'
POLLS = "scotty_tokio_task_polls_total"
BUSY = "scotty_tokio_task_busy_seconds_total"


def by_task(q: Queries) -> Row:
    polls, busy = (f"sum by (task) (rate({q.select(name)}{INTERVAL}))" for name in (POLLS, BUSY))
    return Row(
        "Tasks",
        (
            timeseries(
                "Time in polls by kind of task",
                q.rate(BUSY, "{{task}}", by="task"),
                is_stacked=True,
                note=f"100 % is one worker that never waits. {ESTIMATES}",
            ),
            timeseries(
                "Polls by kind of task", q.rate(POLLS, "{{task}}", by="task"), note=ESTIMATES
            ),
            timeseries(
                "Mean poll by kind of task",
                q.raw(f"{busy} / {polls}", "{{task}}", "s"),
                thresholds=((0.001, RED),),
                note=f"A long mean poll blocks a worker for other tasks. {ESTIMATES}",
            ),
            timeseries(
                "Tasks alive by kind",
                q.total("scotty_tokio_task_alive", "{{task}}", by="task"),
            ),
        ),
    )


def requests(q: Queries) -> Row:
    duration = "scotty_http_request_duration_seconds"
    served = f"sum(rate({q.select(f'{duration}_count')}{INTERVAL}))"
    total = f"sum(rate({q.select(f'{duration}_sum')}{INTERVAL}))"
    busy = f"sum(rate({q.select(BUSY, CONNECTIONS)}{INTERVAL}))"
    return Row(
        "Where a request's time goes",
        (
            timeseries(
                "Mean request: in polls and waiting",
                q.raw(f"{busy} / {served}", "in polls of connections", "s"),
                q.raw(f"clamp_min({total} - {busy}, 0) / {served}", "waiting", "s"),
                q.watched(),
                is_stacked=True,
                links=(links.ALL,),
                note="A span tells both times of one request: tokio.busy.duration, "
                "tokio.scheduled.duration and tokio.awaiting.duration.",
                width=16,
            ),
            timeseries(
                "Requests in progress, mean",
                q.raw(total, "requests", "short"),
                note="Seconds of requests in a second: how many are in progress at a time.",
                width=8,
            ),
            heat("Request duration", q.heatmap(duration), links=(links.ALL,), width=24),
        ),
    )


def delays(q: Queries) -> Row:
    slow = f'sum(rate({q.select("scotty_tokio_slow_poll_count_total")}{INTERVAL}))'
    polls = f'sum(rate({q.select("scotty_tokio_poll_count_total")}{INTERVAL}))'
    return Row(
        "Slow polls and run queues",
        (
            stat(
                "Poll metrics",
                q.watched(on_right_axis=False),
                base_colour=YELLOW,
                thresholds=((1, GREEN),),
                note=ESTIMATES,
            ),
            stat(
                "Slow polls",
                q.grown("scotty_tokio_slow_poll_count_total", "slow polls"),
                thresholds=((1, YELLOW),),
            ),
            stat(
                "First-poll delay, p99",
                q.quantiles("scotty_tokio_first_poll_delay_seconds")[2],
                thresholds=((0.01, YELLOW), (0.05, RED)),
            ),
            timeseries(
                "Share of slow polls",
                q.raw(f"{slow} / {polls}", "slow polls", "percentunit"),
                q.watched(),
                thresholds=((0.01, RED),),
                note=ESTIMATES,
                height=4,
            ),
            heat("Poll duration", q.heatmap("scotty_tokio_poll_duration_seconds"), note=ESTIMATES),
            heat(
                "Run-queue delay of new tasks",
                q.heatmap("scotty_tokio_first_poll_delay_seconds"),
                note=f"The time in a run queue before a task's first poll. {ESTIMATES}",
            ),
            heat(
                "Idle time between polls",
                q.heatmap("scotty_tokio_idle_duration_seconds"),
                note=ESTIMATES,
            ),
            timeseries(
                "Wake-ups and polls",
                q.rate("scotty_tokio_scheduled_count_total", "wake-ups"),
                q.rate("scotty_tokio_poll_count_total", "polls"),
                note=f"More wake-ups than polls: run queues grow. {ESTIMATES}",
            ),
        ),
    )


def workers(q: Queries) -> Row:
    """The counters that tokio keeps itself; the tool reads them from memory."""
    return Row(
        "Workers and queues",
        (
            timeseries(
                "Busy workers",
                q.rate("scotty_tokio_worker_busy_seconds_total", "worker {{worker}}", by="worker"),
                is_stacked=True,
                note="100 % is one worker that never parks. Workers of several runtimes with "
                "the same number are added up.",
            ),
            timeseries(
                "Parks of workers",
                q.rate("scotty_tokio_worker_parks_total", "worker {{worker}}", by="worker"),
                note="A worker parks where it finds no task. Few parks and long queues: "
                "the workers are saturated.",
            ),
            timeseries(
                "Tasks in run queues",
                q.total("scotty_tokio_global_queue_depth", "shared queue"),
                q.total("scotty_tokio_local_queue_depth", "worker {{worker}}", by="worker"),
                is_stacked=True,
            ),
            timeseries(
                "Tasks spawned and ended",
                q.rate("scotty_tokio_tasks_spawned_total", "spawned"),
                q.rate("scotty_tokio_tasks_dropped_total", "ended"),
            ),
            timeseries(
                "Blocking pool",
                q.total("scotty_tokio_blocking_threads", "threads"),
                q.total("scotty_tokio_blocking_idle_threads", "idle threads"),
                q.total("scotty_tokio_blocking_queue_depth", "closures that wait"),
                note="Closures wait only where the pool has its largest size.",
                width=24,
            ),
        ),
    )


def board(q: Queries) -> Board:
    """What only an observer of every poll can show."""
    return Board(
        "scottyscope-polls",
        "Scotty Polls and Latency",
        "Polls by kind of task, slow polls, run-queue delay, distributions and workers.",
        (by_task(q), requests(q), delays(q), workers(q)),
    )
