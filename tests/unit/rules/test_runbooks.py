"""A runbook page for each alert, and what it tells people to run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from exporter.catalogue import FAMILIES
from rules import contract
from rules.contract import Known

FOLDER = Path(__file__).parents[3] / "docs/runbooks"
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Escalation"]
PAGES = sorted(FOLDER.glob("*.md"))


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


def test_every_alert_has_a_page_and_every_page_an_alert(groups: list[dict[str, Any]]) -> None:
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert {page.stem for page in PAGES} == alerts


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_headings_in_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.M) == HEADINGS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_asks_prometheus_exists(page: Path, series: dict[str, Known]) -> None:
    queries = blocks(page, "promql")
    assert queries
    for query in queries:
        if "__name__" not in query:
            assert list(contract.findings(query, series)) == [], query


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_metric_that_a_page_names_is_in_the_catalogue(page: Path) -> None:
    named = re.findall(r"`(grader_\w+)", page.read_text(encoding="utf-8"))
    assert set(named) <= FAMILIES.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_shell(page: Path) -> None:
    for commands in blocks(page, "sh"):
        subprocess.run(["bash", "-n", "-c", commands], check=True)


def test_the_page_of_an_alert_with_later_steps_says_how_to_stop_them(groups: list[dict[str, Any]]) -> None:
    later = {g["name"] for g in groups if any(r["labels"].get("escalation") == "1" for r in g["rules"])}
    for name in later:
        commands = "".join(blocks(FOLDER / f"{name}.md", "sh"))
        assert f"gradewatch ack --by YOU --note 'what you know' {name}\n" in commands
