# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboard "Scotty Overview": is the server well, and where to look next."""

import links
from board import Board, Row
from panels import ANY_IS_BAD, GREEN, RED, YELLOW, stat, timeseries
from queries import Queries

ERRORS = 'status=~"5.."'


def error_ratio(q: Queries) -> str:
    """The share of requests that the server answered with a 5xx status; 0 where there is none."""
    requests = "scotty_http_requests_total"
    errors = f"sum(rate({q.select(requests, ERRORS)}[$__rate_interval]))"
    every = f"sum(rate({q.select(requests)}[$__rate_interval]))"
    return f"({errors} or 0 * {every}) / {every}"


def now(q: Queries) -> Row:
    duration = q.quantiles("scotty_http_request_duration_seconds")
    return Row(
        "Now",
        (
            stat(
                "Servers up",
                q.total("scotty_up", "servers"),
                base_colour=RED,
                thresholds=((1, GREEN),),
                note="Counts the servers that a tool observes.",
            ),
            stat("Requests", q.rate("scotty_http_requests_total", "requests"), links=(links.ALL,)),
            stat(
                "Server errors",
                q.raw(error_ratio(q), "5xx", "percentunit"),
                thresholds=((0.001, YELLOW), (0.01, RED)),
            ),
            stat(
                "Request duration, p99",
                duration[2],
                thresholds=((0.5, YELLOW), (1, RED)),
                links=(links.ALL,),
            ),
            stat("Active requests", q.total("scotty_http_requests_active", "requests")),
            stat(
                "Resident memory",
                q.total("scotty_memory_rss_bytes", "memory"),
            ),
            stat("WebSocket connections", q.total("scotty_websocket_connections_active", "open")),
            stat("Log streams", q.total("scotty_log_streams_active", "running")),
            stat("Shell sessions", q.total("scotty_shell_sessions_active", "running")),
            stat("Tasks", q.total("scotty_tasks_active", "running")),
            stat("Applications", q.total("scotty_apps_total", "applications")),
            stat(
                "Events lost",
                q.grown("scottyscope_lost_total", "events"),
                thresholds=ANY_IS_BAD,
                note="Counts what the tool lost in the time range, of all causes.",
            ),
        ),
    )


def traffic(q: Queries) -> Row:
    requests = "scotty_http_requests_total"
    return Row(
        "Traffic",
        (
            timeseries(
                "Requests by status",
                q.rate(requests, "{{status}}", by="status"),
                is_stacked=True,
                links=(links.BY_STATUS,),
            ),
            timeseries(
                "Request duration",
                *q.quantiles("scotty_http_request_duration_seconds"),
                thresholds=((0.5, RED),),
                links=(links.ALL,),
            ),
            timeseries(
                "Busiest routes",
                q.raw(
                    f"topk(10, sum by (path) (rate({q.select(requests)}[$__rate_interval])))",
                    "{{path}}",
                    "reqps",
                ),
                links=(links.BY_ROUTE,),
            ),
            timeseries(
                "Server errors and aborted requests",
                q.rate(requests, "{{status}}", 'status=~"5..|aborted"', by="status"),
                links=(links.BY_ERROR,),
            ),
        ),
    )


def load(q: Queries) -> Row:
    busy = f'sum(rate({q.select("scotty_tokio_task_busy_seconds_total")}[$__rate_interval]))'
    workers = f'sum({q.select("scotty_tokio_workers_count")})'
    return Row(
        "Load",
        (
            timeseries(
                "Utilisation of the workers",
                q.raw(f"{busy} / {workers}", "busy", "percentunit"),
                q.watched(),
                thresholds=((0.9, RED),),
                note="The share of the workers' time that polls took.",
                width=8,
            ),
            timeseries("Resident memory", q.gauge("scotty_memory_rss_bytes"), width=8),
            timeseries(
                "Sessions and connections",
                q.total("scotty_websocket_connections_active", "websockets"),
                q.total("scotty_log_streams_active", "log streams"),
                q.total("scotty_shell_sessions_active", "shell sessions"),
                q.total("scotty_tasks_active", "tasks"),
                width=8,
            ),
        ),
    )


def board(q: Queries) -> Board:
    """The first dashboard to look at."""
    return Board(
        "scottyscope-overview",
        "Scotty Overview",
        "Traffic, errors, durations and load of Scotty servers.",
        (now(q), traffic(q), load(q)),
    )
