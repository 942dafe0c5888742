"""What a user sees of `gradewatch build`, run as a program."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from policy.load import FOLDER

ROOT = Path(__file__).parents[3]
TEXT = (FOLDER / "auto-grader.yaml").read_text(encoding="utf-8")


def gradewatch(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gradewatch", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    done = gradewatch("build", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def files(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in folder.rglob("*") if p.is_file()}


def test_what_is_committed_is_what_the_policy_says(built: Path) -> None:
    assert files(ROOT / "generated") == files(built), "run `make build` and commit generated/"


def test_a_second_build_changes_nothing_and_says_so(built: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in built.rglob("*") if p.is_file()}
    done = gradewatch("build", "--out", built, cwd=built.parent)
    assert "wrote" not in done.stdout
    assert {p: p.stat().st_mtime_ns for p in built.rglob("*") if p.is_file()} == before


def test_a_changed_figure_makes_the_folder_stale_and_check_names_what_is(built: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TEXT.replace("above: 200,", "above: 150,"), encoding="utf-8")
    done = gradewatch("build", "mine.yaml", "--out", built, "--check", cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(r"auto-grader\.rules\.yaml: stale", done.stdout)
    assert "grader.json: stale" in done.stdout, "the board's red line is the alert's threshold"
    assert "alertmanager.yml" not in done.stdout


def test_a_file_of_somebody_else_is_named_and_left_alone(built: Path, tmp_path: Path) -> None:
    alien = tmp_path / "out/prometheus/own.rules.yaml"
    alien.parent.mkdir(parents=True)
    alien.write_text("groups: []\n")
    done = gradewatch("build", "--out", "out", cwd=tmp_path)
    assert "own.rules.yaml is not of this build; left alone" in done.stdout
    assert alien.read_text() == "groups: []\n"
    assert gradewatch("build", "--out", "out", "--check", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("GradingBacklog:", "GradingBaklog:", "GradingBaklog"),
        ("type: symptom, above: 200,", "type: symptom,", "above"),
        ("{long: 1h, short: 5m, budget: 0.02,", "{long: 1h, short: 5m, budget: 0.02, colour: red,", "colour"),
        ("    target: 0.999", "    target: 0.9\n    tiers: [fast]", "can never fire"),
        ('alertmanager: "0.28"', 'alertmanager: "0.25"', "msteams"),
    ],
    ids=[
        "unknown alert",
        "missing threshold",
        "unknown key",
        "objective that cannot alert",
        "Teams before 0.28",
    ],
)
def test_a_wrong_policy_gives_a_sentence_with_its_line_and_writes_nothing(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in TEXT
    (tmp_path / "p.yaml").write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    done = gradewatch("build", "p.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(rf"^p\.yaml:\d+:\d+: .*{message}", done.stderr, re.M), done.stderr
    assert done.stderr.rstrip().endswith("nothing written.")
    assert not (tmp_path / "generated").exists()


def test_faults_of_rules_and_routes_come_together(tmp_path: Path) -> None:
    text = TEXT.replace('alertmanager: "0.28"', 'alertmanager: "0.25"').replace(
        "symptom, above: 200,", "symptom,"
    )
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    done = gradewatch("build", "p.yaml", cwd=tmp_path)
    assert "GradingBacklog" in done.stderr
    assert "needs Alertmanager 0.28" in done.stderr


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/nowhere"])
def test_a_place_that_cannot_be_written_to_is_one_sentence(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = gradewatch("build", "--out", out, cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(rf"^gradewatch: --out {out}: .+ \(.+\); name a folder to write to$", done.stderr, re.M)
    assert "Traceback" not in done.stderr
