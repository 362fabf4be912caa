# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long processes waited for a CPU."""

import contextlib
import os
import pathlib
import threading


class RunDelay:
    """How long this process and others could not run, since the object was made.

    A client that times the server measures this delay as well. It is close to 0 on an idle machine.
    The delay has two parts:
    - Time in run queues. proc_pid_schedstat(5): the second field of a thread's schedstat file is
      the time in nanoseconds that the thread was runnable and waited for a CPU.
    - Time that the hypervisor took from the CPUs (proc_stat(5): "steal").
    """

    def __init__(self, *pids: int) -> None:
        self.pids = (os.getpid(), *pids)
        self.before = self._waited_ns()
        self.stolen_before_s = self._stolen_s()
        self.of_ended_ns = 0
        self.lock = threading.Lock()

    @staticmethod
    def _stolen_s() -> float:
        total = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()
        return int(total[8]) / os.sysconf("SC_CLK_TCK")

    def _waited_ns(self) -> dict[pathlib.Path, int]:
        found = {}
        for pid in self.pids:
            for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    found[file] = int(file.read_text().split()[1])
        return found

    def keep_thread(self) -> None:
        """Adds the delay of the calling thread, which is about to end: its file goes away."""
        waited_ns = int(pathlib.Path("/proc/thread-self/schedstat").read_text().split()[1])
        with self.lock:
            self.of_ended_ns += waited_ns

    def s(self) -> float:
        """Returns the delay in seconds, summed over all threads and CPUs."""
        now = self._waited_ns()
        waited_ns = sum(waited - self.before.get(file, 0) for file, waited in now.items())
        return (waited_ns + self.of_ended_ns) / 1e9 + self._stolen_s() - self.stolen_before_s
