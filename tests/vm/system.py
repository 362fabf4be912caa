# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The systems that are run in virtual machines: this one's own, and one unpacked for 64-bit Arm."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

LOADER = re.compile(r"Requesting program interpreter: (/[^\]]+)\]")
NEEDED = re.compile(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]")
LDD_LOADER = re.compile(r"^\s*(/\S*/ld-linux\S*)", re.MULTILINE)
LDD_NEEDED = re.compile(r"^\s*(\S+) => (/\S+)", re.MULTILINE)


def _output(*command: str | pathlib.Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@dataclasses.dataclass(frozen=True)
class System:
    """Programs, libraries and Python, and what is needed to emulate a machine for them."""

    architecture: str  # as the kernel and QEMU have it
    debian: str
    machine: tuple[str, ...]  # QEMU's options
    console: str  # the first serial line
    results: str  # the second, by this device of QEMU's
    results_device: str
    kernel_options: str
    limit_s: float  # for all tests

    def why_not(self) -> str:
        """Why it cannot be run; empty where it can."""
        runs_here = os.uname().machine == self.architecture
        return "" if runs_here else f"these kernels are for {self.architecture}"

    def program(self, name: str) -> pathlib.Path:
        """A program of the system's."""
        path = shutil.which(name)
        if not path:
            raise FileNotFoundError(f"{name} is not installed")
        return pathlib.Path(path)

    def python(self) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
        """Python's interpreter, its library, and its packages."""
        library, packages = (pathlib.Path(sysconfig.get_paths()[key]) for key in ("stdlib", "purelib"))
        return pathlib.Path(sys.executable), library, packages

    def libraries(self, path: pathlib.Path) -> tuple[dict[str, pathlib.Path], dict[str, pathlib.Path]]:
        """The loader of a program and the libraries that it or a library needs: names and files."""
        # A static program has none: ldd then says so with a status of 1.
        listing = _output("ldd", path)
        loaders = {loader: pathlib.Path(loader) for loader in LDD_LOADER.findall(listing)}
        return loaders, {name: pathlib.Path(found) for name, found in LDD_NEEDED.findall(listing)}


@dataclasses.dataclass(frozen=True)
class Unpacked(System):
    """A system that exists as files in a directory only (tests/install/arm64.sh)."""

    root: pathlib.Path

    def why_not(self) -> str:
        reason = self.root.parent / "unavailable"
        return reason.read_text().strip() if reason.exists() else ""

    def program(self, name: str) -> pathlib.Path:
        path = shutil.which(name, path=f"{self.root}/bin:{self.root}/usr/bin")
        if not path:
            raise FileNotFoundError(f"{name} is not in {self.root}")
        return pathlib.Path(path)

    def python(self) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
        (library,) = (self.root / "usr/lib").glob("python3.*")
        return self.root / "usr/bin" / library.name, library, self.root / "python"

    def libraries(self, path: pathlib.Path) -> tuple[dict[str, pathlib.Path], dict[str, pathlib.Path]]:
        loaders = {name: self._find(name) for name in LOADER.findall(_output("readelf", "-lW", path))}
        found: dict[str, pathlib.Path] = {}
        pending = [path]
        while pending:
            for name in NEEDED.findall(_output("readelf", "-dW", pending.pop())):
                if name not in found:
                    found[name] = self._find(name)
                    pending.append(found[name])
        return loaders, found

    def _find(self, name: str) -> pathlib.Path:
        triplet = f"{self.architecture}-linux-gnu"
        for directory in (f"lib/{triplet}", f"usr/lib/{triplet}", "lib", "usr/lib", "."):
            path = self.root / directory / name.lstrip("/")
            if path.exists():
                return path
        raise FileNotFoundError(f"{name} is not in {self.root}")


X86_64 = System(
    architecture="x86_64",
    debian="amd64",
    machine=("-cpu", "max"),
    console="ttyS0",
    results="ttyS1",
    results_device="isa-serial",
    kernel_options="tsc=reliable",  # emulated CPUs agree on the time
    limit_s=600,
)


def arm64(root: pathlib.Path) -> Unpacked:
    """A server's CPU of 2019, with atomic instructions. The board has one serial line of its own."""
    return Unpacked(
        architecture="aarch64",
        debian="arm64",
        machine=("-machine", "virt", "-cpu", "neoverse-n1"),
        console="ttyAMA0",
        results="ttyS0",
        results_device="pci-serial",
        kernel_options="",
        limit_s=1200,
        root=root,
    )
