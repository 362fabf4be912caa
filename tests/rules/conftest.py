# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Fixtures: the list of metrics that the tool prints, in the file that METRICS names."""

import os
import pathlib

import metric_list
import pytest


@pytest.fixture(scope="session")
def metrics_file() -> pathlib.Path:
    return pathlib.Path(os.environ["METRICS"])


@pytest.fixture(scope="session")
def known(metrics_file: pathlib.Path) -> metric_list.MetricList:
    """The metrics that the tool has."""
    return metric_list.load(metrics_file)
