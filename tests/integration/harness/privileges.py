# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What /proc tells of the privileges of a process."""

import os
import pathlib

# linux/capability.h
CAPABILITIES = {
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "SYS_RESOURCE": 24,
    "DAC_READ_SEARCH": 2,
    "PERFMON": 38,
    "BPF": 39,
}


class Privileges:
    """The privileges of a running process."""

    def __init__(self, pid: int) -> None:
        self.proc = pathlib.Path(f"/proc/{pid}")
        status = (self.proc / "status").read_text()
        self.fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        # After the name, which may hold spaces: state, parent, group, session, terminal.
        self.stat = (self.proc / "stat").read_text().rpartition(")")[2].split()

    def capabilities(self, which: str) -> set[str]:
        """Returns the names in a set: Eff, Prm, Inh, Bnd or Amb. Unknown ones are numbers."""
        bits = int(self.fields[f"Cap{which}"], 16)
        names = {number: name for name, number in CAPABILITIES.items()}
        return {names.get(i, str(i)) for i in range(64) if bits >> i & 1}

    def users(self) -> set[int]:
        return set(map(int, self.fields["Uid"].split()))

    def groups(self) -> set[int]:
        return set(map(int, (self.fields["Gid"] + " " + self.fields["Groups"]).split()))

    def has_no_new_privileges(self) -> bool:
        return self.fields["NoNewPrivs"] == "1"

    def has_filter(self) -> bool:
        """Returns whether system calls are filtered."""
        return self.fields["Seccomp"] == "2"

    def session(self) -> int:
        return int(self.stat[3])

    def has_terminal(self) -> bool:
        return self.stat[4] != "0"

    def core_limits(self) -> set[str]:
        limits = (self.proc / "limits").read_text().splitlines()
        return {word for line in limits if "core" in line for word in line.split()[4:6]}

    def descriptor(self, number: int) -> str:
        return os.readlink(self.proc / f"fd/{number}")
