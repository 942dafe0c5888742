"""`gradewatch profile list` and `show`: complete, true, and readable at 80 columns."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from exporter.config.graders import profile_names
from exporter.profiles import load_profile
from gradewatch.cli import main

DOCUMENT = (Path(__file__).parents[3] / "docs/prairielearn.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_the_list_names_every_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "list"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[1:] if not line.startswith(" ")] == list(
        profile_names()
    )
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("name", profile_names())
def test_a_page_has_every_block_metric_and_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "show", name]) == 0
    out = capsys.readouterr().out
    words, profile = set(re.findall(r"\w+", out)), load_profile(name).value
    for block, query in profile.queries.items():
        assert {block, *query.feeds} <= words
    for columns in profile.grants.values():
        assert set(columns) <= words
    assert set(profile.unknown) <= words
    assert max(map(len, out.splitlines())) <= 80


def test_the_rights_for_a_label_are_printed_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "show", "autolab", "--label", "course"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "CREATE VIEW gradewatch.courses AS SELECT id, name FROM autolab.courses;" in out
    assert "CREATE VIEW gradewatch.assessments AS SELECT id, due_at, name, course_id FROM" in out
    assert main(["profile", "show", "autolab"]) == 0
    assert "autolab.courses" not in capsys.readouterr().out


def test_every_server_s_profile_grants_what_it_reads() -> None:
    for name in profile_names():
        profile = load_profile(name).value
        assert bool(profile.grants) == (profile.dialects != ("sqlite",))


def test_the_page_on_prairielearn_has_the_printed_rights(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "show", "prairielearn", "--database", "postgres"]) == 0
    printed = [
        " ".join(sql.split()) for sql in re.findall(r"^[A-Z]{5,6} .*?;", capsys.readouterr().out, re.M | re.S)
    ]
    assert len(printed) == 13
    page = " ".join(DOCUMENT.split())
    assert not [sql for sql in printed if sql not in page]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["show", "domjuge"], 'unknown profile "domjuge"; did you mean "domjudge"?'),
        (
            ["show", "dmoj", "--dialect", "postgresql"],
            "profile dmoj is written for mysql, not for postgresql",
        ),
        (["show", "moodle-vpl", "--option", "prefx=m_"], "names: prefix"),
        (["show", "judge0", "--label", "course"], '"course" is no label of profile judge0; labels: none'),
    ],
)
def test_wrong_input_is_one_sentence(
    command: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", *command]) == 2
    assert sentence in capsys.readouterr().err


def test_a_dialect_and_an_option_change_the_rights(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        [
            "profile",
            "show",
            "moodle-vpl",
            "--dialect",
            "postgresql",
            "--option",
            "prefix=m_",
            "--database",
            "m",
        ]
    )
    out = capsys.readouterr().out
    assert "GRANT SELECT (id, grade, duedate) ON m_vpl TO gradewatch;" in out


def test_a_file_of_one_s_own_is_tried_like_a_shipped_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On SQLite; a file that we could write is no reason to warn when it is our own."""
    db = sqlite3.connect(tmp_path / "jobs.db")
    db.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, outcome TEXT)")
    db.execute("INSERT INTO jobs VALUES (1, 'accepted'), (2, 'rejected'), (3, NULL)")
    db.commit()
    db.close()
    (tmp_path / "mine.yaml").write_text(
        "profile: mine\ntitle: My grader\ndialects: [sqlite]\nverified: {release: '1'}\nqueries:\n"
        "  rows:\n    feeds: [submissions_total, gradings_total]\n    follow: watermark\n"
        "    columns: [id, outcome]\n    newest: SELECT MAX(id) FROM jobs\n"
        "    sql: SELECT id, outcome FROM jobs WHERE id > :after ORDER BY id LIMIT :limit\n"
        "  backlog:\n    feeds: [queue_depth]\n    states: [waiting]\n    columns: [depth]\n"
        "    sql: SELECT COUNT(*) AS depth FROM absent\n"
    )
    code = main(["profile", "try", f"sqlite://{tmp_path}/jobs.db", "--profile", str(tmp_path / "mine.yaml")])
    out = " ".join(capsys.readouterr().out.split())
    assert code == 1
    assert "submissions_total: first 3 gradings_total: accepted 1, rejected 1" in out
    assert "FAILED" in out
    assert "no such table: absent" in out
