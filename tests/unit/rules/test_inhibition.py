"""What keeps others quiet goes by labels that both sides carry."""

from __future__ import annotations

from pathlib import Path

import pytest

import rules.render
from policy.load import FOLDER, load_policy
from policy.model import Policy
from rules.inhibition import carried
from tests.rules import cases
from typedyaml.faults import Faults
from typedyaml.load import Document

PAIR = "{source: SidecarDown, targets: {alerts: [CollectorFailing]}, equal: [service]}"


@pytest.mark.parametrize(
    ("pair", "lacking"),
    [
        (
            PAIR.replace("[service]", "[service, collector]"),
            'label "collector" in equal is missing on SidecarDown',
        ),
        (
            "{source: ServiceDown, targets: {priorities: [P4]}, equal: [service, reason]}",
            'label "reason" in equal is missing on',
        ),
        (
            "{source: SidecarDown, targets: {alerts: [DatabaseBudgetBurn]}, equal: [service, slo]}",
            'label "slo" in equal is missing on SidecarDown: alerts that both lack a label',
        ),
    ],
)
def test_a_label_that_an_alert_of_the_pair_lacks_is_refused_with_its_line(
    tmp_path: Path, pair: str, lacking: str
) -> None:
    text = (FOLDER / "auto-grader.yaml").read_text("utf-8")
    assert text.count(PAIR) == 1
    path = tmp_path / "p.yaml"
    path.write_text(text.replace(PAIR, pair), "utf-8")
    with pytest.raises(Faults) as refused:
        rules.render.render(load_policy(path))
    fault = refused.value.faults[0]
    assert lacking in fault.message
    assert pair in path.read_text("utf-8").splitlines()[fault.line - 1]


def test_labels_that_alerts_are_thought_to_carry_are_there_when_they_fire(
    document: Document[Policy],
) -> None:
    """The promtool files say with which labels an alert fires; promtool compares them whole."""
    fired: dict[str, list[frozenset[str]]] = {}
    for one in cases.said():
        if one.state == "firing" and one.labels.get("escalation") == "0" and "alertstate" not in one.labels:
            labels = frozenset(label for label, value in one.labels.items() if value)
            fired.setdefault(one.alert, []).append(labels | {"alertname"})
    named = {rule.source for rule in document.value.inhibit} | {
        name for rule in document.value.inhibit for name in rule.targets.alerts
    }
    for group in rules.render.groups(document):
        for rule in group["rules"]:
            if rule.get("alert") in named and rule["labels"]["escalation"] == "0":
                thought = carried(rule) - {"burn_tier", "long", "short"}
                assert fired[rule["alert"]], rule["alert"]
                assert all(thought <= labels for labels in fired[rule["alert"]]), rule["alert"]
