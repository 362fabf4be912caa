# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The tool with exactly the documented privileges, and without each of them."""

import dataclasses
import pathlib
import re
import subprocess

import pytest
from conftest import Starter, has_multi_links
from containers import LEAST, WITH_SYS_ADMIN, Privileges, ServerContainer, docker, verify
from harness.collector import FAST, Collector
from harness.http_client import Connection, ask_once, get
from harness.waiting import wait_until

HEALTH = "/api/v1/health"
OK = ("GET", HEALTH, "200")
REQUESTS = 200
STOP_LIMIT_S = 1.0
# What docs/container.md says of a container without this capability.
MESSAGES = {
    "SYS_PTRACE": "not readable; run as root or with CAP_SYS_PTRACE",
    "DAC_READ_SEARCH": "not readable; run as root or with CAP_DAC_READ_SEARCH",
    "SETUID": "this needs CAP_SETUID and CAP_SETGID",
    "SETGID": "this needs CAP_SETUID and CAP_SETGID",
    "BPF": "no permission to use BPF: Operation not permitted; run as root or with CAP_BPF",
    "PERFMON": "no permission to use BPF: Operation not permitted; run as root or with CAP_PERFMON",
}


def needs(privileges: Privileges, known_capabilities: bool) -> None:
    """Skips what this Docker or this kernel does not have."""
    if "BPF" in privileges.capabilities and not known_capabilities:
        pytest.skip("this Docker does not know CAP_BPF and CAP_PERFMON")
    if "SYS_ADMIN" not in privileges.capabilities and not has_multi_links():
        pytest.skip("kernels before 6.6 need CAP_SYS_ADMIN")


def observed(verify: subprocess.CompletedProcess[str]) -> str:
    """What `verify` says of the number of instrumentations."""
    match = re.search(r"(?m)^Observed: (.*)$", verify.stdout)
    return match[1] if match else verify.stdout


def test_counts_a_server_in_another_container(
    start: Starter, server: ServerContainer, privileges: Privileges
) -> None:
    """Every request is counted, and every instrumentation is available."""
    told = verify(server.port, privileges)
    assert (told.returncode, observed(told)) == (0, "18 of 18 instrumentations"), told.stderr
    tool = start.tool(server, privileges).await_attached()
    with Connection(server.port) as connection:
        for _ in range(REQUESTS):
            assert connection.get(HEALTH).status == 200
    wait_until("all are counted", lambda: tool.scrape().requests()[OK] >= REQUESTS)
    assert tool.scrape().requests() == {OK: REQUESTS}
    scrape = tool.scrape()
    assert scrape.losses() == {}
    assert scrape.value("scotty_memory_rss_peak_bytes") >= scrape.value("scotty_memory_rss_bytes") > 0


def test_stops_within_a_second(
    start: Starter, server: ServerContainer, privileges: Privileges
) -> None:
    """SIGTERM ends the tool with status 0, and no probe stays in the server."""
    tool = start.tool(server, privileges).await_attached()
    ask_once(server.port, get(HEALTH))
    assert tool.scrape().value("scottyscope_probe_sites") > 0
    status, seconds = tool.stop()
    assert status == 0, tool.output()
    assert seconds < STOP_LIMIT_S
    # The kernel keeps a page of slots for single steps and return probes while probes are in place.
    assert "detached in" in tool.output()
    before = breakpoints(server)
    assert before == 0, f"{before} breakpoints are left"
    assert ask_once(server.port, get(HEALTH)).status == 200


def test_health(start: Starter, server: ServerContainer, privileges: Privileges) -> None:
    """The command of the health check needs no more than the container has."""
    tool = start.tool(server, privileges).await_attached()
    command = ("exec", tool.name, "/usr/bin/scottyscope", "health", "--listen")
    assert docker(*command, f"127.0.0.1:{tool.port}").stdout == "ok\n"
    # Nobody listens at the port of TCP's multiplexer.
    refused = docker(*command, "127.0.0.1:1", check=False)
    assert refused.returncode == 1 and "cannot connect" in refused.stderr


def breakpoints(server: ServerContainer) -> int:
    """How many of the bytes of the server's code in memory differ from its file: a uprobe is one."""
    pid = server.pid()
    path = pathlib.Path(f"/proc/{pid}/exe")
    differing = 0
    with open(path, "rb") as file, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            fields = line.split()
            if fields[1] != "r-xp" or not fields[-1].endswith("/scotty"):
                continue
            start, end = (int(part, 16) for part in fields[0].split("-"))
            memory.seek(start)
            file.seek(int(fields[2], 16))
            in_memory, in_file = memory.read(end - start), file.read(end - start)
            differing += sum(a != b for a, b in zip(in_memory, in_file))
    return differing


def test_breakpoints_are_seen(
    start: Starter, server: ServerContainer, privileges: Privileges
) -> None:
    """The check of the test before does see probes while they are in place."""
    start.tool(server, privileges).await_attached()
    assert breakpoints(server) > 10


def test_exports_to_a_collector(
    start: Starter, server: ServerContainer, privileges: Privileges
) -> None:
    """Spans and counts arrive, with the client's address and the server's container."""
    collector = Collector(start)  # type: ignore[arg-type]
    tool = start.tool(
        server, privileges, "--otlp-endpoint", collector.endpoint, environment=FAST
    ).await_attached()
    with Connection(server.port) as connection:
        for _ in range(20):
            connection.get(HEALTH)
    wait_until("all spans came", lambda: len(collector.spans()) >= 20)
    wait_until("all counts came", lambda: collector.counted()[OK] >= 20)
    assert collector.counted() == {OK: 20}
    assert {span["attributes"]["client.address"] for span in collector.spans()} == {"127.0.0.1"}
    assert all(len(each["container.id"]) == 64 for each in collector.resources())
    assert tool.stop()[0] == 0
    assert len(collector.spans()) == 20


@pytest.mark.parametrize("missing", LEAST.capabilities)
def test_each_capability_is_needed(
    start: Starter, server: ServerContainer, missing: str, known_capabilities: bool
) -> None:
    """Without it the tool ends with the documented status and message."""
    privileges = LEAST if known_capabilities and has_multi_links() else WITH_SYS_ADMIN
    if missing not in privileges.capabilities:
        needs(LEAST, known_capabilities)
    tool = start.tool(server, privileges.without(missing))
    assert tool.wait() == 5
    assert MESSAGES[missing] in tool.output()


def test_sys_admin_is_needed_in_its_set(start: Starter, server: ServerContainer) -> None:
    tool = start.tool(server, WITH_SYS_ADMIN.without("SYS_ADMIN"))
    assert tool.wait() == 5
    assert "run as root or with CAP_BPF and CAP_PERFMON" in tool.output()


def test_host_pid_is_needed(
    start: Starter, server: ServerContainer, privileges: Privileges
) -> None:
    tool = start.tool(server, dataclasses.replace(privileges, host_pid=False))
    assert tool.wait() == 4
    assert f"no process runs a program that listens on TCP port {server.port}" in tool.output()


def test_tracefs_gives_one_instrumentation(server: ServerContainer, known_capabilities: bool) -> None:
    """Without the mount, and without the right to make one, the memory peak is missing."""
    needs(LEAST, known_capabilities)
    told = verify(server.port, dataclasses.replace(LEAST, tracefs=False))
    assert (told.returncode, observed(told)) == (3, "17 of 18 instrumentations"), told.stderr
    assert "\nMissing: 1\n  memory peak\n" in told.stdout
    assert "tracefs is not mounted" in told.stdout


def test_sys_admin_mounts_tracefs(server: ServerContainer) -> None:
    told = verify(server.port, dataclasses.replace(WITH_SYS_ADMIN, tracefs=False))
    assert (told.returncode, observed(told)) == (0, "18 of 18 instrumentations"), told.stderr
