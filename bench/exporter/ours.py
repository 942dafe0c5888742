"""Our side: the sidecar's own server, pools and rendering over plain SQL, one collector a statement.

python -m bench.exporter.ours '{"listen": "127.0.0.1:0", "questions": [{"name": …, "url": …, "sql": …}]}'
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.exporter.peers import sidecar_python
from exporter.catalogue import Family
from exporter.collector import Deadline, RowFamily
from exporter.databases import open_pool
from exporter.databases.address import Access
from exporter.databases.pool import Pool
from exporter.flight import Limits
from exporter.server import Site
from exporter.sidecar import Sidecar

MOST_LABEL_VALUES = 1_000_000


@dataclass(slots=True)
class Question:
    """A statement whose last column is the value and whose others are labels."""

    name: str
    pool: Pool
    sql: str
    family: Family

    def families(self) -> Sequence[Family]:
        return (self.family,)

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        with self.pool.session(deadline) as session:
            return [RowFamily(self.family, session.run(self.sql).rows)]

    def cancel(self) -> None:
        self.pool.cancel()

    def close(self) -> None:
        self.pool.close()


def question(name: str, url: str, sql: str, password_file: str | None = None, labels: Any = None) -> Question:
    """One collector with a pool of its own."""
    access = Access(password_file=password_file) if password_file else None
    family = Family(f"bench_{name}", "gauge", "Rows of a table.", tuple(labels or ("a", "b", "c")))
    return Question(name, open_pool(name, url, statement_timeout=3600.0, access=access), sql, family)


def main() -> None:
    """Serve until SIGTERM."""
    given = json.loads(sys.argv[1])
    for module in given.get("modules", ()):
        importlib.import_module(module)
    questions = [question(**asked) for asked in given["questions"]]
    limits = Limits(timeout=given.get("timeout", 10.0))
    site = Site(Sidecar(questions, limits, MOST_LABEL_VALUES), [given["listen"]])
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    site.start()
    ended.wait()
    site.stop(patience=1)


def command(**given: Any) -> list[str]:
    """The command line of a side."""
    return [sidecar_python(), "-m", "bench.exporter.ours", json.dumps(given)]


if __name__ == "__main__":
    assert Path("bench").is_dir(), "run it in the project's folder"
    main()
