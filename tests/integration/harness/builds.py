# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The builds of the sample server (tests/fixtures/scotty)."""

import os

import pytest

# See the Makefile. The first three differ in features and mangling, the others in optimisation and
# in the versions of libraries.
BUILDS = ("default", "bare", "v0", "size", "lto", "older", "current")
BUILD_VARIABLES = {build: f"SCOTTY_{build.upper()}" for build in BUILDS}
# The other builds have no recorder, or a recorder whose functions are inlined.
BUILDS_WITH_RECORDER = ("default",)
# In these builds the arguments of AppData::new do not show the status.
BUILDS_WITHOUT_STATUSES = ("lto",)
# Marks of modules whose tests run on more builds than the usual two.
EVERY_BUILD = pytest.mark.parametrize("build", BUILDS[:3], indirect=True, scope="module")
WHOLE_MATRIX = pytest.mark.parametrize("build", BUILDS, indirect=True, scope="module")


def binary_of(build: str) -> str:
    """Returns the path of a build's server; skips the test if the build is missing."""
    variable = BUILD_VARIABLES[build]
    path = os.environ.get(variable, "")
    if not os.access(path, os.X_OK):
        pytest.skip(f"{variable} does not name a binary of the sample server")
    return path
