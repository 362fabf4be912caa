# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboard "Scottyscope": what the tool costs, what it lost, and whether it can be believed."""

from board import Board, Row
from panels import ANY_IS_BAD, GREEN, RED, YELLOW, stat, timeseries
from queries import INTERVAL, Queries

LOST = "scottyscope_lost_total"
CHECKS = "scottyscope_checks_total"
# Results of checks that contradict what the tool assumed.
MISMATCH = 'check=~".*_differs|.*_strange|vtable_unknown"'


def trust(q: Queries) -> Row:
    return Row(
        "Can the figures be believed?",
        (
            stat("Events lost", q.grown(LOST, "events"), thresholds=ANY_IS_BAD),
            stat(
                "Mismatches",
                q.grown(CHECKS, "checks", MISMATCH),
                thresholds=ANY_IS_BAD,
                note="Checks whose result contradicts an assumption about the server.",
            ),
            stat(
                "Poll metrics",
                q.watched(on_right_axis=False),
                base_colour=YELLOW,
                thresholds=((1, GREEN),),
                note="Below 100 % the metrics of polls are estimates.",
            ),
            stat(
                "Traces kept",
                q.raw(f'min({q.select("scottyscope_traces_kept_ratio")})', "kept", "percentunit"),
                base_colour=YELLOW,
                thresholds=((1, GREEN),),
            ),
            stat("Probe sites", q.total("scottyscope_probe_sites", "sites")),
            stat(
                "Restarts of the front",
                q.grown("scottyscope_front_restarts_total", "restarts"),
                thresholds=ANY_IS_BAD,
            ),
            timeseries(
                "Events lost by cause",
                q.rate(LOST, "{{cause}}", by="cause"),
                thresholds=ANY_IS_BAD,
                note="docs/metrics.md explains each cause.",
            ),
            timeseries(
                "Checks by result",
                q.rate(CHECKS, "{{check}}", by="check"),
                note="docs/metrics.md explains each result.",
            ),
        ),
    )


def cost(q: Queries) -> Row:
    return Row(
        "Cost",
        (
            timeseries(
                "Overhead of the probes",
                q.gauge("scottyscope_probe_overhead_ratio"),
                thresholds=((0.03, YELLOW), (0.05, RED)),
                note="--max-overhead, 3 % unless set, limits this share.",
                width=8,
            ),
            timeseries(
                "CPU time",
                q.rate("scottyscope_probe_cpu_time_seconds_total", "probes, in the server"),
                q.rate("scottyscope_process_cpu_time_seconds_total", "privileged process"),
                note="100 % is one CPU.",
                width=8,
            ),
            timeseries(
                "Memory of the privileged process",
                q.gauge("scottyscope_process_memory_rss_max_bytes"),
                width=8,
            ),
            timeseries(
                "Probe hits by hook",
                q.rate("scottyscope_probe_hits_total", "{{hook}}", by="hook"),
                is_stacked=True,
            ),
            timeseries(
                "Time to attach the probes",
                q.gauge("scottyscope_probe_attach_duration_seconds"),
            ),
        ),
    )


def export(q: Queries) -> Row:
    spans = f'sum(rate({q.select("scottyscope_spans_made_total")}{INTERVAL}))'
    return Row(
        "Spans and export",
        (
            timeseries(
                "Spans",
                q.rate("scottyscope_ring_records_total", "records read"),
                q.raw(spans, "spans made", "cps"),
                q.rate("scottyscope_spans_left_out_total", "left out by --max-span-rate"),
                width=8,
            ),
            timeseries("Open spans", q.gauge("scottyscope_spans_open"), width=8),
            timeseries(
                "Accepted by the collector",
                q.rate("scottyscope_export_items_total", "{{kind}}", by="kind"),
                width=8,
            ),
            timeseries(
                "Export requests and retries",
                q.rate("scottyscope_export_requests_total", "accepted"),
                q.rate("scottyscope_export_retries_total", "retries"),
                width=8,
            ),
            timeseries("Export queue", q.gauge("scottyscope_export_queue_bytes"), width=8),
            timeseries(
                "Collections and scrapes",
                q.rate("scottyscope_collections_total", "collections"),
                q.rate("scottyscope_scrapes_total", "scrapes {{outcome}}", by="outcome"),
                unit="cps",
                width=8,
            ),
        ),
    )


def board(q: Queries) -> Board:
    """Trust first, then cost, then export."""
    return Board(
        "scottyscope-tool",
        "Scottyscope",
        "The tool's own cost, losses and checks.",
        (trust(q), cost(q), export(q)),
    )
