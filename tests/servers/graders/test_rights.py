"""The printed rights are enough for every block, and for nothing else."""

from __future__ import annotations

import psycopg
import pymysql
import pytest

from exporter.profiles.grants import read_from
from tests.servers.graders.site import SECRET, Site

pytestmark = pytest.mark.slow


def ask(site: Site, sql: str) -> list[tuple[object, ...]]:
    """A statement as the sidecar's role, without the sidecar's own guards."""
    port = site.schema.server.port
    database = read_from(site.profile, site.dialect, site.place)
    if site.dialect == "mysql":
        connection = pymysql.connect(
            host="127.0.0.1", port=port, user=site.place.role, password=SECRET, database=database
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(sql.replace("%%", "%"))
            return list(cursor.fetchall())
    with psycopg.connect(
        host="127.0.0.1", port=port, user=site.place.role, password=SECRET, dbname=database
    ) as other:
        return other.execute(sql.encode()).fetchall()


def test_every_block_runs_under_exactly_the_printed_rights(site: Site) -> None:
    sidecar = site.sidecar()
    assert sidecar.reasons() == {}
    facts = sidecar.collect("profile")
    assert {key[1] for key in facts if key[0] == "query_runs_total"} == site.profile.queries.keys()
    assert not [key for key, value in facts.items() if key[0] == "query_errors_total" and value]


def test_what_the_role_must_not_see_is_refused(site: Site) -> None:
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedColumn, pymysql.OperationalError)
    for sql in (secret.format(database=site.place.database) for secret in site.system.secrets):
        if "dave LIKE" in sql:
            assert ask(site, sql) == [], "the view shows that there is a key, and not which"
        else:
            with pytest.raises(refused):
                ask(site, sql)
    for table, columns in site.profile.grants.items():
        assert ask(site, f"SELECT COUNT(*) FROM {table} WHERE {columns[0]} IS NULL")
        for writing in (f"DELETE FROM {table}", f"UPDATE {table} SET {columns[0]} = NULL"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, pymysql.OperationalError)):
                ask(site, writing)


def test_no_more_is_granted_than_the_statements_read(site: Site) -> None:
    """Each granted column is named in a statement of the profile."""
    texts = " ".join(f"{block.sql} {block.newest}" for block in site.profile.queries.values())
    unread = [
        f"{table}.{column}"
        for table, columns in site.profile.grants.items()
        for column in columns
        if column not in texts
    ]
    assert not unread
