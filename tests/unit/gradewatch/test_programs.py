"""Programs are found in the promised order, and a missing one is named with the way to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradewatch import programs


def put(folder: Path, name: str, version: str) -> Path:
    """A program that answers --version like Prometheus' own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{name}, version {version}+ds (branch: HEAD, revision: abc)'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with nothing on PATH and an empty project."""
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{path}:/bin")
    monkeypatch.delenv("GRADEWATCH_PROMTOOL", raising=False)
    monkeypatch.setattr(programs, "__file__", str(tmp_path / "elsewhere" / "gradewatch" / "programs.py"))
    return tmp_path


def test_the_environment_comes_first_then_path_then_the_newest_unpacked_one(machine, monkeypatch):
    put(machine / ".tools/prometheus-2.53/bin", "promtool", "2.53.3")
    unpacked = put(machine / ".tools/prometheus-3.5/bin", "promtool", "3.5.3")
    assert programs.find("promtool") == programs.Program("promtool", unpacked, (3, 5, 3))
    on_path = put(machine / "path", "promtool", "2.55.1")
    assert programs.find("promtool").path == on_path
    named = put(machine / "named", "my-promtool", "2.42.0")
    monkeypatch.setenv("GRADEWATCH_PROMTOOL", str(named))
    assert programs.find("promtool").path == named


def test_versions_are_compared_as_numbers(machine):
    put(machine / ".tools/prometheus-2.9/bin", "promtool", "2.9.0")
    put(machine / ".tools/prometheus-2.53/bin", "promtool", "2.53.3")
    assert [p.release for p in programs.installed("promtool")] == ["2.53", "2.9"]


def test_one_on_path_that_is_too_old_is_passed_over_for_a_newer_one(machine):
    put(machine / "path", "promtool", "2.42.0")
    newer = put(machine / ".tools/prometheus-3.5/bin", "promtool", "3.5.3")
    assert programs.find("promtool", "2.53").path == newer


def test_the_newest_is_taken_wherever_it_is(machine):
    put(machine / "path", "promtool", "2.42.0")
    newer = put(machine / ".tools/prometheus-3.5/bin", "promtool", "3.5.3")
    assert programs.newest("promtool").path == newer


def test_debians_name_of_alertmanager_is_known(machine):
    path = put(machine / "path", "prometheus-alertmanager", "0.28.1")
    assert programs.find("alertmanager").path == path


@pytest.mark.parametrize(
    ("version", "minimum", "fault"),
    [
        (None, None, "promtool is missing: "),
        (None, "2.53", "promtool is missing: "),
        ("2.42.0", "2.53", "promtool 2.42.0 at {path} is too old, 2.53 or newer is needed: "),
    ],
)
def test_a_missing_program_is_one_sentence_with_the_ways_to_get_it(machine, version, minimum, fault):
    path = put(machine / "path", "promtool", version) if version else None
    with pytest.raises(programs.ProgramMissing) as raised:
        programs.find("promtool", minimum)
    assert str(raised.value) == fault.format(path=path) + (
        "run `make tools` in the checkout, install Debian's package promtool (prometheus on bookworm), "
        "or set GRADEWATCH_PROMTOOL to the program's path"
    )


def test_a_named_program_that_does_not_answer_is_an_error_and_not_passed_over(machine, monkeypatch):
    put(machine / "path", "promtool", "3.5.3")
    monkeypatch.setenv("GRADEWATCH_PROMTOOL", "/nowhere/promtool")
    with pytest.raises(programs.ProgramMissing, match="=/nowhere/promtool does not answer"):
        programs.find("promtool")


def test_a_file_that_is_no_program_is_passed_over(machine):
    broken = put(machine / "path", "promtool", "3.5.3")
    broken.write_text("#!/bin/sh\necho hello\n")
    assert programs.installed("promtool") == ()
