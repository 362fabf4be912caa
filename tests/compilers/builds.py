# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Builds by other compilers, and what the kernel's verifier says of their programs."""

import json
import os
import pathlib
import platform
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
# By default the oldest and the newest that Debian 12 has, and one between.
COMPILERS = os.environ.get("COMPILERS", "clang-14 clang-16 clang-19").split()


def make(compiler: str, program: str, machine: str = platform.machine()) -> pathlib.Path:
    """Builds a program whole, its parts in the kernel and in user space, by this compiler; warnings
    are errors. Fails with what the compiler said."""
    directory = BUILD / "compilers" / f"{compiler}-{machine}"
    path = directory / program
    command = ["make", "-s", "-j2", f"BUILD={os.path.relpath(directory, ROOT)}"]
    command += [f"CLANG={compiler}", f"CC={compiler}", f"MACHINE={machine}"]
    command.append(os.path.relpath(path, ROOT))
    # Not as a part of the make that runs this.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def is_there(compiler: str) -> bool:
    return shutil.which(compiler) is not None


def version(compiler: str) -> str:
    told = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    return re.search(r"version (\d+\.\d+\.\d+)", told.stdout)[1]


def verify(compiler: str) -> dict[str, dict[str, int]]:
    """Loads all programs; gives for each what the verifier processed and its size."""
    done = subprocess.run(
        [str(make(compiler, "verifier"))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def kernel() -> str:
    """Its series, on which the numbers depend."""
    return ".".join(platform.release().split(".")[:2])
