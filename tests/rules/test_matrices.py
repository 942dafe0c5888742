"""The clocks of the ready sets: one alert a priority, each step proved by promtool at its time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gradewatch.programs import Program
from policy.load import load_policy
from policy.matrices import NAMES, ready
from policy.model import Policy
from rules.promtool import Promtool
from tests.rules.conftest import write
from tests.rules.matrix import differences
from typedyaml.load import Document


def with_matrix(name: str) -> Document[Policy]:
    """The shipped policy with a ready set, and of each priority the first alert that has it."""
    document = load_policy()
    first = {alert.priority: key for key, alert in reversed(document.value.alerts.items())}
    policy = dataclasses.replace(
        document.value,
        priorities=ready(name),  # type: ignore[arg-type]
        alerts={key: document.value.alerts[key] for key in first.values()},
        objectives={},
        inhibit=(),
    )
    return dataclasses.replace(document, value=policy)


@pytest.mark.parametrize("name", NAMES)
def test_promtool_sees_each_step_at_its_time_and_not_before(
    name: str, newest_promtool: Program, tmp_path: Path
) -> None:
    document = with_matrix(name)
    assert sorted(alert.priority for alert in document.value.alerts.values()) == ["P1", "P2", "P3", "P4"]
    write(tmp_path, document)
    files = sorted(tmp_path.glob("prometheus/tests/*.test.yaml"))
    assert files
    found = [f for file in files for f in Promtool(newest_promtool.path).test_rules(file)]
    assert "\n".join(map(str, found)) == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_rules_say_what_the_set_says(name: str, tmp_path: Path) -> None:
    import rules.render

    document = with_matrix(name)
    mixin, _ = rules.render._build(document)
    assert list(differences(mixin.groups, document.value)) == []
