"""The end of a sidecar, and of a scrape that nobody waits for: nothing goes on in the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.catalogue import GRADER_DATABASE_UP, Family
from exporter.collector import Deadline, RowFamily
from exporter.databases import open_pool
from exporter.databases.address import Access
from exporter.databases.pool import Pool
from exporter.flight import Limits
from exporter.server import Site
from exporter.sidecar import Sidecar
from tests.servers.database_servers import MariaDB, PostgreSQL

SLEEPS = {"mariadb": "SELECT SLEEP(60)", "postgresql": "SELECT pg_sleep(60)"}


@dataclass(slots=True)
class Slow:
    """Asks for a minute's sleep, and has as long."""

    pool: Pool
    sql: str
    name: str = "slow"

    def families(self) -> Sequence[Family]:
        return (GRADER_DATABASE_UP,)

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        with self.pool.session(deadline) as session:
            session.run(self.sql)
        return []

    def cancel(self) -> None:
        self.pool.cancel()


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("kind", SLEEPS)
def test_the_end_of_the_sidecar_ends_its_statements(
    kind: str, request: pytest.FixtureRequest, password_file: Callable[[str], Path]
) -> None:
    server: MariaDB | PostgreSQL = request.getfixturevalue(kind)
    schema = request.getfixturevalue(f"{kind}_schema")
    access = Access(password_file=str(password_file("reader")))
    pool = open_pool("grader", schema.url(), statement_timeout=100.0, access=access)
    site = Site(Sidecar([Slow(pool, SLEEPS[kind])], Limits(timeout=100.0)), ["127.0.0.1:0"])
    site.start()
    with ThreadPoolExecutor(1) as scraper:
        scraper.submit(site.sidecar.scrape)
        until(lambda: any("60" in statement for statement in server.running_statements()))
        started = time.monotonic()
        site.stop(patience=0.1)
        assert time.monotonic() - started < 20
        until(lambda: not any("60" in statement for statement in server.running_statements()), 10)
