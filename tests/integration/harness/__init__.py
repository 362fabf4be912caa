# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The test harness: the sample server, the tool, their clients and an OTLP receiver.

The integration tests use it, and so do the tests in tests/e2e, tests/vm, tests/compilers and
tests/container, the demo and the benchmarks. No test module imports another test module: what two
of them share is here.
"""
