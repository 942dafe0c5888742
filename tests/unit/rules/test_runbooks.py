"""A runbook page for each alert, and what it tells people to run."""

from __future__ import annotations

import pkgutil
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import gradewatch
from exporter.catalogue import FAMILIES
from rules import contract
from rules.contract import Known

FOLDER = Path(__file__).parents[3] / "docs/runbooks"
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Escalation"]
PAGES = sorted(FOLDER.glob("*.md"))
VERBS = {module.name for module in pkgutil.iter_modules(gradewatch.__path__)}


@cache
def help_of(verb: str) -> str:
    """What `gradewatch VERB --help` prints."""
    command = [sys.executable, "-m", "gradewatch", verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


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
def test_a_metric_that_a_page_names_is_in_the_catalogue(page: Path, series: dict[str, Known]) -> None:
    named = re.findall(r"`(grader_\w+|\w+:\w+:\w+)", page.read_text(encoding="utf-8"))
    assert set(named) <= FAMILIES.keys() | series.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_of_gradewatch_that_a_page_names_exists_with_its_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"^gradewatch .+$", "".join(blocks(page, "sh")), re.M)
    for command in [*commands, *re.findall(r"`(gradewatch [^`]+)`", text)]:
        verb, *rest = shlex.split(command, comments=True)[1:]
        assert verb in VERBS, command
        options = {word.split("=")[0] for word in rest if word.startswith("--")}
        assert options <= set(re.findall(r"--[a-z-]+", help_of(verb))), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_shell(page: Path) -> None:
    for commands in blocks(page, "sh"):
        subprocess.run(["bash", "-n", "-c", commands], check=True)


def test_the_page_of_an_alert_with_later_steps_says_how_to_stop_them(groups: list[dict[str, Any]]) -> None:
    later = {
        g["name"] for g in groups if any(r.get("labels", {}).get("escalation") == "1" for r in g["rules"])
    }
    for name in later:
        commands = "".join(blocks(FOLDER / f"{name}.md", "sh"))
        assert f"gradewatch ack --by YOU --note 'what you know' {name}\n" in commands
