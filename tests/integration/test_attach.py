# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One perf event for each probe site, as on kernels without uprobe_multi, counts the same."""

import json

from harness.bpf import held_by
from harness.builds import ONE_BUILD
from harness.counting import Counting
from harness.http_client import Connection, get, request_bytes
from harness.ledger import Ledger
from harness.server import Server
from harness.starter import Starter

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"


def test_single_events_count_exactly(start: Starter, server: Server) -> None:
    """Requests and polls are counted through perf events."""
    tool = start.watch(server, "--attach", "single")
    counting = Counting(tool)
    polls = tool.scrape().polls()
    with Connection(server.port) as connection:
        for _ in range(50):
            assert connection.get(HEALTH).status == 200
            assert connection.get("/no/where").status == 404
        assert connection.ask(request_bytes("HEAD", HEALTH)).status == 200
    counting.expect(*[("GET", HEALTH, 200), ("GET", "/unmatched", 404)] * 50, ("HEAD", HEALTH, 200))
    assert tool.scrape().polls() >= polls + 101
    assert held_by(tool.pid, "link")
    assert tool.end() == 0


def test_single_events_count_sessions(start: Starter, server: Server) -> None:
    """Websockets, shells, log streams and tasks are counted through perf events."""
    ledger = Ledger(start.watch(server, "--attach", "single"))
    client = ledger.client(server.port)
    client.fence(100)
    client.end_shell(client.open_shell(), "fail")
    client.read_log("odd", 70)
    client.run_task("failing")
    client.shake_hands()
    ledger.expect()
    ledger.expect_durations()
    assert ledger.tool.end() == 0


def test_single_and_multi_count_the_same(start: Starter, server: Server) -> None:
    """Two tools, one of each kind, count the same requests."""
    tools = [start.watch(server), start.watch(server, "--attach", "single")]
    countings = [Counting(tool) for tool in tools]
    with Connection(server.port) as connection:
        connection.send(get(HEALTH) * 20)
        for _ in range(20):
            assert connection.response().status == 200
    for counting in countings:
        counting.expect(("GET", HEALTH, 200), times=20)
    assert [tool.end() for tool in tools] == [0, 0]


def test_verify_names_the_attachment(start: Starter, server: Server) -> None:
    """The plan of `verify` names the kind of attachment."""
    kinds = {
        how: json.loads(
            start.verify("--pid", str(server.pid), "--format", "json", "--attach", how).stdout()
        )["attachment"]
        for how in ("auto", "single")
    }
    assert kinds["single"] == "one perf event a site"
    assert kinds["auto"] in ("one uprobe_multi link a hook", "one perf event a site")
