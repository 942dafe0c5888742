"""The compact schema says what the generated one says."""

from __future__ import annotations

from jsonschema import Draft7Validator

from dashboards.schema.build import compact

LONG = {
    "type": "object",
    "description": "a note",
    "properties": {
        "description": {"type": "string", "description": "a note on the property called description"},
        "default": {"type": "number", "default": 3},
        "a_rather_long_name_so_that_sharing_is_worth_it": {"enum": ["one", "two", "three", "four", "five"]},
    },
    "required": ["description"],
    "additionalProperties": False,
}
GENERATED = {
    "$ref": "#/definitions/Root",
    "definitions": {"Root": {"type": "object", "properties": {"one": LONG, "other": LONG}}},
}


def test_notes_go_and_properties_of_the_same_names_stay() -> None:
    schema = compact(GENERATED)
    (shared,) = schema["definitions"].values()
    assert "description" not in shared
    assert set(shared["properties"]) == set(LONG["properties"])  # type: ignore[arg-type]
    assert shared["properties"]["default"] == {"type": "number"}


def test_what_occurs_twice_is_written_once_and_means_the_same() -> None:
    schema = compact(GENERATED)
    assert schema["properties"]["one"] == schema["properties"]["other"]
    assert "$ref" in schema["properties"]["one"]
    validator = Draft7Validator(schema)
    assert validator.is_valid({"one": {"description": "x"}})
    assert not validator.is_valid({"other": {"description": "x", "unknown": 1}})
    assert not validator.is_valid({"other": {}})
