# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Each variant of the Collector's configuration, started: data arrives at the real back end.

Thanos, Mimir, Grafana Cloud and vendors are not to be had here: a recorder takes their requests.
"""

import base64
import pathlib
import time

import pytest
from harness.waiting import wait_until
from recorder import recording
from sender import Sender
from starting import (
    LABELS,
    Start,
    await_metric,
    problems,
    span_names,
    start_collector,
    start_jaeger,
    start_prometheus,
    start_victoriametrics,
)

ALL_SPANS_S = 5


@pytest.mark.parametrize("name", ["prometheus-remote-write", "prometheus-otlp"])
def test_prometheus(name: str, start: Start, tmp_path: pathlib.Path) -> None:
    prometheus = start_prometheus(start, tmp_path)
    collector = start_collector(start, tmp_path, name, PROMETHEUS_URL=prometheus.url)
    Sender(collector.address).send_metric(5)
    assert await_metric(prometheus, 5) == LABELS
    assert problems(collector) == []


def test_default(start: Start, tmp_path: pathlib.Path) -> None:
    victoriametrics = start_victoriametrics(start, tmp_path)
    jaeger, otlp = start_jaeger(start, tmp_path)
    collector = start_collector(
        start, tmp_path, "none", VICTORIAMETRICS_URL=victoriametrics.url, JAEGER_OTLP=otlp
    )
    sender = Sender(collector.address)
    sender.send_metric(6)
    sender.send_span("default")
    assert await_metric(victoriametrics, 6) == LABELS
    wait_until("Jaeger has the span", lambda: span_names(jaeger) == {"default"})
    assert problems(collector) == []


def test_several_exporters_when_one_is_down(start: Start, tmp_path: pathlib.Path) -> None:
    prometheus = start_prometheus(start, tmp_path)
    collector = start_collector(
        start, tmp_path, "several-exporters", PROMETHEUS_URL=prometheus.url
    )
    Sender(collector.address).send_metric(7)
    assert await_metric(prometheus, 7) == LABELS


def test_tempo(start: Start, tmp_path: pathlib.Path) -> None:
    """Tempo takes the protocol that Jaeger takes."""
    jaeger, otlp = start_jaeger(start, tmp_path)
    collector = start_collector(start, tmp_path, "tempo", TEMPO_OTLP=otlp)
    Sender(collector.address).send_span("to tempo")
    wait_until("the span arrives", lambda: span_names(jaeger) == {"to tempo"})


def test_tail_sampling(start: Start, tmp_path: pathlib.Path) -> None:
    jaeger, otlp = start_jaeger(start, tmp_path)
    collector = start_collector(
        start,
        tmp_path,
        "tail-sampling",
        JAEGER_OTLP=otlp,
        TAIL_SAMPLING_WAIT="1s",
        TAIL_SAMPLING_SLOW_MS="200",
        TAIL_SAMPLING_PERCENT="0",
    )
    sender = Sender(collector.address)
    for step in range(20):
        sender.send_span(f"usual {step}")
    sender.send_span("failed", failed=True)
    sender.send_span("slow", took_ms=300)
    wait_until("both traces arrive", lambda: {"failed", "slow"} <= span_names(jaeger))
    # The others had the same time to arrive.
    time.sleep(ALL_SPANS_S)
    assert span_names(jaeger) == {"failed", "slow"}


@pytest.mark.parametrize(
    ("name", "variable", "path", "header"),
    [
        ("thanos", "THANOS_RECEIVE_URL", "/api/v1/receive", ("thanos-tenant", "team")),
        ("mimir", "MIMIR_URL", "/api/v1/push", ("x-scope-orgid", "team")),
    ],
)
def test_remote_write_of_others(
    name: str,
    variable: str,
    path: str,
    header: tuple[str, str],
    start: Start,
    tmp_path: pathlib.Path,
) -> None:
    with recording() as recorder:
        environment = {variable: recorder.url, variable.split("_")[0] + "_TENANT": "team"}
        collector = start_collector(start, tmp_path, name, **environment)
        Sender(collector.address).send_metric(8)
        wait_until("a request arrives", lambda: recorder.of_path(path))
        (request, *_) = recorder.of_path(path)
        assert request.headers[header[0]] == header[1]
        assert request.headers["content-encoding"] == "snappy"
        assert problems(collector) == []


@pytest.mark.parametrize(
    ("name", "environment", "header"),
    [
        (
            "grafana-cloud",
            {"GRAFANA_CLOUD_INSTANCE": "12", "GRAFANA_CLOUD_TOKEN": "key"},
            ("authorization", "Basic " + base64.b64encode(b"12:key").decode()),
        ),
        ("vendor", {"VENDOR_API_KEY": "key"}, ("api-key", "key")),
    ],
)
def test_vendor(
    name: str,
    environment: dict[str, str],
    header: tuple[str, str],
    start: Start,
    tmp_path: pathlib.Path,
) -> None:
    with recording() as recorder:
        url = {"GRAFANA_CLOUD_OTLP_URL": recorder.url, "VENDOR_OTLP_URL": recorder.url}
        collector = start_collector(start, tmp_path, name, **url, **environment)
        sender = Sender(collector.address)
        sender.send_metric(9)
        sender.send_span("to a vendor")
        for path in ("/v1/metrics", "/v1/traces"):
            wait_until(f"a request for {path}", lambda wanted=path: recorder.of_path(wanted))
            assert recorder.of_path(path)[0].headers[header[0]] == header[1]
        assert problems(collector) == []
        assert "key" not in collector.process.stderr()
