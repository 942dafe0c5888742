"""The boundary tests of tests/rules/bounds on the oldest and newest promtool; `full`: between too."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gradewatch import programs
from gradewatch.programs import Program
from rules import narrow
from rules.promtool import Promtool
from tests.rules import bounds

NEWEST, *OTHERS = sorted(programs.installed("promtool"), key=lambda program: program.version, reverse=True)
VERSIONS = [
    pytest.param(program, marks=[pytest.mark.full] if program in OTHERS[:-1] else [], id=program.release)
    for program in (NEWEST, *OTHERS)
]


@pytest.mark.parametrize("program", VERSIONS)
@pytest.mark.parametrize("name", bounds.files())
def test_alerts_are_silent_and_fire_at_their_bounds(checkout: Path, name: str, program: Program) -> None:
    content = bounds.files()[name]
    groups = narrow.read(checkout / "tests/rules" / content["rule_files"][0])["groups"]
    order = {"group_eval_order": [group["name"] for group in groups]}
    path = checkout / "tests/rules" / f"{name.replace(' ', '-')}.yaml"
    path.write_text(yaml.dump(content | order, Dumper=yaml.CSafeDumper), encoding="utf-8")
    found = narrow.run(Promtool(program.path), path)
    assert not found, "\n".join(finding.text for finding in found)
