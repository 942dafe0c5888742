"""`gradewatch profile try` on real databases: what it found, what is missing, what is too much."""

from __future__ import annotations

import pytest

from gradewatch.cli import main
from tests.servers.database_servers import PASSWORDS
from tests.servers.graders.life import Job
from tests.servers.graders.site import Site

pytestmark = pytest.mark.slow


def attempt(
    site: Site, capsys: pytest.CaptureFixture[str], url: str | None = None, *more: str
) -> tuple[int, str]:
    """Exit code and output at 80 columns."""
    command = ["profile", "try", url or site.url, "--profile", site.system.profile, *more]
    if "--password-file" not in more:
        command += ["--password-file", str(site.folder / "password")]
    code = main(command)
    return code, capsys.readouterr().out


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_good_database_shows_what_each_block_found(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with site.connection() as db:
        jobs = [Job(n, n, n * 4, code=next(iter(site.system.codes))) for n in (1, 2, 3)]
        for job in jobs:
            site.system.arrive(db, job)
            site.system.start(db, job)
            site.system.finish(db, job)
    code, out = attempt(site, capsys)
    assert code == 0, out
    assert "submissions_total: first 3" in out
    assert all(name in out for name in site.profile.queries)
    assert "FAILED" not in out
    assert "Warning" not in out, "the role can only read"
    assert max(map(len, out.splitlines())) <= 80


def test_a_missing_table_and_a_missing_column_are_named_with_the_rights(
    domjudge: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    domjudge.run("RENAME TABLE judgehost TO gone", "ALTER TABLE internal_error CHANGE status state INT")
    try:
        code, out = attempt(domjudge, capsys)
    finally:
        domjudge.run("RENAME TABLE gone TO judgehost")
        domjudge.run("ALTER TABLE internal_error CHANGE state status enum('open','resolved','ignored')")
    assert code == 1
    text = " ".join(out.split())
    assert "2 questions without an answer" in text
    assert "status" in text
    assert f"GRANT SELECT (enabled, polltime, hidden) ON {domjudge.place.database}.judgehost" in text
    assert "submissions_total" in text, "the others answer"


def test_a_role_that_can_write_is_told_so(judge0: Site, capsys: pytest.CaptureFixture[str]) -> None:
    judge0.run("GRANT SELECT, INSERT, DELETE ON submissions TO owner")
    (judge0.folder / "owner").write_text(PASSWORDS["owner"])
    url = judge0.schema.url("owner")
    code, out = attempt(judge0, capsys, url, "--password-file", str(judge0.folder / "owner"))
    assert code == 0
    assert "Warning: this role can do more than read" in " ".join(out.split())


def test_a_wrong_password_is_a_sentence_without_it(dmoj: Site, capsys: pytest.CaptureFixture[str]) -> None:
    (dmoj.folder / "wrong").write_text("not the role's secret")
    code, out = attempt(dmoj, capsys, None, "--password-file", str(dmoj.folder / "wrong"))
    assert code == 1
    assert out.startswith("The database does not answer:")
    assert "not the role's secret" not in out


@pytest.mark.parametrize(
    ("url", "more", "sentence"),
    [
        ("oracle://db/x", [], '"oracle" is no database'),
        ("postgresql://db/x", [], "profile dmoj is written for mysql, this is postgresql"),
        ("mysql://u:secret@db/x", [], "no password in a URL"),
        ("mysql://u@db/x", ["--password-file", "/none"], "/none cannot be read"),
        ("mysql://u@db/x", ["--option", "prefix=m_"], '"prefix=m_" is no NAME=VALUE of profile dmoj'),
        ("mysql://u@db/x", ["--timeout", "soon"], "soon"),
    ],
)
def test_wrong_input_is_one_sentence(
    url: str, more: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", "try", url, "--profile", "dmoj", *more]) == 2
    errors = capsys.readouterr().err
    assert sentence in errors
    assert "secret" not in errors
