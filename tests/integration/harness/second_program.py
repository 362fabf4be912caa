# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A program that the server becomes by execve(), and the text of programs in memory."""

import contextlib
import os
import pathlib
import re
import subprocess

from harness.http_client import Connection, get
from harness.server import Server
from harness.waiting import wait_until

_SOURCE = pathlib.Path(__file__).with_suffix(".c")
_EXECUTABLE_MAPPING = re.compile(r"(\w+)-(\w+) ..x. (\w+) \S+ (\d+) ")


def build_second_program(directory: pathlib.Path, server: str) -> pathlib.Path:
    """Compiles the program under the name by which the server executes it."""
    program = directory / "sleep"
    size = os.stat(server).st_size
    subprocess.check_call(["gcc", f'-DTEXT_BYTES="{size}"', "-o", program, _SOURCE])
    return program


def environment_of(program: pathlib.Path) -> dict[str, str]:
    """Returns the environment of a server that executes this program."""
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def request_exec(server: Server) -> Connection:
    """Asks the server to execute the program. The response never comes; the caller closes."""
    connection = Connection(server.port)
    connection.send(get("/api/v1/test/exec"))
    return connection


def runs(pid: int, program: pathlib.Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samefile(f"/proc/{pid}/exe", program)
    return False


def await_exec(server: Server, program: pathlib.Path) -> None:
    wait_until("the server runs the second program", lambda: runs(server.pid, program))


def _texts(pid: int) -> list[tuple[bytes, bytes]]:
    """The program's text in memory, and in its file. None amid execve(): then the kernel has set the
    process's program, and not mapped the text yet."""
    file = os.stat(f"/proc/{pid}/exe")
    found = []
    with open(f"/proc/{pid}/exe", "rb") as program, open(f"/proc/{pid}/mem", "rb") as memory:
        for start, end, offset, inode in _EXECUTABLE_MAPPING.findall(
            pathlib.Path(f"/proc/{pid}/maps").read_text()
        ):
            if int(inode) != file.st_ino:
                continue
            program.seek(int(offset, 16))
            memory.seek(int(start, 16))
            size = int(end, 16) - int(start, 16)
            expected = program.read(size)
            found.append((memory.read(size)[: len(expected)], expected))
    return found


def changed_text(pid: int) -> int:
    """Returns how many bytes of the program's text in memory differ from its file."""
    return sum(
        sum(left != right for left, right in zip(text, expected, strict=True))
        for text, expected in wait_until("the text is mapped", lambda: _texts(pid))
        if text != expected
    )
