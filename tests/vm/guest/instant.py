# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A plugin for pytest: tells of a failure at once, for a machine may be stopped before its end."""

import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        print(f"\n{report.nodeid} failed:\n{report.longreprtext}", flush=True)
