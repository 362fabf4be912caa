# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The front's end of its socket to the agent, for a test that plays a front in the hands of an attacker."""

import contextlib
import ctypes
import os
import pathlib
import socket
import struct
from collections.abc import Iterator

# user/ipc/message.h
MAGIC = 0x53435459
TAKE_SNAPSHOT = 16
STATISTICS = 17
HEADER = struct.Struct("=IHHQII")

SYS_PIDFD_GETFD = 438


def message(kind: int, sequence: int, payload: bytes) -> bytes:
    return HEADER.pack(MAGIC, kind, 0, sequence, len(payload), 0) + payload


def take_snapshot(sequence: int) -> bytes:
    return message(TAKE_SNAPSHOT, sequence, struct.pack("=Q", 0))


@contextlib.contextmanager
def socket_of_front(pid: int) -> Iterator[socket.socket]:
    """Duplicates the one connected Unix stream socket that the process has."""
    found = [
        int(link.name)
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()
        if os.readlink(link).startswith("socket:")
    ]
    pidfd = os.pidfd_open(pid)
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        for number in found:
            fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
            assert fd >= 0, os.strerror(ctypes.get_errno())
            duplicate = socket.socket(fileno=fd)
            if duplicate.family == socket.AF_UNIX and duplicate.type == socket.SOCK_STREAM:
                with duplicate:
                    yield duplicate
                return
            duplicate.close()
        raise AssertionError(f"process {pid} has no Unix stream socket")
    finally:
        os.close(pidfd)
