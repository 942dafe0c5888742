"""JSON Schema of a typed document, so that editors complete and check it while it is written."""

from __future__ import annotations

from typing import Any

import msgspec

from typedyaml.convert import key_of
from typedyaml.units import ALLOWED

_DURATION = {
    "type": "string",
    "pattern": r"^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$",
    "minLength": 2,
    "description": ALLOWED,
}


def json_schema(want: type, title: str) -> dict[str, Any]:
    """Draft 2020-12 schema of a frozen dataclass as `load` reads it: unknown keys are refused."""
    schema = msgspec.json.schema(want)
    definitions = {name: _strict(body) for name, body in schema["$defs"].items()}
    definitions["Duration"] = _DURATION
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$ref": schema["$ref"],
        "$defs": definitions,
    }


def _strict(body: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in body:
        return body
    properties = {key_of(name): _without_typed_default(value) for name, value in body["properties"].items()}
    required = [key_of(name) for name in body["required"]]
    return {**body, "properties": properties, "required": required, "additionalProperties": False}


def _without_typed_default(value: dict[str, Any]) -> dict[str, Any]:
    """Defaults that are themselves objects only repeat the definitions that they point to."""
    return {key: item for key, item in value.items() if key != "default" or not isinstance(item, dict)}
