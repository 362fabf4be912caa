# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The sample server as a process."""

from __future__ import annotations

import os
import pathlib
import sys
from types import TracebackType
from typing import Self

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "fixtures"))

from sample_server import start_server  # noqa: E402  (found by the path above)


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
        self._process, self.port = start_server(
            self.binary, *options, environment={**clean, **(environment or {})}
        )
        self.pid = self._process.pid

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
