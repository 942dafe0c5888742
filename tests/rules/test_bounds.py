"""The boundary tests of tests/rules/bounds on every promtool."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gradewatch.programs import Program
from rules import narrow
from rules.promtool import Promtool
from tests.rules import bounds


@pytest.mark.parametrize("name", bounds.files())
def test_alerts_are_silent_and_fire_at_their_bounds(promtool: Program, checkout: Path, name: str) -> None:
    content = bounds.files()[name]
    groups = narrow.read(checkout / "generated/prometheus/auto-grader.rules.yaml")["groups"]
    order = {"group_eval_order": [group["name"] for group in groups]}
    path = checkout / "tests/rules" / f"{name.replace(' ', '-')}.yaml"
    path.write_text(yaml.dump(content | order, Dumper=yaml.CSafeDumper), encoding="utf-8")
    found = narrow.run(Promtool(promtool.path), path)
    assert not found, "\n".join(finding.text for finding in found)
