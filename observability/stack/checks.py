# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Checks before anything starts: rights, programs and their versions, ports, the data directory."""

import contextlib
import errno
import os
import pathlib
import re
import shutil
import socket

from parts import Part
from settings import HOST, OBSERVABILITY, Settings, StackError

# VictoriaMetrics refuses to write with less than 10 MB left; a day of a small server takes some 50 MB.
NEEDED_BYTES = 200_000_000


def check_rights() -> None:
    if os.geteuid() != 0:
        raise StackError("needs root, because scottyscope attaches probes; run: sudo make stack")


def check_program(path: pathlib.Path) -> None:
    if not os.access(path, os.X_OK) or path.is_dir():
        raise StackError(f"{path} is not a program; build it with: make stack")


def version_in(path: pathlib.Path, module: str) -> str | None:
    """The version of a Go module that a program is built from, by the list that Go puts into it."""
    entry = re.compile(rb"(?:dep|mod)\t" + re.escape(module.encode()) + rb"\t(v[^\t\n]+)")
    found = entry.search(path.read_bytes())
    return found[1].decode() if found else None


def check_versions(parts: list[Part], folder: pathlib.Path) -> None:
    for part in parts:
        path = folder / part.name
        check_program(path)
        version = version_in(path, part.module)
        if version != part.version:
            raise StackError(
                f"{path} is version {version or 'unknown'}, but observability/.env names"
                f" {part.version}; remove the file and run make stack again"
            )


def listener(port: int) -> str | None:
    """The process that listens on a port of this host; None if /proc does not show it."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        # A process may end meanwhile.
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) in inodes:
                    return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def check_ports(settings: Settings, names: list[str]) -> None:
    seen: dict[int, str] = {}
    for name in names:
        port = settings.port(name)
        if port in seen:
            raise StackError(
                f"port {port} has two names, {seen[port]}_PORT and {name}_PORT; change one"
            )
        seen[port] = name
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise StackError(f"port {port} cannot be used: {error.strerror}") from error
                holder = listener(port) or "a process that cannot be seen"
                raise StackError(
                    f"port {port} is taken by {holder}; end it, or set {name}_PORT to another port"
                ) from error


def check_variant(settings: Settings) -> None:
    variants = OBSERVABILITY / "otel-collector" / "variants"
    name = settings.text("COLLECTOR_VARIANT")
    if not (variants / f"{name}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in variants.glob("*.yaml")))
        raise StackError(f"COLLECTOR_VARIANT is {name!r}; known variants are: {known}")


def check_space(directory: pathlib.Path) -> None:
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        raise StackError(f"{directory}: {error.strerror}; name another with --data") from error
    if free < NEEDED_BYTES:
        raise StackError(
            f"{directory} has {free // 1_000_000} MB left, and {NEEDED_BYTES // 1_000_000} MB are"
            " needed; make room, or name another directory with --data"
        )
