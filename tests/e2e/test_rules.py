# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The rules of observability/rules, in vmalert and in the newest promtool."""

import pathlib

import expressions
import yaml
from backend import Json, free_addresses
from harness.waiting import wait_until
from metrics import Vmalert, run_tool
from run import Run

FILES = sorted(expressions.RULES.glob("*.yaml"))
RECORDED = "scotty:http_requests:rate5m"
RECORDED_S = 90
UNIT_TESTS = sorted((expressions.REPOSITORY / "tests" / "rules").glob("*.yaml"))


def test_vmalert_accepts() -> None:
    """The dry run of vmalert reads all rules."""
    done = run_tool("vmalert", "-dryRun", *(f"-rule={path}" for path in FILES))
    assert done.returncode == 0, done.stderr


def test_vmalert_refuses_nonsense(tmp_path: pathlib.Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    text = (
        FILES[0].read_text(encoding="utf-8").replace("sum by (job, instance) (rate(", "sum by (", 1)
    )
    wrong.write_text(text, encoding="utf-8")
    assert run_tool("vmalert", "-dryRun", f"-rule={wrong}").returncode != 0


def test_promtool_accepts() -> None:
    """The promtool of the same version as the Prometheus of these tests: rules and unit tests."""
    for command, files in (("check", FILES), ("test", UNIT_TESTS)):
        done = run_tool("promtool", command, "rules", *map(str, files))
        assert done.returncode == 0, done.stdout + done.stderr


def with_short_interval(path: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A copy of the rules that vmalert evaluates each second. It waits for up to one interval first."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in document["groups"]:
        group["interval"] = "1s"
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(document), encoding="utf-8")
    return copy


def is_evaluated(rule: Json) -> bool:
    """Before the first evaluation, its time is in the year 1."""
    return not rule["lastEvaluation"].startswith("0001")


def test_vmalert_evaluates(run: Run, tmp_path: pathlib.Path) -> None:
    """Every rule is evaluated in VictoriaMetrics without an error, and recorded series are written."""
    back_end = run.back_ends.victoriametrics
    (address,) = free_addresses(1)
    files = [with_short_interval(path, tmp_path) for path in FILES]
    vmalert = Vmalert(tmp_path / "vmalert", address, back_end.url, *files)
    try:
        vmalert.await_ready()

        def evaluated() -> list[Json]:
            rules = [rule for group in vmalert.groups() for rule in group["rules"]]
            return rules if all(map(is_evaluated, rules)) else []

        rules = wait_until("vmalert has evaluated every rule", evaluated)
        # vmalert evaluates the data of 30 seconds ago, which a short run does not have yet.
        wait_until(f"VictoriaMetrics has {RECORDED}", lambda: back_end.query(RECORDED), RECORDED_S)
    finally:
        vmalert.end()
    assert {rule["name"]: rule["lastError"] for rule in rules if rule.get("lastError")} == {}
    names = [
        rule.get("alert") or rule["record"]
        for path in FILES
        for rule in expressions.rules(path.name)
    ]
    assert sorted(rule["name"] for rule in rules) == sorted(names)
