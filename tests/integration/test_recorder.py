# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""OAuth and rate limits, which only builds with Scotty's recorder show."""

import collections
import json
from typing import Any

import pytest

from harness import names
from harness.builds import binary_of
from harness.http_client import TOKEN, Response, ask_once, get
from harness.oauth import OAuth, post
from harness.scrape import grown
from harness.server import Server
from harness.starter import Starter
from harness.tool import Tool
from harness.waiting import wait_until

AUTHORIZED = f"Authorization: Bearer {TOKEN}"
OF_RECORDERS = (
    names.DEVICE_FLOWS,
    names.WEB_FLOWS,
    names.FLOW_FAILURES,
    names.VALIDATIONS,
    names.VALIDATION_FAILURES,
    f"{names.VALIDATION_DURATION}_count",
)


@pytest.fixture(scope="module")
def server(start_shared: Starter) -> Server:
    return start_shared.server(binary_of("default"), "--sample-ms", "100")


@pytest.fixture(scope="module")
def tool(start_shared: Starter, server: Server) -> Tool:
    return start_shared.watch(server)


@pytest.mark.quick
def test_oauth(server: Server, tool: Tool) -> None:
    """Device and web flows: started, finished, finished twice, and with an unknown code."""
    before = tool.scrape()
    client = OAuth(server.port)
    for _ in range(5):
        client.start_device()
    codes = [client.start_device() for _ in range(3)]
    sessions = [client.start_web() for _ in range(4)]
    for code in codes * 2:
        client.finish_device(code)
    for session in sessions[:2]:
        client.finish_web(session)
    client.finish_web(codes[0])

    def seen() -> dict[str, int]:
        now = tool.scrape()
        return {name: int(grown(before, now, name)) for name in OF_RECORDERS}

    wanted = {name: client.counts[name] for name in OF_RECORDERS}
    wait_until("all flows are counted", lambda: seen() == wanted)
    assert wanted[names.VALIDATIONS] == 9 and wanted[names.FLOW_FAILURES] == 4
    # The server samples the open sessions: 5 of 8, and 2 of 4.
    for line in (f"{names.DEVICE_SESSIONS} 5", f"{names.WEB_SESSIONS} 2"):
        wait_until(line, lambda text=line: f"\n{text}\n" in tool.text())


def rate_limits(tool: Tool) -> collections.Counter[tuple[str, str]]:
    """Returns the rate-limited requests by tier and decision."""
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    for (name, labels), value in tool.scrape().values.items():
        if name == names.RATE_LIMITED:
            fields = dict(labels)
            assert fields.keys() == {"tier", "decision"}
            found[(fields["tier"], fields["decision"])] = int(value)
    return +found


@pytest.mark.quick
def test_rate_limits(start: Starter) -> None:
    """Three tiers with ten requests each, and requests without a rate-limit key."""
    server = start.server(binary_of("default"), "--rate-limit", "10")
    tool = start.watch(server)
    asked: collections.Counter[tuple[str, str]] = collections.Counter()

    def ask(tier: str, response: Response) -> None:
        asked[(tier, "denied" if response.status == 429 else "allowed")] += 1

    for _ in range(13):
        ask("authenticated", ask_once(server.port, get("/api/v1/authenticated/tasks", AUTHORIZED)))
        ask("public_auth", post(server.port, "/api/v1/login", {"password": "wrong"}))
        ask("public_auth", post(server.port, "/api/v1/login", {"password": TOKEN}))
    for _ in range(4):
        ask("oauth", post(server.port, "/oauth/device"))
        assert ask_once(server.port, get("/api/v1/authenticated/tasks")).status == 500
        assert ask_once(server.port, get("/api/v1/health")).status == 200
    assert asked[("authenticated", "denied")] == 3 and asked[("public_auth", "denied")] == 16
    wait_until("all requests are counted", lambda: rate_limits(tool) == asked)
    wait_until("all errors are counted", lambda: tool.scrape().total(names.EXTRACTOR_ERRORS) == 4)
    assert rate_limits(tool) == asked


def recorded(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The instrumentations that use Scotty's recorder."""
    rows: list[dict[str, Any]] = plan["instrumentations"]
    return [row for row in rows if "oauth" in row["gives"] or "rate_limit" in row["gives"]]


def test_absent_without_a_recorder(start: Starter) -> None:
    """Without a recorder the metrics are missing rather than 0, and `verify` gives the reason."""
    server = start.server(binary_of("bare"), "--rate-limit", "10", "--sample-ms", "100")
    tool = start.watch(server)
    OAuth(server.port).start_device()
    scrape = tool.scrape()
    assert not [
        name for name, _ in scrape.values if name.startswith(("scotty_oauth", "scotty_rate"))
    ]
    plan = json.loads(start.verify("--pid", str(server.pid), "--format", "json").stdout())
    rows = recorded(plan)
    assert rows and not any(row["available"] for row in rows)
    assert all("OtelRecorder" in row["reason"] for row in rows)


def test_present_with_a_recorder(start: Starter, server: Server) -> None:
    """`verify` finds the signals in the default build."""
    plan = json.loads(start.verify("--pid", str(server.pid), "--format", "json").stdout())
    rows = recorded(plan)
    assert rows and all(row["available"] for row in rows)
