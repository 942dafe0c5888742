"""The replay of bench/alerts against Prometheus itself: promtool evaluates the same samples and rules."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench.alerts.replay import Firing, firings, heard, notifications
from bench.alerts.rulesets import Alert, Inhibition, RuleSet
from gradewatch.programs import newest
from rules.promtool import Promtool

MINUTES = 240
FIRING = '{__name__="ALERTS", alertname="%s", alertstate="firing", job="a", severity="info"}'
CASES = [(for_, keep) for for_ in (0, 1, 5) for keep in (0, 1, 7)]


def pattern(seed: int) -> list[bool]:
    """Runs of true and false minutes, short ones among them."""
    chance = random.Random(seed)
    found: list[bool] = []
    while len(found) < MINUTES:
        found += [not found[-1] if found else False] * chance.choice((1, 2, 3, 6, 9, 20))
    return found[:MINUTES]


def series(true: list[bool]) -> np.ndarray:
    return np.array([1.0 if value else np.nan for value in true])


def firing_at(all_firings: list[Firing], minute: int) -> bool:
    return any(one.start <= minute * 60 < one.end for one in all_firings)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_firing_periods_are_those_of_prometheus(seed: int, tmp_path: Path) -> None:
    """`for` and `keep_firing_for` in every combination over a random pattern, minute by minute."""
    rules, checks = [], []
    true = pattern(seed)
    for number, (for_, keep) in enumerate(CASES):
        name = f"Case{number}"
        rule = {"alert": name, "expr": "signal > 0", "for": f"{for_}m", "labels": {"severity": "info"}}
        rules.append(rule | ({"keep_firing_for": f"{keep}m"} if keep else {}))
        alert = Alert(name, "signal > 0", for_ * 60.0, keep * 60.0, "P4", (("severity", "info"),))
        replayed = list(firings(alert, {(("__name__", "signal"), ("job", "a")): series(true)}))
        for minute in range(MINUTES):
            sample = {
                "labels": FIRING % name,
                "value": 1,
            }
            checks.append(
                {
                    "expr": f'ALERTS{{alertname="{name}", alertstate="firing"}}',
                    "eval_time": f"{minute}m",
                    "exp_samples": [sample] if firing_at(replayed, minute) else [],
                }
            )
    (tmp_path / "cases.rules.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": "cases", "rules": rules}]})
    )
    values = " ".join("1" if value else "0" for value in true)
    test = {
        "name": "replay",
        "interval": "1m",
        "input_series": [{"series": 'signal{job="a"}', "values": values}],
        "promql_expr_test": checks,
    }
    path = tmp_path / "cases.test.yaml"
    path.write_text(
        yaml.safe_dump({"rule_files": ["cases.rules.yaml"], "evaluation_interval": "1m", "tests": [test]})
    )
    assert not Promtool(newest("promtool").path).test_rules(path)


def a_set(alerts: tuple[Alert, ...], inhibitions: tuple[Inhibition, ...] = ()) -> RuleSet:
    seconds = {"P1": 30.0, "P4": 30.0}
    return RuleSet(
        "a set",
        alerts,
        ("alertname",),
        seconds,
        dict.fromkeys(seconds, 300.0),
        dict.fromkeys(seconds, 3600.0),
        inhibitions=inhibitions,
    )


def a_firing(alert: Alert, start: float, end: float, **labels: str) -> Firing:
    return Firing(alert, tuple(sorted((labels | {"alertname": alert.name}).items())), start, end)


ONE = Alert("One", "a > 1", 0, 0, "P1")
TWO = Alert("Two", "b > 1", 0, 0, "P4")


def test_a_group_is_told_after_its_wait_when_an_alert_joins_and_again_while_it_lasts() -> None:
    fired = [a_firing(ONE, 0, 8000, instance="a"), a_firing(ONE, 100, 400, instance="b")]
    sent = notifications(a_set((ONE,)), fired)
    assert [(note.at, len(note.about), note.repeated) for note in sent] == [
        (30, 1, False),
        (330, 1, False),
        (3930, 1, True),
        (7530, 1, True),
    ]


def test_an_alert_that_is_gone_before_the_wait_is_never_told() -> None:
    assert notifications(a_set((ONE,)), [a_firing(ONE, 0, 20)]) == []


def test_a_group_begins_anew_after_it_was_empty() -> None:
    sent = notifications(a_set((ONE,)), [a_firing(ONE, 0, 60), a_firing(ONE, 5000, 5060)])
    assert [note.at for note in sent] == [30, 5030]


def test_an_inhibited_alert_is_heard_once_its_source_is_gone() -> None:
    rule = Inhibition((("alertname", "=", "One"),), (("alertname", "=~", "Two|Three"),), ("service",))
    source, other = a_firing(ONE, 100, 200, service="x"), a_firing(TWO, 50, 300, service="y")
    target = a_firing(TWO, 50, 300, service="x")
    left = [one for one in heard(a_set((ONE, TWO), (rule,)), [source, other, target]) if one.alert is TWO]
    assert sorted((dict(one.labels)["service"], one.start, one.end) for one in left) == [
        ("x", 50, 100),
        ("x", 200, 300),
        ("y", 50, 300),
    ]
