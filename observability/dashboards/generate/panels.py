# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Panels, by Grafana's own builder."""

import dataclasses
import string
from collections.abc import Callable

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as dashboard_builder
from grafana_foundation_sdk.builders import heatmap as heatmap_builder
from grafana_foundation_sdk.builders import prometheus as prometheus_builder
from grafana_foundation_sdk.builders import stat as stat_builder
from grafana_foundation_sdk.builders import timeseries as timeseries_builder
from grafana_foundation_sdk.models import common, heatmap, prometheus
from grafana_foundation_sdk.models import dashboard as model
from links import search_url
from metric_list import MetricList
from queries import Query, Shape

DATA_SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"
Steps = tuple[tuple[float, str], ...]
# The thresholds of values that should be 0.
ANY_IS_BAD: Steps = ((1e-9, RED),)


@dataclasses.dataclass(frozen=True)
class Panel:
    """One panel: what it shows, and how large it is on a grid of 24 columns."""

    title: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    note: str = ""
    unit: str = ""
    thresholds: Steps = ()
    base_colour: str = GREEN
    links: tuple[tuple[str, str], ...] = ()
    is_stacked: bool = False
    max_value: float | None = None
    width: int = 12
    height: int = 8


def timeseries(title: str, *queries: Query, **options: object) -> Panel:
    """Lines over time."""
    return Panel(title, queries, **options)  # type: ignore[arg-type]


def stat(title: str, query: Query, **options: object) -> Panel:
    """One number, with its course behind it."""
    sizes = {"width": 4, "height": 4, **options}
    return Panel(title, (query,), kind="stat", **sizes)  # type: ignore[arg-type]


def heat(title: str, query: Query, **options: object) -> Panel:
    """The distribution of a histogram's values over time."""
    return Panel(title, (query,), kind="heatmap", **options)  # type: ignore[arg-type]


def description(panel: Panel, metrics: MetricList) -> str:
    """The help text of each metric that the panel shows, then the panel's own note."""
    names = dict.fromkeys(name for query in panel.queries for name in query.metrics)
    lines = [f"`{name}`: {metrics.metric(name).help}" for name in names]
    return "\n\n".join([*lines, panel.note] if panel.note else lines)


def thresholds(panel: Panel) -> dashboard_builder.ThresholdsConfig:
    """A colour for low values, and another one from each threshold on."""
    steps = [model.Threshold(None, panel.base_colour)]
    steps += [model.Threshold(value, colour) for value, colour in panel.thresholds]
    return dashboard_builder.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def target(query: Query, reference: str) -> prometheus_builder.Dataquery:
    """The query as Grafana's Prometheus data source has it."""
    built = (
        prometheus_builder.Dataquery()
        .datasource(DATA_SOURCE)
        .expr(query.expression)
        .legend_format(query.legend)
        .ref_id(reference)
        .editor_mode(prometheus.QueryEditorMode.CODE)
        .format(prometheus.PromQueryFormat(query.shape.value))
        .range()
    )
    return built.exemplar(True) if query.has_exemplars else built


def right_axis(query: Query) -> tuple[model.MatcherConfig, list[model.DynamicConfigValue]]:
    """The look of a series that shares a panel with others of another unit."""
    properties: list[tuple[str, object]] = [
        ("unit", query.unit),
        ("custom.axisPlacement", "right"),
        ("min", 0),
        ("max", 1),
        ("custom.fillOpacity", 0),
        ("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
        ("color", {"mode": "fixed", "fixedColor": "text"}),
    ]
    matcher = model.MatcherConfig(id_val="byName", options=query.legend)
    return matcher, [model.DynamicConfigValue(name, value) for name, value in properties]


def build_timeseries(panel: Panel) -> timeseries_builder.Panel:
    """The fields that only a panel of lines has."""
    built = (
        timeseries_builder.Panel()
        .fill_opacity(30 if panel.is_stacked else 10)
        .line_width(1)
        .show_points(common.VisibilityMode.AUTO)
        .legend(
            common_builder.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common_builder.VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
        .min(0)
    )
    if panel.is_stacked:
        built.stacking(common_builder.StackingConfig().mode(common.StackingMode.NORMAL))
    if panel.thresholds:
        built.thresholds_style(
            common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        )
    for query in panel.queries:
        if query.on_right_axis:
            built.with_override(*right_axis(query))
    return built


def build_stat(panel: Panel) -> stat_builder.Panel:
    """The fields that only a number has."""
    return (
        stat_builder.Panel()
        .reduce_options(common_builder.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_mode(
            common.BigValueColorMode.BACKGROUND
            if panel.thresholds
            else common.BigValueColorMode.VALUE
        )
        .graph_mode(common.BigValueGraphMode.AREA)
    )


def build_heatmap(panel: Panel) -> heatmap_builder.Panel:
    """The fields that only a heat map has."""
    (query,) = panel.queries
    return (
        heatmap_builder.Panel()
        .calculate(False)
        .cell_gap(1)
        .color(
            heatmap_builder.HeatmapColorOptions()
            .mode(heatmap.HeatmapColorMode.SCHEME)
            .scheme("Oranges")
            .scale(heatmap.HeatmapColorScale.EXPONENTIAL)
            .exponent(0.5)
            .steps(64)
        )
        .cell_values(heatmap_builder.CellValues().unit("short").decimals(0))
        .filter_values(heatmap_builder.FilterValueRange().le(1e-9))
        .y_axis(heatmap_builder.YAxisConfig().unit(query.unit))
        .show_legend()
        .show_color_scale(False)
        .exemplars_color("rgba(255,0,255,0.7)")
    )


Built = timeseries_builder.Panel | stat_builder.Panel | heatmap_builder.Panel
BUILDERS: dict[str, Callable[[Panel], Built]] = {
    "timeseries": build_timeseries,
    "stat": build_stat,
    "heatmap": build_heatmap,
}


def unit_of(panel: Panel) -> str:
    """The unit of the panel's values; queries of several units need to be told one."""
    if panel.unit:
        return panel.unit
    units = {query.unit for query in panel.queries if not query.on_right_axis}
    if len(units) != 1:
        raise ValueError(f"{panel.title}: the queries have the units {sorted(units)}")
    return units.pop()


def build(panel: Panel, number: int, metrics: MetricList) -> Built:
    """The panel as Grafana's builder has it."""
    built = BUILDERS[panel.kind](panel)
    built.id(number).title(panel.title).description(description(panel, metrics))
    built.datasource(DATA_SOURCE).unit(unit_of(panel))
    built.span(panel.width).height(panel.height)
    if panel.max_value is not None:
        built.max(panel.max_value)
    if panel.thresholds or panel.kind == "stat":
        built.thresholds(thresholds(panel))
    for reference, query in zip(string.ascii_uppercase, panel.queries, strict=False):
        assert (query.shape == Shape.HEATMAP) == (panel.kind == "heatmap"), panel.title
        built.with_target(target(query, reference))
    if panel.links:
        built.data_links(
            [
                dashboard_builder.DashboardLink(title)
                .type(model.DashboardLinkType.LINK)
                .url(search_url(tags))
                .target_blank(True)
                for title, tags in panel.links
            ]
        )
    return built
