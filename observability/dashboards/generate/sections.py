# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboard "Scotty Metrics": the seven sections of Scotty's documentation, in its order."""

import links
from board import Board, Row
from panels import ANY_IS_BAD, GREEN, RED, YELLOW, stat, timeseries
from queries import Queries

ESTIMATES = (
    "Below 100 % of the time counted, the values are estimates: --max-overhead limits the cost "
    "of counting polls."
)
# Scotty checks its applications every 15 minutes, so that shorter windows have no check.
CHECKS = "[1h]"
LARGEST_BOUND = "A quantile above the largest bound, 1 s, shows as 1 s; the mean does not."
BUCKETS = "Quantiles are interpolated within the histogram's buckets."


def log_streaming(q: Queries) -> Row:
    return Row(
        "Log Streaming",
        (
            stat("Active log streams", q.total("scotty_log_streams_active", "streams")),
            stat("Log streams started", q.grown("scotty_log_streams_total", "streams")),
            stat("Lines sent", q.grown("scotty_log_stream_lines_total", "lines")),
            stat(
                "Log stream errors",
                q.grown("scotty_log_stream_errors_total", "errors"),
                thresholds=ANY_IS_BAD,
                links=(("Failed log streams", "error.type=failed"),),
            ),
            timeseries(
                "Log streams and errors",
                q.rate("scotty_log_streams_total", "started"),
                q.rate("scotty_log_stream_errors_total", "errors"),
                width=8,
                height=4,
            ),
            timeseries("Log lines", q.rate("scotty_log_stream_lines_total", "lines sent")),
            timeseries(
                "Log stream duration",
                *q.quantiles("scotty_log_stream_duration_seconds"),
                note=BUCKETS,
            ),
        ),
    )


def shell_sessions(q: Queries) -> Row:
    return Row(
        "Shell Sessions",
        (
            stat("Active shell sessions", q.total("scotty_shell_sessions_active", "sessions")),
            stat("Shell sessions started", q.grown("scotty_shell_sessions_total", "sessions")),
            stat(
                "Shell session errors",
                q.grown("scotty_shell_session_errors_total", "errors"),
                thresholds=ANY_IS_BAD,
                links=(("Failed sessions", "error.type=failed"),),
            ),
            stat(
                "Shell session timeouts",
                q.grown("scotty_shell_session_timeouts_total", "timeouts"),
                thresholds=((1, YELLOW),),
                links=(("Sessions that timed out", "error.type=timeout"),),
            ),
            timeseries(
                "Shell sessions, errors and timeouts",
                q.rate("scotty_shell_sessions_total", "started"),
                q.rate("scotty_shell_session_errors_total", "errors"),
                q.rate("scotty_shell_session_timeouts_total", "timeouts"),
                width=8,
                height=4,
            ),
            timeseries(
                "Shell session duration",
                *q.quantiles("scotty_shell_session_duration_seconds"),
                note=BUCKETS,
                width=24,
            ),
        ),
    )


def websockets_and_tasks(q: Queries) -> Row:
    return Row(
        "WebSocket & Tasks",
        (
            timeseries(
                "WebSocket connections",
                q.total("scotty_websocket_connections_active", "open"),
                width=8,
            ),
            timeseries(
                "WebSocket connections opened and refused",
                q.rate("scotty_websocket_connections_total", "opened"),
                q.rate("scotty_websocket_auth_failures_total", "authentication failed"),
                width=8,
            ),
            timeseries(
                "WebSocket messages",
                q.rate("scotty_websocket_messages_sent_total", "sent"),
                q.rate("scotty_websocket_messages_received_total", "received"),
                width=8,
            ),
            timeseries(
                "Tasks running",
                q.total("scotty_tasks_active", "running"),
                q.total("scotty_task_output_streams_active", "streams of output"),
                width=8,
            ),
            timeseries(
                "Tasks started and failed",
                q.rate("scotty_tasks_total", "started"),
                q.rate("scotty_task_failures_total", "failed"),
                width=8,
                links=(("Failed tasks and sessions", "error.type=failed"),),
            ),
            timeseries(
                "Task output",
                q.rate("scotty_task_output_lines_total", "lines sent"),
                q.rate("scotty_task_output_streams_total", "streams started"),
                width=8,
            ),
            timeseries(
                "Task duration",
                *q.quantiles("scotty_task_duration_seconds"),
                note=BUCKETS,
                width=24,
            ),
        ),
    )


def memory(q: Queries) -> Row:
    rss = q.select("scotty_memory_rss_bytes")
    return Row(
        "Memory",
        (
            timeseries(
                "Resident memory",
                q.gauge("scotty_memory_rss_bytes", "resident {{instance}}"),
                q.gauge("scotty_memory_rss_peak_bytes", "peak {{instance}}"),
            ),
            timeseries("Virtual memory", q.gauge("scotty_memory_virtual_bytes")),
            timeseries(
                "Growth of resident memory",
                q.raw(f"deriv({rss}[10m])", "{{instance}}", "binBps"),
                note="A server that leaks memory stays above 0.",
                width=24,
            ),
        ),
    )


def http_server(q: Queries) -> Row:
    requests = "scotty_http_requests_total"
    duration = "scotty_http_request_duration_seconds"
    return Row(
        "HTTP Server",
        (
            timeseries(
                "Requests by status",
                q.rate(requests, "{{status}}", by="status"),
                links=(links.BY_STATUS,),
                is_stacked=True,
                note="The status `aborted` counts requests that ended without a response.",
            ),
            timeseries(
                "Requests by route",
                q.rate(requests, "{{path}}", by="path"),
                links=(links.BY_ROUTE,),
            ),
            timeseries(
                "Request duration", *q.quantiles(duration), note=BUCKETS, links=(links.ALL,)
            ),
            timeseries(
                "Request duration by route, p99",
                q.quantile(0.99, duration, "{{path}}", by="path"),
                note=BUCKETS,
                links=(links.BY_ROUTE,),
            ),
            timeseries("Active requests", q.gauge("scotty_http_requests_active"), width=8),
            timeseries(
                "Server errors and aborted requests",
                q.rate(requests, "{{status}}", 'status=~"5..|aborted"', by="status"),
                links=(links.BY_ERROR,),
                width=8,
            ),
            timeseries("Requests by method", q.rate(requests, "{{method}}", by="method"), width=8),
        ),
    )


def tokio_runtime(q: Queries) -> Row:
    return Row(
        "Tokio Runtime",
        (
            stat("Worker threads", q.total("scotty_tokio_workers_count", "threads")),
            stat("Tasks alive", q.total("scotty_tokio_tasks_active", "tasks")),
            stat(
                "Poll metrics",
                q.watched(on_right_axis=False),
                base_colour=YELLOW,
                thresholds=((1, GREEN),),
                note=ESTIMATES,
            ),
            timeseries(
                "Task lifecycle",
                q.rate("scotty_tokio_tasks_dropped_total", "tasks ended"),
                q.rate("scotty_tokio_scheduled_count_total", "wake-ups"),
                q.rate("scotty_tokio_blocking_runs_total", "blocking closures finished"),
                height=4,
            ),
            timeseries(
                "Polls",
                q.rate("scotty_tokio_poll_count_total", "polls"),
                q.watched(),
                note=ESTIMATES,
            ),
            timeseries(
                "Slow polls",
                q.rate("scotty_tokio_slow_poll_count_total", "slow polls"),
                q.watched(),
                note=f"The threshold is --slow-poll, 1 ms unless set. {ESTIMATES}",
                thresholds=((1, RED),),
            ),
            timeseries(
                "Poll duration",
                *q.quantiles("scotty_tokio_poll_duration_seconds"),
                q.watched(),
                note=f"{BUCKETS} {ESTIMATES}",
                width=8,
            ),
            timeseries(
                "Idle time between polls",
                *q.quantiles("scotty_tokio_idle_duration_seconds"),
                q.watched(),
                note=f"{BUCKETS} {LARGEST_BOUND} {ESTIMATES}",
                width=8,
            ),
            timeseries(
                "Delay of a task's first poll",
                *q.quantiles("scotty_tokio_first_poll_delay_seconds"),
                q.watched(),
                note=f"{BUCKETS} {ESTIMATES}",
                width=8,
            ),
        ),
    )


def applications(q: Queries) -> Row:
    return Row(
        "Application Metrics",
        (
            stat("Applications", q.total("scotty_apps_total", "applications"), height=8),
            timeseries(
                "Applications by status",
                q.total("scotty_apps_by_status", "{{status}}", by="status"),
                is_stacked=True,
                width=20,
            ),
            timeseries(
                "Services per application",
                *q.quantiles("scotty_app_services_count", CHECKS),
                note=f"{BUCKETS} The values are those of the last hour.",
            ),
            timeseries(
                "Age of an application's last check",
                *q.quantiles("scotty_app_last_check_age_seconds", CHECKS),
                note=f"{BUCKETS} The values are those of the last hour.",
            ),
        ),
    )


def board(q: Queries) -> Board:
    """All sections."""
    return Board(
        "scotty-metrics",
        "Scotty Metrics",
        "All metrics of a Scotty server, in the order of Scotty's documentation.",
        (
            log_streaming(q),
            shell_sessions(q),
            websockets_and_tasks(q),
            memory(q),
            http_server(q),
            tokio_runtime(q),
            applications(q),
        ),
    )
