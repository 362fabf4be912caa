# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A server that is also a client of websockets: its own frames are no messages of its clients."""

import pytest

from harness import names
from harness.builds import BUILDS
from harness.http_client import ask_once, get
from harness.ledger import Ledger
from harness.scrape import grown
from harness.server import Server
from harness.tool import Tool
from harness.waiting import wait_until

TESTED_BUILDS = BUILDS

@pytest.mark.quick
@pytest.mark.parametrize("how", ["handler", "task", "raw"])
def test_server_as_its_own_client(server: Server, tool: Tool, how: str) -> None:
    """One connection of the server, three texts in and three out, each counted once."""
    before = tool.scrape()
    target = f"/api/v1/test/ws_client/{how}/{server.port}/3"
    response = ask_once(server.port, get(target))
    assert (response.status, response.body) == (200, b"3")
    wait_until(
        "the connection ended", lambda: tool.scrape().total(names.CONNECTIONS_ACTIVE) == 0
    )
    after = tool.scrape()
    assert [
        grown(before, after, name)
        for name in (names.CONNECTIONS, names.MESSAGES_RECEIVED, names.MESSAGES_SENT)
    ] == [1, 3, 3]
    assert after.found("frame_differs") == 0
    assert after.losses() == {}
