"""`--check-config --connect` against real servers: what is wrong is told with its place, nothing is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.database_servers import PASSWORDS, Schema

PROJECT = Path(__file__).parents[2]
CONFIG = """\
databases:
  desk: {url: "%s", password_env: READER_PASSWORD}
queries:
  good:
    database: desk
    sql: SELECT id, name FROM t WHERE id > :after AND name LIKE '100%%' ORDER BY id LIMIT :limit
    follow: watermark
    newest: SELECT MAX(id) FROM t
    metrics: [{metric: desk_total, type: counter, help: x}]
  %s
"""
WRONG = """wrong:
    database: desk
    sql: SELECT renamed AS n FROM t
    metrics: [{metric: desk_n, type: gauge, help: x, value: n}]"""


@pytest.fixture(params=["mariadb", "postgresql"])
def schema(request: pytest.FixtureRequest) -> Schema:
    schema = request.getfixturevalue(f"{request.param}_schema")
    schema.run("CREATE TABLE t (id INT, name VARCHAR(20))")
    return schema


def check(folder: Path, url: str, more: str = "", user: str = "reader") -> subprocess.CompletedProcess[str]:
    path = folder / "c.yaml"
    path.write_text(CONFIG % (url, more), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "exporter", "--config", path, "--check-config", "--connect"],
        cwd=PROJECT,
        env={"READER_PASSWORD": PASSWORDS[user]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_all_is_well(schema, tmp_path):
    done = check(tmp_path, schema.url())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("/" + schema.name + " answers; 2 of 2 statements are understood\n")


def test_statements_of_backups_and_queues_are_asked_too(schema, tmp_path):
    more = """right:
    database: desk
    sql: SELECT 1 AS n
    metrics: [{metric: desk_n, type: gauge, help: x, value: n}]
backups: {b: {database: desk, sql: SELECT renamed FROM t}}
queues: [{queue: jobs, database: desk, sql: SELECT lost AS depth FROM t}]"""
    done = check(tmp_path, schema.url(), more)
    assert done.returncode == 2
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == ["14", "15"]
    assert "renamed" in done.stderr
    assert "lost" in done.stderr
    assert done.stdout.endswith("3 of 5 statements are understood\n")


def test_a_statement_that_is_not_understood_has_its_place(schema, tmp_path):
    done = check(tmp_path, schema.url(), WRONG)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{tmp_path / 'c.yaml'}:12:10: query: ")
    assert "renamed" in line
    assert "2 of 3 statements are understood" in done.stdout


def test_a_role_that_may_write_is_a_warning(schema, tmp_path):
    on_mysql = schema.url().startswith("mysql")
    schema.run(f"GRANT ALL ON {'' if on_mysql else 'TABLE '}t TO owner{'@' + repr('%') if on_mysql else ''}")
    done = check(tmp_path, schema.url("owner"), user="owner")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert ":2:3: warning: the role may do more than read: " in line
    assert "ALL PRIVILEGES" in line if on_mysql else "INSERT on t" in line


def test_no_connection_and_no_secret_in_what_is_said(schema, tmp_path):
    wrong = check(tmp_path, schema.url(), user="owner")
    assert wrong.returncode == 1
    assert ":2:3: auth: " in wrong.stderr
    assert PASSWORDS["owner"] not in wrong.stderr + wrong.stdout
    schema.server.kill()
    away = check(tmp_path, schema.url())
    assert away.returncode == 1
    assert ":2:3: connect: " in away.stderr
    schema.server.start()


def test_an_sqlite_file_as_well(tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "t.db") as db:
        db.execute("CREATE TABLE t (id INTEGER, name TEXT)")
    db.close()
    (tmp_path / "t.db").chmod(0o444)
    done = check(tmp_path, f"sqlite://{tmp_path}/t.db", WRONG)
    assert done.returncode == 2
    assert "no such column: renamed" in done.stderr


def test_connect_alone_is_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "exporter", "--config", tmp_path / "c.yaml", "--connect"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (2, "--connect belongs to --check-config\n")
