"""The adapters of the two servers: what they answer, what they refuse, and what becomes of what goes wrong.

Each test runs against a real MariaDB and a real PostgreSQL; the former with both drivers where
mysqlclient is installed.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib.util
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.collector import CollectError, Deadline
from exporter.databases import mysql_drivers, open_pool
from exporter.databases.address import Access
from exporter.databases.pool import Pool
from tests.servers.database_servers import PASSWORDS, Schema
from tests.servers.private_process import wait_until

CASES = ["mariadb", "postgresql", pytest.param("mysql", marks=pytest.mark.full)]
if importlib.util.find_spec("MySQLdb"):
    CASES.append("mariadb-mysqlclient")


@pytest.fixture(params=CASES)
def schema(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Schema:
    server, _, client = request.param.partition("-")
    if server != "postgresql":
        driver = mysql_drivers.MySQLClient() if client else mysql_drivers.PyMySQL()
        monkeypatch.setattr("exporter.databases.mysql.driver", lambda: driver)
    return request.getfixturevalue(f"{server}_schema")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORDS["reader"] + "\n")
    return path


@pytest.fixture
def pool(schema: Schema, secret: Path) -> Iterator[Pool]:
    pool = open_pool("grader", schema.url(), statement_timeout=5, access=Access(password_file=str(secret)))
    pool.dialect = dataclasses.replace(pool.dialect, retry_after=0.5)
    yield pool
    pool.close()


@pytest.fixture
def owners_pool(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORDS["owner"])
    pool = open_pool("grader", schema.url("owner"), access=Access(password_env="OWNER_PASSWORD"))
    yield pool
    pool.close()


def ask(pool: Pool, sql: str, seconds: float = 5, **parameters: object) -> list[tuple[object, ...]]:
    with pool.session(Deadline.after(seconds)) as session:
        return session.run(sql, parameters).rows


def fails(pool: Pool, sql: str, seconds: float = 5, **parameters: object) -> CollectError:
    with pytest.raises(CollectError) as caught:
        ask(pool, sql, seconds, **parameters)
    return caught.value


def on_postgresql(schema: Schema) -> bool:
    return schema.url().startswith("postgresql")


def owner(schema: Schema) -> str:
    return "owner" if on_postgresql(schema) else "owner@'%'"


# answers


def test_rows_and_columns_come_with_their_types(schema, pool):
    moment = "2026-03-01 12:30:00"
    schema.run(
        "CREATE TABLE t (id BIGINT, price DECIMAL(10,2), at TIMESTAMP NULL, name VARCHAR(20), raw "
        + ("BYTEA" if on_postgresql(schema) else "VARBINARY(9)")
        + ")",
        f"INSERT INTO t VALUES (1, 2.50, '{moment}', 'Zoë', 'abc'), (NULL, NULL, NULL, NULL, NULL)",
    )
    with pool.session(Deadline.after(5)) as session:
        answer = session.run("SELECT id, price, at AS moment, name, raw FROM t ORDER BY id IS NULL")
    assert answer.columns == ("id", "price", "moment", "name", "raw")
    at = datetime.datetime.fromisoformat(moment)
    assert answer.rows == [(1, Decimal("2.50"), at, "Zoë", b"abc"), (None, None, None, None, None)]


def test_an_answer_without_rows_has_its_columns_all_the_same(schema, pool):
    schema.run("CREATE TABLE t (id INT, name VARCHAR(20))")
    statements = (
        "SELECT id, name AS who FROM t WHERE id > :after;",
        "WITH few AS (SELECT * FROM t) SELECT id, name AS who FROM few WHERE id > :after -- none",
        "SELECT id, name AS who FROM t WHERE id > :after ORDER BY id LIMIT 5",
    )
    for sql in statements:
        for _ in range(2):
            with pool.session(Deadline.after(5)) as session:
                answer = session.run(sql, {"after": 3})
            assert (answer.columns, answer.rows) == (("id", "who"), [])


def test_parameters_by_name_lists_literal_percent_signs_and_casts(schema, pool):
    schema.run(
        "CREATE TABLE t (id INT, name VARCHAR(20))", "INSERT INTO t VALUES (1,'a%b'), (2,'a:b'), (3,'c')"
    )
    assert ask(pool, "SELECT id FROM t WHERE id > :after AND id < :after + :n", after=1, n=2) == [(2,)]
    assert ask(pool, "SELECT id FROM t WHERE id IN (:ids) ORDER BY id", ids=[1, 3]) == [(1,), (3,)]
    assert ask(pool, "SELECT id FROM t WHERE id IN (:ids)", ids=[]) == []
    assert ask(pool, "SELECT id FROM t WHERE name LIKE 'a%b' ORDER BY id -- 100 % :not") == [(1,), (2,)]
    assert ask(pool, "SELECT id FROM t WHERE name LIKE 'a%b' AND id = :id", id=1) == [(1,)]
    assert ask(pool, "SELECT id FROM t WHERE name = 'a:b' AND name <> :other", other="it's % \\ :x") == [(2,)]
    assert ask(pool, "SELECT COALESCE(:nothing, 5)", nothing=None) == [(5,)]
    if on_postgresql(schema):
        assert ask(pool, "SELECT '7'::int + :n::int, 10 % 3, $$ :x % $$", n=1) == [(8, 1, " :x % ")]
    else:
        assert ask(pool, 'SELECT 10 % 3, ":x %%", 5 /* :y % */ # :z') == [(1, ":x %%", 5)]
    assert fails(pool, "SELECT :missing").reason == "query"


def test_the_session_is_in_utc(schema, pool):
    sql = "SHOW timezone" if on_postgresql(schema) else "SELECT @@session.time_zone"
    assert ask(pool, sql) in ([("UTC",)], [("+00:00",)])


def test_the_administrator_sees_who_we_are(schema, pool):
    assert ask(pool, "SELECT 1") == [(1,)]
    if on_postgresql(schema):
        seen = schema.run("SELECT application_name FROM pg_stat_activity WHERE usename = 'reader'")
        assert ("gradewatch",) in seen


# guards


WRITING = (
    "INSERT INTO t VALUES (2)",
    "UPDATE t SET a = 2",
    "DELETE FROM t",
    "CREATE TABLE u (a INT)",
    "DROP TABLE t",
    "TRUNCATE t",
    "/* SELECT */ DELETE FROM t",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; DELETE FROM t",
    "CALL p()",
)


@pytest.mark.parametrize("beneath", [False, True], ids=["", "beneath the look at the first word"])
def test_even_the_owner_cannot_write(schema, owners_pool, monkeypatch, beneath):
    """The role may do everything: the session, the transaction and the driver hold."""
    schema.run("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)", f"GRANT ALL ON t TO {owner(schema)}")
    if beneath:
        for module in ("mysql", "postgresql"):
            monkeypatch.setattr(f"exporter.databases.{module}.refuse_all_but_reading", lambda sql: None)
    for statement in WRITING:
        assert fails(owners_pool, statement).reason == "query", statement
        assert ask(owners_pool, "SELECT a FROM t") == [(1,)], statement


def test_the_guard_switched_off_is_on_again_for_the_next_statement(schema, owners_pool, monkeypatch):
    """What lies beneath the look at the first word."""
    schema.run("CREATE TABLE t (a INT)", f"GRANT ALL ON t TO {owner(schema)}")
    for module in ("mysql", "postgresql"):
        monkeypatch.setattr(f"exporter.databases.{module}.refuse_all_but_reading", lambda sql: None)
    switches = {
        "postgresql": ["SET default_transaction_read_only = off", "RESET ALL", "SET statement_timeout = 0"],
        "mariadb": [
            "SET SESSION TRANSACTION READ WRITE",
            "SET SESSION tx_read_only = 0, max_statement_time = 0",
        ],
        "mysql": [
            "SET SESSION TRANSACTION READ WRITE",
            "SET SESSION transaction_read_only = 0, max_execution_time = 0",
        ],
    }[kind(schema)]
    for switch in switches:
        with owners_pool.session(Deadline.after(5)) as session:
            connection = session._connection
            connection._raw.execute(switch) if on_postgresql(schema) else connection.execute(switch)
        assert "read" in fails(owners_pool, "INSERT INTO t VALUES (1)").message.lower()
    assert schema.run("SELECT COUNT(*) FROM t") == [(0,)]


def test_a_read_write_transaction_cannot_be_begun(schema, owners_pool):
    schema.run("CREATE TABLE t (a INT)", f"GRANT ALL ON t TO {owner(schema)}")
    for statement in (
        "SET TRANSACTION READ WRITE",
        "COMMIT",
        "BEGIN",
        "START TRANSACTION READ WRITE",
        "RESET ALL",
    ):
        assert "refused" in fails(owners_pool, statement).message


def test_one_statement_cannot_switch_the_guard_off_and_write(schema, owners_pool):
    """A compound statement could; it does not begin like a reading one."""
    schema.run("CREATE TABLE t (a INT)", f"GRANT ALL ON t TO {owner(schema)}")
    compound = (
        "DO $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); COMMIT;"
        " INSERT INTO t VALUES (1); END $$"
        if on_postgresql(schema)
        else "BEGIN NOT ATOMIC SET SESSION TRANSACTION READ WRITE; INSERT INTO t VALUES (1); END"
    )
    assert "refused: a statement begins with SELECT" in fails(owners_pool, compound).message
    assert schema.run("SELECT COUNT(*) FROM t") == [(0,)]


COLUMNS = "information_schema.columns"
SLOW = {
    "mariadb": "SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b WHERE a.seq * b.seq % 7 = 1",
    "mysql": f"SELECT COUNT(*) FROM {COLUMNS} a, {COLUMNS} b, {COLUMNS} c"
    " WHERE a.ordinal_position * b.ordinal_position * c.ordinal_position % 7 = 9",
    "postgresql": "SELECT COUNT(*) FROM generate_series(1, 999999) a, generate_series(1, 9999) b WHERE a*b=1",
}
SLEEP = {"mariadb": "SELECT SLEEP(60)", "postgresql": "SELECT pg_sleep(60)", "mysql": "SELECT SLEEP(60)"}


def kind(schema: Schema) -> str:
    return type(schema.server).__name__.lower()


@pytest.mark.parametrize("long", [SLOW, SLEEP], ids=["work", "sleep"])
def test_a_long_statement_ends_at_its_limit_and_leaves_nothing_in_the_server(schema, pool, long):
    started = time.monotonic()
    error = fails(pool, long[kind(schema)], seconds=0.5)
    assert error.reason == "timeout"
    assert time.monotonic() - started < 5
    time.sleep(max(0.0, started + 1.5 - time.monotonic()))
    assert schema.server.running_statements() == []
    assert ask(pool, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("long", [SLOW, SLEEP], ids=["work", "sleep"])
def test_a_server_that_keeps_no_limit_is_told_to_end_it(schema, pool, monkeypatch, long):
    """As on MySQL, whose limit holds for SELECT only: the second connection ends the statement."""
    monkeypatch.setattr("exporter.databases.mysql._MySQLConnection._guard", lambda self, deadline: None)
    monkeypatch.setattr("exporter.databases.postgresql._limit", lambda deadline: 0)
    started = time.monotonic()
    assert fails(pool, long[kind(schema)], seconds=0.5).reason == "timeout"
    time.sleep(max(0.0, started + 1.5 - time.monotonic()))
    assert schema.server.running_statements() == []
    assert ask(pool, "SELECT 1") == [(1,)]


def test_cancelling_the_pool_ends_what_runs(schema, pool):
    errors: list[CollectError] = []
    thread = threading.Thread(target=lambda: errors.append(fails(pool, SLEEP[kind(schema)], seconds=30)))
    thread.start()
    # Of a pipeline the server shows the statements before it first, and a cancel between two of them is lost.
    wait_until(lambda: any("SLEEP" in s.upper() for s in schema.server.running_statements()), what="it runs")
    pool.cancel()
    thread.join(5)
    assert [error.reason for error in errors] == ["timeout"]
    wait_until(lambda: not schema.server.running_statements(), 5, "nothing is left")


def test_an_answer_without_end_is_cut_short(schema, pool):
    sql = {
        "mariadb": "SELECT seq FROM seq_1_to_50000000",
        "mysql": f"SELECT a.ordinal_position FROM {COLUMNS} a, {COLUMNS} b",
        "postgresql": "SELECT generate_series(1, 50000000)",
    }
    error = fails(pool, sql[kind(schema)])
    assert error.reason == "limit"
    assert "more than 100,000 rows" in error.message
    wait_until(lambda: not schema.server.running_statements(), 5, "nothing is left")
    assert ask(pool, "SELECT 1") == [(1,)]


# several at once


def run_all(pool: Pool, *statements: str, seconds: float = 5) -> list[list[tuple[object, ...]]]:
    with pool.session(Deadline.after(seconds)) as session:
        return [answer.rows for answer in session.run_all([(sql, {}) for sql in statements])]


def sleep(schema: Schema, seconds: float) -> str:
    return f"SELECT {'pg_sleep' if on_postgresql(schema) else 'SLEEP'}({seconds})"


def test_several_statements_are_answered_in_their_order(schema, pool):
    schema.run("CREATE TABLE t (id INT, name VARCHAR(9))", "INSERT INTO t VALUES (1,'a'), (2,'b'), (3,'c')")
    for _ in range(4):
        with pool.session(Deadline.after(5)) as session:
            highest, named, above = session.run_all(
                [
                    ("SELECT MAX(id) FROM t", {}),
                    ("SELECT name FROM t WHERE id IN (:ids) ORDER BY id", {"ids": [3, 1, 70_000, 2**40]}),
                    ("SELECT id, name AS who FROM t WHERE id > :after", {"after": 3}),
                ]
            )
        assert (highest.rows, named.rows, above.rows) == ([(3,)], [("a",), ("c",)], [])
        assert above.columns == ("id", "who")


def test_each_sees_what_was_committed_when_it_began(schema, pool):
    schema.run("CREATE TABLE t (a INT)")
    assert ask(pool, "SELECT COUNT(*) FROM t") == [(0,)]
    found: list[list[tuple[object, ...]]] = []
    count = "SELECT COUNT(*) FROM t"
    thread = threading.Thread(target=lambda: found.extend(run_all(pool, count, sleep(schema, 1.5), count)))
    thread.start()
    wait_until(schema.server.running_statements, what="the second statement runs")
    schema.run("INSERT INTO t VALUES (1)")
    thread.join(10)
    assert (found[0], found[2]) == ([(0,)], [(1,)])


def test_each_has_the_whole_limit_and_none_has_more(schema, secret):
    access = Access(password_file=str(secret))
    pool = open_pool("grader", schema.url(), statement_timeout=0.8, access=access)
    short, long = sleep(schema, 0.5), sleep(schema, 60)
    assert len(run_all(pool, short, short, short)) == 3
    started = time.monotonic()
    with pytest.raises(CollectError) as caught:
        run_all(pool, short, long, long)
    assert caught.value.reason == "timeout"
    assert time.monotonic() - started < 4
    time.sleep(1)
    assert schema.server.running_statements() == []
    assert ask(pool, "SELECT 1") == [(1,)]
    pool.close()


def test_the_deadline_ends_what_was_sent_ahead_too(schema, pool):
    started = time.monotonic()
    with pytest.raises(CollectError) as caught:
        run_all(pool, sleep(schema, 0.4), sleep(schema, 60), sleep(schema, 60), seconds=0.6)
    assert caught.value.reason == "timeout"
    time.sleep(max(0.0, started + 1.6 - time.monotonic()))
    assert schema.server.running_statements() == []


def test_a_wrong_one_among_several_is_told_and_none_may_write(schema, owners_pool, monkeypatch):
    schema.run("CREATE TABLE t (a INT)", f"GRANT ALL ON t TO {owner(schema)}")
    count = "SELECT COUNT(*) FROM t"
    for beneath in (False, True):
        if beneath:
            for module in ("mysql", "postgresql"):
                monkeypatch.setattr(f"exporter.databases.{module}.refuse_all_but_reading", lambda sql: None)
        for wrong in ("SELECT nothing FROM t", "INSERT INTO t VALUES (1)", "SELECT 1; DELETE FROM t"):
            with pytest.raises(CollectError) as caught:
                run_all(owners_pool, count, wrong, count)
            assert caught.value.reason == "query", wrong
            assert run_all(owners_pool, count, count) == [[(0,)], [(0,)]]


# faults


def test_wrong_statements_are_told_with_what_is_wrong(schema, pool):
    schema.run("CREATE TABLE t (a INT)", "CREATE TABLE hidden (a INT)")
    assert "nowhere" in fails(pool, "SELECT a FROM nowhere").message
    assert "renamed" in fails(pool, "SELECT renamed FROM t").message
    assert fails(pool, "SELEC").reason == "query"
    if on_postgresql(schema):
        schema.run("REVOKE SELECT ON hidden FROM reader")
        error = fails(pool, "SELECT a FROM hidden")
        assert (error.reason, "permission denied for table hidden" in error.message) == ("query", True)
    else:
        error = fails(pool, "SELECT a FROM mysql.user")
        assert (error.reason, "denied" in error.message) == ("query", True)
    assert ask(pool, "SELECT COUNT(*) FROM t") == [(0,)]


def test_an_error_that_quotes_a_row_is_not_repeated(schema, pool):
    schema.run("CREATE TABLE t (a VARCHAR(40))", "INSERT INTO t VALUES ('alice@example.org')")
    sql = {
        "postgresql": "SELECT a::int FROM t",
        "mariadb": "SELECT JSON_VALUE(a, '$') + EXTRACTVALUE(a, CONCAT('~', a)) FROM t",
        "mysql": "SELECT EXTRACTVALUE(a, CONCAT('~', a)) FROM t",
    }
    error = fails(pool, sql[kind(schema)])
    assert error.reason in ("data", "query")
    assert "alice" not in error.message


def test_a_killed_server_is_reported_and_used_again_when_it_is_back(schema, pool):
    assert ask(pool, "SELECT 1") == [(1,)]
    schema.server.kill()
    assert fails(pool, "SELECT 1").reason == "connect"
    assert fails(pool, "SELECT 1").reason == "connect"
    assert pool.connect_errors() == {"connect": 1}  # the second attempt came within the pause
    schema.server.start()
    wait_until(lambda: answers(pool), 10, "the pool connects again")


def answers(pool: Pool) -> bool:
    try:
        return ask(pool, "SELECT 1") == [(1,)]
    except CollectError:
        return False


def test_a_restart_between_two_scrapes_is_not_noticed(schema, pool):
    assert ask(pool, "SELECT 1") == [(1,)]
    schema.server.restart()
    assert ask(pool, "SELECT 1") == [(1,)]


def test_a_hung_server_costs_its_caller_his_time_and_no_more(schema, pool):
    assert ask(pool, "SELECT 1") == [(1,)]
    schema.server.freeze()
    started = time.monotonic()
    kept = fails(pool, "SELECT 1", seconds=0.5)  # over the connection that was kept
    new = fails(pool, "SELECT 1", seconds=0.5)  # over a new one
    again = fails(pool, "SELECT 1", seconds=0.5)
    assert time.monotonic() - started < 10
    assert [kept.reason, new.reason, again.reason] == ["timeout"] * 3
    schema.server.thaw()
    wait_until(lambda: answers(pool), 10, "the pool connects again")


def test_a_changed_password_is_read_again(schema, pool, secret):
    assert ask(pool, "SELECT 1") == [(1,)]
    change = {
        "postgresql": "ALTER ROLE reader PASSWORD '{}'",
        "mariadb": "ALTER USER reader@'%' IDENTIFIED BY '{}'",
        "mysql": "ALTER USER reader@'%' IDENTIFIED BY '{}'",
    }[kind(schema)]
    old = PASSWORDS["reader"].replace("'", "''")
    try:
        schema.run(change.format("another"))
        schema.server.restart()
        assert fails(pool, "SELECT 1").reason == "auth"
        secret.write_text("another")
        wait_until(lambda: answers(pool), 10, "the new password is used")
    finally:
        schema.run(change.format(old))


def test_a_secret_that_is_missing_is_named(schema, tmp_path, monkeypatch):
    pool = open_pool("grader", schema.url(), access=Access(password_file=str(tmp_path / "none")))
    error = fails(pool, "SELECT 1")
    assert (error.reason, "cannot be read: No such file" in error.message) == ("auth", True)
    monkeypatch.setenv("READER_PASSWORD", PASSWORDS["reader"])
    pool = open_pool("grader", schema.url(), access=Access(password_env="READER_PASSWORD"))
    assert ask(pool, "SELECT 1") == [(1,)]
    pool.close()
    pool = open_pool("grader", schema.url(), access=Access(password_env="NOT_SET"))
    assert "NOT_SET is not set" in fails(pool, "SELECT 1").message


def test_an_unknown_role_or_nobody_listening(schema, secret):
    access = Access(password_file=str(secret))
    url = schema.url()
    assert (
        fails(open_pool("grader", url.replace("reader@", "nobody@"), access=access), "SELECT 1").reason
        == "auth"
    )
    closed = url.replace(f":{schema.server.port}/", ":1/")
    error = fails(open_pool("grader", closed, access=access), "SELECT 1")
    assert error.reason == "connect"
    assert "refused" in error.message.lower() or "can't connect" in error.message.lower()
    unknown = url.replace(schema.name, "no_such_database")
    assert fails(open_pool("grader", unknown, access=access), "SELECT 1").reason in (
        "auth",
        "connect",
        "query",
    )


def test_unix_sockets(schema, secret):
    home = schema.server.home
    option = f"host={home}" if on_postgresql(schema) else f"unix_socket={home}/socket"
    url = schema.url()
    if on_postgresql(schema):
        url = url.replace("127.0.0.1", "")
    pool = open_pool("grader", f"{url}?{option}", access=Access(password_file=str(secret)))
    assert ask(pool, "SELECT 1") == [(1,)]
    pool.close()


def test_a_statement_is_understood_without_being_run(schema, pool):
    schema.run("CREATE TABLE t (id INT, name VARCHAR(9))")
    with pool.session(Deadline.after(5)) as session:
        session.prepare(
            "SELECT id, name FROM t WHERE id > :after AND name LIKE 'a%s' LIMIT :limit",
            {"after": 0, "limit": 5},
        )
        session.prepare(SLEEP[kind(schema)])
    for wrong in (
        "SELECT idd FROM t",
        "SELECT 1 FROM nowhere",
        "SELECT FROM WHERE",
        "DELETE FROM t",
        "SELECT 1; SELECT 2",
    ):
        with pytest.raises(CollectError) as caught, pool.session(Deadline.after(5)) as session:
            session.prepare(wrong)
        assert caught.value.reason == "query", wrong


def test_rights_to_write_are_found(schema, pool, tmp_path):
    schema.run("CREATE TABLE t (id INT)")
    with pool.session(Deadline.after(5)) as session:
        assert session.writing_rights() == []
    if on_postgresql(schema):
        schema.run("GRANT INSERT ON t TO reader")
        expected = ["INSERT on t"]
    else:
        schema.run(f"GRANT INSERT ON {schema.name}.* TO reader@'%'")
        expected = [f"INSERT on {schema.name}.*"]
    pool.close()
    with pool.session(Deadline.after(5)) as session:
        assert session.writing_rights() == expected
    if not on_postgresql(schema):
        schema.run(f"REVOKE INSERT ON {schema.name}.* FROM reader@'%'")
