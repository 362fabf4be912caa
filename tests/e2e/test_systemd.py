# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The unit file: systemd accepts it, and scottyscope works with exactly its rights."""

import configparser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import pytest
from harness import otlp_receiver
from harness.http_client import Connection
from harness.process import Process
from harness.server import Server
from harness.tool import Tool
from harness.waiting import wait_until

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "observability" / "systemd"
UNIT = FOLDER / "scottyscope.service"
EXAMPLE = FOLDER / "scottyscope.env.example"
SANDBOX = pathlib.Path(__file__).with_name("sandbox.py")
OK = ("GET", "/api/v1/health", "200")
REQUESTS = 50
NAMESPACES = ("unshare", "--mount", "--uts", "--propagation=private")
# systemd's own figure, from 0 (closed) to 10 (open). The network and CAP_SYS_PTRACE remain.
EXPOSURE_LIMIT = 3.5


def service() -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(UNIT.read_text())
    return dict(parser["Service"])


def installed_unit(directory: pathlib.Path) -> pathlib.Path:
    """The unit with the path of the tool that is tested."""
    unit = directory / UNIT.name
    unit.write_text(
        UNIT.read_text().replace("/usr/local/bin/scottyscope", os.environ["SCOTTYSCOPE"])
    )
    return unit


def test_systemd_accepts_the_unit(tmp_path: pathlib.Path) -> None:
    unit = installed_unit(tmp_path)
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    # Units that the unit comes after need not be there.
    assert verified.returncode == 0, verified.stderr
    assert UNIT.name not in verified.stderr, verified.stderr


def test_exposure_is_low() -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert found, told.stderr
    assert float(found[1]) <= EXPOSURE_LIMIT


def test_example_holds_no_secret_and_only_known_names() -> None:
    text = EXAMPLE.read_text()
    names = set(re.findall(r"(?m)^#?([A-Z_]+)=", text)) - {"SCOTTYSCOPE_OPTIONS"}
    help_text = subprocess.run(
        [os.environ["SCOTTYSCOPE"], "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert names
    assert {name for name in names if name not in help_text} == set()
    assert not re.search(r"(?i)(headers|token|password|authorization)\s*=", text)


@pytest.fixture(name="server")
def running_server() -> Iterator[Server]:
    """A server of an unprivileged user, whose executable is in a folder that the unit hides."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        executable = directory / "scotty"
        shutil.copy2(os.environ["SCOTTY_BARE"], executable)
        server = Server(
            str(executable),
            directory / "server",
            command=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
        )
        yield server
        server.end()


@pytest.fixture(name="receiver")
def running_receiver(tmp_path: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """An OTLP receiver: its endpoint, and the file of what came."""
    file = tmp_path / "requests"
    receiver = Process(
        [sys.executable, otlp_receiver.__file__, str(file), "--port", "0"],
        tmp_path / "receiver",
        {},
    )
    port = receiver.wait_for(r"listening on \S+:(\d+)", receiver.stdout)[1]
    yield f"http://127.0.0.1:{port}", file
    receiver.end()


def test_counts_in_the_sandbox_of_the_unit(
    server: Server, receiver: tuple[str, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    endpoint, received = receiver
    tool = Tool(
        tmp_path / "tool",
        *("--pid", str(server.pid), "--listen", "127.0.0.1:0", "--otlp-endpoint", endpoint),
        command=(*NAMESPACES, sys.executable, str(SANDBOX), str(UNIT)),
    )
    try:
        with Connection(server.port) as connection:
            for _ in range(REQUESTS):
                assert connection.get("/api/v1/health").status == 200
        wait_until("all are counted", lambda: tool.scrape().requests()[OK] >= REQUESTS)
        scrape = tool.scrape()
        assert scrape.requests() == {OK: REQUESTS}
        assert scrape.losses() == {}
        # From a tracepoint, which takes tracefs.
        assert scrape.value("scotty_memory_rss_peak_bytes") > 0
        expect_sandboxed(tool, server)
    finally:
        status = tool.end()
    assert status == 0, tool.stderr()
    text = received.read_text()
    assert '"signal": "metrics"' in text and text.count('"HTTP GET /api/v1/health"') == REQUESTS


def expect_sandboxed(tool: Tool, server: Server) -> None:
    """The processes of the tool have the rights, and stay within the limits, of the unit."""
    limits = service()
    status = pathlib.Path(f"/proc/{tool.pid}/status").read_text()
    fields = dict(re.findall(r"(?m)^(\w+):\s+(\S+)", status))
    names = subprocess.run(
        ["capsh", f"--decode={fields['CapBnd']}"], capture_output=True, text=True, check=True
    ).stdout
    kept = {name.upper() for name in names.strip().split("=")[1].split(",")}
    assert kept == set(limits["capabilityboundingset"].split())
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert not pathlib.Path(f"/proc/{tool.pid}/root{server.binary}").exists()
    threads = memory_kb = 0
    for pid in tool.processes().values():
        fields = dict(
            re.findall(r"(?m)^(\w+):\s+(\S+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        )
        threads += int(fields["Threads"])
        memory_kb += int(fields["VmRSS"])
    assert threads <= int(limits["tasksmax"]) / 2
    assert memory_kb * 1024 <= int(limits["memorymax"].removesuffix("M")) * 2**20 / 2
