# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A server that is also a client of websockets: its own frames are no messages of its clients."""

import pytest

from harness import names
from harness.builds import BUILDS
from harness.http_client import ask_once, get
from harness.scrape import Scrape, grown
from harness.server import Server
from harness.tool import Tool
from harness.waiting import wait_until
from harness.websocket_client import WebSocket

TESTED_BUILDS = BUILDS

COUNTED = (names.CONNECTIONS, names.MESSAGES_RECEIVED, names.MESSAGES_SENT)
# In this build the tool sees whole messages, which do not show who received them.
WITHOUT_FRAMES = "lto"


def await_end(tool: Tool) -> Scrape:
    """Waits for the end of all connections; returns what the tool then counts."""
    wait_until(
        "all connections ended", lambda: tool.scrape().total(names.CONNECTIONS_ACTIVE) == 0
    )
    return tool.scrape()


@pytest.mark.quick
@pytest.mark.parametrize("how", ["handler", "task", "raw"])
def test_server_as_its_own_client(server: Server, tool: Tool, how: str) -> None:
    """One connection of the server, three texts in and three out, each counted once."""
    before = tool.scrape()
    target = f"/api/v1/test/ws_client/{how}/{server.port}/3"
    response = ask_once(server.port, get(target))
    assert (response.status, response.body) == (200, b"3")
    after = await_end(tool)
    assert [grown(before, after, name) for name in COUNTED] == [1, 3, 3]
    assert after.found("frame_differs") == 0
    assert after.losses() == {}


def test_server_and_client_in_one_task(server: Server, tool: Tool, build: str) -> None:
    """A proxy's task has a client and is one: each text passes two connections of the server."""
    before = tool.scrape()
    client = WebSocket(server.port, path=f"/api/v1/test/ws_proxy/{server.port}")
    client.fence(7)
    client.shake_hands()
    after = await_end(tool)
    connections, received, sent = [grown(before, after, name) for name in COUNTED]
    assert (connections, sent) == (2, client.received * 2)
    unknown = after.found("websocket_role_unknown") - before.found("websocket_role_unknown")
    if build == WITHOUT_FRAMES:
        # Each message is counted or unknown: two that clients sent, and the answer.
        assert received + unknown == client.sent * 2 + client.received
        assert client.sent <= received <= client.sent * 2
    else:
        assert (received, unknown) == (client.sent * 2, 0)
