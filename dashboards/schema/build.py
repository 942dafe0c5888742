"""Makes dashboard.schema.json from dashboard.ts: `python -m dashboards.schema.build`, after `npm ci` here.

Only needed when the version of @grafana/schema changes; the result is committed.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
RESULT = FOLDER / "dashboard.schema.json"
NOTES = frozenset({"description", "default", "deprecated", "$comment"})
WORTH_SHARING = 120
"""Characters: shorter subtrees are cheaper to repeat than to refer to."""


def main() -> int:
    """Check the binding's types, generate, compact, write."""
    _node("typescript/bin/tsc", "-p", "tsconfig.json")
    generated = json.loads(
        _node(
            "ts-json-schema-generator/bin/ts-json-schema-generator.js",
            *("--path", "dashboard.ts", "--tsconfig", "tsconfig.json", "--type", "StrictDashboard"),
            *("--no-type-check", "--expose", "none"),
        )
    )
    text = json.dumps(compact(generated), sort_keys=True, separators=(",", ":")) + "\n"
    RESULT.write_text(text, encoding="utf-8")
    print(f"{RESULT.name}: {len(text)} bytes", file=sys.stderr)
    return 0


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema without annotations, each larger repeated subtree written once under `definitions`."""
    inlined = _strip(_inline(schema, schema.get("definitions", {})))
    assert isinstance(inlined, dict)
    inlined.pop("definitions", None)
    counts: Counter[str] = Counter()
    _count(inlined, counts)
    definitions: dict[str, Any] = {}
    body = {key: _share(value, counts, definitions) for key, value in inlined.items()}
    return body | {"definitions": definitions, "$schema": "http://json-schema.org/draft-07/schema#"}


def _node(script: str, *arguments: str) -> str:
    command = ["node", str(FOLDER / "node_modules" / script), *arguments]
    return subprocess.run(command, cwd=FOLDER, check=True, stdout=subprocess.PIPE, text=True).stdout


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    """References followed: the generator writes one for the root type and for what refers to itself."""
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(reference := node.get("$ref"), str):
        return _inline(definitions[reference.rsplit("/", 1)[-1]], definitions)
    return {key: _inline(value, definitions) for key, value in node.items() if key != "definitions"}


def _strip(node: Any, names: bool = False) -> Any:
    """Without annotations. Inside `properties` the keys are names of properties, `description` among them."""
    if isinstance(node, list):
        return [_strip(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _strip(value, names=key == "properties" and not names)
        for key, value in node.items()
        if names or key not in NOTES
    }


def _key(node: Any) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"))


def _count(node: Any, counts: Counter[str]) -> None:
    if isinstance(node, dict):
        counts[_key(node)] += 1
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _count(child, counts)


def _share(node: Any, counts: Counter[str], definitions: dict[str, Any], names: bool = False) -> Any:
    if isinstance(node, list):
        return [_share(item, counts, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    key = _key(node)
    if not names and counts[key] > 1 and len(key) > WORTH_SHARING:
        name = hashlib.sha256(key.encode()).hexdigest()[:10]
        if name not in definitions:
            definitions[name] = {}  # reserves the name while its inside is being shared
            definitions[name] = _children(node, counts, definitions, names=False)
        return {"$ref": f"#/definitions/{name}"}
    return _children(node, counts, definitions, names)


def _children(node: dict[str, Any], counts: Counter[str], definitions: dict[str, Any], names: bool) -> Any:
    return {
        key: _share(value, counts, definitions, names=key == "properties" and not names)
        for key, value in node.items()
    }


if __name__ == "__main__":
    sys.exit(main())
