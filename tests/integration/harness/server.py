# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sample server as a process."""

import os
import pathlib
from collections.abc import Sequence

from harness.process import Process

# The server's own timers do not fire while a test counts.
QUIET_OPTIONS = ("--app-check-ms", "3600000", "--sample-ms", "3600000")


class Server(Process):
    """The sample server on a free port."""

    def __init__(
        self,
        binary: str,
        directory: pathlib.Path,
        *options: str,
        environment: dict[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        self.binary = binary
        super().__init__(
            [*command, binary, "--bind", "127.0.0.1:0", *QUIET_OPTIONS, *options],
            directory,
            {"RUST_BACKTRACE": "0", **(environment or {})},
        )
        self.port = int(self.wait_for(r"listening on \S+:(\d+)", self.stdout)[1])

    def memory_bytes(self) -> tuple[int, int]:
        """Returns the virtual and the resident memory."""
        pages = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(pages[0]) * os.sysconf("SC_PAGESIZE"), int(pages[1]) * os.sysconf("SC_PAGESIZE")
