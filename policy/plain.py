"""A policy as plain data of its YAML's shape: the input of jsonnet and of documentation."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from policy.model import Policy
from typedyaml.convert import key_of
from typedyaml.units import Duration


def to_plain(policy: Policy) -> dict[str, Any]:
    """Dicts, lists, strings, numbers; durations and dates as text; keys as in the file, all of them."""
    plain = _plain(policy)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        return {key_of(f.name): _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
