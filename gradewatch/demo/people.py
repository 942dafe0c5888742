"""People around the demo grader: they sign in, ask for help, answer surveys; others handle what they ask."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from random import Random

from gradewatch.demo import people_life as life
from gradewatch.demo import workload
from gradewatch.demo.people_tables import SCHEMA
from gradewatch.demo.store import Store
from gradewatch.demo.workload import DAY, Clock

_EVERY = 1.0
"""Real seconds between two steps: a portal writes less often than a grader."""
_AUDITED_SINCE = 6.2 * 365.25 * DAY
_HANDLED = {
    "tickets": ("created_at", "answered_at", "resolved_at"),
    "feedback": ("created_at", "answered_at", "resolved_at"),
    "incidents": ("started_at", "acknowledged_at", "resolved_at"),
}


class People:
    """Moves the tables about people; times that lie ahead are not written before they have come.

    A new database gets the last 60 days at once, so that every window has something to count.
    """

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._last = clock.start
        self._ahead: list[tuple[float, str, tuple[object, ...]]] = []
        with store.transaction() as db:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            if not db.execute("SELECT 1 FROM users LIMIT 1").fetchone():
                self._begin(db)
            else:
                self._close_what_was_open(db)

    def step(self, now: float) -> None:
        """Let everything happen until `now`; while the database is away nothing does."""
        if not self._store.up or now - self._last < _EVERY:
            return
        with self._store.transaction() as db:
            self._live(db, self._last, now, self._clock.speed)
            self._catch_up(db, now)
        self._last = now

    def _begin(self, db: sqlite3.Connection) -> None:
        """Users, systems, enrolments, and their history."""
        now, random = self._last, self._random
        registered = [now - random.random() * life.REGISTERED_OVER for _ in range(life.USERS)]
        db.executemany("INSERT INTO users (registered_at) VALUES (?)", [(at,) for at in registered])
        rows = [
            (course, course * 1000 + student, now - DAY if random.random() < 0.84 else None)
            for course in range(1, len(workload.COURSES) + 1)
            for student in range(workload.STUDENTS)
        ]
        db.executemany("INSERT INTO enrolments (course_id, student_id, completed_at) VALUES (?, ?, ?)", rows)
        db.executemany("INSERT INTO systems (patched) VALUES (?)", [(int(n != 0),) for n in range(40)])
        states = ["delivered"] * 30 + ["open"] * 7 + ["declined"] * 4
        db.executemany("INSERT INTO feature_requests (state) VALUES (?)", [(state,) for state in states])
        db.executemany(
            "INSERT INTO vulnerabilities (urgency, fixed_at) VALUES (?, ?)",
            [("critical", now - DAY), ("high", now - DAY), ("medium", None), ("low", None), ("low", None)],
        )
        db.execute("INSERT INTO audit_log (at) VALUES (?)", (now - _AUDITED_SINCE,))
        happened = now - 20 * DAY
        db.execute(
            "INSERT INTO security_incidents (happened_at, reported_at) VALUES (?, ?)",
            (happened, happened + 5 * workload.HOUR / self._clock.speed),
        )
        self._live(db, now - life.HISTORY, now, 1.0)
        self._catch_up(db, now)

    def _close_what_was_open(self, db: sqlite3.Connection) -> None:
        """A former run ended meanwhile: whoever was signed in is not, what waited is handled now."""
        db.execute("UPDATE sessions SET ended_at = ? WHERE ended_at IS NULL", (self._last,))
        for table, (_, first, last) in _HANDLED.items():
            for column in (first, last):
                db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} IS NULL", (self._last,))  # noqa: S608

    def _live(self, db: sqlite3.Connection, start: float, end: float, speed: float) -> None:
        """What begins between two real moments, `speed` simulated seconds passing in each of them."""
        for at in self._times(life.SESSIONS, start, end, speed):
            self._visit(db, at)
        for urgency, rate in life.TICKETS.items():
            for at in self._times(rate, start, end, speed):
                self._handle(db, "tickets", at, life.ticket(self._random, urgency), urgency)
        for at in self._times(life.FEEDBACK, start, end, speed):
            self._handle(db, "feedback", at, life.feedback(self._random))
        for at in self._times(life.INCIDENTS, start, end, speed):
            urgency = self._random.choice(("high", "medium", "medium"))
            self._handle(db, "incidents", at, life.incident(self._random), urgency)
        for survey, rate in life.SURVEYS.items():
            rows = [
                (survey, life.score(self._random, survey), at) for at in self._times(rate, start, end, speed)
            ]
            db.executemany("INSERT INTO answers (survey, score, at) VALUES (?, ?, ?)", rows)
        self._note_events(db, start, end, speed)

    def _note_events(self, db: sqlite3.Connection, start: float, end: float, speed: float) -> None:
        def times(rate: float) -> Iterator[float]:
            return self._times(rate, start, end, speed)

        random = self._random
        db.executemany(
            "INSERT INTO failed_logins (at) VALUES (?)", [(at,) for at in times(life.FAILED_LOGINS)]
        )
        exports = [(at, life.export_bytes(random)) for at in times(life.EXPORTS)]
        db.executemany("INSERT INTO exports (at, bytes) VALUES (?, ?)", exports)
        events = [(at, random.choice(life.REASONS)) for at in times(life.SUSPICIOUS)]
        db.executemany("INSERT INTO suspicious_events (at, reason) VALUES (?, ?)", events)
        helps = [(random.randint(1, workload.PROBLEMS), at) for at in times(life.HELP_REQUESTS)]
        db.executemany("INSERT INTO help_requests (assignment_id, at) VALUES (?, ?)", helps)
        db.executemany("INSERT INTO audit_log (at) VALUES (?)", [(at,) for at in times(life.AUDITED)])
        for at in times(life.PHI_ACCESSES):
            reviewed = at + life.REVIEW_EVERY * random.random() / self._clock.speed
            row = db.execute("INSERT INTO phi_accesses (at) VALUES (?)", (at,)).lastrowid
            self._later(reviewed, "UPDATE phi_accesses SET reviewed_at = ? WHERE id = ?", reviewed, row)
        (scanned,) = db.execute("SELECT MAX(at) FROM scans").fetchone()
        if scanned is None or end - scanned > life.SCAN_EVERY / self._clock.speed:
            db.execute("INSERT INTO scans (at) VALUES (?)", (end,))

    def _visit(self, db: sqlite3.Connection, at: float) -> None:
        """Somebody signs in, mostly one of those who come often, looks at pages and uses features."""
        user = 1 + int(life.USERS * self._random.random() ** 1.3)
        pages = 1 + workload.poisson(self._random, 9.0)
        row = db.execute(
            "INSERT INTO sessions (user_id, started_at, pages) VALUES (?, ?, ?)", (user, at, pages)
        ).lastrowid
        used = [(user, f, at) for f, share in life.FEATURES.items() if self._random.random() < share]
        db.executemany("INSERT INTO feature_uses (user_id, feature, used_at) VALUES (?, ?, ?)", used)
        ends = at + life.session(self._random) / self._clock.speed
        self._later(ends, "UPDATE sessions SET ended_at = ? WHERE id = ?", ends, row)

    def _handle(
        self,
        db: sqlite3.Connection,
        table: str,
        at: float,
        handling: life.Handling,
        urgency: str | None = None,
    ) -> None:
        """Something is asked for, and will be answered and resolved."""
        begun, first, last = _HANDLED[table]
        columns, values = (f"urgency, {begun}", (urgency, at)) if urgency else (begun, (at,))
        marks = ", ".join("?" for _ in values)
        row = db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values).lastrowid  # noqa: S608
        for column, after in ((first, handling.answer), (last, handling.end)):
            when = at + after / self._clock.speed
            self._later(when, f"UPDATE {table} SET {column} = ? WHERE id = ?", when, row)  # noqa: S608

    def _later(self, at: float, statement: str, *values: object) -> None:
        self._ahead.append((at, statement, values))

    def _catch_up(self, db: sqlite3.Connection, now: float) -> None:
        """What was planned and has come."""
        due = sorted((plan for plan in self._ahead if plan[0] <= now), key=lambda plan: plan[0])
        self._ahead = [plan for plan in self._ahead if plan[0] > now]
        for _, statement, values in due:
            db.execute(statement, values)

    def _times(self, a_day: float, start: float, end: float, speed: float) -> Iterator[float]:
        """When something happens between two real moments, in order."""
        count = workload.poisson(self._random, a_day / DAY * (end - start) * speed)
        yield from sorted(self._random.uniform(start, end) for _ in range(count))
