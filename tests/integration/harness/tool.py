# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""scottyscope as a process."""

import os
import pathlib
import urllib.request
from collections.abc import Sequence

from harness.process import Process
from harness.scrape import Scrape
from harness.waiting import DEADLINE_S


class Tool(Process):
    """A run of scottyscope. When the constructor returns, the tool is attached and serves /metrics,
    unless the options say otherwise."""

    def __init__(
        self,
        directory: pathlib.Path,
        *options: str,
        environment: dict[str, str] | None = None,
        command: Sequence[str] = (),
        await_attached: bool = True,
        binary: str | None = None,
    ) -> None:
        binary = binary or os.environ["SCOTTYSCOPE"]
        super().__init__([*command, binary, *options], directory, environment or {})
        self.target = int(options[options.index("--pid") + 1]) if "--pid" in options else 0
        self.is_listening = "none" not in options[options.index("--listen") + 1 :][:1]
        self.port = 0
        if await_attached:
            self.wait_for("attached to process", self.stderr)
        if await_attached and self.is_listening:
            self.port = int(self.wait_for(r"metrics at http://\S+:(\d+)/metrics", self.stderr)[1])

    def text(self, path: str = "/metrics") -> str:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as response:
            return response.read().decode()

    def scrape(self) -> Scrape:
        return Scrape(self.text())

    def processes(self) -> dict[str, int]:
        """Returns the process ids of the tool and of its descendants, by process name."""
        found, left = {}, [self.pid]
        while left:
            pid = left.pop()
            proc = pathlib.Path(f"/proc/{pid}")
            found[(proc / "comm").read_text().strip()] = pid
            left += map(int, (proc / f"task/{pid}/children").read_text().split())
        return found
