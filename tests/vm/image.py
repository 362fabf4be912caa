# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Initial RAM disks: files of a system, with the libraries that they need, in a cpio archive."""

import os
import pathlib
import stat
from collections.abc import Iterable

from system import System

# Where the guest's dynamic loader looks, whatever the system has its libraries in.
LIBRARIES = pathlib.PurePosixPath("/lib")
# What the first process needs before it can mount anything.
DEVICES = {"/dev/console": (5, 1), "/dev/urandom": (1, 9)}


class Image:
    """What is to be in a RAM disk: paths in it, and what they are."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.files: dict[pathlib.PurePosixPath, pathlib.Path] = {}
        self.links: dict[pathlib.PurePosixPath, str] = {}
        self.texts: dict[pathlib.PurePosixPath, str] = {}

    def add(self, inside: str, source: pathlib.Path) -> None:
        """A file; of one that is a program or a library what it needs to run, too."""
        path = source.resolve()
        self.files[pathlib.PurePosixPath(inside)] = path
        with path.open("rb") as stream:
            is_elf = stream.read(4) == b"\x7fELF"
        if is_elf:
            self._add_libraries(path)

    def add_tree(self, inside: str, source: pathlib.Path, without: Iterable[str] = ()) -> None:
        """A directory with all that is in it, less what has such a name right in it."""
        left_out = set(without)
        for path in sorted(source.rglob("*")):
            relative = path.relative_to(source)
            if path.is_file() and relative.parts[0] not in left_out:
                self.add(f"{inside}/{relative}", path)

    def add_text(self, inside: str, text: str) -> None:
        self.texts[pathlib.PurePosixPath(inside)] = text

    def add_link(self, inside: str, to: str) -> None:
        self.links[pathlib.PurePosixPath(inside)] = to

    def _add_libraries(self, path: pathlib.Path) -> None:
        loaders, libraries = self.system.libraries(path)
        for name, loader in loaders.items():
            self.files[pathlib.PurePosixPath(name)] = loader.resolve()
        for name, library in libraries.items():
            self.files[LIBRARIES / name] = library.resolve()

    def write(self, archive: pathlib.Path) -> None:
        """The archive, in the only form that the kernel takes (initramfs-buffer-format)."""
        parents = {
            parent
            for path in (*self.files, *self.links, *self.texts)
            for parent in path.parents
            if parent != pathlib.PurePosixPath("/")
        } | {pathlib.PurePosixPath("/dev")}
        with archive.open("wb") as stream:
            writer = _Writer(stream)
            for path in sorted(parents):
                writer.member(path, stat.S_IFDIR | 0o755)
            for path, device in DEVICES.items():
                writer.member(pathlib.PurePosixPath(path), stat.S_IFCHR | 0o600, device=device)
            for path, source in self.files.items():
                state = source.stat()
                # Python's compiled modules are known by the time of their sources.
                writer.member(path, state.st_mode, source.read_bytes(), int(state.st_mtime))
            for path, text in self.texts.items():
                writer.member(path, stat.S_IFREG | 0o755, text.encode())
            for path, target in self.links.items():
                writer.member(path, stat.S_IFLNK | 0o777, target.encode())
            writer.member(pathlib.PurePosixPath("/TRAILER!!!"), 0)


class _Writer:
    """Members of a cpio archive of the "newc" format, one after the other."""

    def __init__(self, stream) -> None:
        self.stream = stream
        self.inode = 0

    def member(
        self,
        path: pathlib.PurePosixPath,
        mode: int,
        data: bytes = b"",
        time_s: int = 0,
        device: tuple[int, int] = (0, 0),
    ) -> None:
        self.inode += 1
        name = os.fsencode(path.relative_to("/")) + b"\0"
        fields = (
            *(self.inode, mode, 0, 0, 1, time_s, len(data)),
            *(0, 0, *device, len(name), 0),
        )
        self._padded(b"070701" + b"".join(b"%08x" % field for field in fields) + name)
        self._padded(data)

    def _padded(self, data: bytes) -> None:
        self.stream.write(data)
        self.stream.write(b"\0" * (-len(data) % 4))
