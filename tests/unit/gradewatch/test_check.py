"""What a user sees of `gradewatch check`, with the real promtool and amtool: each part bites."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gradewatch", "check", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of generated/ without the clocks of escalation, which take seconds."""
    shutil.copytree(ROOT / "generated", tmp_path / "out", ignore=shutil.ignore_patterns("tests"))
    return tmp_path / "out"


@pytest.mark.slow
def test_what_is_committed_passes_every_part() -> None:
    done = check("generated")
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("rules", "escalation", "routes", "dashboards"):
        assert f"\n{part} " in f"\n{done.stdout}"
    assert "\n0 findings in" in done.stdout


@pytest.mark.slow
def test_a_shipped_policy_is_checked_by_its_name() -> None:
    done = check("iit-ml-service")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "routes      ok" in done.stdout


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / path).read_text("utf-8")
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1), "utf-8")

    return change


CHANGES = [
    ("rules", replace("prometheus/auto-grader.rules.yaml", "up{job=", "up{{job=")),
    ("rules", replace("prometheus/prometheus.yml", "scrape_configs:", "scrape_config:")),
    ("routes", replace("alertmanager/alertmanager.yml", 'priority="P1"', 'priority="P9"')),
    ("routes", replace("alertmanager/alertmanager.yml", "receiver: P1-1-team-lead", "receiver: nobody")),
    ("dashboards", replace("grafana/gradewatch-grader.json", "grader_queue_depth", "grader_queue_dept")),
    ("dashboards", replace("grafana/gradewatch-grader.json", '"editable": false', '"editable": true')),
]


@pytest.mark.parametrize(
    ("part", "change"), CHANGES, ids=[f"{i}-{part}" for i, (part, _) in enumerate(CHANGES)]
)
def test_a_fault_is_found_by_its_part(folder: Path, part: str, change: Callable[[Path], None]) -> None:
    change(folder)
    done = check(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    states = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines() if line[:1].isalpha()}
    assert states.pop(part) == "FAILED"
    assert set(states.values()) == {"ok"}


def test_findings_are_written_as_junit(folder: Path, tmp_path: Path) -> None:
    replace("alertmanager/alertmanager.yml", 'priority="P1"', 'priority="P9"')(folder)
    check(folder, "--junit", tmp_path / "out.xml")
    suites = {suite.get("name"): suite for suite in ElementTree.parse(tmp_path / "out.xml").getroot()}
    assert suites.keys() == {"rules", "routes", "dashboards"}
    assert int(suites["routes"].get("failures", "0")) == len(suites["routes"].findall("testcase/failure")) > 0
    assert suites["rules"].get("failures") == "0"


def test_a_report_that_cannot_be_written_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    done = check(folder, "--junit", tmp_path / "nowhere/found.xml")
    assert done.returncode == 2
    assert "found.xml: No such file or directory; name a file to write to" in done.stderr


def test_secrets_that_are_missing_are_named_when_asked(folder: Path) -> None:
    done = check(folder, "--secrets")
    assert done.returncode == 1
    assert "secret file /etc/alertmanager/secrets/pagerduty_oncall does not exist" in done.stdout


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("no-such-folder", "or the name of a shipped one (auto-grader, auto-project-management"),
        ("docs", "nothing to check in docs: build it first"),
    ],
)
def test_nothing_to_check_is_wrong_input(argument: str, sentence: str) -> None:
    done = check(argument)
    assert done.returncode == 2
    assert sentence in done.stderr
