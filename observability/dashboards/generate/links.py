# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Links from a panel to the traces behind it.

A link opens a search of the tracing data source. Jaeger finds only attributes that a span was sent
with, so that a search names no tag that Jaeger derives, such as `error`.
"""

import json
import re
import urllib.parse

# The tracing data source is a variable of the dashboard.
TRACES = "${traces}"
SERVICE = "${job:raw}"
# Grafana replaces these while it makes the link, so that they stay as they are.
PLACEHOLDER = re.compile(r"(\$\{[^}]+\})")


def search_url(tags: str, service: str = SERVICE) -> str:
    """The address of a search in Grafana's Explore, in the time range of the dashboard."""
    pane = {
        "datasource": TRACES,
        "queries": [
            {
                "refId": "A",
                "datasource": {"type": "jaeger", "uid": TRACES},
                "queryType": "search",
                "service": service,
                "tags": tags,
                "limit": 100,
            }
        ],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    text = json.dumps({"traces": pane}, separators=(",", ":"))
    parts = PLACEHOLDER.split(text)
    encoded = "".join(
        part if PLACEHOLDER.fullmatch(part) else urllib.parse.quote(part, safe="") for part in parts
    )
    return f"/explore?schemaVersion=1&orgId=1&panes={encoded}"


def label(name: str) -> str:
    """The value of a label of the series that was clicked."""
    return f"${{__field.labels.{name}:percentencode}}"


# The title of each link and the tags that it searches for. The labels are those of the series.
BY_STATUS = ("Traces with this status", f"http.response.status_code={label('status')}")
BY_ERROR = ("Traces with this error", f"error.type={label('status')}")
BY_ROUTE = ("Traces of this route", f"http.route={label('path')}")
ALL = ("Traces of this time range", "")
