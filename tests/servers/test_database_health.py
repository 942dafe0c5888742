"""What is told of a server: by what the role may see, with real long statements and real replicas."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exporter.collector import Deadline
from exporter.collectors.database import DatabaseCollector
from exporter.databases import open_pool
from exporter.databases.address import Access
from exporter.databases.pool import Pool
from tests.servers.database_servers import PASSWORDS, MariaDB, Schema
from tests.servers.private_process import wait_until


@pytest.fixture(params=["mariadb", "postgresql", pytest.param("mysql", marks=pytest.mark.full)])
def schema(request: pytest.FixtureRequest) -> Schema:
    return request.getfixturevalue(f"{request.param}_schema")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", PASSWORDS["reader"])


def pool_for(schema: Schema, name: str = "grader") -> Pool:
    return open_pool(name, schema.url(), access=Access(password_env="READER_PASSWORD"))


def health(*pools: Pool, seconds: float = 5, long: float = 30) -> dict[tuple[str, str], float]:
    return told(DatabaseCollector(pools, {pool.name: long for pool in pools}), seconds)


def told(collector: DatabaseCollector, seconds: float = 5) -> dict[tuple[str, str], float]:
    """By metric, without its prefix, and database."""
    families = collector.collect(Deadline.after(seconds))
    return {
        (family.family.name.removeprefix("grader_database_"), row[0]): row[-1]
        for family in families
        for row in family.rows
        if len(row) == 2
    }


@contextmanager
def running(schema: Schema, statement: str) -> Iterator[None]:
    """Another client's statement, ended at the end."""
    connection = schema.server.connect(schema.name)
    pid = connection.info.backend_pid if hasattr(connection, "info") else connection.thread_id()

    def run() -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - it is killed, each driver says it in its way
            connection.cursor().execute(statement)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    schema.run(f"SELECT pg_terminate_backend({pid})" if "pg_" in statement else f"KILL {pid}")
    thread.join(5)


LONG = {"mysql": "SELECT SLEEP(100)", "postgresql": "SELECT pg_sleep(100)"}


def test_a_role_that_may_only_read_tables_sees_the_server_but_not_what_others_do(schema):
    schema.run("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
    pool = pool_for(schema)
    found = health(pool)
    pool.close()
    assert found["up", "grader"] == 1
    assert 0 < found["query_duration_seconds", "grader"] < 5
    assert found["connections_max", "grader"] == 40
    assert 1 <= found["connections", "grader"] <= 40
    assert found["size_bytes", "grader"] > 8000
    assert {name for name, _ in found} == {
        "up", "query_duration_seconds", "connections", "connections_max", "size_bytes"
    }  # fmt: skip


def test_connections_of_everybody_are_counted(schema):
    pool = pool_for(schema)
    before = health(pool)["connections", "grader"]
    others = [schema.server.connect(schema.name) for _ in range(5)]
    assert health(pool)["connections", "grader"] == before + 5
    for other in others:
        other.close()
    pool.close()


def test_a_role_with_the_right_to_see_it_is_told_of_long_statements(schema):
    on_mysql = schema.url().startswith("mysql")
    schema.run("GRANT PROCESS ON *.* TO reader@'%'" if on_mysql else "GRANT pg_read_all_stats TO reader")
    try:
        pool = pool_for(schema)
        quiet = health(pool, long=0.5)
        assert (quiet["long_queries", "grader"], quiet["longest_query_seconds", "grader"]) == (0, 0)
        with running(schema, LONG["mysql" if on_mysql else "postgresql"]):
            wait_until(lambda: health(pool, long=0.5)["long_queries", "grader"] == 1, 10, "it is long")
            assert health(pool, long=60)["long_queries", "grader"] == 0
            assert 0.5 < health(pool)["longest_query_seconds", "grader"] < 60
        pool.close()
    finally:
        schema.run(
            "REVOKE PROCESS ON *.* FROM reader@'%'" if on_mysql else "REVOKE pg_read_all_stats FROM reader"
        )


def test_a_size_that_is_not_the_whole_is_not_told(mariadb_schema):
    """Of a database in which the role may read one table it would see that table's size only."""
    mariadb_schema.run(
        "CREATE TABLE t (a INT)",
        f"REVOKE SELECT ON {mariadb_schema.name}.* FROM reader@'%'",
        "GRANT SELECT ON t TO reader@'%'",
    )
    pool = pool_for(mariadb_schema)
    found = health(pool)
    assert found["up", "grader"] == 1
    assert ("size_bytes", "grader") not in found
    mariadb_schema.run(f"GRANT SELECT ON {mariadb_schema.name}.* TO reader@'%'")
    pool.close()
    assert health(pool)["size_bytes", "grader"] > 0


def test_rights_are_found_where_names_stand_in_double_quotes(mariadb_schema):
    """A server whose sql_mode has ANSI_QUOTES tells grants in them."""
    mariadb_schema.run(
        "SET @@GLOBAL.sql_mode = CONCAT(@@GLOBAL.sql_mode, ',ANSI_QUOTES')",
        f"GRANT INSERT ON {mariadb_schema.name}.* TO reader@'%'",
        "CREATE TABLE t (a INT)",
    )
    pool = pool_for(mariadb_schema)
    try:
        assert health(pool)["size_bytes", "grader"] > 0
        with pool.session(Deadline.after(5)) as session:
            assert session.writing_rights() == [f"INSERT on {mariadb_schema.name}.*"]
    finally:
        pool.close()
        mariadb_schema.run(
            "SET @@GLOBAL.sql_mode = REPLACE(@@GLOBAL.sql_mode, 'ANSI_QUOTES', '')",
            f"REVOKE INSERT ON {mariadb_schema.name}.* FROM reader@'%'",
        )


def test_a_hung_database_is_down_and_delays_no_other(mariadb_schema, postgresql_schema):
    hung, well = pool_for(mariadb_schema, "hung"), pool_for(postgresql_schema, "well")
    collector = DatabaseCollector((hung, well))
    assert told(collector)["up", "hung"] == 1
    mariadb_schema.server.freeze()
    threads: set[str] = set()
    for _ in range(3):
        started = time.monotonic()
        found = told(collector, seconds=1)
        assert time.monotonic() - started <= 1
        assert (found["up", "hung"], found["up", "well"]) == (0, 1)
        assert ("query_duration_seconds", "hung") not in found
        assert found["size_bytes", "well"] > 0
        threads = {t.name for t in threading.enumerate() if t.name.startswith("ask-")}
        assert len([t for t in threading.enumerate() if t.name == "ask-hung"]) <= 1
    assert threads <= {"ask-hung"}
    mariadb_schema.server.thaw()
    wait_until(lambda: told(collector)["up", "hung"] == 1, 15, "it is asked again")
    hung.close()
    well.close()


def test_a_postgresql_replica_that_stops_applying_falls_behind(postgresql, postgresql_schema):
    replica = postgresql.replica("hot_standby=on")
    try:
        replica.start()
        postgresql_schema.run("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
        there = Schema(replica, postgresql_schema.name)
        wait_until(lambda: _rows(there) == [(1,)], 20, "the replica has the row")
        pool, source = pool_for(there, "replica"), pool_for(postgresql_schema, "source")
        wait_until(lambda: health(pool)["replication_lag_seconds", "replica"] == 0, 10, "it caught up")
        assert ("replication_lag_seconds", "source") not in health(source), "its role may not see that"
        replica.run("SELECT pg_wal_replay_pause()")
        postgresql_schema.run("INSERT INTO t VALUES (2)", "GRANT pg_read_all_stats TO reader")
        source.close()
        wait_until(lambda: health(pool)["replication_lag_seconds", "replica"] > 0.5, 10, "it is behind")
        assert health(source)["replication_lag_seconds", "source"] >= 0
        replica.run("SELECT pg_wal_replay_resume()")
        wait_until(lambda: health(pool)["replication_lag_seconds", "replica"] == 0, 10, "it caught up")
        pool.close()
        source.close()
    finally:
        postgresql_schema.run("REVOKE pg_read_all_stats FROM reader")
        replica.remove()


def _rows(schema: Schema) -> list[tuple[object, ...]] | None:
    try:
        return schema.run("SELECT a FROM t")
    except Exception:
        return None


@pytest.mark.full
def test_a_mariadb_replica_behind_and_standing_still():
    """Two more servers: left out of `make test`."""
    source, replica = MariaDB("--log-bin", "--server-id=1"), MariaDB("--server-id=2")
    try:
        source.start()
        replica.start()
        source.run(
            "CREATE USER copy@'%' IDENTIFIED BY 'c'", "GRANT REPLICATION SLAVE ON *.* TO copy@'%'",
            "CREATE DATABASE d", "CREATE TABLE d.t (a INT)",
        )  # fmt: skip
        replica.run(
            "CREATE DATABASE here", "GRANT SELECT ON here.* TO reader@'%'",
            f"CHANGE MASTER TO master_host='127.0.0.1', master_port={source.port}, master_user='copy',"
            " master_password='c', master_use_gtid=slave_pos",
            "START SLAVE",
        )  # fmt: skip
        pool = pool_for(Schema(replica, "here"))
        assert ("replication_lag_seconds", "grader") not in health(pool), "the role may not see it"
        pool.close()
        replica.run("GRANT SLAVE MONITOR ON *.* TO reader@'%'")

        def lag() -> float | None:
            return health(pool).get(("replication_lag_seconds", "grader"))

        wait_until(lambda: lag() == 0, 20, "it caught up")
        replica.run("STOP SLAVE SQL_THREAD")
        wait_until(lambda: lag() == float("inf"), 10, "it stands still")
        replica.run("START SLAVE SQL_THREAD")
        wait_until(lambda: lag() == 0, 20, "it caught up again")
        # A lock in the replica holds up the applying thread: it runs, and is behind.
        holder = replica.connect("d")
        holder.cursor().execute("LOCK TABLES t WRITE")
        source.run("INSERT INTO d.t VALUES (1)")
        wait_until(lambda: (lag() or 0) >= 1, 20, "it is behind")
        holder.close()
        wait_until(lambda: lag() == 0, 20, "it caught up in the end")
        pool.close()
    finally:
        source.remove()
        replica.remove()
