"""A table of jobs on a real server, written by several transactions at once; a sidecar that follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.collectors.books import book_for
from exporter.collectors.facts import Facts
from exporter.collectors.memory import Memory
from exporter.collectors.rows import Query
from exporter.collectors.submissions import EventCollector
from exporter.databases import open_pool
from exporter.databases.address import Access
from exporter.state import StateFile
from tests.servers.database_servers import PASSWORDS, Schema
from tests.unit.exporter.jobs import ROWS

CREATE = {
    "mysql": "CREATE TABLE jobs (id BIGINT AUTO_INCREMENT PRIMARY KEY, outcome VARCHAR(40), hidden BOOLEAN)",
    "postgresql": "CREATE TABLE jobs (id BIGSERIAL PRIMARY KEY, outcome VARCHAR(40), hidden BOOLEAN)",
}


@dataclass
class Transaction:
    """One that is open: its rows are nobody's yet. `since` is when it began, in true seconds."""

    connection: Any
    since: float
    rows: list[int] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)


@dataclass
class Store:
    """The grader's side."""

    schema: Schema
    dialect: str

    def __post_init__(self) -> None:
        self.schema.run(CREATE[self.dialect])
        self.db = self.connect(autocommit=True)

    def connect(self, *, autocommit: bool) -> Any:
        server: Any = self.schema.server
        connection = server.connect(self.schema.name)
        if self.dialect == "mysql":
            connection.autocommit(autocommit)
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        else:
            connection.autocommit = autocommit
        return connection

    def run(self, sql: str, *values: Any, connection: Any = None) -> list[tuple[Any, ...]]:
        with (connection or self.db).cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []

    def insert(self, outcome: str | None, hidden: bool = False, connection: Any = None) -> int:
        """A row with the id that the server gives it."""
        sql = "INSERT INTO jobs (outcome, hidden) VALUES (%s, %s) RETURNING id"
        return int(self.run(sql, outcome, hidden, connection=connection)[0][0])

    def set(self, job: int, outcome: str | None, connection: Any = None) -> None:
        self.run("UPDATE jobs SET outcome = %s WHERE id = %s", outcome, job, connection=connection)

    def visible(self) -> dict[int, str | None]:
        """What another connection sees."""
        return dict(self.run("SELECT id, outcome FROM jobs WHERE NOT hidden"))  # type: ignore[arg-type]

    def clear(self) -> None:
        self.run("DELETE FROM jobs")

    def follower(self, folder: Path, clock: Callable[[], float]) -> EventCollector:
        """The sidecar's side, as it is after a start."""
        password = folder / "password"
        password.write_text(PASSWORDS["reader"])
        facts = Facts()
        return EventCollector(
            name="submissions",
            query=Query("rows", ROWS),
            book=book_for("rows", frozenset(ROWS.feeds)),
            pool=open_pool("grader", self.schema.url(), access=Access(password_file=str(password))),
            facts=facts,
            memory=Memory("rows", facts, StateFile(folder / "state.json", "jobs")),
            clock=clock,
        )
