# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The mixes of requests that the servers are loaded with."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

AUTHORIZATION = "Authorization: Bearer fixture-token"
AGENT = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
JSON_TYPE = "Content-Type: application/json"
# Applications that the sample server has with `--apps`.
APPS = 20


@dataclass(frozen=True)
class Mix:
    """Requests that are sent in turn, and websockets that are open meanwhile."""

    name: str
    what: str
    requests: tuple[bytes, ...]
    websockets: int = 0

    def write(self, path: Path) -> Path:
        """As the load generator reads them."""
        with open(path, "wb") as file:
            for request in self.requests:
                file.write(b"%d\n" % len(request) + request)
        return path


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request as a browser behind a reverse proxy might send it."""
    lines = [f"{method} {target} HTTP/1.1", "Host: scotty.example.org", "Accept: */*", *headers]
    if body:
        lines += [JSON_TYPE, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def trace_parent(choices: random.Random) -> str:
    """The header of a caller that traces, and has sampled this trace."""
    return f"traceparent: 00-{choices.getrandbits(128):032x}-{choices.getrandbits(64):016x}-01"


def hello() -> Mix:
    """The shortest request that there is: the worst case for whatever costs so much a request."""
    return Mix("hello", "GET /api/v1/health", (request("GET", "/api/v1/health"),))


def add_trace_contexts(requests: list[bytes], choices: random.Random) -> None:
    """Gives a tenth of the requests a trace context of their caller."""
    for index in choices.sample(range(len(requests)), len(requests) // 10):
        head, _, rest = requests[index].partition(b"\r\n")
        requests[index] = b"\r\n".join((head, trace_parent(choices).encode(), rest))


def realistic() -> Mix:
    """What an installation with its users, its checks and some noise from the net might see."""
    choices = random.Random(1)

    def app() -> str:
        return f"app-{choices.randrange(1, APPS + 1)}"

    def body(size: int) -> bytes:
        return json.dumps({"app_name": app(), "text": "x" * size}).encode()

    kinds = [
        (25, lambda: request("GET", "/api/v1/health")),
        (
            20,
            lambda: request(
                "GET", f"/api/v1/authenticated/apps/info/{app()}", AUTHORIZATION, AGENT
            ),
        ),
        (4, lambda: request("GET", "/api/v1/authenticated/apps/list", AUTHORIZATION, AGENT)),
        (10, lambda: request("GET", f"/api/v1/apps/{app()}/services/web/files?path=%2Fetc", AGENT)),
        (5, lambda: request("GET", "/api/v1/info", AGENT)),
        (5, lambda: request("GET", "/api/v1/authenticated/tasks", AUTHORIZATION, AGENT)),
        (
            8,
            lambda: request("POST", "/api/v1/test/echo", AGENT, body=body(choices.randrange(4000))),
        ),
        (5, lambda: request("POST", "/api/v1/login", AGENT, body=b'{"password":"wrong"}')),
        (
            5,
            lambda: request(
                "POST",
                f"/api/v1/authenticated/apps/{app()}/custom-actions",
                AUTHORIZATION,
                AGENT,
                body=body(200),
            ),
        ),
        (
            3,
            lambda: request(
                "DELETE",
                f"/api/v1/authenticated/apps/{app()}/custom-actions/restart",
                AUTHORIZATION,
                AGENT,
            ),
        ),
        (6, lambda: request("GET", f"/{choices.choice(['wp-login.php', '.env', 'favicon.ico'])}")),
        (2, lambda: request("GET", "/api/v1/authenticated/apps/list")),
        (2, lambda: request("GET", "/api/v1/test/spawn/4/3")),
    ]
    drawn = [make() for count, make in kinds for _ in range(count)]
    add_trace_contexts(drawn, choices)
    choices.shuffle(drawn)
    return Mix(
        "realistic",
        f"{len(kinds)} kinds of requests, with parameters, bodies, 404 and 401; 20 websockets",
        tuple(drawn),
        websockets=20,
    )


def all_mixes() -> dict[str, Mix]:
    """By name."""
    return {mix.name: mix for mix in (hello(), realistic())}
