# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Debian's cloud kernels, the newest of each series, from where the system has its own packages.

Packages of other releases are found by an apt configuration of our own: the system's is not touched.
"""

import dataclasses
import functools
import io
import pathlib
import re
import subprocess
import tarfile
import time

# In which releases a series is looked for.
SERIES = {
    "5.10": ("bullseye", "bullseye-security"),
    "6.1": ("bookworm", "bookworm-security"),
    "6.12": ("bookworm-security", "bookworm-backports"),
    "6.18": ("trixie-backports",),
    "7": ("trixie-backports",),
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# An index that old is fetched again, so that it is the newest kernel that is tested.
INDEX_AGE_S = 24 * 3600


class Unavailable(Exception):
    """A kernel that cannot be had, and why."""


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel's image, and the package that it came in."""

    image: pathlib.Path
    package: str
    version: str


def _output(*command: str, directory: pathlib.Path | None = None) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise Unavailable(f"{command[0]} failed: {lines[-1]}")
    return done.stdout


def _uri_of(release: str) -> str:
    """Where a release is: beside the system's own, or of security updates beside those."""
    name = "VERSION_CODENAME="
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    own = "".join(line.removeprefix(name) for line in lines if line.startswith(name))
    if release.endswith("-security"):
        own += "-security"
    form = "$(CODENAME) $(REPO_URI)"
    for line in _output(
        "apt-get", "indextargets", "--format", form, "Created-By: Packages"
    ).splitlines():
        codename, uri = line.split()
        if codename == own:
            return uri
    raise Unavailable(f"the system has no packages of {own}, beside which {release} would be")


class _Apt:
    """An apt with its sources, indices and state in a directory of its own."""

    def __init__(
        self, directory: pathlib.Path, releases: tuple[str, ...], architecture: str
    ) -> None:
        self.directory = directory
        self.sources = [f"deb [signed-by={KEYRING}] {_uri_of(name)} {name} main" for name in releases]
        self.options = (
            *("-o", f"APT::Architecture={architecture}", "-o", "APT::Architectures="),
            *("-o", f"Dir::Etc::sourcelist={directory}/sources.list"),
            *("-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State={directory}/state"),
            *("-o", f"Dir::State::status={directory}/state/status"),
            *("-o", f"Dir::Cache={directory}/cache", "-o", "APT::Sandbox::User=root"),
            *("-o", "Acquire::Languages=none"),
            *("-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"),
        )

    def update(self) -> None:
        stamp = self.directory / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < INDEX_AGE_S:
            return
        for part in ("state/lists/partial", "cache/archives/partial"):
            (self.directory / part).mkdir(parents=True, exist_ok=True)
        (self.directory / "state/status").touch()
        (self.directory / "sources.list").write_text("\n".join(self.sources) + "\n")
        _output("apt-get", *self.options, "update", "-qq", "-o", "APT::Update::Error-Mode=any")
        stamp.touch()

    def versions(self, pattern: str) -> dict[str, str]:
        """The packages whose names match, with their versions."""
        found = _output("apt-cache", *self.options, "search", "--names-only", pattern)
        names = [line.split()[0] for line in found.splitlines()]
        if not names:
            return {}
        shown = _output("apt-cache", *self.options, "show", "--no-all-versions", *names)
        pairs = re.findall(r"^Package: (\S+)$.*?^Version: (\S+)$", shown, re.MULTILINE | re.DOTALL)
        return dict(pairs)

    def download(self, package: str, version: str) -> pathlib.Path:
        """The package's file, which stays for the next time."""
        packages = self.directory / "packages"
        kept = packages / f"{package}_{version}.deb"
        if not kept.exists():
            packages.mkdir(exist_ok=True)
            _output("apt-get", *self.options, "download", f"{package}={version}", directory=packages)
            (fetched,) = packages.glob(f"{package}_*_*.deb")
            fetched.rename(kept)
        return kept


def _compare(one: str, other: str) -> int:
    """By Debian's order of versions."""
    if one == other:
        return 0
    is_older = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False)
    return -1 if is_older.returncode == 0 else 1


def _extract_image(package: pathlib.Path, image: pathlib.Path) -> None:
    """The one vmlinuz of a package: in /boot, or since 7.x with the modules."""
    unpacked = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as files:
        for member in files:
            if pathlib.PurePath(member.name).name.startswith("vmlinuz"):
                data = files.extractfile(member)
                assert data, member.name
                image.write_bytes(data.read())
                return
    raise Unavailable(f"{package.name} holds no kernel image")


def newest(series: str, architecture: str, directory: pathlib.Path) -> Kernel:
    """The newest cloud kernel of a series for Debian's architecture; what is fetched for it is kept in the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    apt = _Apt(directory.absolute(), SERIES[series], architecture)
    apt.update()
    # Since 6.19 the image itself is in linux-binary-...; linux-image-... only depends on it.
    point = re.escape(series)
    for kind in ("binary", "image"):
        found = apt.versions(rf"^linux-{kind}-{point}\.[0-9][^ ]*-cloud-{architecture}$")
        if found:
            break
    else:
        raise Unavailable(f"no cloud kernel {series} in {', '.join(SERIES[series])}")
    by_version = functools.cmp_to_key(lambda one, other: _compare(found[one], found[other]))
    package = max(found, key=by_version)
    image = directory / "vmlinuz"
    _extract_image(apt.download(package, found[package]), image)
    return Kernel(image, package, found[package])
