# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sample server as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType
from typing import Self


class Server:
    """One on a free port, until the end of its context."""

    def __init__(
        self, binary: str, *options: str, environment: dict[str, str] | None = None
    ) -> None:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OTEL_", "SCOTTY"))
        }
        self.binary = os.path.abspath(binary)
        self._process = subprocess.Popen(
            [self.binary, "--bind", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**clean, "RUST_BACKTRACE": "0", **(environment or {})},
        )
        self.pid = self._process.pid
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit(f"bench: the sample server does not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
