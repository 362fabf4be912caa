# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the tool's application metrics with the server's own list of applications."""

import collections
import json

from harness import names
from harness.http_client import ask_once, get
from harness.scrape import Scrape
from harness.server import Server
from harness.sessions import APPS, AUTHORIZED
from harness.tool import Tool
from harness.waiting import wait_until

Statuses = collections.Counter[str]
STATUSES = {"stopped", "starting", "running", "creating", "destroying", "unsupported"}


def listed(server: Server) -> tuple[Statuses, list[int]]:
    """Asks the server for the number of applications by status, and of services of each."""
    apps = json.loads(ask_once(server.port, get(f"{APPS}/list", AUTHORIZED)).body)["apps"]
    statuses = collections.Counter(app["status"].lower() for app in apps)
    return statuses, [len(app["services"]) for app in apps]


def by_status(scrape: Scrape) -> Statuses:
    """Returns the gauge by status, without zeros; asserts that each status of Scotty is exposed."""
    found: Statuses = collections.Counter()
    for (name, labels), value in scrape.values.items():
        if name == names.APPS_BY_STATUS:
            assert labels, "the status is a label"
            found[dict(labels)["status"]] = int(value)
    assert not found or set(found) == STATUSES
    return +found


def await_list(server: Server, tool: Tool) -> Scrape:
    """Waits until the tool agrees with the server's list; the next scrape must agree too."""

    def agrees() -> Scrape | None:
        statuses, _ = listed(server)
        scrape = tool.scrape()
        exposed = {name for name, _ in scrape.values}
        if names.APPS not in exposed or by_status(scrape) != statuses:
            return None
        return scrape if scrape.total(names.APPS) == statuses.total() else None

    wait_until("the tool agrees with the list of applications", agrees)
    scrape = agrees()
    assert scrape, "the tool still agrees"
    return scrape
