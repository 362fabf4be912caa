# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`make stack`: data arrives, a signal ends everything, bad input gives one clear line."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from backend import OBSERVABILITY, fetch, free_addresses
from harness.process import Process
from harness.server import Server
from harness.waiting import wait_until

ROOT = OBSERVABILITY.parent
PROGRAMS = ("otelcol", "victoriametrics", "jaeger", "vmalert")
PORTS = (
    "COLLECTOR_GRPC",
    "COLLECTOR_HTTP",
    "VICTORIAMETRICS",
    "VMALERT",
    "JAEGER",
    "SCOTTYSCOPE",
    "STACK_COLLECTOR_HEALTH",
    "STACK_COLLECTOR_METRICS",
    "STACK_JAEGER_OTLP",
    "STACK_JAEGER_GRPC",
    "STACK_JAEGER_HEALTH",
)
READY_S = 120
END_S = 60


class Stack:
    """How to run it: on free ports, with its data below a directory of the test."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.data.mkdir()
        self.programs = directory / "programs"
        self.programs.mkdir()
        for name in PROGRAMS:
            (self.programs / name).symlink_to(os.environ[f"E2E_{name.upper()}"])
        self.tool = os.environ["SCOTTYSCOPE"]
        addresses = free_addresses(len(PORTS))
        self.ports = {
            name: address.rsplit(":", 1)[1]
            for name, address in zip(PORTS, addresses, strict=True)
        }
        self.environment = {
            **{f"{name}_PORT": port for name, port in self.ports.items()},
            "STACK_EXPORT_INTERVAL_MS": "500",
        }

    def command(self, *options: str) -> list[str]:
        return [
            sys.executable,
            str(OBSERVABILITY / "stack"),
            f"--programs={self.programs}",
            f"--tool={self.tool}",
            f"--sample={os.environ['SCOTTY_DEFAULT']}",
            f"--traffic={ROOT / 'tests' / 'demo' / 'traffic.py'}",
            f"--data={self.data}",
            *options,
        ]

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    def refusal(self, *options: str, **environment: str) -> str:
        """The only line of a run that is refused."""
        ended = subprocess.run(
            self.command(*options),
            env={**os.environ, **self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=END_S,
            check=False,
        )
        assert ended.returncode == 1, ended
        lines = [line for line in ended.stderr.splitlines() if line]
        assert len(lines) == 1, ended.stderr
        assert self.leftovers() == []
        return lines[0].removeprefix("stack: ")

    def leftovers(self) -> list[str]:
        """What a run that is over must not leave: processes and files."""
        found = [str(path) for path in self.data.iterdir()] if self.data.exists() else []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                text = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if str(self.directory) in text and process.name != str(os.getpid()):
                    found.append(text)
        return found


@pytest.fixture
def stack(tmp_path: pathlib.Path) -> Stack:
    return Stack(tmp_path)


@contextlib.contextmanager
def running(stack: Stack, *options: str) -> Iterator[Process]:
    process = Process(stack.command(*options), stack.directory / "stack", stack.environment)
    try:
        wait_until(
            "the stack is running",
            lambda: "Ctrl-C ends all of it" in process.stdout() or not process.is_alive(),
            READY_S,
        )
        assert process.is_alive(), process.stdout() + process.stderr()
        yield process
    finally:
        if process.is_alive():
            process.kill(signal.SIGINT)
        process.popen.wait(END_S)


def metrics(stack: Stack, expression: str) -> list[dict[str, str]]:
    answer = fetch(f"{stack.url('VICTORIAMETRICS')}/api/v1/query", query=expression)
    return [sample["metric"] for sample in answer["data"]["result"]]


def test_sample_server(stack: Stack) -> None:
    with running(stack) as process:
        # The first spans are there once the program says so; shells and logs take a moment more.
        for expression in (
            "scotty_http_requests_total",
            "scotty_shell_sessions_total > 0",
            "scotty_log_streams_total > 0",
            "scotty_tasks_total > 0",
            "otelcol_receiver_accepted_spans_total > 0 or otelcol_receiver_accepted_spans > 0",
            'up{job="vmalert"} == 1',
        ):
            wait_until(expression, lambda wanted=expression: metrics(stack, wanted), 30)
        services = fetch(f"{stack.url('JAEGER')}/api/services")["data"]
        assert services == ["scotty"]
        traces = fetch(f"{stack.url('JAEGER')}/api/traces", service="scotty", lookback="1h")
        assert traces["data"]
        groups = fetch(f"{stack.url('VMALERT')}/api/v1/rules")["data"]["groups"]
        files = list((OBSERVABILITY / "rules").glob("*.yaml"))
        assert {pathlib.Path(group["file"]).name for group in groups} == {
            file.name for file in files
        }
        for port in ("VICTORIAMETRICS", "JAEGER", "VMALERT", "SCOTTYSCOPE"):
            assert stack.url(port) in process.stdout()
    assert process.popen.returncode == 0, process.stderr()
    assert process.stderr() == ""
    assert stack.leftovers() == []


def test_server_of_the_user(stack: Stack, tmp_path: pathlib.Path) -> None:
    # Below another directory: the server must outlive the stack.
    server = Server(os.environ["SCOTTY_BARE"], tmp_path.parent / f"{tmp_path.name}-server")
    try:
        with running(stack, "--pid", str(server.pid), "--keep"):
            labels = metrics(stack, "scotty_up")
            assert len(labels) == 1
            assert f"-{server.pid}-" in labels[0]["instance"]
            # No request came: the program says so and goes on.
            assert metrics(stack, "scotty_http_requests_total > 0") == []
        assert server.is_alive()
        (kept,) = stack.data.iterdir()
        assert (kept / "otelcol.log").exists() and (kept / "victoriametrics").is_dir()
    finally:
        server.end()


def test_killed_stack_leaves_no_process(stack: Stack) -> None:
    with running(stack) as process:
        process.kill(signal.SIGKILL)
        process.popen.wait(END_S)
    wait_until(
        "all processes have ended",
        lambda: not [each for each in stack.leftovers() if " " in each],
        END_S,
    )


def test_part_that_ends_ends_all(stack: Stack) -> None:
    with running(stack) as process:
        (pid,) = [
            int(each.name)
            for each in pathlib.Path("/proc").glob("[0-9]*")
            if is_run_of(each, stack.programs / "jaeger")
        ]
        os.kill(pid, signal.SIGKILL)
        process.popen.wait(END_S)
    assert process.popen.returncode == 1
    assert process.stderr().startswith("stack: jaeger ended with status -9: ")
    assert stack.leftovers() == []


def is_run_of(process: pathlib.Path, program: pathlib.Path) -> bool:
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_bytes().split(b"\0")[0].decode() == str(program)
    return False


def test_port_is_taken(stack: Stack) -> None:
    port = stack.ports["JAEGER"]
    with socket.create_server(("127.0.0.1", int(port))):
        line = stack.refusal()
    name = pathlib.Path("/proc/self/comm").read_text().strip()
    assert line == (
        f"port {port} is taken by {name} (process {os.getpid()});"
        " end it, or set JAEGER_PORT to another port"
    )


@pytest.mark.parametrize("value", ["none", "0", "65536", "-1"])
def test_port_is_no_port(stack: Stack, value: str) -> None:
    line = stack.refusal(VMALERT_PORT=value)
    assert line == f"VMALERT_PORT is {value!r}; give a port from 1 to 65535"


def test_port_has_two_names(stack: Stack) -> None:
    port = stack.ports["JAEGER"]
    line = stack.refusal(SCOTTYSCOPE_PORT=port)
    assert line.startswith(f"port {port} has two names, JAEGER_PORT and SCOTTYSCOPE_PORT")


@pytest.mark.parametrize("name", PROGRAMS)
def test_back_end_is_missing(stack: Stack, name: str) -> None:
    (stack.programs / name).unlink()
    path = stack.programs / name
    assert stack.refusal() == f"{path} is not a program; build it with: make stack"


def test_tool_is_missing(stack: Stack) -> None:
    stack.tool = str(stack.directory / "none")
    assert stack.refusal() == f"{stack.tool} is not a program; build it with: make stack"


def test_version_is_wrong(stack: Stack) -> None:
    line = stack.refusal(VICTORIAMETRICS_VERSION="v1.151.0")
    assert "victoriametrics is version v1.152.0, but observability/.env names v1.151.0" in line


def test_version_is_unknown(stack: Stack) -> None:
    (stack.programs / "jaeger").unlink()
    shutil.copy2("/bin/true", stack.programs / "jaeger")
    assert "jaeger is version unknown, but observability/.env names v1.76.0" in stack.refusal()


def test_variant_is_unknown(stack: Stack) -> None:
    line = stack.refusal(COLLECTOR_VARIANT="nothing")
    assert line.startswith("COLLECTOR_VARIANT is 'nothing'; known variants are: agent, ")


def test_disk_is_full(stack: Stack) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", stack.data], check=True)
    try:
        line = stack.refusal()
    finally:
        subprocess.run(["umount", stack.data], check=True)
    assert line.startswith(f"{stack.data} has 1 MB left, and 200 MB are needed; make room")


def test_data_directory_is_missing(stack: Stack) -> None:
    stack.data.rmdir()
    line = stack.refusal()
    assert line == f"{stack.data}: No such file or directory; name another with --data"


def test_process_to_observe_is_missing(stack: Stack) -> None:
    # Above the highest process id that Linux gives.
    line = stack.refusal("--pid", "4194305")
    assert line.startswith("scottyscope ended with status 4: ")


def test_not_root(stack: Stack) -> None:
    # In a user namespace without a mapping this process is nobody, who still may read all files.
    ended = subprocess.run(
        ["unshare", "--user", *stack.command()],
        env={**os.environ, **stack.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=END_S,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "stack: needs root, because scottyscope attaches probes; run: sudo make stack\n"
    )
