# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The dashboard "Scotty OAuth and Rate Limits": what Scotty's own recorder counts."""

from board import Board, Row
from panels import RED, stat, timeseries
from queries import Queries

RECORDER = "Only builds of Scotty that have its metrics recorder give these figures."


def ratio(q: Queries, part: str, *whole: str) -> str:
    """The share of one counter in the sum of others."""
    sums = [f"sum(rate({q.select(name)}[$__rate_interval]))" for name in (part, *whole)]
    return f"{sums[0]} / ({' + '.join(sums[1:])})"


def oauth(q: Queries) -> Row:
    validations = "scotty_oauth_token_validations_total"
    failures = "scotty_oauth_token_validations_failures_total"
    flows = ("scotty_oauth_device_flows_total", "scotty_oauth_web_flows_total")
    flow_failures = "scotty_oauth_flows_failures_total"
    return Row(
        "OAuth",
        (
            stat(
                "Device flow sessions",
                q.total("scotty_oauth_device_flow_sessions_active", "sessions"),
                note=RECORDER,
                width=6,
            ),
            stat(
                "Web flow sessions",
                q.total("scotty_oauth_web_flow_sessions_active", "sessions"),
                note=RECORDER,
                width=6,
            ),
            stat(
                "Expired sessions removed",
                q.grown("scotty_oauth_sessions_expired_cleaned_total", "sessions"),
                note=RECORDER,
                width=6,
            ),
            stat(
                "Token validations",
                q.grown(validations, "validations"),
                note=RECORDER,
                width=6,
            ),
            timeseries(
                "Flows",
                q.rate(flows[0], "device flows"),
                q.rate(flows[1], "web flows"),
                q.rate(flow_failures, "failures"),
                note=RECORDER,
            ),
            timeseries(
                "Token validations",
                q.rate(validations, "validations"),
                q.rate(failures, "failures"),
                note=RECORDER,
            ),
            timeseries(
                "Failures",
                q.raw(ratio(q, failures, validations), "token validations", "percentunit"),
                q.raw(ratio(q, flow_failures, *flows), "flows", "percentunit"),
                thresholds=((0.1, RED),),
                note=RECORDER,
            ),
            timeseries(
                "Duration of a token validation",
                *q.quantiles("scotty_oauth_token_validation_duration_seconds"),
                note=RECORDER,
            ),
        ),
    )


def rate_limits(q: Queries) -> Row:
    requests = "scotty_rate_limit_requests_total"
    return Row(
        "Rate Limits",
        (
            timeseries(
                "Decisions",
                q.rate(requests, "{{tier}} {{decision}}", by="tier, decision"),
                note=RECORDER,
                links=(("Requests that were denied", "http.response.status_code=429"),),
            ),
            timeseries(
                "Denied requests",
                q.rate(requests, "{{tier}}", 'decision="denied"', by="tier"),
                note=RECORDER,
                links=(("Requests that were denied", "http.response.status_code=429"),),
                width=6,
            ),
            timeseries(
                "Requests without a key",
                q.rate("scotty_rate_limit_extractor_errors_total", "errors"),
                note=RECORDER,
                width=6,
            ),
        ),
    )


def board(q: Queries) -> Board:
    """OAuth, then rate limits."""
    return Board(
        "scottyscope-oauth",
        "Scotty OAuth and Rate Limits",
        f"OAuth flows, token validations and rate limits. {RECORDER}",
        (oauth(q), rate_limits(q)),
    )
