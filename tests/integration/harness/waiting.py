# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Waiting for a condition, with a deadline."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

# How many times longer than usual an operation may take, for instance on an emulated machine.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))
# A deadline only limits how long a failure takes. It is generous because other processes may use
# the CPUs.
DEADLINE_S = 30 * PATIENCE
INTERVAL_S = 0.01
Value = TypeVar("Value")


def wait_until(
    what: str, check: Callable[[], Value | None], deadline_s: float = DEADLINE_S
) -> Value:
    """Calls `check` until its value is true, and returns the value; fails after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(INTERVAL_S)
