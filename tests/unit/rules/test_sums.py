"""Counters that an installation may break down by course or assignment are summed wherever they are used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from exporter.catalogue import LABELLED

GENERATED = Path(__file__).parents[3] / "generated"
NAMES = "|".join(family.name for family in LABELLED)
SUMMED = re.compile(rf"sum(?: by \([^)]*\))?\s*\(\s*(?:rate|increase)\(\s*(?:{NAMES})\b")


def expressions() -> Iterator[str]:
    """Of every rule and every panel."""
    for path in (GENERATED / "prometheus").glob("*.rules.yaml"):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from (rule["expr"] for rule in group["rules"])
    for path in (GENERATED / "grafana").glob("gradewatch-*.json"):
        yield from _of(json.loads(path.read_text(encoding="utf-8")))


def _of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("expr"), str):
            yield value["expr"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _of(item)


def test_no_rule_and_no_panel_notices_another_label() -> None:
    found = [expr for expr in expressions() if re.search(rf"\b(?:{NAMES})\b", expr)]
    assert len(found) > 8
    careless = [
        expr for expr in found if len(SUMMED.findall(expr)) != len(re.findall(rf"\b(?:{NAMES})\b", expr))
    ]
    assert not careless
