# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long the kernel kept processes waiting for a CPU."""

import contextlib
import os
import pathlib


class RunDelay:
    """The run-queue delay of this process and of others since the object was made.

    A client that times the server measures this delay as well. It is close to 0 on an idle machine.
    proc_pid_schedstat(5): the second field of a thread's schedstat file is the time in nanoseconds
    that the thread was runnable and waited for a CPU. Threads that ended in between are missing.
    """

    def __init__(self, *pids: int) -> None:
        self.pids = (os.getpid(), *pids)
        self.before = self._waited_ns()

    def _waited_ns(self) -> dict[pathlib.Path, int]:
        found = {}
        for pid in self.pids:
            for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    found[file] = int(file.read_text().split()[1])
        return found

    def s(self) -> float:
        """Returns the delay in seconds, summed over all threads."""
        now = self._waited_ns()
        return sum(waited - self.before.get(file, 0) for file, waited in now.items()) / 1e9
