# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the tool serves and prints: /metrics, /healthz, errors, and the restart of its front."""

import json
import os
import re
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.error

import pytest

from harness.builds import ONE_BUILD
from harness.counting import Counting
from harness.http_client import Connection, ask_once, get, request_bytes
from harness.ports import ReservedPort
from harness.scrape import Scrape
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import DEADLINE_S, wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
OK = ("GET", HEALTH, 200)
FRONT = "scottyscope-web"


# Scotty's documentation has this name, which promtool's style rules reject.
ACCEPTED_COMPLAINTS = {
    "scotty_tokio_workers_count non-histogram and non-summary metrics should not have "
    '"_count" suffix'
}


@pytest.mark.quick
def test_exposition_is_valid(server: Server, tool: Tool) -> None:
    """promtool reads the exposition and has no other complaint about names, types and units."""
    program = shutil.which("promtool")
    if not program:
        pytest.skip("promtool is not installed (package prometheus)")
    ask_once(server.port, get(HEALTH))
    check = subprocess.run(
        [program, "check", "metrics"],
        input=tool.text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(check.stderr.splitlines()) <= ACCEPTED_COMPLAINTS
    # Status 3: only complaints about style.
    assert check.returncode in (0, 3) and check.stdout == ""


def test_metrics_without_labels_start_at_zero(start: Starter, server: Server) -> None:
    """A counter is exposed with 0 before its first event, so that rates include that event."""
    scrape = start.watch(server).scrape()
    for name in (
        "scotty_http_requests_active",
        "scotty_tokio_poll_count_total",
        "scotty_tokio_slow_poll_count_total",
        "scotty_tokio_blocking_runs_total",
        "scotty_tokio_poll_duration_seconds_count",
        "scotty_tokio_poll_duration_seconds_sum",
    ):
        assert scrape.value(name) == 0, name
    assert scrape.value("scotty_up") == 1
    for name in ("rss_bytes", "virtual_bytes", "rss_peak_bytes"):
        assert scrape.value(f"scotty_memory_{name}") > 0


@pytest.mark.quick
def test_pages(tool: Tool) -> None:
    """The pages are served, an unknown page is 404, and a method other than GET is 405."""
    assert tool.text("/healthz") == "ok\n"
    assert "/metrics" in tool.text("/")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        tool.text("/nothing")
    for method, path, status in (
        ("HEAD", "/metrics", 200),
        ("POST", "/metrics", 405),
        ("GET", "/metrics?x=1", 200),
    ):
        assert ask_once(tool.port, request_bytes(method, path)).status == status
    head = ask_once(tool.port, get("/metrics")).head
    assert "Content-Type: text/plain; version=0.0.4" in head


@pytest.mark.quick
def test_parallel_scrapes(server: Server, tool: Tool) -> None:
    """Parallel scrapers get complete and equal answers."""
    before = tool.scrape().requests().total()
    ask_once(server.port, get(HEALTH))
    # A client may have its response before the request is counted.
    wait_until("the request is counted", lambda: tool.scrape().requests().total() > before)
    connections = [Connection(tool.port) for _ in range(8)]
    for connection in connections:
        connection.send(get("/metrics"))
    answers = [connection.response() for connection in connections]
    assert {answer.status for answer in answers} == {200}
    requests = [Scrape(answer.body.decode()).requests() for answer in answers]
    assert requests == [requests[0]] * 8


@pytest.mark.quick
def test_front_is_unprivileged(tool: Tool) -> None:
    """The processes that talk to the network are not root and have no capability."""
    processes = tool.processes()
    del processes["scottyscope"]
    # This helper talks to the agent only (tests/integration/test_confinement.py).
    processes.pop("scottyscope-rts", None)
    assert FRONT in processes
    for pid in processes.values():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split()
        assert {int(fields[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Amb")} == {0}
        assert fields["NoNewPrivs"] == "1"


def test_killed_front_is_started_again(start: Starter, server: Server) -> None:
    """A killed front is restarted, and the counters continue."""
    with ReservedPort() as port:
        address = f"127.0.0.1:{port.number}"
    tool = start.watch(server, "--listen", address)
    counting = Counting(tool)
    for times in (1, 2):
        front = tool.processes()[FRONT]
        ask_once(server.port, get(HEALTH))
        os.kill(front, signal.SIGKILL)
        ask_once(server.port, get(HEALTH))
        tool.wait_for(rf"(?s)(the front runs again.*){{{times}}}", tool.stderr)
        assert tool.processes()[FRONT] != front
        counting.expect(OK, times=2 * times)
        assert tool.scrape().value("scottyscope_front_restarts_total") == times
    assert tool.end() == 0


@pytest.mark.quick
def test_port_taken(start: Starter, server: Server) -> None:
    """One line names the error and the remedy; the exit status is documented."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        tool = start.watch(server, "--listen", f"127.0.0.1:{port}", await_attached=False)
        assert tool.wait() == 1
    lines = tool.stderr().splitlines()
    assert len(lines) == 1
    assert str(port) in lines[0] and "in use" in lines[0] and "--listen" in lines[0]


def listening_inodes() -> set[str]:
    """Returns the inodes of the listening TCP sockets."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                found.add(fields[9])
    return found


def listens(tool: Tool) -> bool:
    """Returns whether a process of the tool has a listening socket open."""
    links = [
        os.readlink(link)
        for pid in tool.processes().values()
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink()
    ]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    return bool(inodes & listening_inodes())


def test_listen_none(start: Starter, server: Server, tool: Tool) -> None:
    """With --listen none no process of the tool listens."""
    silent = start.watch(server, "--listen", "none")
    assert listens(tool)
    assert not listens(silent)
    assert silent.end() == 0


@pytest.mark.parametrize("file_format", ["text", "json", "prometheus"])
def test_once(start: Starter, server: Server, file_format: str) -> None:
    """One collection on standard output, of the requests made during --duration."""
    tool = start.watch(
        server, "--once", "--duration", "1s", "--format", file_format, "--listen", "none"
    )
    for _ in range(3):
        ask_once(server.port, get(HEALTH))
    assert tool.wait() == 0
    if file_format == "prometheus":
        assert Scrape(tool.stdout()).requests() == {("GET", HEALTH, "200"): 3}
    elif file_format == "json":
        metrics = {metric["name"]: metric for metric in json.loads(tool.stdout())["metrics"]}
        points = metrics["scotty.http.requests"]["points"]
        labels = {"method": "GET", "path": HEALTH, "status": "200"}
        assert points == [{"attributes": labels, "value": 3}]
    else:
        assert HEALTH in tool.stdout() and "counts and sums are exact" in tool.stdout()


def test_variables_that_cannot_be_parsed(start: Starter, server: Server) -> None:
    """OpenTelemetry's rule: a warning for each, and the defaults hold."""
    environment = {
        "OTEL_METRIC_EXPORT_INTERVAL": "often",
        "OTEL_SDK_DISABLED": "yes",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "zstd",
        "OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote",
    }
    tool = start.watch(server, "--otlp-endpoint", "http://127.0.0.1:9", environment=environment)
    for name, value in environment.items():
        assert re.search(rf"warning: {name}: '{value}'", tool.stderr()), tool.stderr()
    assert tool.scrape().value("scotty_up") == 1
    assert tool.end() == 0


@pytest.mark.quick
@pytest.mark.parametrize(
    ("options", "environment", "named"),
    [
        (["--nonsense"], {}, "--nonsense"),
        (["--duration", "soon"], {}, "soon"),
        (["--pid", "-3"], {}, "--pid"),
        (["--listen", "nowhere"], {}, "--listen"),
        ([], {"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://nowhere"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ([], {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
    ],
)
def test_bad_usage(
    start: Starter, options: list[str], environment: dict[str, str], named: str
) -> None:
    """An invalid option or variable: one line that names it, and status 2."""
    tool = start.process([os.environ["SCOTTYSCOPE"], *options], environment)
    assert tool.popen.wait(DEADLINE_S) == 2
    assert len(tool.stderr().splitlines()) == 1 and named in tool.stderr()
    assert tool.stdout() == ""
