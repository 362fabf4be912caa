# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The virtual machine: what is in it, and how it is run by QEMU's software emulation."""

import pathlib
import re
import subprocess
from collections.abc import Sequence

from image import Image
from system import System

HERE = pathlib.Path(__file__).parent
# What the sample server's compose tasks run, besides the shell's own commands.
PROGRAMS = ("sh", "seq", "sleep")
MEMORY_MB = 1024
# One thread for all of a machine's CPUs, which still take turns at any instruction: until 8.1 QEMU
# translated code without a lock on its page, so that a thread could keep what another was just
# patching, and a kernel that switched a tracepoint on died of a breakpoint of its own.
ACCELERATOR = "tcg,thread=single"
# Nothing here is to be mitigated.
KERNEL_OPTIONS = "panic=-1 loglevel=4 mitigations=off rdinit=/init"

# What no test imports: of the standard library, and of the packages that are installed.
NOT_OF_LIBRARY = (
    *("test", "idlelib", "tkinter", "ensurepip", "lib2to3", "pydoc_data", "turtledemo"),
    *("site-packages", "dist-packages", "venv", "distutils"),
)
NOT_OF_PACKAGES = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")

# How a kernel begins to say what it died of.
LAST_WORDS = re.compile(r"(?:Kernel panic|Oops|BUG|watchdog): .*")


class Died(Exception):
    """A machine that ended before its tests did."""


def _add_python(image: Image) -> None:
    """The interpreter, its library, and its packages."""
    interpreter, library, packages = image.system.python()
    static = [path.name for path in library.glob("config-*")]
    image.add("/python/bin/python3", interpreter)
    image.add_tree(f"/python/lib/{library.name}", library, (*NOT_OF_LIBRARY, *static))
    image.add_tree("/packages", packages, NOT_OF_PACKAGES)


def make_image(
    system: System,
    archive: pathlib.Path,
    tool: pathlib.Path,
    servers: Sequence[pathlib.Path],
    arguments: Sequence[str],
) -> None:
    """The initial RAM disk, which runs pytest with these arguments."""
    image = Image(system)
    image.add("/bin/scottyscope", tool)
    for server in servers:
        image.add(f"/bin/{server.name}", server)
    for program in PROGRAMS:
        image.add(f"/bin/{program}", system.program(program))
    _add_python(image)
    image.add_tree("/tests", HERE.parent / "integration", ("__pycache__",))
    for name in ("test_kernel.py", "instant.py"):
        image.add(f"/tests/{name}", HERE / "guest" / name)
    image.add("/init", HERE / "guest" / "init.py")
    image.add_text("/test-arguments", "\n".join(arguments))
    # The tool's front becomes nobody.
    image.add_text("/etc/passwd", "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
    image.add_text("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
    image.add_text("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    image.write(archive)


def boot(
    system: System,
    kernel: pathlib.Path,
    archive: pathlib.Path,
    environment: dict[str, str],
    directory: pathlib.Path,
    limit_s: float,
) -> None:
    """Runs the machine to its end; leaves `console` and `results`, which are not empty.

    The kernel hands what it does not know on its command line to the first process.
    """
    options = [KERNEL_OPTIONS, f"console={system.console}", system.kernel_options]
    words = [f"{name}={value}" for name, value in environment.items()]
    words.append(f"RESULTS_LINE={system.results}")
    console, results = directory / "console", directory / "results"
    console.unlink(missing_ok=True)
    results.unlink(missing_ok=True)
    subprocess.run(
        [
            *(f"qemu-system-{system.architecture}", *system.machine),
            *("-accel", ACCELERATOR, "-smp", "2"),
            *("-m", str(MEMORY_MB), "-nodefaults", "-no-reboot", "-display", "none"),
            *("-serial", f"file:{console}"),
            *("-chardev", f"file,id=results,path={results}"),
            *("-device", f"{system.results_device},chardev=results"),
            *("-kernel", str(kernel), "-initrd", str(archive)),
            *("-append", " ".join((*options, *words))),
        ],
        timeout=limit_s,
        check=True,
    )
    if results.stat().st_size == 0:
        said = LAST_WORDS.search(console.read_text(errors="replace"))
        raise Died(f"it ended without results{f': {said.group()}' if said else ''}")
