# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Starts Scotty's observability stack as programs on loopback, until Ctrl-C.

The Collector, VictoriaMetrics, Jaeger and vmalert run the files of observability/. scottyscope
observes a server of yours (--pid, --exe or --port), or the sample server under some traffic.
observability/.env has ports; the environment goes before the file.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from types import FrameType

import checks
import look
from parts import Part, all_parts
from program import Program
from settings import HOST, Settings, StackError

SAMPLE_OPTIONS = ["--shell-ttl-ms", "8000", "--rate-limit", "200", "--apps", "6"]


class Ended(Exception):
    """A signal asks this program to end."""


def say(text: str) -> None:
    print(f"stack: {text}", flush=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stack", description=__doc__.partition("\n")[0])
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--pid", type=int, help="observe this process")
    target.add_argument("--exe", metavar="NAME", help="observe the process of this executable")
    target.add_argument("--port", type=int, help="observe the process that listens on this port")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    parser.add_argument("--keep", action="store_true", help="do not remove the data at the end")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the back ends")
    parser.add_argument("--tool", type=pathlib.Path, required=True, help="scottyscope")
    parser.add_argument("--sample", type=pathlib.Path, required=True, help="the sample server")
    parser.add_argument("--traffic", type=pathlib.Path, required=True, help="requests to the sample")
    return parser.parse_args(arguments)


def target_of(options: argparse.Namespace) -> list[str]:
    """The options of scottyscope that name the user's server; none for the sample."""
    for name in ("pid", "exe", "port"):
        value = getattr(options, name)
        if value is not None:
            return [f"--{name}", str(value)]
    return []


class Stack:
    """Everything that was started. Ends in the opposite order."""

    def __init__(self, options: argparse.Namespace, settings: Settings) -> None:
        self.options = options
        self.settings = settings
        self.programs: list[Program] = []
        self.data: pathlib.Path | None = None

    def check(self) -> None:
        """All that can be found out before anything starts."""
        checks.check_rights()
        checks.check_space(self.options.data)
        checks.check_variant(self.settings)
        parts = all_parts(self.settings, self.options.data)
        checks.check_versions(parts, self.options.programs)
        checks.check_program(self.options.tool)
        ports = [name for part in parts for name in part.ports]
        checks.check_ports(self.settings, [*ports, "SCOTTYSCOPE"])

    def check_alive(self) -> None:
        for program in self.programs:
            program.check_alive()

    def add(self, program: Program) -> Program:
        self.programs.append(program)
        return program

    def start_part(self, part: Part, data: pathlib.Path) -> None:
        command = [self.options.programs / part.name, *part.options]
        self.add(Program(part.name, command, data, part.environment)).await_ready(part.ready_url)
        say(f"{part.name} {part.version} is ready")

    def start_sample(self, data: pathlib.Path) -> list[str]:
        """The options of scottyscope for the sample server, which runs under some traffic."""
        checks.check_program(self.options.sample)
        # The name of the executable is the name of the service.
        executable = data / "scotty"
        shutil.copy2(self.options.sample, executable)
        server = self.add(
            Program("server", [executable, "--bind", f"{HOST}:0", *SAMPLE_OPTIONS], data)
        )
        while "listening on" not in server.output():
            server.check_alive()
            time.sleep(0.05)
        port = server.output().partition("listening on ")[2].split()[0].rsplit(":", 1)[1]
        say(f"a sample server listens on {HOST}:{port}; name yours with --pid, --exe or --port")
        self.add(Program("traffic", [sys.executable, self.options.traffic, port], data))
        return ["--pid", str(server.popen.pid)]

    def start_tool(self, target: list[str], data: pathlib.Path) -> None:
        address = self.settings.address("SCOTTYSCOPE")
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self.settings.address('COLLECTOR_GRPC')}",
            "OTEL_METRIC_EXPORT_INTERVAL": self.settings.text("STACK_EXPORT_INTERVAL_MS"),
        }
        command = [self.options.tool, *target, "--listen", address]
        tool = self.add(Program("scottyscope", command, data, environment))
        tool.await_ready(f"http://{address}/metrics")
        say(f"scottyscope observes {' '.join(target).removeprefix('--')}")

    def start(self) -> None:
        try:
            self.data = pathlib.Path(
                tempfile.mkdtemp(prefix="scottyscope-stack-", dir=self.options.data)
            )
        except OSError as error:
            raise StackError(
                f"{self.options.data}: {error.strerror}; name another directory with --data"
            ) from error
        say(f"data and logs are in {self.data}")
        since_s = time.time()
        for part in all_parts(self.settings, self.data):
            self.start_part(part, self.data)
        self.start_tool(target_of(self.options) or self.start_sample(self.data), self.data)
        say("waiting for the first metrics")
        service = look.await_metrics(self.settings, since_s, self.check_alive)
        if not look.await_traces(self.settings, service, self.check_alive):
            say("no spans yet: the server had no request; Jaeger shows the first one that comes")
        print(look.places(self.settings, service), flush=True)
        say("running; Ctrl-C ends all of it")

    def watch(self) -> None:
        while True:
            self.check_alive()
            time.sleep(1)

    def end(self) -> None:
        """What comes last goes first: what is in flight still arrives."""
        for program in reversed(self.programs):
            program.end()
        if not self.data:
            return
        if self.options.keep:
            say(f"data and logs are kept in {self.data}")
        else:
            shutil.rmtree(self.data, ignore_errors=True)


def main(arguments: list[str]) -> int:
    options = parse(arguments)

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise Ended

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    stack = Stack(options, Settings())
    status = 0
    try:
        stack.check()
        stack.start()
        stack.watch()
    except Ended:
        say("ending")
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr, flush=True)
        status = 1
    finally:
        # A second Ctrl-C does not leave a part behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stack.end()
    return status


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
    os._exit(1)
