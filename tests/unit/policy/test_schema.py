"""The JSON Schema that editors use says the same as the loader."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from policy.load import FOLDER, shipped

SCHEMA = json.loads((FOLDER / "policy.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_policy_is_valid(name: str) -> None:
    policy = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(policy, SCHEMA)


@pytest.mark.parametrize(
    "change",
    [{"alertz": {}}, {"retention": "90 days"}, {"alerts": {"ServiceDown": {"priority": "P1"}}}],
)
def test_an_unknown_key_a_wrong_duration_and_a_missing_key_are_refused(change: dict[str, object]) -> None:
    policy = yaml.safe_load((FOLDER / "auto-grader.yaml").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(policy | change, SCHEMA)
