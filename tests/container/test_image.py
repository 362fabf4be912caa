# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is in the image, and what is not."""

import json
import pathlib
import re
import tarfile

import pytest
from containers import IMAGE, LEAST, docker

SIZE_LIMIT_BYTES = 30_000_000
PROGRAMS = {"usr/bin/scottyscope", "usr/bin/scottyscope-otlp"}
# The parts of the C library that the programs name, and its loader.
LIBRARY = re.compile(r"(usr/)?lib(64)?/(\S+/)?(libc|libm|ld-linux-[\w-]+)\.so\.\d")
DATA = re.compile(r"etc/nsswitch\.conf|etc/ssl/certs/ca-certificates\.crt|usr/share/doc/[\w.+-]+")
# The container's runtime puts these in place.
OF_RUNTIME = re.compile(r"\.dockerenv|dev/console|etc/(hostname|hosts|resolv\.conf|mtab)")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The modes of the image's files, by their names."""
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    name = docker("create", IMAGE).stdout.strip()
    docker("export", f"--output={archive}", name)
    docker("rm", name)
    with tarfile.open(archive) as members:
        found = {member.name: member.mode for member in members if not member.isdir()}
    archive.unlink()
    return {path: mode for path, mode in found.items() if not OF_RUNTIME.fullmatch(path)}


def test_has_programs_libraries_and_data_only(files: dict[str, int]) -> None:
    """No shell, no package manager, no other program; no file with the set-user-id bit."""
    rest = {path for path in files if not LIBRARY.fullmatch(path) and not DATA.fullmatch(path)}
    assert rest == PROGRAMS
    assert not [path for path, mode in files.items() if mode & 0o6000]
    assert "etc/ssl/certs/ca-certificates.crt" in files


@pytest.mark.parametrize("shell", ["sh", "/bin/sh", "bash", "busybox"])
def test_has_no_shell(shell: str) -> None:
    started = docker("run", "--rm", f"--entrypoint={shell}", IMAGE, check=False)
    assert started.returncode == 127, started


def test_is_small() -> None:
    size = int(docker("image", "inspect", "--format={{.Size}}", IMAGE).stdout)
    assert 5_000_000 < size < SIZE_LIMIT_BYTES


def test_says_what_it_is() -> None:
    """Labels, signal and entry point; both programs run."""
    text = docker("image", "inspect", "--format={{json .Config}}", IMAGE).stdout
    config = json.loads(text)
    version = config["Labels"]["org.opencontainers.image.version"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/scottyscope", "health"]
    assert docker("run", "--rm", IMAGE, "--version").stdout.split() == ["scottyscope", version]
    companion = docker("run", "--rm", "--entrypoint=scottyscope-otlp", IMAGE, check=False)
    assert companion.returncode == 2 and version in companion.stderr


def test_compose_has_the_tested_privileges() -> None:
    """The capabilities of the compose file are those that the tests leave out one by one."""
    compose = pathlib.Path(__file__).parents[2] / "observability/compose.yaml"
    service = re.search(r"(?ms)^  scottyscope:\n(.*?)(?=^\S|^  \w)", compose.read_text())
    assert service
    listed = re.search(r"cap_add: \[(.*?)\]", service[1], re.DOTALL)
    assert listed
    names = re.findall(r"(?::-|[\[\s,])([A-Z][A-Z_]+)(?=[}\s,\]]|$)", "[" + listed[1])
    assert set(names) == set(LEAST.capabilities)
    for line in ("pid: host", "uts: host", "read_only: true"):
        assert f"\n    {line}\n" in service[1], line
    assert "/sys/kernel/tracing:/sys/kernel/tracing:ro" in service[1]
