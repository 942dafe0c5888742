"""PostgreSQL alone: statements that are sent at once, each in a transaction of its own, and prepared ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.collector import CollectError, Deadline
from exporter.databases import open_pool, postgresql_pipeline, postgresql_prepared
from exporter.databases.address import Access
from exporter.databases.pool import Pool
from tests.servers.database_servers import PASSWORDS, PostgreSQL, Schema
from tests.servers.private_process import wait_until

NAMES = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'gradewatch%'"


@pytest.fixture
def schema(postgresql_schema: Schema) -> Schema:
    return postgresql_schema


@pytest.fixture
def pool(schema: Schema, tmp_path: Path) -> Iterator[Pool]:
    secret = tmp_path / "password"
    secret.write_text(PASSWORDS["reader"])
    pool = open_pool(
        "grader",
        schema.url(),
        statement_timeout=5,
        access=Access(password_file=str(secret)),
        max_connections=1,
    )
    yield pool
    pool.close()


def ask(pool: Pool, *statements: str, **parameters: Any) -> list[list[tuple[Any, ...]]]:
    with pool.session(Deadline.after(10)) as session:
        return [answer.rows for answer in session.run_all([(sql, parameters) for sql in statements])]


def raw(pool: Pool) -> Any:
    """The only connection, as the driver has it."""
    with pool.session(Deadline.after(10)) as session:
        return session._connection._raw  # type: ignore[attr-defined]


def test_each_has_a_transaction_of_its_own_and_keeps_no_lock_and_no_snapshot(
    schema: Schema, pool: Pool
) -> None:
    schema.run("CREATE TABLE t (a INT)")
    mine = "pid = pg_backend_pid()"
    locks = f"SELECT count(*) FROM pg_locks WHERE {mine} AND relation = to_regclass('t')"
    began = f"SELECT now(), pg_sleep(0.05), xact_start FROM pg_stat_activity WHERE {mine}"
    first, held, second = ask(pool, "SELECT now(), pg_sleep(0.05), (SELECT count(*) FROM t)", locks, began)
    assert held == [(0,)]
    assert second[0][0] > first[0][0]
    assert second[0][0] == second[0][2]
    seen = schema.run("SELECT state FROM pg_stat_activity WHERE application_name = 'gradewatch'")
    assert seen == [("idle",)]


def test_each_is_read_only_and_limited_whatever_the_one_before_it_set(schema: Schema, pool: Pool) -> None:
    """Reading words can set things: for the transaction, or for the session."""
    for local in ("true", "false"):
        for name, value in (("statement_timeout", "0"), ("default_transaction_read_only", "off")):
            _, limit, only, session = ask(
                pool,
                f"SELECT set_config('{name}', '{value}', {local})",
                "SHOW statement_timeout",
                "SHOW transaction_read_only",
                "SHOW default_transaction_read_only",
            )
            assert (limit, only, session) == ([("5s",)], [("on",)], [("on",)]), (name, local)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("SELECT 'infinity'::timestamp", "data"),
        ("SELECT generate_series(1, 200000)", "limit"),
    ],
)
def test_what_was_sent_ahead_ends_when_an_answer_is_of_no_use(
    schema: Schema, pool: Pool, wrong: str, reason: str
) -> None:
    with pytest.raises(CollectError) as caught:
        ask(pool, wrong, "SELECT pg_sleep(60)")
    assert caught.value.reason == reason
    wait_until(lambda: not schema.server.running_statements(), 3, "nothing is left")
    assert ask(pool, "SELECT 1") == [[(1,)]]


def test_a_large_statement_and_a_large_answer_cross(pool: Pool) -> None:
    """More than the sockets hold in both directions at once."""
    text = "x" * 3_000_000
    rows = "SELECT repeat('y', 1000) FROM generate_series(1, 20000)"
    first, second = ask(pool, rows, f"SELECT length('{text}')")
    assert len(first) == 20_000
    assert second == [(3_000_000,)]


def test_an_older_client_library_gives_row_by_row(
    schema: Schema, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_pipeline, "_BATCH", 1)
    for _ in range(3):
        rows, none, last = ask(
            pool, "SELECT n, n * 2 FROM generate_series(1, 3) n", "SELECT 1 WHERE false", "SELECT 9"
        )
        assert (rows, none, last) == ([(1, 2), (2, 4), (3, 6)], [], [(9,)])
    with pytest.raises(CollectError, match="more than 100,000 rows"):
        ask(pool, "SELECT generate_series(1, 200000)", "SELECT pg_sleep(60)")
    wait_until(lambda: not schema.server.running_statements(), 3, "nothing is left")


def test_what_is_asked_again_is_prepared_and_lists_of_any_length_are_one(schema: Schema, pool: Pool) -> None:
    schema.run("CREATE TABLE t (id BIGINT)", "INSERT INTO t SELECT generate_series(1, 1000)")
    for ids in ([1], list(range(500)), [], [5, 2**40]):
        ((found,),) = ask(pool, "SELECT count(*) FROM t WHERE id IN (:ids)", ids=ids)
        assert found == (len({i for i in ids if 1 <= i <= 1000}),)
    schema.run("INSERT INTO t VALUES (1)")
    for _ in range(3):
        ask(pool, "SELECT max(id) FROM t")
    texts = [row[0] for row in ask(pool, NAMES.replace("name", "statement", 1))[0]]
    assert any("max(id)" in text for text in texts)


def test_columns_that_change_are_noticed_without_an_error(schema: Schema, pool: Pool) -> None:
    schema.run("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
    for _ in range(3):
        assert ask(pool, "SELECT * FROM t", "SELECT 2") == [[(1,)], [(2,)]]
    schema.run("ALTER TABLE t ADD COLUMN b INT DEFAULT 7")
    for _ in range(3):
        assert ask(pool, "SELECT 0", "SELECT * FROM t", "SELECT 2") == [[(0,)], [(1, 7)], [(2,)]]
    assert ask(pool, NAMES)[0], "prepared again"


def test_a_pooler_that_hands_out_other_sessions_is_noticed_without_an_error(pool: Pool) -> None:
    for _ in range(3):
        ask(pool, "SELECT 1", "SELECT 2")
    connection = raw(pool)
    connection.execute("DEALLOCATE ALL")
    for _ in range(4):
        assert ask(pool, "SELECT 1", "SELECT 2") == [[(1,)], [(2,)]]
    assert raw(pool) is connection
    assert ask(pool, NAMES) == [[]]


def test_names_that_a_pooler_does_not_know_are_given_up_without_an_error(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PgBouncer gives prepared statements other names, and DISCARD ALL takes them away."""
    for _ in range(3):
        ask(pool, "SELECT 1", "SELECT 2")
    connection = raw(pool)
    connection.execute("DISCARD ALL")
    monkeypatch.setattr(postgresql_prepared, "RENEW_SECONDS", 0.0)
    for _ in range(4):
        assert ask(pool, "SELECT 1", "SELECT 2") == [[(1,)], [(2,)]]
    assert raw(pool) is connection
    assert ask(pool, NAMES) == [[]]


def test_a_name_that_is_taken_already_is_noticed_too(pool: Pool) -> None:
    ask(pool, "SELECT 1")
    name = postgresql_prepared.Prepared()
    name.name(b"SELECT 1", None)
    taken, _ = name.name(b"SELECT 1", None)
    assert taken
    raw(pool).execute(f"PREPARE {taken.decode()} AS SELECT 1")
    for _ in range(3):
        assert ask(pool, "SELECT 1") == [[(1,)]]


def test_a_replica_that_ends_a_statement_for_the_sake_of_its_source_says_so(
    postgresql: PostgreSQL, schema: Schema, tmp_path: Path
) -> None:
    """What the source has vacuumed away a replica must not keep for its readers for ever."""
    schema.run("CREATE TABLE t (a INT)", "INSERT INTO t SELECT generate_series(1, 1000)")
    replica = postgresql.replica("max_standby_streaming_delay=0", "hot_standby_feedback=off")
    try:
        replica.start()
        secret = tmp_path / "secret"
        secret.write_text(PASSWORDS["reader"])
        access = Access(password_file=str(secret))
        pool = open_pool("replica", replica.url("reader", schema.name), statement_timeout=30, access=access)

        def vacuum() -> None:
            wait_until(lambda: bool(replica.running_statements()), 10, "the statement runs")
            schema.run("DELETE FROM t", "VACUUM t")

        writer = threading.Thread(target=vacuum)
        writer.start()
        with (
            pytest.raises(CollectError, match="ended by the replica") as caught,
            pool.session(Deadline.after(30)) as session,
        ):
            session.run("SELECT (SELECT count(*) FROM t), pg_sleep(20)")
        assert caught.value.reason == "timeout"
        writer.join()
        pool.close()
    finally:
        replica.remove()


def test_an_error_of_the_statement_itself_stays_one(schema: Schema, pool: Pool) -> None:
    schema.run("CREATE TABLE t (a INT)")
    for _ in range(3):
        ask(pool, "SELECT a FROM t")
    schema.run("DROP TABLE t")
    with pytest.raises(CollectError, match='relation "t" does not exist'):
        ask(pool, "SELECT a FROM t")


def test_prepared_statements_are_given_up_in_the_server_after_a_while(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        ask(pool, "SELECT 1", NAMES)
    before = {row[0] for row in ask(pool, NAMES)[0]}
    assert len(before) == 2
    with monkeypatch.context() as soon:
        soon.setattr(postgresql_prepared, "RENEW_SECONDS", 0.0)
        assert ask(pool, NAMES) == [[]]
    for _ in range(3):
        ask(pool, "SELECT 1", NAMES)
    after = {row[0] for row in ask(pool, NAMES)[0]}
    assert len(after) == 2
    assert not before & after
