"""Against Grafana's own types: an unknown key or value is an error here and a silent default in Grafana."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft7Validator

from dashboards.finding import Finding, Json, panels_of

RULE = "schema"


def schema_findings(board: str, document: Json) -> Iterator[Finding]:
    """Each panel against the schema of its type, then the board without its panels.

    The union of all types would only say that a panel fits none of them.
    """
    rows = [panel for panel in document.get("panels", ()) if panel.get("type") == "row"]
    for row in rows:
        yield from _errors(board, str(row.get("title", "")), row | {"panels": []}, _panels()["row"])
    for panel in panels_of(document):
        title, type_ = str(panel.get("title", "")), panel.get("type")
        if type_ not in _panels():
            yield Finding(board, title, RULE, f'panel type "{type_}" does not exist any more')
            continue
        yield from _errors(board, title, panel, _panels()[type_])
    yield from _errors(board, "", document | {"panels": []}, _root())


@cache
def _root() -> Draft7Validator:
    text = files("dashboards.schema").joinpath("dashboard.schema.json").read_text(encoding="utf-8")
    return Draft7Validator(json.loads(text))


@cache
def _panels() -> dict[str, Draft7Validator]:
    """A validator a panel type, and one for rows."""
    schema = _root().schema
    assert isinstance(schema, dict)
    found = {}
    for entry in schema["properties"]["panels"]["items"]["anyOf"]:
        body = _follow(schema, entry)
        type_ = _follow(schema, body["properties"]["type"])["const"]
        found[type_] = Draft7Validator(body | {"definitions": schema["definitions"]})
    return found


def _follow(schema: Json, entry: Json) -> Json:
    while "$ref" in entry:
        entry = schema["definitions"][entry["$ref"].rsplit("/", 1)[-1]]
    return entry


def _errors(board: str, panel: str, value: Any, validator: Draft7Validator) -> Iterator[Finding]:
    for error in validator.iter_errors(value):
        path = ".".join(str(part) for part in error.absolute_path)
        yield Finding(board, panel, RULE, f"{path or 'top level'}: {error.message[:300]}")
