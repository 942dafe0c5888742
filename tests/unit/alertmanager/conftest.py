"""Policies made from the shipped one by changing text in one spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from policy.load import FOLDER, load_policy
from policy.model import Policy
from typedyaml.load import Document

Change = tuple[str, str]
APolicy = Callable[..., Document[Policy]]


@pytest.fixture
def a_policy(tmp_path: Path) -> APolicy:
    """The shipped policy, with each (old, new) replaced; old must stand in it once."""

    def change(*changes: Change) -> Document[Policy]:
        text = (FOLDER / "auto-grader.yaml").read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the policy"
            text = text.replace(old, new)
        path = tmp_path / "p.yaml"
        path.write_text(text, "utf-8")
        return load_policy(path)

    return change
