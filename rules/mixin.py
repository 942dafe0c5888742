"""The jsonnet mixin, evaluated with a policy: plain data, nothing of it is checked here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from policy.model import Policy
from policy.plain import to_plain
from rules.jsonnet import evaluated

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Declaration:
    """An alert that exists: which figures it takes, of which kind, and the purpose of the job it watches."""

    takes: dict[str, str]
    job: str


@dataclass(frozen=True, slots=True)
class Mixin:
    """`alerts`: one entry an alert (an objective has one a tier) with its example; `groups`: the rules;
    `tiers`: by objective, from fast to slow, also those that can never fire."""

    alerts: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    tiers: dict[str, list[dict[str, Any]]]


@cache
def declarations() -> dict[str, Declaration]:
    """Every alert that rules/alerts/ declares, by name."""
    found = json.loads(evaluated(FOLDER / "declarations.jsonnet"))
    return {name: Declaration(**declared) for name, declared in found.items()}


def evaluate(policy: Policy) -> Mixin:
    """The rules of a policy whose alerts all exist and have their figures."""
    return Mixin(**json.loads(_evaluated(json.dumps(_given(to_plain(policy))))))


def _given(value: Any) -> Any:
    """Without what the policy leaves open: a YAML file read by jsonnet has no such keys either."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


@lru_cache(maxsize=8)
def _evaluated(policy: str) -> str:
    """Text to text: what comes of it may be changed by who reads it."""
    return evaluated(FOLDER / "build.jsonnet", policy=policy)
