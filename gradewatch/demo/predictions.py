"""The demo grader's model: it predicts whether a submission passes a review, and logs what it said."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from random import Random

from gradewatch.demo import workload
from gradewatch.demo.store import Store
from gradewatch.demo.workload import DAY, HOUR, Clock

SCHEMA = """
CREATE TABLE IF NOT EXISTS predictions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, created_at REAL NOT NULL, version TEXT NOT NULL,
  seconds REAL NOT NULL, lines REAL, complexity REAL, comments REAL, language TEXT, score REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS training_rows (
  id INTEGER PRIMARY KEY, lines REAL, complexity REAL, comments REAL, language TEXT, score REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS audits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, prediction_id INTEGER NOT NULL, label INTEGER NOT NULL,
  source TEXT NOT NULL
);
"""
VERSION = "2026-2"
FEATURES = {"lines": {}, "complexity": {}, "comments": {}, "language": {"kind": "category"}}
TRAINED_BEFORE = 12 * DAY
TRAINING_ROWS = 4000
HISTORY = 5 * DAY
"""What was predicted before the demo: enough for a window of a day and for labels that come a day later."""
PREDICTIONS = 1500.0
"""A simulated day's."""
AUDITED = 0.12
"""Share of the predictions that a person judges too."""
LABEL_AFTER = 20 * HOUR
_EVERY = 1.0
_LANGUAGES = {"python": 6, "java": 3, "c": 1}
_SURE = 0.22
"""Both parameters of the beta distribution of scores: the smaller, the surer is the model."""
_FIELDS = "lines, complexity, comments, language, score"


class Predictions:
    """Moves the prediction log; a new database gets some days of it, and the rows of the training."""

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._last = clock.start
        self._audits: list[tuple[float, int, bool]] = []
        with store.transaction() as db:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            if not db.execute("SELECT 1 FROM training_rows LIMIT 1").fetchone():
                rows = [self._submission() for _ in range(TRAINING_ROWS)]
                marks = ", ".join("?" for _ in rows[0])
                db.executemany(f"INSERT INTO training_rows ({_FIELDS}) VALUES ({marks})", rows)  # noqa: S608
                self._predict(db, clock.start - HISTORY, clock.start, 1.0)
                self._audit(db, clock.start)

    def step(self, now: float) -> None:
        """Let everything happen until `now`; while the database is away nothing does."""
        if not self._store.up or now - self._last < _EVERY:
            return
        with self._store.transaction() as db:
            self._predict(db, self._last, now, self._clock.speed)
            self._audit(db, now)
        self._last = now

    def _predict(self, db: sqlite3.Connection, start: float, end: float, speed: float) -> None:
        for at in self._times(start, end, speed):
            row = self._submission()
            seconds = 0.06 * math.exp(self._random.gauss(0.0, 0.5))
            found = db.execute(
                f"INSERT INTO predictions (created_at, version, seconds, {_FIELDS}) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (at, VERSION, seconds, *row),
            ).lastrowid
            assert found is not None
            if self._random.random() < AUDITED:
                passes = self._random.random() < row[-1]
                self._audits.append((at + LABEL_AFTER / self._clock.speed, found, passes))

    def _audit(self, db: sqlite3.Connection, now: float) -> None:
        """What people have judged by now."""
        due = [(row, int(passes)) for at, row, passes in self._audits if at <= now]
        self._audits = [planned for planned in self._audits if planned[0] > now]
        db.executemany("INSERT INTO audits (prediction_id, label, source) VALUES (?, ?, 'audit')", due)

    def _submission(self) -> tuple[float, float, float, str, float]:
        """The features of one submission and the model's score: how sure it is that a person will pass it."""
        random = self._random
        lines = 60 * math.exp(random.gauss(0.0, 0.5))
        language = random.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0]
        score = min(max(random.betavariate(_SURE, _SURE), 0.0), 1.0)
        return lines, 2 + lines / 12 + random.gauss(0.0, 1.0), random.betavariate(2, 9), language, score

    def _times(self, start: float, end: float, speed: float) -> Iterator[float]:
        count = workload.poisson(self._random, PREDICTIONS / DAY * (end - start) * speed)
        yield from sorted(self._random.uniform(start, end) for _ in range(count))
