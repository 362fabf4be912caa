# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A program that runs, with any number of symbols: its symbol table is not loaded."""

import pathlib
import struct
import subprocess

ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
PT_LOAD, PF_X, STT_FUNC, SHT_SYMTAB, SHT_STRTAB = 1, 1, 2, 2, 3

SOURCE = """
    .globl _start
    _start:
        mov $34, %eax
        syscall
        jmp _start
    .skip {count}, 0x90
"""


def code_of(data: bytes) -> int:
    """Returns the address of the executable segment."""
    header = ELF_HEADER.unpack_from(data)
    for i in range(header[10]):
        segment = PROGRAM_HEADER.unpack_from(data, header[5] + i * PROGRAM_HEADER.size)
        if segment[0] == PT_LOAD and segment[1] & PF_X:
            return segment[3]
    raise AssertionError("no code")


def build(path: pathlib.Path, name: str, count: int) -> None:
    """Builds a program that waits, with `count` functions of the same mangled name."""
    source = path.with_suffix(".s")
    source.write_text(SOURCE.format(count=count))
    subprocess.run(["gcc", "-nostdlib", "-static", "-s", "-o", path, source], check=True)
    data = path.read_bytes()
    code, header = code_of(data), list(ELF_HEADER.unpack_from(data))
    names = b"\0" + name.encode() + b"\0"
    table = b"".join(SYMBOL.pack(1, STT_FUNC, 0, 1, code + i, 1) for i in range(count))
    at = len(data)
    sections = SECTION_HEADER.pack(*([0] * 10))
    sections += SECTION_HEADER.pack(0, SHT_SYMTAB, 0, 0, at, len(table), 2, 0, 0, SYMBOL.size)
    sections += SECTION_HEADER.pack(0, SHT_STRTAB, 0, 0, at + len(table), len(names), 0, 0, 1, 0)
    header[6] = at + len(table) + len(names)
    header[11:14] = SECTION_HEADER.size, 3, 0
    data = ELF_HEADER.pack(*header) + data[ELF_HEADER.size :]
    path.write_bytes(data + table + names + sections)
    path.chmod(0o755)
