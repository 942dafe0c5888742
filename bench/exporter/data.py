"""The data that every side reads: a table of three labels and a number, in MariaDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers.database_servers import MariaDB, PostgreSQL, Schema
from tests.servers.private_process import free_port

USER = PASSWORD = "bench"
SIZES = (1_000, 10_000)
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Databases:
    """Both servers with the tables `bench_1000` and `bench_10000`, and a folder for configurations."""

    mariadb: MariaDB
    postgresql: PostgreSQL
    names: dict[str, str]
    folder: Path

    @property
    def password_file(self) -> str:
        """A file with the password of USER."""
        return str(self.folder / "password")

    def url(self, kind: str, password: bool = False) -> str:
        """mysql:// or postgresql:// address for USER."""
        scheme, port = {
            "mariadb": ("mysql", self.mariadb.port),
            "postgresql": ("postgresql", self.postgresql.port),
        }[kind]
        login = f"{USER}:{PASSWORD}" if password else USER
        return f"{scheme}://{login}@127.0.0.1:{port}/{self.names[kind]}"


def select(rows: int) -> str:
    """The statement of every side."""
    return f"SELECT a, b, c, v FROM bench_{rows}"


@contextmanager
def databases(sizes: tuple[int, ...] = SIZES) -> Iterator[Databases]:
    """Private servers, filled; removed afterwards."""
    mariadb, postgresql = MariaDB(), PostgreSQL()
    with TemporaryDirectory(prefix="gradewatch-bench-") as folder:
        try:
            names = {}
            for kind, server in (("mariadb", mariadb), ("postgresql", postgresql)):
                server.start()
                schema = server.new_schema()
                names[kind] = schema.name
                _role(kind, schema)
                for size in sizes:
                    _fill(schema, size)
            (Path(folder) / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
            yield Databases(mariadb, postgresql, names, Path(folder))
        finally:
            mariadb.remove()
            postgresql.remove()


def _role(kind: str, schema: Schema) -> None:
    if kind == "mariadb":
        schema.run(
            f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT SELECT ON {schema.name}.* TO {USER}@'%'",
        )
    else:
        schema.run(
            f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {USER}",
        )


def _fill(schema: Schema, size: int) -> None:
    rows = [f"('queue-{n}', 'waiting', 'eu-central', {n * 1.5})" for n in range(size)]
    inserts = [
        f"INSERT INTO bench_{size} VALUES {','.join(rows[start : start + _BATCH])}"
        for start in range(0, size, _BATCH)
    ]
    schema.run(
        f"CREATE TABLE bench_{size} (a VARCHAR(40), b VARCHAR(40), c VARCHAR(40), v DOUBLE PRECISION)",
        *inserts,
    )


__all__ = ["PASSWORD", "SIZES", "USER", "Databases", "databases", "free_port", "select"]
