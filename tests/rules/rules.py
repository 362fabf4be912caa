# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rules of observability/rules and their unit tests, as the tests read both."""

import dataclasses
import pathlib
from typing import Any

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "observability" / "rules"
RULE_FILES = [FOLDER / "recording.yaml", FOLDER / "alerts.yaml"]
TEST_FILES = sorted(pathlib.Path(__file__).parent.glob("*.yaml"))
RUNBOOK = REPOSITORY / "docs" / "runbook.md"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule; `name` is the alert's name or the name of the recorded series."""

    name: str
    is_alert: bool
    expression: str
    labels: dict[str, str]
    annotations: dict[str, str]


def read(path: pathlib.Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules() -> list[Rule]:
    """All rules, in the order of the files."""
    return [
        Rule(
            name=rule.get("alert") or rule["record"],
            is_alert="alert" in rule,
            expression=rule["expr"],
            labels=rule.get("labels", {}),
            annotations=rule.get("annotations", {}),
        )
        for path in RULE_FILES
        for group in read(path)["groups"]
        for rule in group["rules"]
    ]


ALERTS = [rule for rule in rules() if rule.is_alert]
RECORDINGS = [rule for rule in rules() if not rule.is_alert]
