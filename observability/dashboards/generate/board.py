# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Dashboards: rows of panels, with the variables, links and annotations that all of them share."""

import dataclasses
import json

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from panels import DATA_SOURCE, Panel, build
from queries import TARGET, Queries

TAG = "scotty"
REFRESH = "5s"
ALL = model.VariableOption(selected=True, text=["All"], value=["$__all"])


@dataclasses.dataclass(frozen=True)
class Row:
    """A titled part of a dashboard."""

    title: str
    panels: tuple[Panel, ...]


@dataclasses.dataclass(frozen=True)
class Board:
    """One dashboard. The uid is part of addresses, so that it never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]


def data_source(name: str, label: str, kind: str) -> builder.DatasourceVariable:
    return builder.DatasourceVariable(name).label(label).type(kind)


def query_variable(name: str, label: str, selector: str) -> builder.QueryVariable:
    """A variable whose values are those of the label of its name."""
    return (
        builder.QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query({"query": f"label_values({selector}, {name})", "refId": name, "qryType": 1})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def variables(queries: Queries) -> list[Builder[model.VariableModel]]:
    """Data sources, then job, instance and route, each within the choice before it."""
    for name, label in (("scotty_up", "instance"), ("scotty_http_requests_total", "path")):
        assert label in queries.metrics.series(name).labels
    instance = query_variable("instance", "Instance", 'scotty_up{job=~"$job"}')
    route = query_variable("path", "Route", f"scotty_http_requests_total{{{TARGET}}}")
    for variable in (instance, route):
        variable.multi(True).include_all(True).all_value(".*").current(ALL)
    return [
        data_source("datasource", "Metrics", "prometheus"),
        data_source("traces", "Traces", "jaeger"),
        query_variable("job", "Service", "scotty_up"),
        instance,
        route,
    ]


def annotations(queries: Queries) -> list[Builder[model.AnnotationQuery]]:
    """Marks on every panel: estimated polls, and lost events."""
    estimates = f'{queries.select("scottyscope_polls_watched_ratio")} < 1'
    losses = (
        f'sum by (instance, cause) (increase({queries.select("scottyscope_lost_total")}'
        "[$__rate_interval])) > 0"
    )
    found: list[Builder[model.AnnotationQuery]] = []
    for name, expression, colour in (
        ("Poll metrics are estimates", estimates, "yellow"),
        ("Events were lost", losses, "red"),
    ):
        queries.checker.check(expression)
        found.append(
            builder.AnnotationQuery()
            .name(name)
            .datasource(DATA_SOURCE)
            .enable(True)
            .icon_color(colour)
            .expr(expression)
        )
    return found


def dashboard(board: Board, queries: Queries) -> builder.Dashboard:
    """The dashboard as Grafana's builder has it."""
    built = (
        builder.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .editable()
        .refresh(REFRESH)
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .version(1)
        .variables(variables(queries))
        .annotations(annotations(queries))
        .link(
            builder.DashboardLink("Scotty dashboards")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )
    number = 0
    for row in board.rows:
        number += 1
        built.with_row(builder.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            built.with_panel(build(panel, number, queries.metrics))
    return built


def to_json(board: Board, queries: Queries) -> str:
    """The file that Grafana loads."""
    return json.dumps(dashboard(board, queries).build(), cls=JSONEncoder, indent=2) + "\n"
