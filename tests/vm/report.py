# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the tests found on the kernels, as tables in Markdown."""

import xml.etree.ElementTree as ElementTree

INSTRUCTIONS = "instructions "


def _properties(suite: ElementTree.Element) -> dict[str, str]:
    """What the tests recorded."""
    return {found.get("name", ""): found.get("value", "") for found in suite.iter("property")}


def is_bad(case: ElementTree.Element) -> bool:
    """Whether a test case failed."""
    return case.find("failure") is not None or case.find("error") is not None


def _outcome(suite: ElementTree.Element) -> str:
    """How many tests found every count exact, or why none did."""
    cases = list(suite.iter("testcase"))
    for skipped in suite.iter("skipped"):
        return f"skipped: {skipped.get('message')}"
    bad = sum(map(is_bad, cases))
    return f"{bad} of {len(cases)} failed" if bad else f"all {len(cases)} passed"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _kernels(suites: ElementTree.Element) -> str:
    text = _row("kernel", "tests", "attachment", "attached in", "detached in")
    text += _row(*["---"] * 5)
    for suite in suites:
        found = _properties(suite)
        text += _row(
            found.get("release", (suite.get("name") or "").removeprefix("vm.")),
            _outcome(suite),
            *(found.get(name, "-") for name in ("attachment", "attached", "detached")),
        )
    return text


def _instructions(suites: ElementTree.Element) -> str:
    columns = [_properties(suite) for suite in suites]
    columns = [found for found in columns if "release" in found]
    programs = {name for found in columns for name in found if name.startswith(INSTRUCTIONS)}
    text = _row("program", *(found["release"] for found in columns))
    text += _row("---", *["---:"] * len(columns))
    for program in sorted(programs):
        text += _row(
            f"`{program.removeprefix(INSTRUCTIONS)}`",
            *(found.get(program, "-") for found in columns),
        )
    return text


def tables(suites: ElementTree.Element) -> str:
    """The kernels, and what the verifier did on each."""
    return f"{_kernels(suites)}\n{_instructions(suites)}"
