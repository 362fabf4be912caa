# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The settings of observability/.env, and the errors that end the program."""

import os
import pathlib

OBSERVABILITY = pathlib.Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"


class StackError(Exception):
    """One line for the user: what failed, on what, why, and what to do."""


class Settings:
    """Values of .env; the environment goes before the file, as with docker compose."""

    def __init__(self, file: pathlib.Path = OBSERVABILITY / ".env") -> None:
        self.file = file
        self.values = {}
        for line in file.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                self.values[name] = os.environ.get(name) or value

    def text(self, name: str) -> str:
        if name not in self.values:
            raise StackError(f"{self.file}: {name} is not set; restore the line")
        return self.values[name]

    def port(self, name: str) -> int:
        """A port; its name ends with _PORT."""
        text = self.text(f"{name}_PORT")
        if not (text.isdecimal() and 0 < int(text) < 65536):
            raise StackError(f"{name}_PORT is {text!r}; give a port from 1 to 65535")
        return int(text)

    def address(self, name: str) -> str:
        return f"{HOST}:{self.port(name)}"
