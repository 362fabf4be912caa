# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fixtures: the list of metrics that the tool prints. METRICS names the file."""

import os
import pathlib

import metric_list
import pytest


@pytest.fixture(scope="session")
def known() -> metric_list.MetricList:
    """The metrics that the tool has."""
    return metric_list.load(pathlib.Path(os.environ["METRICS"]))
