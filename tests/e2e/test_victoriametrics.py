# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""VictoriaMetrics, by remote write, has every series and value that Prometheus has by OTLP."""

import pytest
from backend import RUN_LABEL
from harness.waiting import wait_until
from metrics import Labels, MetricsBackEnd
from run import Run


def samples(back_end: MetricsBackEnd, run: Run) -> dict[Labels, float]:
    """The samples of all metrics of a run at its end."""
    return back_end.query(
        f'{{__name__=~"scotty.+",{RUN_LABEL}="{run.name}"}}', run.moments["end"]
    )


def test_all_series_have_equal_values(run: Run) -> None:
    prometheus = samples(run.back_ends.prometheus, run)
    assert len(prometheus) > 500

    # VictoriaMetrics shows a new series some seconds after the series' first sample.
    wait_until(
        "VictoriaMetrics shows all series",
        lambda: len(samples(run.back_ends.victoriametrics, run)) >= len(prometheus),
    )
    victoriametrics = samples(run.back_ends.victoriametrics, run)
    assert victoriametrics.keys() == prometheus.keys()
    assert victoriametrics == pytest.approx(prometheus)


def test_every_series_names_server_and_host(run: Run) -> None:
    for labels in map(dict, samples(run.back_ends.victoriametrics, run)):
        assert labels.keys() >= {"job", "instance", "host_name"}, labels
        assert labels["job"] == "scotty"


def test_resource_is_in_target_info(run: Run) -> None:
    selector = f'target_info{{{RUN_LABEL}="{run.name}"}}'
    (labels,) = run.back_ends.victoriametrics.query(selector, run.moments["end"])
    resource = dict(labels)
    assert resource["process_pid"] == str(run.server.pid)
    assert resource["process_executable_name"] == "scotty"
