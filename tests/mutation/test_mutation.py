"""The mutants are what they are said to be, and a weak test is found out."""

from __future__ import annotations

import dataclasses
from functools import cache

import pytest

from tests.mutation import equivalent, operators, record, report, rules, trial
from tests.mutation.equivalent import Equivalent
from tests.mutation.trial import Bench, Subject

MOST_CHANGED = 4
"""`make mutate-changed` tries all rules that changed; here the cheapest of them, for the sake of time."""
RULE = {
    "alert": "Example",
    "expr": 'sum by (job) (rate(a_total{job="x", code=~"5.."}[5m])) / (sum by (job) (b{job="x"}) > 0) > 0.5\n'
    "and on (job)\n  c >= 20",
    "for": "2m",
    "keep_firing_for": "5m",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "Bad."},
}


@cache
def every() -> tuple[tuple[Bench, Subject], ...]:
    return tuple(trial.subjects(trial.benches()))


def subject(title: str) -> tuple[Bench, Subject]:
    return next((bench, one) for bench, one in every() if one.title == title)


def test_every_operator_makes_its_mutants() -> None:
    changes = dict(operators.changes(RULE))
    assert list(changes) == [
        "function sum (1) -> max",
        "label of by() dropped: job (1)",
        "function rate -> irate",
        "function rate -> increase",
        'matcher dropped: job="x",',
        'matcher value "x" (1) -> "xx"',
        'matcher dropped: , code=~"5.."',
        'matcher value "5.." -> "5..x"',
        "window [5m] -> [25m]",
        "window [5m] -> [2m30s]",
        "operator / -> *",
        "function sum (2) -> max",
        "label of by() dropped: job (3)",
        'matcher dropped: job="x" (2)',
        'matcher value "x" (2) -> "xx"',
        "operator > (1) -> >=",
        "operator > (1) -> <",
        "guard dropped: > 0 (1)",
        "figure 0 (1) -> 1",
        "operator > (2) -> >=",
        "operator > (2) -> <",
        "figure 0.5 -> 0.525",
        "figure 0.5 -> 0.475",
        "operator and -> or",
        "operator and -> unless",
        "label of on() dropped: job (5)",
        "operator >= -> >",
        "operator >= -> <",
        "figure 20 -> 21",
        "figure 20 -> 19",
        'side dropped: sum by (job) (rate(a_total{job="x", code=~"5.."}[5m])) / (sum by (job) '
        '(b{job="x"}) > 0) > 0.5 and on (job)',
        "side dropped: and on (job) c >= 20",
        "for dropped",
        "for x5",
        "keep_firing_for dropped",
        "keep_firing_for x2",
        "labels.severity changed",
        "annotations.summary changed",
    ]
    assert all(changed != RULE for changed in changes.values())


def test_alternatives_and_windows_of_records_are_changed_too() -> None:
    expr = 'slo:a:ratio_rate5m{slo="x"} > 1\nand\nslo:a:ratio_rate1h{slo="x"} > 1\nor\nabsent(d offset 1d)'
    records = frozenset({"slo:a:ratio_rate5m", "slo:a:ratio_rate1h", "slo:a:ratio_rate3d"})
    changes = [change for change, _ in operators.expressions(expr, records)]
    assert "window of record slo:a:ratio_rate5m -> slo:a:ratio_rate1h" in changes
    assert "alternative dropped: or absent(d offset 1d)" in changes
    assert "offset 1d -> 12h" in changes


def test_a_change_that_changes_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(operators.SWAPS, ">", (">",))
    with pytest.raises(operators.NotApplicable, match="operator > -> > changes nothing new"):
        list(operators.changes({"alert": "A", "expr": "up > 0"}))


def test_a_change_that_is_no_promql_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(operators.SWAPS, ">", ("><",))
    with pytest.raises(operators.NotApplicable, match="is no PromQL"):
        list(operators.changes({"alert": "A", "expr": "up > 0"}))


def test_every_rule_of_every_policy_is_mutated_once() -> None:
    titles = [one.title for _, one in every()]
    shipped = {operators.title(r) for b in trial.benches() for group in b.groups for r in group["rules"]}
    assert len(titles) == len(set(titles))
    assert set(titles) == shipped
    assert not [one.title for _, one in every() if not one.mutants or not one.tests]


def test_a_weak_test_lets_mutants_live_and_the_whole_tests_do_not() -> None:
    bench, one = subject("ServiceDown 0")
    weak = tuple(test for test in one.tests if "absent" in test.name or "silent" in test.name)[:1]
    assert weak
    alive = {m.change for m in bench.survivors(dataclasses.replace(one, tests=weak))}
    assert {"for dropped", "for x5", "labels.category changed", "annotations.summary changed"} & alive
    assert rules.outcome(bench, one).good


def test_a_listed_mutant_that_is_noticed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, one = subject("ServiceDown 0")
    monkeypatch.setattr(equivalent, "EQUIVALENT", (Equivalent("ServiceDown 0$", "for ", "it is not so"),))
    found = rules.outcome(bench, one)
    assert found.wrongly_listed == ("for dropped", "for x5")
    assert not found.good


def test_a_test_that_fails_without_a_change_is_no_test() -> None:
    bench, one = subject("ServiceDown 0")
    broken = dataclasses.replace(one, rule=one.rule | {"expr": "up == 2"})
    fresh = dataclasses.replace(bench, passed=set(), whole=set())
    fresh.groups = [
        group | {"rules": [broken.rule, *group["rules"][1:]]} if place == one.group else group
        for place, group in enumerate(bench.groups)
    ]
    with pytest.raises(trial.WrongBefore, match="fails without any change"):
        fresh.survivors(broken)


def test_a_fingerprint_changes_with_the_rule_and_with_its_tests() -> None:
    _, one = subject("ServiceDown 0")
    marks = {
        record.fingerprint(changed)
        for changed in (
            one,
            dataclasses.replace(one, rule=one.rule | {"for": "3m"}),
            dataclasses.replace(one, tests=one.tests[1:]),
            dataclasses.replace(one, mutants=one.mutants[1:]),
        )
    }
    assert len(marks) == 4
    renamed = dataclasses.replace(one.tests[0], name="another name")
    assert record.fingerprint(dataclasses.replace(one, tests=(renamed, *one.tests[1:]))) in marks


def test_rules_that_changed_are_noticed() -> None:
    lines = rules.known(every())
    changed = [(bench, one) for bench, one in every() if not record.current(lines, one)]
    changed.sort(key=lambda pair: sum(test.cost for test in pair[1].tests))
    found = [rules.outcome(bench, one) for bench, one in changed[:MOST_CHANGED]]
    told = [f"{o.subject.title}: {change}" for o in found for change in (*o.survivors, *o.wrongly_listed)]
    assert not told, f"{told}; `make mutate-changed` tries all {len(changed)} rules that changed"


def test_every_entry_speaks_of_a_mutant() -> None:
    used = {equivalent.entry(one.title, mutant.change) for _, one in every() for mutant in one.mutants}
    assert set(equivalent.EQUIVALENT) <= used


def test_the_page_has_the_figures_of_the_record() -> None:
    page = report.page(record.read().values(), [one for _, one in every()])
    (figures,) = (line for line in page.splitlines() if line.startswith("**"))
    assert figures in report.PATH.read_text(encoding="utf-8")
