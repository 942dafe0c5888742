"""The shipped policy and its rules, evaluated once."""

from __future__ import annotations

from typing import Any

import pytest

from policy.load import load_policy
from policy.model import Policy
from rules import contract
from rules.contract import Known
from rules.mixin import Mixin, evaluate
from typedyaml.load import Document


@pytest.fixture(scope="session")
def document() -> Document[Policy]:
    """The shipped policy."""
    return load_policy("auto-grader")


@pytest.fixture(scope="session")
def mixin(document: Document[Policy]) -> Mixin:
    """Its rules, as the mixin gives them."""
    return evaluate(document.value)


@pytest.fixture(scope="session")
def groups(mixin: Mixin) -> list[dict[str, Any]]:
    """Its groups of rules."""
    return mixin.groups


@pytest.fixture(scope="session")
def series(document: Document[Policy], groups: list[dict[str, Any]]) -> dict[str, Known]:
    """Every series that a query may use, with the records of the rules."""
    records = {rule["record"]: None for group in groups for rule in group["rules"] if "record" in rule}
    return contract.known(document.value.application, records)
