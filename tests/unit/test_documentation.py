"""What the documents claim exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = {"A": 12, "B": 15, "C": 11, "D": 15, "E": 7, "F": 8}
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def coverage() -> list[list[str]]:
    text = (ROOT / "docs/coverage.md").read_text(encoding="utf-8")
    return [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| [A-F]\d+ .*$", text, re.M)
    ]


def test_every_requirement_has_exactly_one_row() -> None:
    expected = [f"{letter}{number}" for letter, count in ROWS.items() for number in range(1, count + 1)]
    assert [row[0] for row in coverage()] == expected


@pytest.mark.parametrize("row", coverage(), ids=lambda row: row[0])
def test_a_row_that_claims_something_names_an_artefact_and_a_test_that_exist(row: list[str]) -> None:
    _, _, state, artefact, test = row
    assert state.split(":")[0].split(",")[0] in {"yes", "part", "not yet"}
    if state == "not yet":
        assert not test
        return
    assert artefact
    assert test
    for path in re.findall(r"`([a-z.]+/[^`]*)`", f"{artefact} {test}"):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_within_the_project_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), target
