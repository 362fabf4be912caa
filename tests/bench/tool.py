# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""scottyscope as a process: how long it takes to attach and detach, and what it says of itself."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import processes

# Label values have braces in them, those of routes.
SAMPLE = re.compile(
    r'^(?P<name>\w+)(?:\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (?P<value>\S+)$', re.MULTILINE
)
LABEL = re.compile(r'(\w+)="([^"]*)"')
# What it can be asked to attach, from little to all, if it can be asked.
LEVELS = ("basic", "standard", "full")


def levels(binary: str) -> tuple[str, ...]:
    """The values of --level; none where there is no such option."""
    text = subprocess.run([binary, "--help"], check=True, capture_output=True, text=True).stdout
    option = re.search(r"--level=.*?(?=\n\s*-|\n\n)", text, re.DOTALL)
    return tuple(level for level in LEVELS if option and level in option[0])


def has_option(binary: str, name: str) -> bool:
    """Whether it knows an option."""
    text = subprocess.run([binary, "--help"], check=True, capture_output=True, text=True).stdout
    return f"{name}=" in text


def unlimited(binary: str) -> tuple[str, ...]:
    """What lets it cost what it may, as far as it has limits."""
    limits = ("--max-overhead", "--max-span-rate")
    return tuple(f"{option}=none" for option in limits if has_option(binary, option))


def version(binary: str) -> str:
    """As it says it."""
    return subprocess.run(
        [binary, "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()


def all_sites(binary: str, pid: int) -> list[dict[str, Any]]:
    """The sites that `verify` chooses in a process; instrumentations may share sites."""
    # The exit status tells whether all instrumentations are available; here it does not matter.
    output = subprocess.run(
        [binary, "verify", "--pid", str(pid), "--format", "json"],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return [site for given in json.loads(output)["instrumentations"] for site in given.get("sites", [])]


def sites(binary: str, pid: int) -> dict[str, dict[str, Any]]:
    """By hook, the first of them."""
    found: dict[str, dict[str, Any]] = {}
    for site in all_sites(binary, pid):
        found.setdefault(site["hook"], site)
    return found


@dataclass(frozen=True)
class Exposition:
    """One scrape."""

    text: str
    seconds: float

    def by_label(self, name: str, label: str) -> dict[str, float]:
        """A metric's values by one of its labels."""
        return {
            dict(LABEL.findall(sample["labels"] or ""))[label]: float(sample["value"])
            for sample in SAMPLE.finditer(self.text)
            if sample["name"] == name
        }

    def value(self, name: str) -> float:
        """The sum of a metric's values."""
        return sum(
            float(sample["value"])
            for sample in SAMPLE.finditer(self.text)
            if sample["name"] == name
        )

    def lost(self) -> dict[str, int]:
        """What was lost, by cause, as far as there was any."""
        causes = self.by_label("scottyscope_lost_total", "cause")
        return {cause: int(count) for cause, count in causes.items() if count}


class Tool:
    """One that is attached when it is made."""

    def __init__(self, binary: str, pid: int, *options: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [binary, "--pid", str(pid), "--listen", "127.0.0.1:0", *options],
            stderr=subprocess.PIPE,
            text=True,
            env=clean,
        )
        self._lines: list[str] = []
        self._await("attached to")
        self.attach_s = time.perf_counter() - began
        self.url = self._await("metrics at ").rsplit(" ", 1)[1]
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _await(self, text: str) -> str:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.append(line.rstrip())
            if text in line:
                return self._lines[-1]
        sys.exit(f"bench: the tool ended ({self.process.wait()}): {' '.join(self._lines)}")

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.append(line.rstrip())

    def roles(self) -> dict[str, int]:
        """Its processes, by what they do: the first starts the second, that the third."""
        names = ("probe", "supervisor", "front")
        return dict(zip(names, processes.family(self.process.pid)))

    def cpu_s(self) -> float:
        """Of all its processes."""
        return sum(processes.cpu_s(pid) for pid in self.roles().values())

    def memory(self) -> dict[str, processes.Memory]:
        """Of each of its processes."""
        return {role: processes.memory(pid) for role, pid in self.roles().items()}

    def scrape(self) -> Exposition:
        """Asks it for its metrics until it has them: it gives up after two seconds."""
        began = time.perf_counter()
        while True:
            try:
                with urllib.request.urlopen(self.url, timeout=30) as response:
                    text = response.read().decode()
                return Exposition(text, time.perf_counter() - began)
            except urllib.error.HTTPError as error:
                print(f"bench: a scrape failed: {error}", file=sys.stderr)

    def close(self) -> float:
        """Ends it; the seconds that this took."""
        began = time.perf_counter()
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(timeout=60):
            sys.exit(f"bench: the tool failed: {' '.join(self._lines)}")
        self._reader.join()
        return time.perf_counter() - began
