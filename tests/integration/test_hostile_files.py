# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Files that the owner of the observed server made to harm: links to other files, files that change, and files
that ask for hours of work."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator

import pytest

from harness.builds import ONE_BUILD
from harness.http_client import ask_once, get
from harness.starter import Starter
from harness.waiting import wait_until

TESTED_BUILDS = ONE_BUILD

HEALTH = "/api/v1/health"
FAILED = 1
LINK = "names.debug"


@pytest.fixture
def directory() -> Iterator[pathlib.Path]:
    """A directory that other users may read."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def strip(binary: str, directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Makes a stripped copy, whose .gnu_debuglink names the debug file beside it."""
    for program in ("strip", "objcopy"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    copy, debug = directory / "stripped", directory / LINK
    subprocess.run(["objcopy", "--only-keep-debug", binary, debug], check=True)
    link = f"--add-gnu-debuglink={debug}"
    remove = "--remove-section=.note.gnu.build-id"
    subprocess.run(["objcopy", "-S", link, remove, binary, copy], check=True)
    return copy, debug


def test_a_pipe_beside_the_executable(
    start: Starter, binary: str, directory: pathlib.Path
) -> None:
    """A debug link that leads to a FIFO opens nothing: a writer goes on waiting."""
    copy, debug = strip(binary, directory)
    pipe = directory / "pipe"
    os.mkfifo(pipe)
    debug.unlink()
    debug.symlink_to("pipe")
    writer = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_WRONLY)), daemon=True)
    writer.start()
    server = start.server(str(copy))
    verify = start.verify("--pid", str(server.pid))
    assert verify.wait() == FAILED and "stripped" in verify.stderr()
    assert writer.is_alive()
    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
    wait_until("the writer ends", lambda: not writer.is_alive())


def test_a_debug_file_that_is_truncated_while_it_is_read(
    start: Starter, binary: str, directory: pathlib.Path
) -> None:
    """A debug file that shrinks and grows during `verify` ends in a plan or in one sentence."""
    copy, debug = strip(binary, directory)
    size = debug.stat().st_size
    content = debug.read_bytes()
    server = start.server(str(copy))
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            os.truncate(debug, 4096)
            debug.write_bytes(content)

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(10):
            verify = start.verify("--pid", str(server.pid), "--format", "json")
            status = verify.wait()
            assert status in (0, 3) or (status == FAILED and verify.stderr().count("\n") == 1)
    finally:
        is_over.set()
        changer.join()
    assert debug.stat().st_size == size
    assert ask_once(server.port, get(HEALTH)).status == 200


def test_a_container_names_no_file_of_the_host(
    start: Starter, binary: str, directory: pathlib.Path
) -> None:
    """In another mount namespace, a debug link means files of that namespace only."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    inside, outside = directory / "inside", directory / "outside"
    inside.mkdir()
    outside.mkdir()
    copy, debug = strip(binary, outside)
    # The container has another file system at the path where the host has the debug file.
    script = 'mount --bind "$0" "$1" && exec "$1/stripped" "${@:3}"'
    shutil.copy(copy, inside / "stripped")
    command = ("unshare", "--mount", "bash", "-c", script, str(inside), str(outside))
    server = start.server(str(copy), command=command)
    verify = start.verify("--pid", str(server.pid))
    assert verify.wait() == FAILED and "stripped" in verify.stderr()
    assert debug.exists()


def test_one_name_for_many_symbols(start: Starter, directory: pathlib.Path) -> None:
    """A program with symbols that share a long name is analysed, in little memory."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    source, program = directory / "many.s", directory / "scotty-many"
    name = "_ZN15000" + "a" * 15000 + "17h0123456789abcdefE"
    lines = [f'.type "{name}", @function', f'"{name}":']
    with source.open("w") as file:
        file.write(".text\n.globl main\nmain:\nmov $34, %eax\nsyscall\njmp main\n")
        file.write("\n".join(lines) + "\nret\n")
        for i in range(200):
            file.write(f'.type a{i}, @function\n.set a{i}, "{name}" + {i}\n')
    subprocess.run(["gcc", "-no-pie", "-o", program, source], check=True)
    process = start.process([str(program)])
    verify = start.verify("--pid", str(process.popen.pid))
    assert verify.wait() == FAILED
    assert re.search("is no tokio program", verify.stderr())
    with contextlib.suppress(ProcessLookupError):
        process.popen.kill()
