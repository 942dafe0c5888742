"""The mixin by itself, as another jsonnet tool chain uses it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import _jsonnet
import pytest
import rjsonnet

from policy.model import Policy
from rules.jsonnet import evaluated
from rules.mixin import FOLDER, Mixin
from typedyaml.load import Document
from typedyaml.units import Duration

MIXIN = f"import '{FOLDER}/mixin.libsonnet'"


def evaluate(source: str) -> Any:
    return json.loads(rjsonnet.evaluate_snippet("elsewhere.jsonnet", source))


@pytest.mark.slow
def test_without_any_configuration_it_is_the_shipped_policy_in_the_reference_implementation(
    mixin: Mixin,
) -> None:
    source = f"local m = {MIXIN}; m.prometheusRules.groups + m.prometheusAlerts.groups"
    assert json.loads(_jsonnet.evaluate_snippet("elsewhere.jsonnet", source)) == mixin.groups


@pytest.mark.slow
def test_without_the_faster_implementation_the_reference_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    file = FOLDER / "declarations.jsonnet"
    fast = evaluated(file)
    monkeypatch.setitem(sys.modules, "rjsonnet", None)
    assert json.loads(evaluated(file)) == json.loads(fast)


def test_a_figure_is_changed_in_the_way_of_mixins() -> None:
    change = "{ _config+:: { alerts+: { GradingBacklog+: { above: 77, 'for': '9m' } } } }"
    groups = evaluate(f"(({MIXIN}) + {change}).prometheusAlerts.groups")
    rule = next(group for group in groups if group["name"] == "GradingBacklog")["rules"][0]
    assert rule["expr"].endswith("> 77")
    assert rule["for"] == "9m"


def test_an_alert_of_the_user_stands_beside_ours() -> None:
    own = "{ prometheusAlerts+:: { groups+: [{ name: 'Own', rules: [] }] } }"
    names = evaluate(f"[g.name for g in (({MIXIN}) + {own}).prometheusAlerts.groups]")
    assert names[-2:] == ["Watchdog", "Own"]


@pytest.mark.parametrize(
    "text", ["0s", "500ms", "90s", "1m30s", "5m", "1h30m", "36h", "2w", "30d", "1d2h3m4s5ms", "1y"]
)
def test_durations_are_read_and_written_as_in_python(text: str) -> None:
    seconds, again = evaluate(
        f"local d = import '{FOLDER}/durations.libsonnet'; [d.seconds('{text}'), d.canonical('{text}')]"
    )
    assert seconds == pytest.approx(Duration.parse(text).seconds)
    assert again == str(Duration.parse(text))


def test_what_is_no_duration_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not a duration: 5 minutes"):
        evaluate(f"(import '{FOLDER}/durations.libsonnet').seconds('5 minutes')")


def test_no_alert_file_holds_a_figure() -> None:
    """Figures are the policy's; 0 and 1 are no figures, nor are examples and the 5 of 5xx."""
    for path in (FOLDER / "alerts").glob("*.libsonnet"):
        text = path.read_text(encoding="utf-8")
        expressions = re.findall(r"expr: (.+?)\n\s*(?:summary|example)", text, re.S)
        figures = [n for expr in expressions for n in re.findall(r"(?<![\w.])\d+\w*(?![\w.])", expr)]
        assert set(figures) <= {"0", "1"}, path.name


def test_an_alert_file_is_short() -> None:
    for path in Path(FOLDER).rglob("*.libsonnet"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 150, path.name


def test_every_declared_alert_is_in_the_shipped_policy(document: Document[Policy]) -> None:
    declared = evaluate(f"std.objectFields(({MIXIN}).alertRules)")
    assert set(declared) == document.value.alerts.keys()


def test_figures_are_written_in_digits_without_the_noise_of_floating_point() -> None:
    numbers = [0.1 + 0.2, 1 - 0.9, 0.99999999999, 14.4 * 0.01, 1e9, 15552000, 4294967296, 0.0005, 7, 0, -0.25]
    texts = evaluate(f"[(import '{FOLDER}/durations.libsonnet').figure(n) for n in {numbers}]")
    assert texts == [
        *("0.3", "0.1", "1", "0.144", "1000000000", "15552000", "4294967296", "0.0005", "7", "0", "-0.25")
    ]


@pytest.mark.parametrize(
    ("quantile", "text"),
    [
        ("0.95", "95th"),
        ("0.91", "91st"),
        ("0.92", "92nd"),
        ("0.93", "93rd"),
        ("0.12", "12th"),
        ("0.991", "99.1th"),
    ],
)
def test_a_percentile_is_told_as_people_say_it(quantile: str, text: str) -> None:
    change = f"{{ _config+:: {{ alerts+: {{ SlowResponseTime+: {{ quantile: {quantile} }} }} }} }}"
    groups = evaluate(f"(({MIXIN}) + {change}).prometheusAlerts.groups")
    rule = next(group for group in groups if group["name"] == "SlowResponseTime")["rules"][0]
    assert f": the {text} percentile of" in rule["annotations"]["description"]
