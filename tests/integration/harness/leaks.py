# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Searches for secrets in what the tool wrote."""

import base64


def traces_of(secret: str) -> list[bytes]:
    """Returns the forms in which a text can occur: verbatim, and in base64 at any alignment."""
    encoded = [base64.b64encode(b"." * shift + secret.encode())[4:-4] for shift in range(3)]
    return [secret.encode(), *encoded]
