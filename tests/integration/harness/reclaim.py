# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Reclaims the memory of a process in a loop, so that reads of another process's programs fail."""

import contextlib
import ctypes
import os
import pathlib
import subprocess
import threading
from collections.abc import Iterator

import pytest

MADV_PAGEOUT = 21
PROCESS_MADVISE = 440
SWAP_BYTES = 256 << 20
RANGES_LIMIT = 512

libc = ctypes.CDLL(None, use_errno=True)


class IoVector(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


@contextlib.contextmanager
def swap_file(path: pathlib.Path) -> Iterator[None]:
    """Swaps to a file, unless the machine swaps already. Skips the test if that is impossible."""
    if len(pathlib.Path("/proc/swaps").read_text().splitlines()) > 1:
        yield
        return
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, SWAP_BYTES)
    path.chmod(0o600)
    subprocess.run(["mkswap", path], check=True, capture_output=True)
    enabled = subprocess.run(["swapon", path], capture_output=True, text=True)
    if enabled.returncode:
        pytest.skip(f"no swap file: {enabled.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["swapoff", path], check=True)
        path.unlink()


def writable_ranges(pid: int) -> list[tuple[int, int]]:
    """Returns start and length of the private writable mappings without a file."""
    ranges = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        addresses, access, _, _, inode, *_ = line.split()
        if access.startswith("rw") and inode == "0" and "[v" not in line:
            start, end = (int(text, 16) for text in addresses.split("-"))
            ranges.append((start, end - start))
    return ranges[:RANGES_LIMIT]


def reclaim(pidfd: int, pid: int) -> int:
    """Asks the kernel to page out the process's memory; returns the number of accepted bytes."""
    ranges = writable_ranges(pid)
    vectors = (IoVector * len(ranges))(*ranges)
    taken = libc.syscall(PROCESS_MADVISE, pidfd, vectors, len(ranges), MADV_PAGEOUT, 0)
    if taken < 0:
        pytest.skip(f"process_madvise: {os.strerror(ctypes.get_errno())}")
    return taken


@contextlib.contextmanager
def reclaimed_in_a_loop(pid: int) -> Iterator[None]:
    """Pages out the process's memory again and again."""
    pidfd = os.pidfd_open(pid)
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            reclaim(pidfd, pid)

    reclaim(pidfd, pid)
    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        os.close(pidfd)
