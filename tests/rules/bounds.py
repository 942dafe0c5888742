"""Boundary tests of alerts from tables: tests/rules/bounds/<file of rules/alerts>.yaml.

A table says in figures of its own, not the policy's, what an alert is like just past its limit, exactly
at it and just inside. `tests()` makes of it promtool's tests: silent at the limit and inside, pending one
step before `for`, firing at `for` for the bad one of two with all labels and texts, resolved, absent.
Times are in steps of the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import rules.render
from policy.load import DEFAULT, load_policy
from tests.rules import objective_records, thresholds

FOLDER = Path(__file__).parent / "bounds"
SEVERITY = {"P1": "critical", "P2": "critical", "P3": "warning", "P4": "info"}
TOLD = {"P1": ("oncall", "1|2"), "P2": ("oncall", "1"), "P3": ("oncall", "1"), "P4": ("engineering", "")}
TEAM = {"auto-grader": "grading-platform", "iit-ml-service": "iit-ml"}
"""The policies of the tables, and who has their service; an alert is of the first unless it says so."""

Spec = dict[str, Any]
Test = dict[str, Any]


@cache
def tables() -> dict[str, dict[str, Spec]]:
    """Every table by the stem of its file; each holds alerts by name."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))
    }


@cache
def files() -> dict[str, dict[str, Any]]:
    """promtool files by name, one for each step of evaluation in a table."""
    made: dict[str, dict[str, Any]] = {}
    for stem, table in tables().items():
        for alert, spec in table.items():
            step = spec.get("step", "1m")
            policy = _policy(spec)
            name = f"{stem} at {step}" + (f" of {policy}" if policy != DEFAULT else "")
            content = made.setdefault(name, _empty(policy, step))
            # "LatencyBudgetBurn slow" is one tier of an alert.
            content["tests"] += tests(alert.split()[0], spec)
    for policy in TEAM:
        for step, tests_ in objective_records.tests(policy).items():
            if tests_:
                made[f"objectives of {policy} at {step}"] = _empty(policy, step) | {"tests": tests_}
        made[f"thresholds of {policy}"] = _empty(policy, "1m") | {"tests": thresholds.tests(policy)}
    return made


def rule_file(policy: str) -> str:
    """How a file of tests/rules names the rules of a policy."""
    return f"../../generated/prometheus/{policy}.rules.yaml"


def _empty(policy: str, step: str) -> dict[str, Any]:
    return {"rule_files": [rule_file(policy)], "evaluation_interval": step, "tests": []}


def _policy(spec: Spec) -> str:
    policy: str = spec.get("policy", DEFAULT)
    return policy


def tests(alert: str, spec: Spec) -> Iterator[Test]:
    """All tests of one alert."""
    starts = spec.get("starts", 0)
    fires = starts + spec["for"]
    if "silent" not in spec.get("without", []):
        yield _bad(alert, spec, starts, fires)
    for state, words in (("limit", "exactly at its limit"), ("near", "just inside its limit")):
        if any(state in values for values in spec["series"].values() if isinstance(values, dict)):
            yield _silent(alert, spec, words, series(spec, state, fires + 9), fires + 8)
    for words, changes in spec.get("silent", {}).items():
        yield _silent(alert, spec, words, series(spec, "bad", fires + 9, changes), fires + 8)
    for words, changes in spec.get("fires", {}).items():
        count = changes.get("alerts", 1)
        changed = series(spec, "bad", fires + 9, changes["series"])
        tick = fires + changes.get("later", 0)
        one = _sampled(spec, changes)
        if "text" in changes:
            yield _told(alert, one | {"text": changes["text"]}, words, changed, tick)
        else:
            yield _case(
                alert, one | {"where": changes.get("where", "")}, words, changed, firing=[tick], count=count
            )
    yield from _turns(alert, spec, fires)
    if "absent" in spec:
        yield _case(alert, spec, "without any series", {}, firing=[spec["for"]], count=spec["absent"])
    else:
        yield _case(alert, spec, "without any series", {}, quiet=[fires + 8])


def series(
    spec: Spec, state: str, ticks: int, changes: dict[str, str | None] | None = None
) -> dict[str, str]:
    """The input of a test in one state; a changed series replaces its state, null takes it away."""
    found = {name: _values(given, state) for name, given in spec["series"].items()} | (changes or {})
    return {name: values.replace("N", str(ticks)) for name, values in found.items() if values is not None}


def _values(given: Any, state: str) -> str:
    """`7`: a gauge; `+7`: a counter that grows by 7 each step from 0; `++7`: one that is far from 0, so that
    its rate is whole as soon as the samples come near the edge of the window; else promtool's own, N steps.
    """
    value = str(given.get(state, given.get("good", given.get("bad"))) if isinstance(given, dict) else given)
    if value.startswith("++"):
        return f"10000+{value[2:]}xN"
    if value.startswith("+"):
        return f"0+{value[1:]}xN"
    return value if "x" in value or " " in value else f"{value}xN"


def _bad(alert: str, spec: Spec, starts: int, fires: int) -> Test:
    test = _frame(alert, spec, "pending until one step before `for`, then fires for what is bad alone")
    test["input_series"] = _input(series(spec, "bad", fires + 2))
    at = lambda tick: f"{tick * _minutes(spec)}m"  # noqa: E731 - one name for one thing
    test["alert_rule_test"] = [
        {"eval_time": at(fires - 1), "alertname": alert, "exp_alerts": []},
        {"eval_time": at(fires), "alertname": alert, "exp_alerts": [_expected(alert, spec)]},
    ]
    test["promql_expr_test"] = [_ask(alert, spec, fires - 1, "pending", 1)]
    if starts:
        test["promql_expr_test"].append(_ask(alert, spec, starts - 1, None, 0))
    return test


def _told(alert: str, spec: Spec, words: str, given: dict[str, str], tick: int) -> Test:
    """One alert fires, with all its labels and the text of the case."""
    at = f"{tick * _minutes(spec)}m"
    asks = [{"eval_time": at, "alertname": alert, "exp_alerts": [_expected(alert, spec)]}]
    return _frame(alert, spec, words) | {"input_series": _input(given), "alert_rule_test": asks}


def _silent(alert: str, spec: Spec, words: str, given: dict[str, str], tick: int) -> Test:
    return _case(alert, spec, f"{words}: silent", given, quiet=[tick])


def _turns(alert: str, spec: Spec, fires: int) -> Iterator[Test]:
    """Changes in time: `turns` of the table, and the end of an alert where a table gives none."""
    turns = spec.get("turns", {})
    if "resolves" not in turns and "resolves" not in spec.get("without", []):
        stays = fires + 3
        given = {
            name: f"{_head(values, stays)} {values['good']}x40"
            for name, values in spec["series"].items()
            if isinstance(values, dict) and "good" in values and _is_number(values["bad"])
        }
        gone = stays + 1 + spec.get("keep", 0)
        whole = series(spec, "bad", gone + 5, given)
        yield _case(alert, spec, "resolves", whole, firing=[gone - 1], quiet=[gone])
    for words, turn in turns.items():
        whole = series(spec, "bad", turn.get("ticks", fires + 9), turn["series"])
        expected = {key: turn[key] for key in ("firing", "pending", "quiet") if key in turn}
        yield _case(alert, _sampled(spec, turn), words, whole, count=turn.get("alerts", 1), **expected)


def _sampled(spec: Spec, changes: Spec) -> Spec:
    """With the samples of one case: a fifth of a window apart, a count is exact on every promtool."""
    return spec | {key: changes[key] for key in ("interval",) if key in changes}


def _head(values: dict[str, Any], ticks: int) -> str:
    return f"{values['bad']}x{ticks}"


def _is_number(value: Any) -> bool:
    return not str(value).startswith("+") and "x" not in str(value) and " " not in str(value)


def _case(
    alert: str,
    spec: Spec,
    words: str,
    given: dict[str, str],
    firing: list[int] = [],  # noqa: B006 - never changed
    pending: list[int] = [],  # noqa: B006
    quiet: list[int] = [],  # noqa: B006
    count: int = 1,
) -> Test:
    test = _frame(alert, spec, words)
    test["input_series"] = _input(given)
    test["promql_expr_test"] = [
        *(_ask(alert, spec, tick, "firing", count) for tick in firing),
        *(_ask(alert, spec, tick, "pending", count) for tick in pending),
        *(_ask(alert, spec, tick, None, 0) for tick in quiet),
    ]
    return test


def _frame(alert: str, spec: Spec, words: str) -> Test:
    tier = spec.get("labels", {}).get("burn_tier")
    told = f"the {tier} tier: {words}" if tier else words
    return {"name": f"{alert}: {told}", "interval": spec.get("interval", spec.get("step", "1m"))}


def _input(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in given.items()]


def _ask(alert: str, spec: Spec, tick: int, state: str | None, count: int) -> dict[str, Any]:
    more = f',alertstate="{state}"' if state else ""
    if tier := spec.get("labels", {}).get("burn_tier"):
        more += f',burn_tier="{tier}"'
    more += spec.get("where", "")
    samples = [{"labels": "{}", "value": count}] if count else []
    expr = f'count(ALERTS{{alertname="{alert}",escalation="0"{more}}})'
    return {"eval_time": f"{tick * _minutes(spec)}m", "expr": expr, "exp_samples": samples}


def _minutes(spec: Spec) -> int:
    step = spec.get("step", "1m")
    return int(step[:-1]) * {"m": 1, "h": 60}[step[-1]]


@cache
def _boards(policy: str) -> dict[str, str]:
    """Which board shows an alert is the boards' affair; here only that the link is there."""
    return {a.alertname: a.annotations["dashboard_url"] for a in rules.render.alerts(load_policy(policy))}


def _expected(alert: str, spec: Spec) -> dict[str, Any]:
    priority, category, kind = spec["is"].split()
    to, later = TOLD[priority]
    policy = _policy(spec)
    ack = f'alertname="{alert}",service="{policy}",escalation=~"{later}"'
    return {
        "exp_labels": {
            **spec.get("labels", {}),
            "service": policy,
            "team": TEAM[policy],
            "priority": priority,
            "severity": SEVERITY[priority],
            "category": category,
            "alert_type": kind,
            "escalation": "0",
        },
        "exp_annotations": {
            "summary": spec["summary"],
            "description": spec["text"],
            "runbook_url": f"https://gradewatch.example.org/runbooks/{alert}",
            "dashboard_url": _boards(policy)[alert],
            "escalated_to": to,
            **({"ack": ack} if later else {}),
        },
    }
