"""Backups as they lie in folders while they are written, rotated, lost; and as rows of a table."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.watching import Watched

Backup = Callable[..., Path]
OTHER = "backup_last_success{backup=other}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "backups"
    path.mkdir()
    return path


@pytest.fixture
def make(folder: Path) -> Backup:
    """A file of so many bytes that was written so many hours ago."""

    def write(name: str, hours: float, size: int = 1000) -> Path:
        path = folder / name
        path.write_bytes(b"x" * size)
        at = time.time() - hours * 3600
        os.utime(path, (at, at))
        return path

    return write


@pytest.fixture
def watched(tmp_path: Path, folder: Path) -> Watched:
    (tmp_path / "good.other").write_text("x")
    os.utime(tmp_path / "good.other", (1000, 1000))
    return Watched(
        tmp_path,
        f"""
        backups:
          nightly: {{files: {folder}/*.sql.gz, min_size: 100}}
          other: {{files: {tmp_path}/*.other}}
        """,
    )


def state(watched: Watched) -> dict[str, float]:
    """Figures of `nightly`, times as hours ago; `other` is always there."""
    page = watched.figures()
    assert page[OTHER] == 1
    found = {}
    for key, value in page.items():
        name, _, labels = key.partition("{")
        if "nightly" in labels:
            short = name.removeprefix("backup_").removesuffix("_timestamp_seconds")
            hours = round((time.time() - value) / 3600, 1)
            found[short + ("_hours" if "timestamp" in name else "")] = hours if "timestamp" in name else value
    return found


GOOD = {"last_success_hours": 5.0, "last_attempt_hours": 5.0, "last_success": 1, "size_bytes": 1000}


def test_the_newest_good_one(make: Backup, watched: Watched) -> None:
    make("a.sql.gz", 29, 900)
    make("b.sql.gz", 5)
    make("newer but of another kind.txt", 1)
    assert state(watched) == GOOD


def test_an_empty_folder_says_nothing(watched: Watched) -> None:
    assert state(watched) == {}


@pytest.mark.parametrize("size", [0, 99])
def test_an_empty_or_too_small_file_is_a_failed_attempt(make: Backup, watched: Watched, size: int) -> None:
    make("a.sql.gz", 5)
    make("b.sql.gz", 2, size)
    assert state(watched) == GOOD | {"last_attempt_hours": 2.0, "last_success": 0}


def test_a_set_that_never_worked(make: Backup, watched: Watched) -> None:
    make("a.sql.gz", 5, 0)
    assert state(watched) == {"last_attempt_hours": 5.0, "last_success": 0}


def test_a_file_that_still_grows_is_not_a_backup_yet(make: Backup, watched: Watched) -> None:
    make("a.sql.gz", 5)
    growing = make("b.sql.gz", 0, 50)
    assert state(watched) == GOOD
    with growing.open("ab") as file:
        file.write(b"x" * 5000)
    assert state(watched) == GOOD
    os.utime(growing, (time.time() - 180, time.time() - 180))
    assert state(watched) == {
        "last_success_hours": 0.1,
        "last_attempt_hours": 0.1,
        "last_success": 1,
        "size_bytes": 5050,
    }


def test_what_a_copying_program_writes_first_is_hidden(make: Backup, watched: Watched) -> None:
    make("a.sql.gz", 5)
    make(".b.sql.gz", 1)
    assert state(watched) == GOOD


def test_links_and_folders_are_no_backups(
    make: Backup, watched: Watched, folder: Path, tmp_path: Path
) -> None:
    target = make("a.sql.gz", 5)
    (folder / "latest.sql.gz").symlink_to(target)
    (folder / "dangling.sql.gz").symlink_to(tmp_path / "nowhere")
    (folder / "outside.sql.gz").symlink_to("/etc/hostname")
    (folder / "folder.sql.gz").mkdir()
    assert state(watched) == GOOD


def test_a_file_from_the_future_does_not_hide_the_set(make: Backup, watched: Watched) -> None:
    make("a.sql.gz", -3)
    assert state(watched)["last_success"] == 1


def test_a_folder_that_is_gone_fails_alone(make: Backup, watched: Watched, folder: Path) -> None:
    make("a.sql.gz", 5)
    moved = folder.rename(folder.with_name("elsewhere"))
    assert state(watched) == {}
    assert watched.states()["backup-nightly"] == (
        "error",
        f"{folder} cannot be read: No such file or directory",
    )
    moved.rename(folder)
    assert state(watched) == GOOD


def test_a_folder_that_may_not_be_read_fails_alone(
    make: Backup, watched: Watched, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a.sql.gz", 5)
    folder.chmod(0)
    try:
        if os.access(folder, os.R_OK):  # root may read everything, so the refusal is played
            refuse = PermissionError(13, "Permission denied", str(folder))
            real = os.scandir

            def scandir(path: object) -> object:
                if str(path) == str(folder):
                    raise refuse
                return real(path)  # type: ignore[call-overload]

            monkeypatch.setattr(os, "scandir", scandir)
        assert state(watched) == {}
        assert watched.states()["backup-nightly"] == ("error", f"{folder} cannot be read: Permission denied")
    finally:
        folder.chmod(0o755)


def test_rows_of_a_table(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "runs.db")
    db.execute("CREATE TABLE runs (ended REAL, ok INTEGER, bytes INTEGER)")
    now = time.time()
    db.executemany(
        "INSERT INTO runs VALUES (?, ?, ?)",
        [(now - 90_000, 1, 700), (now - 7200, 1, 800), (now - 3600, 0, None), (None, None, None)],
    )
    db.commit()
    watched = Watched(
        tmp_path,
        f"""
        databases: {{runs: {{url: 'sqlite:///{tmp_path}/runs.db'}}}}
        backups:
          nightly:
            database: runs
            sql: SELECT ended AS finished_at, ok AS success, bytes AS size_bytes FROM runs
          broken:
            database: runs
            sql: SELECT ended, ok FROM runs
        """,
    )
    page = watched.figures()
    assert page["backup_last_success{backup=nightly}"] == 0
    assert page["backup_size_bytes{backup=nightly}"] == 800
    assert page["backup_last_success_timestamp_seconds{backup=nightly}"] == pytest.approx(now - 7200)
    assert page["backup_last_attempt_timestamp_seconds{backup=nightly}"] == pytest.approx(now - 3600)
    assert watched.states()["backup-broken"] == (
        "error",
        'no column "finished_at" in the answer; it has: ended, ok',
    )
