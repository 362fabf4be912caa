# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The builds of the sample server (tests/fixtures/scotty)."""

import os

import pytest

# See tests/fixtures/rules.mk. The first three differ in features and mangling, the others in optimisation,
# in the versions of libraries, in tokio's unstable features, in linking and in the C library.
BUILDS = ("default", "bare", "v0", "size", "lto", "older", "current", "unstable", "abort", "stripped", "musl")
BUILD_VARIABLES = {build: f"SCOTTY_{build.upper()}" for build in BUILDS}
# The other builds have no recorder, or a recorder whose functions are inlined.
BUILDS_WITH_RECORDER = ("default",)
# Built where rustc has the target.
BUILDS_OF_OTHER_TARGETS = ("musl",)
# A panic ends the server of these builds.
BUILDS_THAT_ABORT = ("abort",)
# In these builds the arguments of AppData::new do not show the status.
BUILDS_WITHOUT_STATUSES = ("lto",)
# A test module names the builds that its tests run on in its variable TESTED_BUILDS.
# For subjects that do not depend on the server's code: kernel interfaces, export, exposition.
ONE_BUILD = ("default",)
# With the recorder and without; the rest of the code is compiled alike.
BOTH_RECORDERS = ("default", "bare")
# The two differ in the recorder and in the mangling, and so in how each hook is found.
BOTH_MANGLINGS = ("default", "v0")
# For what is read from the output that a task leaves: the output's place differs in the last.
BOTH_STAGES = (*BOTH_MANGLINGS, "unstable")


def binary_of(build: str) -> str:
    """Returns the path of a build's server; skips the test if the build is missing."""
    variable = BUILD_VARIABLES[build]
    path = os.environ.get(variable, "")
    if build in BUILDS_OF_OTHER_TARGETS and not os.access(path, os.X_OK):
        pytest.skip(f"build {build}: rustc has no standard library of its target")
    if not os.access(path, os.X_OK):
        pytest.skip(f"{variable} does not name a binary of the sample server")
    return path
