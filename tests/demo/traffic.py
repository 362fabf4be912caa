# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Traffic for the sample server until the program is ended, for every panel of the dashboards.

Run: traffic.py PORT
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))

from harness.http_client import TOKEN, Connection, get, request_bytes  # noqa: E402
from harness.sessions import APPS, AUTHORIZED, Client  # noqa: E402
# pylint: disable=wrong-import-position

ROUND_S = 1.0
REQUESTS = [
    *[get("/api/v1/health")] * 4,
    get("/api/v1/info"),
    get(APPS + "/list", AUTHORIZED),
    get(APPS + "/info/demo", AUTHORIZED),
    get(APPS + "/info/demo", "Authorization: Bearer wrong"),
    get("/no/where"),
    get("/api/v1/test/sleep/40"),
    get("/api/v1/test/block/5"),
    get("/api/v1/test/spawn/5/3"),
]
# The server allows 200 requests a minute in each tier (observability/stack). The burst of logins
# exceeds this limit; the requests to applications, at most three in a round of a second, do not.
LOGINS = 250
FAILURE = get("/api/v1/test/status/500")


def post(target: str, **fields: str) -> bytes:
    """Returns a POST request with these fields as JSON."""
    body = json.dumps(fields).encode()
    return request_bytes("POST", target, "Content-Type: application/json", body=body)


def send_requests(port: int, step: int) -> None:
    with Connection(port) as connection:
        for request in REQUESTS + ([FAILURE] if step % 5 == 0 else []):
            connection.ask(request)


def use_sessions(port: int) -> None:
    """Runs a shell, a log stream and a task; each succeeds once and fails once."""
    client, stranger = Client(port), Client(port, token="wrong")
    shell = client.open_shell()
    client.echo(shell, "ls")
    client.end_shell(shell)
    client.end_shell(client.open_shell(), "fail")
    # This session stays open until its time limit.
    left = Client(port)
    left.open_shell("demo", "db")
    client.read_log("web", 20)
    client.refused_log("demo", "none")
    task = client.start_task("demo")
    client.start_output(task)
    client.await_task(task)
    client.await_task(client.start_task("failing"))
    client.shake_hands()
    stranger.close()
    left.await_type("ShellSessionEnded")
    left.shake_hands()


def log_in(port: int) -> None:
    """Finishes two OAuth flows twice, and makes more logins than the limit allows."""
    with Connection(port) as connection:
        flow = json.loads(connection.ask(post("/oauth/device")).body)
        for _ in range(3):
            connection.ask(post("/oauth/device/token", device_code=flow["device_code"]))
        redirect = connection.ask(get("/oauth/authorize")).head
        session = redirect.partition("state=")[2].split()[0]
        for _ in range(2):
            connection.ask(post("/oauth/exchange", session_id=session))
        # Without a token the request has no rate-limit key.
        connection.ask(get(APPS + "/info/demo"))
        for _ in range(LOGINS):
            connection.ask(post("/api/v1/login", password=TOKEN))


def main() -> None:
    port, step = int(sys.argv[1]), 0
    while True:
        send_requests(port, step)
        if step % 15 == 0:
            use_sessions(port)
        if step % 15 == 7:
            log_in(port)
        step += 1
        time.sleep(ROUND_S)


if __name__ == "__main__":
    main()
