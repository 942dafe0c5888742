"""The installed wheel works from any folder, with its policies, profiles and jsonnet."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment that holds the wheel and what its extra `build` needs."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    wheel = next(folder.glob("*.whl"))
    run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv/bin/python"
    run(
        *(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile"),
        *("--constraint", str(ROOT / "constraints.txt"), f"{wheel}[build]"),
    )
    return python.parent


def run(*command: str, cwd: Path | None = None, ok: tuple[int, ...] = (0,)) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode in ok, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_it_builds_from_another_folder_what_is_committed(installed: Path, tmp_path: Path) -> None:
    run(str(installed / "gradewatch"), "build", "auto-grader", "--out", "out", cwd=tmp_path)
    names = [
        path.relative_to(ROOT / "generated").as_posix()
        for path in (ROOT / "generated").rglob("*")
        if path.is_file()
    ]
    _, different, missing = filecmp.cmpfiles(ROOT / "generated", tmp_path / "out", names, shallow=False)
    assert names
    assert (different, missing) == ([], [])


def test_its_sidecar_runs_alone_and_says_that_the_database_is_absent(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "sidecar.yaml").write_text(
        f'databases: {{grader: {{url: "sqlite:///{tmp_path}/none.db"}}}}\n'
        "graders: [{profile: nbgrader, database: grader}]\n"
    )
    printed = run(
        str(installed / "python"),
        "-m",
        "exporter",
        "--config",
        "sidecar.yaml",
        "--once",
        cwd=tmp_path,
        ok=(1,),
    )
    assert 'grader_database_up{database="grader"} 0' in printed


@pytest.mark.parametrize("verb", ["build", "check", "exporter", "route", "ack", "demo"])
def test_every_verb_has_a_help_text_with_an_example(installed: Path, tmp_path: Path, verb: str) -> None:
    printed = run(str(installed / "gradewatch"), verb, "--help", cwd=tmp_path)
    assert f"gradewatch {verb}" in printed
    assert "example:" in printed
