"""Secret files are found missing before the first message is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alertmanager.secrets import secret_files, unreadable


def test_each_file_is_named_once_wherever_it_stands() -> None:
    config = {
        "global": {"a_file": "/x"},
        "receivers": [{"b": [{"c_file": "/y", "d_file": "/x"}]}],
        "file": "/z",
    }
    assert list(secret_files(config)) == ["/x", "/y"]


def test_what_is_missing_empty_or_closed_is_one_sentence_each(tmp_path: Path) -> None:
    good, empty, missing = tmp_path / "good", tmp_path / "empty", tmp_path / "missing"
    good.write_text("secret")
    empty.touch()
    config = {"a_file": str(good), "b_file": str(empty), "c_file": str(missing), "d_file": str(tmp_path)}
    assert list(unreadable(config)) == [
        f"secret file {empty} is empty",
        f"secret file {missing} does not exist",
        f"secret file {tmp_path} does not exist",
    ]


def test_a_file_for_others_only_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the operating system is made up: root, as which tests may run, can read every file."""
    closed = tmp_path / "closed"
    closed.write_text("secret")
    monkeypatch.setattr(os, "access", lambda path, mode: (Path(path), mode) != (closed, os.R_OK))
    assert list(unreadable({"a_file": str(closed)})) == [f"secret file {closed} cannot be read by this user"]
