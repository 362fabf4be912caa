# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Starts processes for a test or a module, and ends them."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from harness.process import Process
from harness.server import Server
from harness.tool import Tool


class Starter:
    """Starts servers, tools and other processes, and ends all that still run."""

    def __init__(self, make_directory: Callable[[], pathlib.Path]) -> None:
        self.make_directory = make_directory
        self.processes: list[Process] = []

    def server(self, binary: str, *options: str, **keywords: Any) -> Server:
        server = Server(binary, self.make_directory(), *options, **keywords)
        self.processes.append(server)
        return server

    def tool(self, *options: str, **keywords: Any) -> Tool:
        """Starts the tool. By default it listens on a free port, without collector or limit."""
        if "--listen" not in options:
            options = (*options, "--listen", "127.0.0.1:0")
        if "--otlp-endpoint" not in options:
            options = (*options, "--otlp-endpoint", "none")
        # The speed of the machine must not decide whether polls are counted or estimated.
        if "--max-overhead" not in options:
            options = (*options, "--max-overhead", "none")
        tool = Tool(self.make_directory(), *options, **keywords)
        self.processes.append(tool)
        return tool

    def watch(self, server: Server, *options: str, **keywords: Any) -> Tool:
        """Starts the tool and attaches it to this server."""
        return self.tool("--pid", str(server.pid), *options, **keywords)

    def verify(self, *options: str, command: Sequence[str] = ()) -> Process:
        """Runs `scottyscope verify` to its end, as an argument of `command` if there is one."""
        process = self.process([*command, os.environ["SCOTTYSCOPE"], "verify", *options])
        process.wait()
        return process

    def process(self, arguments: list[str], environment: dict[str, str] | None = None) -> Process:
        process = Process(arguments, self.make_directory(), environment or {})
        self.processes.append(process)
        return process

    def end_all(self) -> None:
        """Ends all processes, even if one of them does not end as it should."""
        with contextlib.ExitStack() as stack:
            for process in self.processes:
                stack.callback(process.end)
