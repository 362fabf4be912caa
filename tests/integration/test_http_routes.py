# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Routes of requests that are routed, handled or dropped outside of their connection's task, and of
routers within routers."""

import time

import pytest

from harness.counting import Counting
from harness.http_client import Connection, ask_once, get
from harness.listeners import listen
from harness.server import Server
from harness.tool import Tool
from harness.waiting import wait_until

# In lto and current the compiler inlined a part of the hooked function.
TESTED_BUILDS = ("default", "bare", "v0", "size", "lto", "older", "current")

EDGE = "/api/v1/edge"
UNMATCHED = "/unmatched"
FILLER = "\N{SNOWMAN}"
TIMES = 5


def ask_all(server: Server, paths: list[str], *, port: int = 0) -> list[int]:
    """Asks for each path several times on one connection; returns the statuses of the last time."""
    with Connection(port or server.port) as connection:
        for _ in range(TIMES):
            statuses = [connection.get(path).status for path in paths]
    return statuses


def counting_from_now(tool: Tool) -> Counting:
    """Returns the requests that are counted once no request is active any more."""
    wait_until("no request is active", lambda: tool.scrape().active() == 0)
    return Counting(tool)


@pytest.mark.quick
def test_request_leaves_its_task(server: Server, counting: Counting) -> None:
    """A request has its template where another task or the body gets it, and where middleware runs
    the handler in a task of its own."""
    kinds = ("spawn", "spawn_blocking", "keep", "wrapped", "ask_itself", "private")
    assert ask_all(server, [f"{EDGE}/{kind}/7" for kind in kinds]) == [200] * len(kinds)
    counting.expect(*(("GET", f"{EDGE}/{kind}/{{id}}", 200) for kind in kinds), times=TIMES)


@pytest.mark.quick
def test_router_within_a_router(server: Server, tool: Tool, counting: Counting) -> None:
    """The template of an inner router begins with the path that it is nested at; what it does not
    match is unmatched, and axum's private paths are no label."""
    nests = ("nested", "nested_in_task")
    found = [path for nest in nests for path in (f"{nest}/item/7", f"{nest}/deeper/leaf/7")]
    missing = [path for nest in nests for path in (f"{nest}/nothing", f"{nest}/deeper/nothing")]
    assert ask_all(server, [f"{EDGE}/{path}" for path in found]) == [200] * len(found)
    assert ask_all(server, [f"{EDGE}/{path}" for path in missing]) == [404] * len(missing)
    templates = [f"{EDGE}/{path[:-1]}{{id}}" for path in found]
    counting.expect(
        *(("GET", template, 200) for template in templates),
        *(("GET", UNMATCHED, 404) for _ in missing),
        times=TIMES,
    )
    assert "__private__" not in tool.text()


@pytest.mark.quick
def test_whole_router_in_a_task(server: Server, tool: Tool) -> None:
    """A router that gets each request in a task of its own gives the request its template. A late
    task credits no later request of its connection."""
    port = listen(server.port, "own_task")
    counting = counting_from_now(tool)
    paths = ["/item/7", "/deeper/leaf/7", "/late/1", "/nothing"]
    assert ask_all(server, paths, port=port) == [200, 200, 200, 404]
    for _ in range(TIMES):
        with Connection(port) as connection:
            connection.send(get("/late/60"))
            time.sleep(0.02)
    counting.expect(
        ("GET", "/item/{id}", 200),
        ("GET", "/deeper/leaf/{id}", 200),
        ("GET", "/late/{milliseconds}", 200),
        ("GET", "/late/{milliseconds}", "aborted"),
        ("GET", UNMATCHED, 404),
        times=TIMES,
    )


def test_long_templates(server: Server, tool: Tool, counting: Counting) -> None:
    """Templates that are equal in their first 128 bytes have a label set each. A label that is cut
    ends with an ellipsis and a hash, and the cut splits no character."""
    start = f"{EDGE}/long/{{{FILLER * 40}}}"
    nested = f"{EDGE}/long_nest/{{{FILLER * 50}}}"
    paths = ["long/x/first/7", "long/x/second/7", f"long/x/{'y' * 2000}", "long_nest/x/item/7"]
    assert ask_all(server, [f"{EDGE}/{path}" for path in paths]) == [200] * len(paths)
    wait_until("all are counted", lambda: counting.counted().total() == TIMES * len(paths))
    assert set(counting.counted().values()) == {TIMES}
    for _, label, _ in counting.counted():
        text, mark, digest = label.partition("\N{HORIZONTAL ELLIPSIS}")
        assert mark and len(digest) == 8
        assert 124 <= len(text.encode()) <= 127
        assert start.startswith(text) or nested.startswith(text)
    assert tool.scrape().losses() == {"route_long": 1}
