"""Private database servers for tests, one of each kind a test process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.database_servers import PASSWORDS, MariaDB, Missing, MySQL, PostgreSQL, Schema


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """A MariaDB for the whole run; tests take `mariadb`."""
    try:
        server = MariaDB()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[MySQL]:
    """A MySQL for the whole run; tests take `mysql`."""
    try:
        server = MySQL()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A PostgreSQL for the whole run; tests take `postgresql`."""
    try:
        server = PostgreSQL()
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def mariadb(mariadb_server: MariaDB) -> Iterator[MariaDB]:
    """A running MariaDB that the test may kill, freeze or stop."""
    mariadb_server.ensure_running()
    yield mariadb_server
    mariadb_server.ensure_running()


@pytest.fixture
def mysql(mysql_server: MySQL) -> Iterator[MySQL]:
    """A running MySQL that the test may kill, freeze or stop."""
    mysql_server.ensure_running()
    yield mysql_server
    mysql_server.ensure_running()


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> Iterator[PostgreSQL]:
    """A running PostgreSQL that the test may kill, freeze or stop."""
    postgresql_server.ensure_running()
    yield postgresql_server
    postgresql_server.ensure_running()


@pytest.fixture
def mariadb_schema(mariadb: MariaDB) -> Iterator[Schema]:
    """An empty database in MariaDB."""
    schema = mariadb.new_schema()
    yield schema
    mariadb.ensure_running()
    mariadb.drop_schema(schema)


@pytest.fixture
def mysql_schema(mysql: MySQL) -> Iterator[Schema]:
    """An empty database in MySQL."""
    schema = mysql.new_schema()
    yield schema
    mysql.ensure_running()
    mysql.drop_schema(schema)


@pytest.fixture
def postgresql_schema(postgresql: PostgreSQL) -> Iterator[Schema]:
    """An empty database in PostgreSQL."""
    schema = postgresql.new_schema()
    yield schema
    postgresql.ensure_running()
    postgresql.drop_schema(schema)


@pytest.fixture
def password_file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes the password of a role of PASSWORDS into a file and returns its path."""

    def write(user: str = "reader") -> Path:
        path = tmp_path / f"{user}.password"
        path.write_text(PASSWORDS[user] + "\n", encoding="utf-8")
        return path

    return write
