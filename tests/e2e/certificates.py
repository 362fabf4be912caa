# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Certificates for a test: an authority, a server on 127.0.0.1 and a client, made by openssl."""

import dataclasses
import pathlib
import subprocess

DAYS = "2"


@dataclasses.dataclass
class Certificate:
    """A certificate and its key, as PEM files."""

    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    """Signs certificates for the programs of a test."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.own = self._make("authority", "-x509", "-days", DAYS, "-subj", "/CN=authority")

    def _make(self, name: str, *options: str) -> Certificate:
        made = Certificate(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        self._openssl(
            "req",
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(made.key), "-out", str(made.certificate)),
            *options,
        )
        return made

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

    def sign(self, name: str) -> Certificate:
        """Returns a certificate for 127.0.0.1 and localhost, of a server or a client."""
        made = self._make(name, "-subj", f"/CN={name}")
        request = self.directory / f"{name}.csr"
        made.certificate.rename(request)
        extensions = self.directory / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl(
            "x509",
            *("-req", "-in", str(request), "-out", str(made.certificate), "-days", DAYS),
            *("-CA", str(self.own.certificate), "-CAkey", str(self.own.key), "-CAcreateserial"),
            *("-extfile", str(extensions)),
        )
        return made
