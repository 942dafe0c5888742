"""The tests are tested: every alert at every boundary, every record, and no case about what is not there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import rules.render
from policy.load import DEFAULT, load_policy
from rules import narrow
from tests.rules import bounds
from tests.rules.cases import FOLDER, Said, every_test, files, said

ROOT = FOLDER.parents[1]
DECLARED = {
    path.stem: re.findall(
        r"^    ([A-Z]\w+): (?:\w+(?:\(.*?\)|\(\{)? ?)?\{?", path.read_text(encoding="utf-8"), re.M
    )
    for path in (ROOT / "rules/alerts").glob("*.libsonnet")
}
ALWAYS = {"Watchdog"}
OF_OBJECTIVES = {"ErrorBudgetExhausted", "ErrorsAtLowVolume", "ObjectiveWithoutData"}
RECORDS = ("slo", "alert_threshold", "capacity", "health", "service_priority", "traffic")
TIERS = list(load_policy().value.burn_tiers)
BURN = [objective.alert for objective in load_policy().value.objectives.values()]
ALERTS = [name for name, alert in load_policy().value.alerts.items() if alert.enabled]
SUBJECTS = [(name, "") for name in ALERTS] + [
    (objective.alert, tier)
    for objective in load_policy().value.objectives.values()
    for tier in objective.tiers or TIERS
]


OTHERS = [policy for policy in bounds.TEAM if policy != DEFAULT]
BURN_OF_OTHERS = {
    objective.alert: objective.tiers or TIERS
    for policy in OTHERS
    for objective in load_policy(policy).value.objectives.values()
    if objective.alert not in BURN
}
SUBJECTS += [(name, tier) for name, tiers in BURN_OF_OTHERS.items() for tier in tiers]


@cache
def groups(policy: str = DEFAULT) -> list[dict[str, Any]]:
    return rules.render.groups(load_policy(policy))


def every_rule(policy: str = DEFAULT) -> list[dict[str, Any]]:
    return [rule for group in groups(policy) for rule in group["rules"]]


def about(name: str, tier: str) -> list[Said]:
    """What is said of the alert, or of one tier of an objective's alert."""
    mine = [s for s in said() if s.alert == name]
    named = f"the {tier} tier"
    return [s for s in mine if not tier or named in s.test or s.labels.get("burn_tier") == tier]


def boundaries(name: str, tier: str) -> dict[str, bool]:
    """Which boundaries of an alert are held by a case."""
    cases = about(name, tier)
    firing = [s for s in cases if s.state == "firing"]
    silent = [s for s in cases if s.state in ("silent", "quiet")]
    return {
        "fires": bool(firing),
        "silent": any(s.state == "quiet" and not s.without_input for s in silent)
        or any(s.test not in {f.test for f in firing} and not s.without_input for s in silent),
        "pending": any(s.state == "pending" for s in cases),
        "exact": any(f.test == s.test and 0 < f.time - s.time <= f.step for f in firing for s in silent),
        "resolves": any(f.test == s.test and f.time < s.time for f in firing for s in silent),
        "absent": any(s.without_input for s in said() if s.alert == name),
    }


@pytest.mark.parametrize(("name", "tier"), SUBJECTS, ids=[f"{n}-{t}" if t else n for n, t in SUBJECTS])
def test_an_alert_is_tested_at_every_boundary(name: str, tier: str) -> None:
    missing = [boundary for boundary, held in boundaries(name, tier).items() if not held]
    assert not missing, f"tests/rules has no case for {name} {tier}: {', '.join(missing)}"


def test_the_coverage_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """One row an alert; read it with `pytest -s`."""
    table = [(f"{n} {t}".strip(), boundaries(n, t)) for n, t in SUBJECTS]
    with capsys.disabled():
        print(f"\n{'':32}" + "  ".join(table[0][1]))
        for name, held in table:
            print(f"{name:32}" + "  ".join(f"{'yes' if ok else 'NO':{len(b)}}" for b, ok in held.items()))
    tiers = [objective.tiers or TIERS for objective in load_policy().value.objectives.values()]
    assert len(table) == len(ALERTS) + sum(map(len, [*tiers, *BURN_OF_OTHERS.values()]))


def test_an_alert_that_always_fires_is_tested_for_it() -> None:
    for name in ALWAYS:
        assert {s.state for s in said() if s.alert == name} == {"firing"}


def test_every_alert_of_a_case_exists() -> None:
    """promtool passes a misspelt name whose expectation is empty."""
    names = {rule["alert"] for policy in bounds.TEAM for rule in every_rule(policy) if "alert" in rule}
    assert {s.alert for s in said()} <= names


def test_every_record_is_tested() -> None:
    cases = [case for _, test in every_test() for case in test.get("promql_expr_test", ())]
    asked = " ".join(f"{case['expr']} {case['exp_samples']}" for case in cases)
    records = {rule["record"] for rule in every_rule() if "record" in rule}
    assert not {record for record in records if record not in asked}


@pytest.mark.parametrize("name", files())
def test_a_file_names_rules_that_exist_and_the_groups_it_needs_in_their_order(name: str) -> None:
    """promtool evaluates unlisted groups in random order, and only warns when a rule file is not there."""
    content = files()[name]
    (policy,) = [policy for policy in bounds.TEAM if content["rule_files"] == [bounds.rule_file(policy)]]
    needed = narrow.needed(groups(policy), content["tests"])
    order = [group["name"] for group in groups(policy) if group["name"] in needed]
    assert content["group_eval_order"] == order
    assert all("interval" in test for test in content["tests"])


@pytest.mark.parametrize("name", files())
def test_a_file_is_named_after_its_rules(name: str) -> None:
    stem = Path(name).stem.removesuffix("-slow")
    assert stem in {*DECLARED, "escalation"} or stem.split("-")[0] == "records"


def test_every_file_of_alerts_has_its_tests() -> None:
    assert DECLARED.keys() <= {Path(name).stem for name in files()} | bounds.tables().keys()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_declared_and_tested_in_the_file_of_its_category(name: str) -> None:
    category = "objectives" if name in OF_OBJECTIVES else load_policy().value.alerts[name].category
    (home,) = [stem for stem, names in DECLARED.items() if name in names]
    assert home.split("-")[0] == category
    assert any(t["name"].startswith(f"{name}: ") for file, t in every_test() if file.startswith(home))


def test_a_test_begins_with_the_name_of_what_it_tests() -> None:
    subjects = {*ALERTS, *BURN, *BURN_OF_OTHERS, *ALWAYS, *RECORDS}
    assert {test["name"].split(":")[0] for _, test in every_test()} <= subjects


def test_no_name_is_used_twice() -> None:
    names = [test["name"] for _, test in every_test()]
    assert len(names) == len(set(names))


def test_labels_in_texts_are_labels_of_the_alert() -> None:
    """A label that is not there renders as nothing, without complaint."""
    for rule in every_rule():
        texts = " ".join(rule.get("annotations", {}).values())
        wanted = set(re.findall(r"\$labels\.(\w+)", texts))
        step = rule.get("labels", {}).get("escalation")
        cases = [
            s for s in said() if s.alert == rule.get("alert") and s.labels.get("escalation", step) == step
        ]
        full = [s.labels for s in cases if s.state == "firing" and "team" in s.labels]
        assert all(wanted <= labels.keys() for labels in full), rule["alert"]
        assert full or not wanted or step != "0", rule["alert"]
