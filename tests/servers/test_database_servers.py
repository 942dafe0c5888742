"""The private servers themselves: what other tests do to them, they survive."""

from __future__ import annotations

import psycopg
import pymysql
import pytest

from tests.servers.database_servers import PASSWORDS, Schema


@pytest.fixture(params=["mariadb", "postgresql"])
def schema(request: pytest.FixtureRequest) -> Schema:
    """One test a server."""
    return request.getfixturevalue(f"{request.param}_schema")


def as_reader(schema: Schema) -> list[object]:
    port, secret = schema.server.port, PASSWORDS["reader"]
    if schema.url().startswith("mysql"):
        connection = pymysql.connect(
            host="127.0.0.1", port=port, user="reader", password=secret, database=schema.name
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT a FROM t")
            return [row[0] for row in cursor.fetchall()]
    with psycopg.connect(schema.url_with_password()) as connection:
        return [row[0] for row in connection.execute("SELECT a FROM t")]


def test_a_killed_server_comes_back_with_its_rows_on_its_port(schema):
    schema.run("CREATE TABLE t (a INT)", "INSERT INTO t VALUES (7)")
    assert as_reader(schema) == [7]
    port = schema.server.port
    schema.server.kill()
    with pytest.raises((pymysql.Error, psycopg.Error)):
        as_reader(schema)
    schema.server.start()
    assert schema.server.port == port
    assert as_reader(schema) == [7]


def test_the_reader_may_only_read(schema):
    schema.run("CREATE TABLE t (a INT)")
    assert as_reader(schema) == []
    granted = {
        "mysql": "SHOW GRANTS FOR reader",
        "postgresql": "SELECT privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'reader'",
    }[schema.url().partition(":")[0]]
    assert not any("INSERT" in str(row) for row in schema.run(granted))
