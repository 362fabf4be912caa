# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs a program as the service section of a systemd unit would, on a machine without systemd.

sandbox.py UNIT PROGRAM ARGUMENT... runs in namespaces of its own (unshare --mount --uts). An
option that is in neither table below is an error, so no new option of the unit is left out unseen.
"""

import configparser
import ctypes
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
SECCOMP = ctypes.CDLL("libseccomp.so.2", use_errno=True)
SECCOMP.seccomp_init.restype = ctypes.c_void_p

CAPABILITIES = "/usr/include/linux/capability.h"
MS_RDONLY, MS_NOSUID, MS_NOEXEC = 1, 2, 8
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 24, 38, 65
SCMP_ACT_ALLOW, SCMP_ACT_EPERM, SCMP_CMP_EQ = 0x7FFF0000, 0x00050001, 4

# Options that this program applies.
APPLIED = {
    "capabilityboundingset",
    "memorydenywriteexecute",
    "nonewprivileges",
    "privatedevices",
    "privatetmp",
    "protectcontrolgroups",
    "protecthome",
    "protecthostname",
    "protectkernellogs",
    "protectkernelmodules",
    "protectkerneltunables",
    "protectsystem",
    "restrictaddressfamilies",
    "restrictnamespaces",
    "systemcallarchitectures",
    "systemcallerrornumber",
    "systemcallfilter",
    "umask",
}
# Options that only systemd itself, or a control group, applies.
NOT_APPLIED = {
    "environment",
    "environmentfile",
    "execstart",
    "keyringmode",
    "limitmemlock",
    "lockpersonality",
    "memorymax",
    "oomscoreadjust",
    "protectclock",
    "restart",
    "restartpreventexitstatus",
    "restartsec",
    "restrictrealtime",
    "restrictsuidsgid",
    "tasksmax",
    "timeoutstopsec",
    "type",
}


class Argument(ctypes.Structure):
    """struct scmp_arg_cmp: a condition on an argument of a system call."""

    _fields_ = [
        ("index", ctypes.c_uint),
        ("operation", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("mask", ctypes.c_uint64),
    ]


def read_service(unit: str) -> dict[str, str]:
    """Returns the options of the service by their lower-case names."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(pathlib.Path(unit).read_text())
    service = dict(parser["Service"])
    unknown = service.keys() - APPLIED - NOT_APPLIED
    if unknown:
        sys.exit(f"sandbox: options of {unit} that are in no table: {sorted(unknown)}")
    return service


def check(result: int, what: str) -> None:
    if result < 0:
        sys.exit(f"sandbox: {what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = LIBC.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    check(result, f"mount {target}")


def set_read_only(path: str, value: bool) -> None:
    """Makes the mounts at and below a path read-only, or writable."""
    bits = (0 if value else MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY if value else 0)
    attributes = (ctypes.c_uint64 * 4)(bits[1], bits[0], 0, 0)
    result = LIBC.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, attributes, 32)
    check(result, f"make {path} read-only")


def hide(path: str, options: str = "mode=000") -> None:
    if os.path.isdir(path):
        mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID, options)


def make_devices() -> None:
    """/dev with the devices that PrivateDevices leaves."""
    numbers = {
        name: os.stat(f"/dev/{name}") for name in ("null", "zero", "full", "random", "urandom")
    }
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755")
    for name, status in numbers.items():
        os.mknod(f"/dev/{name}", status.st_mode, status.st_rdev)
        os.chmod(f"/dev/{name}", 0o666)


def protect_files(program: str) -> str:
    """Hides and write-protects files; returns the new path of the program."""
    if not os.path.exists("/sys/kernel/tracing/events"):
        # systemd mounts tracefs when the host starts.
        mount("tracefs", "/sys/kernel/tracing", "tracefs", 0)
    # The program may be in a folder that the next steps hide.
    mount("tmpfs", "/usr/local/bin", "tmpfs", 0, "mode=755")
    installed = shutil.copy(program, "/usr/local/bin/scottyscope")
    make_devices()
    set_read_only("/", True)
    for path in ("/proc", "/dev"):
        set_read_only(path, False)
    mount("/proc/sys", "/proc/sys", "none", 0x1000)
    set_read_only("/proc/sys", True)
    for path in ("/home", "/root", "/run/user", "/usr/lib/modules"):
        hide(path)
    for path in ("/tmp", "/var/tmp"):
        mount("tmpfs", path, "tmpfs", MS_NOSUID, "mode=1777")
    return installed


def expand(name: str) -> set[str]:
    """Returns the system calls of a name or of a set such as @system-service."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    )
    lines = (line.strip() for line in listed.stdout.splitlines()[1:])
    return {call for line in lines if line and line[0] != "#" for call in expand(line)}


def filter_calls(calls: set[str], families: list[str]) -> None:
    """Allows only these system calls, and socket() only for these address families."""
    context = ctypes.c_void_p(SECCOMP.seccomp_init(SCMP_ACT_EPERM))
    for call in calls - {"socket"}:
        number = SECCOMP.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            check(SECCOMP.seccomp_rule_add(context, SCMP_ACT_ALLOW, number, 0), call)
    number = SECCOMP.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        condition = Argument(0, SCMP_CMP_EQ, getattr(socket, family), 0)
        result = SECCOMP.seccomp_rule_add_array(
            context, SCMP_ACT_ALLOW, number, 1, ctypes.byref(condition)
        )
        check(result, family)
    check(SECCOMP.seccomp_load(context), "load the filter of system calls")


def main() -> None:
    unit, program, *arguments = sys.argv[1:]
    service = read_service(unit)
    # This step runs systemd-analyze, so it comes before the sandbox.
    calls = {call for name in service["systemcallfilter"].split() for call in expand(name)}
    # Stricter than RestrictNamespaces, which also looks at the flags of clone().
    calls -= {"setns", "unshare"}
    kept = set(service["capabilityboundingset"].split())
    names = re.findall(r"#define (CAP_\w+)\s+(\d+)", pathlib.Path(CAPABILITIES).read_text())
    program = protect_files(program)
    os.umask(int(service["umask"], 8))
    for name, number in names:
        if name not in kept:
            check(LIBC.prctl(PR_CAPBSET_DROP, int(number), 0, 0, 0), name)
    check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    # Since Linux 6.3; on older kernels systemd uses a filter instead.
    LIBC.prctl(PR_SET_MDWE, 1, 0, 0, 0)
    filter_calls(calls, service["restrictaddressfamilies"].split())
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
