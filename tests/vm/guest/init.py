#!/python/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The first process of the virtual machine: mounts, runs the tests, sends what came of them.

The first serial line is the console; on the second go the tests' JUnit file and nothing else.
"""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import tty

MOUNTS = (("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp"))
RESULTS = pathlib.Path("/tmp/results.xml")
# What Python has no names for: linux/sockios.h, linux/if.h, linux/reboot.h.
SIOCSIFFLAGS = 0x8914
IFF_UP_RUNNING = 0x41
RB_AUTOBOOT = 0x01234567

LIBC = ctypes.CDLL(None, use_errno=True)


def mount(kind: str, where: str) -> None:
    """Like mount -t KIND KIND WHERE."""
    os.makedirs(where, exist_ok=True)
    name = kind.encode()
    if LIBC.mount(name, where.encode(), name, 0, None) != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount {kind} on {where}")


def bring_up_loopback() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


def send_results() -> None:
    """The results as they are, over a line that would translate line ends."""
    line = os.open(f"/dev/{os.environ['RESULTS_LINE']}", os.O_WRONLY | os.O_NOCTTY)
    tty.setraw(line)
    data = RESULTS.read_bytes()
    while data:
        data = data[os.write(line, data) :]
    os.close(line)


def run_tests() -> None:
    for kind, where in MOUNTS:
        mount(kind, where)
    console = os.open("/dev/console", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(console, number)
    bring_up_loopback()
    # The host's choice, one a line.
    arguments = pathlib.Path("/test-arguments").read_text().splitlines()
    subprocess.run(
        ["/python/bin/python3", "-m", "pytest", f"--junitxml={RESULTS}", *arguments],
        cwd="/tests",
        check=False,
    )
    send_results()


try:
    run_tests()
finally:
    # QEMU is told not to reboot, and ends instead. Without this the kernel would panic.
    print("the virtual machine ends", flush=True)
    LIBC.reboot(RB_AUTOBOOT)
