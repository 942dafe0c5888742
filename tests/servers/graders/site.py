"""A simulated grader on a real server: its tables, a role with exactly the printed rights, the sidecar."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exporter.collector import CollectError, Collector, Deadline
from exporter.collectors import build
from exporter.collectors.spaced import Spaced
from exporter.config.whole import load_config
from exporter.profiles import Profile, bind, load_profile
from exporter.profiles.grants import Place, create_role, read_from, statements
from exporter.profiles.labels import with_labels
from tests.servers.database_servers import MariaDB, PostgreSQL, Schema
from tests.servers.graders.life import Db, System, Tally

TABLES = Path(__file__).parent / "tables"
_numbers = itertools.count(1)
SECRET = "the role's secret"
_CREATED = re.compile(r"CREATE TABLE (\w+)")


@dataclass
class Site:
    """One installation."""

    system: System
    dialect: str
    schema: Schema
    folder: Path
    labels: tuple[str, ...] = ()
    """What its counters are broken down by; the role then has the rights for it."""
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        number = next(_numbers)
        self.place = Place(self.schema.name, f"gradewatch_{number}", f"gradewatch_views_{number}")
        self.run(*(part for part in self.script().split(";\n") if part.strip()))
        self.run(create_role(self.dialect, self.place, SECRET.replace("'", "''")))
        self.run(*statements(self.profile, self.dialect, self.place))
        self._prepare()

    def begin(self, folder: Path) -> None:
        """Everything as it was after the installation; a sidecar's files go to `folder`."""
        self.folder = folder
        # TRUNCATE would make new files, which takes longer; ids go on, small as they are.
        self.run(*(f"DELETE FROM {table}" for table in _CREATED.findall(self.script())))
        self._prepare()

    def _prepare(self) -> None:
        (self.folder / "password").write_text(SECRET)
        with self.connection() as db:
            self.system.prepare(db)

    def script(self) -> str:
        """The statements that make its tables."""
        script = TABLES / f"{self.system.profile}.sql"
        if not script.exists():
            script = TABLES / f"{self.system.profile}.{self.dialect}.sql"
        return script.read_text()

    @property
    def profile(self) -> Profile:
        """The profile as it is for this dialect."""
        return with_labels(bind(load_profile(self.system.profile).value, self.dialect), self.labels)

    def run(self, *sql: str) -> list[tuple[Any, ...]]:
        """Statements as administrator."""
        return self.schema.run(*sql)

    @contextmanager
    def connection(self, autocommit: bool = True) -> Iterator[Db]:
        """A connection of the grader's own."""
        server = self.schema.server
        assert isinstance(server, MariaDB | PostgreSQL)
        raw = server.connect(self.schema.name)
        if self.dialect == "mysql":
            raw.autocommit(autocommit)
            with raw.cursor() as cursor:
                cursor.execute("SET time_zone = '+00:00'")
        else:
            raw.autocommit = autocommit
        try:
            yield Db(raw)
        finally:
            raw.close()

    def fill(self, rows: int) -> None:
        """A past of so many submissions, made inside the database, with statistics for its planner."""
        clock = "UNIX_TIMESTAMP()" if self.dialect == "mysql" else "extract(epoch FROM now())::bigint"
        self.run("DROP TABLE IF EXISTS numbers", "CREATE TABLE numbers (n INT PRIMARY KEY)")
        self.run("INSERT INTO numbers VALUES (1)")
        made = 1
        while made < rows:
            more = min(made, rows - made)
            self.run(f"INSERT INTO numbers SELECT n + {made} FROM numbers WHERE n <= {more}")
            made += more
        self.run(*(sql.format(rows=rows, now=clock) for sql in self.system.fill))
        if self.dialect == "postgresql":
            self._number_on()
        analyze = "ANALYZE TABLE" if self.dialect == "mysql" else "VACUUM ANALYZE"
        self.run(*(f"{analyze} {table}" for table in _CREATED.findall(self.script())), "DROP TABLE numbers")

    def _number_on(self) -> None:
        """Sequences do not notice ids that were given."""
        sql = "SELECT table_name FROM information_schema.columns WHERE column_default LIKE 'nextval%'"
        for (name,) in self.run(f"{sql} AND table_schema = 'public' AND column_name = 'id'"):
            self.run(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")

    @property
    def url(self) -> str:
        """The role's address."""
        database = read_from(self.profile, self.dialect, self.place)
        return self.schema.server.url(self.place.role, database)

    def configuration(self, name: str = "sidecar", **grader: Any) -> Path:
        """A sidecar's configuration; each name is a sidecar with a state of its own."""
        state = self.folder / name
        state.mkdir(exist_ok=True)
        settings = {
            "databases": {"grader": {"url": self.url, "password_file": str(self.folder / "password")}},
            "graders": [{"profile": self.system.profile, "database": "grader", "min_users": 1, **grader}],
            "state_dir": str(state),
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(settings))
        return path

    def sidecar(self, name: str = "sidecar", once: bool = False, **grader: Any) -> Sidecar:
        """A sidecar as it is after a start."""
        config = load_config(self.configuration(name, **grader)).value
        return Sidecar({c.name: _asked_always(c) for c in build(config, once=once)})


def _asked_always(collector: Collector) -> Collector:
    return collector.collector if isinstance(collector, Spaced) else collector


class Sidecar:
    """The collectors of a configuration."""

    def __init__(self, collectors: dict[str, Collector]) -> None:
        self.collectors = collectors

    def collect(self, *names: str, seconds: float = 20) -> Tally:
        """Every series of those collectors (of all that read the grader when none is named) by its value."""
        found = Tally()
        for name in names or self.collectors.keys() - {"database", "profile"}:
            for family in self.collectors[name].collect(Deadline.after(seconds)):
                for sample in family.samples:
                    if not sample.name.endswith("_bucket"):
                        key = (sample.name.removeprefix("grader_"), *sample.labels.values())
                        found[key] = sample.value
        return found

    def events(self) -> Tally:
        """Counters and histograms that are not 0."""
        tally = self.collect(*(self.collectors.keys() & {"submissions", "gradings", "agreement"}))
        return Tally({key: value for key, value in tally.items() if value})

    def reasons(self) -> dict[str, str]:
        """Collectors that fail, and why."""
        found = {}
        for name in self.collectors:
            try:
                self.collect(name)
            except CollectError as error:
                found[name] = f"{error.reason}: {error.message}"
        return found

    def close(self) -> None:
        """Close the connections, as the end of the process would."""
        for collector in self.collectors.values():
            if pool := getattr(collector, "pool", None):
                pool.close()


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll; fails the test when `condition` does not hold in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)
