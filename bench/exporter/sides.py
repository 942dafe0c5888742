"""How each side is started over the same table: ours, and what a user could pick instead."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.exporter import ours
from bench.exporter.data import PASSWORD, USER, Databases, free_port, select
from bench.exporter.measuring import Serving, serving
from bench.exporter.peers import faster_driver, find

PyMySQL, MySQLClient, Psycopg = "sidecar, PyMySQL", "sidecar, mysqlclient", "sidecar, psycopg"
Naive, QueryExporter, SqlExporter = "client_python by hand", "query-exporter", "sql_exporter (Go)"


@dataclass(frozen=True, slots=True)
class Side:
    """A command line that serves the rows of a table of one database on a port."""

    name: str
    command: list[object]
    port: int
    environment: dict[str, str]
    asked: str

    def asking(self, sql: str) -> list[object]:
        """The command line with another statement; its configuration file, where it has one, is changed."""
        command: list[object] = []
        for word in self.command:
            if isinstance(word, Path) and word.suffix in (".yaml", ".yml"):
                changed = word.with_name(f"other-{word.name}")
                config = yaml.safe_load(word.read_text(encoding="utf-8"))
                changed.write_text(yaml.safe_dump(_replaced(config, self.asked, sql)), encoding="utf-8")
                command.append(changed)
            else:
                command.append(word.replace(self.asked, sql) if isinstance(word, str) else word)
        return command

    @contextmanager
    def serve(self) -> Iterator[Serving]:
        """Run it until the end of the block; ready when its page has the last row."""
        with serving(self.command, self.port, expect=b"queue-999", environment=self.environment) as server:
            yield server


def sides(data: Databases, kind: str, rows: int) -> list[Side]:
    """Every side that can be had for `kind`, mariadb or postgresql; ours first."""
    makers = [_ours, _naive, _query_exporter, _sql_exporter]
    return [side for make in makers for side in make(data, kind, rows)]


def _ours(data: Databases, kind: str, rows: int) -> Iterator[Side]:
    names = {"mariadb": (PyMySQL, MySQLClient), "postgresql": (Psycopg,)}[kind]
    for name in names:
        environment = {}
        if name is MySQLClient:
            if (found := faster_driver()) is None:
                continue
            environment = found
        yield our_side(name, data, kind, rows, environment)


def our_side(
    name: str, data: Databases, kind: str, rows: int, environment: dict[str, str] | None = None
) -> Side:
    """The sidecar over one table."""
    port = free_port()
    question = {
        "name": "rows",
        "url": data.url(kind),
        "sql": select(rows),
        "password_file": data.password_file,
    }
    command = ours.command(listen=f"127.0.0.1:{port}", questions=[question])
    return Side(name, list(command), port, environment or {}, select(rows))


def _naive(data: Databases, kind: str, rows: int) -> Iterator[Side]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "bench.exporter.naive",
        port,
        data.url(kind, password=True),
        select(rows),
    ]
    yield Side(Naive, command, port, {}, select(rows))


def _query_exporter(data: Databases, kind: str, rows: int) -> Iterator[Side]:
    peer = find("query-exporter")
    if peer is None:
        return
    driver = {"mariadb": "mysql+pymysql", "postgresql": "postgresql+psycopg"}[kind]
    config = {
        "databases": {
            "bench": {"dsn": f"{driver}{data.url(kind, password=True).removeprefix(_scheme(kind))}"}
        },
        "metrics": {"v": {"type": "gauge", "description": "Rows of a table.", "labels": ["a", "b", "c"]}},
        "queries": {"rows": {"databases": ["bench"], "metrics": ["v"], "sql": select(rows)}},
    }
    path = _write(data.folder / f"query-exporter-{kind}-{rows}.yaml", config)
    port = free_port()
    yield Side(
        QueryExporter,
        [peer.path, "--host", "127.0.0.1", "--port", port, "--config", path],
        port,
        {},
        select(rows),
    )


def _sql_exporter(data: Databases, kind: str, rows: int) -> Iterator[Side]:
    """burningalchemist/sql_exporter, where somebody has put it on PATH."""
    peer = find("sql_exporter")
    if peer is None:
        return
    server = data.mariadb.port if kind == "mariadb" else data.postgresql.port
    source = {
        "mariadb": f"mysql://{USER}:{PASSWORD}@tcp(127.0.0.1:{server})/{data.names[kind]}",
        "postgresql": _go_source(data),
    }[kind]
    metric = {
        "metric_name": "bench_rows",
        "type": "gauge",
        "help": "Rows of a table.",
        "key_labels": ["a", "b", "c"],
        "values": ["v"],
        "query": select(rows),
    }
    config = {
        "global": {"scrape_timeout_offset": "500ms", "min_interval": "0s", "max_connections": 2},
        "target": {"data_source_name": source, "collectors": ["bench"]},
        "collectors": [{"collector_name": "bench", "metrics": [metric]}],
    }
    path = _write(data.folder / f"sql_exporter-{kind}-{rows}.yml", config)
    port = free_port()
    command = [peer.path, "-config.file", path, f"-web.listen-address=127.0.0.1:{port}"]
    yield Side(SqlExporter, list(command), port, {}, select(rows))


def timed_sql_exporter(data: Databases, rows: int, interval: str = "1s") -> Side | None:
    """Debian's sql-exporter (justwatchcom's) over PostgreSQL; it collects on a timer of its own."""
    peer = find("prometheus-sql-exporter")
    if peer is None:
        return None
    query = {
        "name": "bench",
        "help": "Rows of a table.",
        "labels": ["a", "b", "c"],
        "values": ["v"],
        "query": select(rows),
    }
    job = {"name": "bench", "interval": interval, "connections": [_go_source(data)], "queries": [query]}
    path = _write(data.folder / f"sql-exporter-{rows}.yml", {"jobs": [job]})
    port = free_port()
    command = [peer.path, "-config.file", path, f"-web.listen-address=127.0.0.1:{port}"]
    return Side("prometheus-sql-exporter (Debian)", list(command), port, {}, select(rows))


def _go_source(data: Databases) -> str:
    """PostgreSQL's address as Go's programs want it."""
    return f"postgres{data.url('postgresql', password=True).removeprefix('postgresql')}?sslmode=disable"


def _replaced(config: object, old: str, new: str) -> object:
    if isinstance(config, dict):
        return {key: _replaced(value, old, new) for key, value in config.items()}
    if isinstance(config, list):
        return [_replaced(value, old, new) for value in config]
    return new if config == old else config


def _scheme(kind: str) -> str:
    return {"mariadb": "mysql", "postgresql": "postgresql"}[kind]


def _write(path: Path, config: object) -> Path:
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
