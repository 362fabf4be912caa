#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Demonstrates scottyscope: a sample server, a known mix of requests, and a report.

The client counts what it does; at the end its numbers stand against those that scottyscope saw from
outside. Nothing is left running.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "fixtures"))

from sample_server import start_server  # noqa: E402  (found by the path above)

# Method, path, route template, status of the response, and weight in the mix.
MIX = [
    ("GET", "/api/v1/health", "/api/v1/health", 200, 60),
    ("GET", "/api/v1/info", "/api/v1/info", 200, 12),
    ("GET", "/api/v1/authenticated/apps/info/blog", "/api/v1/authenticated/apps/info/{app_id}", 401, 8),
    ("HEAD", "/api/v1/health", "/api/v1/health", 200, 4),
    ("POST", "/api/v1/test/echo", "/api/v1/test/echo", 200, 6),
    ("GET", "/wp-login.php?token=never-shown", "/unmatched", 404, 4),
    ("GET", "/api/v1/test/sleep/20", "/api/v1/test/sleep/{milliseconds}", 200, 3),
    ("GET", "/api/v1/test/block/5", "/api/v1/test/block/{milliseconds}", 200, 2),
    ("GET", "/api/v1/test/status/503", "/api/v1/test/status/{code}", 503, 1),
]
CONNECTIONS = 4
SERIES = re.compile(
    r'^scotty_http_requests_total\{method="(.*)",path="(.*)",status="(.*)"\} (\d+)$', re.MULTILINE
)

Tally = collections.Counter[tuple[str, str, str]]


def say(text: str) -> None:
    """Prints one line of progress."""
    print(f"demo: {text}", flush=True)


def start_tool(path: str, server: subprocess.Popen[str]) -> tuple[subprocess.Popen[str], str]:
    """Attaches the tool to the server; returns the tool and the address of its metrics."""
    tool = subprocess.Popen(
        [path, "--pid", str(server.pid), "--report", "--listen", "127.0.0.1:0"]
        + ["--otlp-endpoint", "none"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tool.stderr
    for line in tool.stderr:
        say(line.strip().removeprefix("scottyscope: "))
        if "metrics at " in line:
            return tool, line.rsplit(" ", 1)[1].strip()
    sys.exit(f"demo: scottyscope does not attach (exit status {tool.wait()})")


def drive(port: int, until: float, tally: Tally, lock: threading.Lock) -> None:
    """Sends the mix over one connection in a loop, and counts the responses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    own: Tally = collections.Counter()
    order = [row for row in MIX for _ in range(row[4])]
    step = 0
    while time.monotonic() < until:
        method, path, route, status, _ = order[step * 37 % len(order)]
        step += 1
        connection.request(method, path, body=b'{"name":"demo"}' if method == "POST" else None)
        response = connection.getresponse()
        response.read()
        assert response.status == status, f"{method} {path}: {response.status}"
        own[(method, route, str(status))] += 1
    connection.close()
    with lock:
        tally += own


def send_requests(port: int, seconds: int) -> Tally:
    """Sends requests over several connections, and shows the progress."""
    tally: Tally = collections.Counter()
    lock = threading.Lock()
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=drive, args=(port, until, tally, lock)) for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        left = max(0, round(until - time.monotonic()))
        if sys.stdout.isatty():
            print(f"\rdemo: sending requests, {left} s to go ", end="", flush=True)
        time.sleep(0.5)
    if sys.stdout.isatty():
        print("\r", end="")
    for thread in threads:
        thread.join()
    return tally


def scrape(url: str) -> Tally:
    """Returns the requests that the tool counted."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        text = answer.read().decode()
    return collections.Counter(
        {(m, p, s): int(n) for m, p, s, n in SERIES.findall(text)}
    )


def compare(sent: Tally, url: str) -> bool:
    """Returns whether tool and client agree; the tool may count the last response later."""
    seen: Tally = collections.Counter()
    for _ in range(20):
        seen = scrape(url)
        if seen == sent:
            say(f"the client counted {sent.total()} requests, and scottyscope the same in all "
                f"{len(sent)} label sets")
            return True
        time.sleep(0.1)
    for key in sorted(set(sent) | set(seen)):
        if sent[key] != seen[key]:
            say(f"{' '.join(key)}: sent {sent[key]}, seen {seen[key]}")
    return False


def main() -> int:
    """Runs the demo; returns 0 if the tool's counts equal the client's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--seconds", type=int, default=6)
    options = parser.parse_args()

    say("starting the sample server")
    server, port = start_server(options.server)
    tool = None
    try:
        tool, url = start_tool(options.tool, server)
        say(f"sending a known mix of requests over {CONNECTIONS} connections")
        sent = send_requests(port, options.seconds)
        same = compare(sent, url)
        tool.send_signal(signal.SIGINT)
        report, _ = tool.communicate(timeout=30)
        print(f"\n{report}")
        return 0 if same and tool.returncode == 0 else 1
    finally:
        for process in (tool, server):
            if process and process.poll() is None:
                process.terminate()
                process.wait(timeout=10)


if __name__ == "__main__":
    sys.exit(main())
