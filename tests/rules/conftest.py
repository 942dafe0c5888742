"""A fresh build beside the promtool files, laid out as in the checkout."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

import rules.render
from gradewatch.demo.stack import watched
from policy.compress import compress
from policy.load import load_policy
from policy.model import Policy
from tests.rules import bounds
from typedyaml.load import Document

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def document() -> Document[Policy]:
    """The shipped policy."""
    return load_policy("auto-grader")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory, document: Document[Policy]) -> Path:
    """`generated/prometheus` made now, and `tests/rules` whose files refer to it."""
    root = tmp_path_factory.mktemp("checkout")
    for policy in bounds.TEAM:
        if policy != document.value.policy:
            write(root / "generated", load_policy(policy))
    write(root / "generated", document)  # last: prometheus.yml is its own
    (root / "tests/rules").mkdir(parents=True)
    for path in FOLDER.glob("*.yaml"):
        shutil.copy(path, root / "tests/rules")
    return root


@pytest.fixture(scope="session", params=[30, 60], ids=lambda speed: f"speed{speed}")
def fast(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, document: Document[Policy]
) -> Path:
    """A build in compressed time, as the demo makes it."""
    root = tmp_path_factory.mktemp("fast")
    here = dataclasses.replace(document.value, alerts=watched(document.value, request.param))
    write(root, dataclasses.replace(document, value=compress(here, request.param)))
    return root


def write(root: Path, document: Document[Policy]) -> None:
    """The files of a build below `root`."""
    for name, text in rules.render.render(document).files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
