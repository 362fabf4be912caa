# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who owns the observed process and its executable is shown, and selects the process. Text of a process
never controls the terminal of who reads the output."""

import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from harness.builds import ONE_BUILD, binary_of
from harness.server import Server
from harness.starter import Starter

TESTED_BUILDS = ONE_BUILD

TARGET = 4
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
# An escape sequence, a line end, U+009B, U+202E, and a byte that is not UTF-8.
HOSTILE = b"s\x1b[31m\nscottyscope: error: forged\xc2\x9b\xe2\x80\xae\xff"
# The arguments of the server must be UTF-8, its path need not be.
AS_SCOTTY = ("bash", "-c", 'exec -a scotty "$0" "$@"')
REPLACED = "s?[31m?scottyscope: error: forged???"


@pytest.fixture(name="directory")
def fixture_directory() -> Iterator[pathlib.Path]:
    """A directory that every user can read."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


def copy_of_server(directory: pathlib.Path, name: str, mode: int = 0o755) -> str:
    path = directory / name
    shutil.copyfile(binary_of("bare"), path)
    path.chmod(mode)
    return str(path)


@pytest.mark.quick
def test_owner_selects(start: Starter, directory: pathlib.Path) -> None:
    """--user takes the server of that user only; without it, two servers are listed with owners."""
    binary = copy_of_server(directory, "owned-scotty")
    own = start.server(binary)
    strange = start.server(binary, command=NOBODY)
    ambiguous = start.verify("--exe", "owned-scotty")
    assert ambiguous.wait() == TARGET
    for text in ("2 processes run", "choose one with --pid or --user", "user root, file of root"):
        assert text in ambiguous.stderr()
    for user, server, name in (("root", own, "root"), ("65534", strange, "nobody")):
        tool = start.tool("--exe", "owned-scotty", "--user", user)
        assert (
            f"attached to process {server.pid} of user {name} ({binary}, file of root)"
            in tool.stderr()
        )
        assert "can write the executable" not in tool.stderr()
        assert tool.end() == 0
    refused = start.verify("--pid", str(strange.pid), "--user", "root")
    assert refused.wait() == TARGET
    assert f"process {strange.pid} is of user nobody, not of user root" in refused.stderr()


@pytest.mark.quick
def test_writers_of_the_executable(start: Starter, directory: pathlib.Path) -> None:
    """One warning names who besides root and the server's user can write the executable."""
    server = start.server(copy_of_server(directory, "open-scotty", 0o777), command=NOBODY)
    verify = start.verify("--pid", str(server.pid))
    assert verify.stderr().count("warning: every user can write the executable") == 1
    assert "open-scotty, which runs as user nobody" in verify.stderr()


@pytest.mark.quick
def test_text_of_a_process(start: Starter, directory: pathlib.Path) -> None:
    """The path of a server is printable in the log, the report, verify and a list; JSON is whole."""
    path = os.fsencode(directory) + b"/" + HOSTILE
    shutil.copyfile(binary_of("bare"), path)
    os.chmod(path, 0o755)
    server: Server = start.server(os.fsdecode(path), command=AS_SCOTTY)
    tool = start.watch(server, "--report", "--duration", "1s")
    assert tool.wait() == 0
    verify = start.verify("--pid", str(server.pid), "-v")
    twin: Server = start.server(os.fsdecode(path), command=AS_SCOTTY)
    listed = start.verify("--exe", os.fsdecode(HOSTILE))
    assert listed.wait() == TARGET and f"{twin.pid} " in listed.stderr()
    for text in (tool.stderr(), tool.stdout(), verify.stdout(), listed.stderr()):
        assert REPLACED in text
        assert not {"\x1b", "\x9b", "\u202e", "\ufffd"} & set(text)
        assert "\nscottyscope: error: forged" not in text
    document = json.loads(start.verify("--pid", str(server.pid), "--format", "json").stdout())
    assert document["executable"].encode() == path.replace(b"\xff", "\ufffd".encode())
