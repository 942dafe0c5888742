"""The demo grader at work: students submit, workers grade, people review; one step at a time."""

from __future__ import annotations

import heapq
import sqlite3
from collections import deque
from dataclasses import dataclass
from random import Random

from gradewatch.demo import workload
from gradewatch.demo.store import Store
from gradewatch.demo.workload import Clock, Grading

FLOOD = 320
"""Submissions of a flood: above the usual backlog, yet graded within the patience of a class."""
FLOOD_LEVEL = 280
"""As long as the flood lasts, so many wait."""
HELPERS = 10
"""How much faster a backlog is graded once a fault has been repaired: more workers are switched on."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: int
    attempt: int
    submitted_at: float


@dataclass(frozen=True, slots=True)
class _Running:
    submission: int
    started_at: float
    ends_at: float
    grading: Grading


class Engine:
    """Moves the grader's tables from one moment to the next. Times are real Unix seconds.

    `stuck` stops the workers, `flood` keeps a long queue; both may be set from another thread.
    """

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self.stuck = False
        self.flood = False
        self._hurry = False
        self._store = store
        self._clock = clock
        self._random = random
        self._last = clock.start
        self._queue: deque[_Waiting] = deque()
        self._running: dict[int, _Running] = {}
        self._beaten = 0.0
        self.graded = 0
        """Since this run began."""
        with store.transaction() as db:
            self._set_up(db)

    @property
    def waiting(self) -> int:
        """Submissions that wait for a worker."""
        return len(self._queue)

    @property
    def busy(self) -> int:
        """Workers that have a submission."""
        return len(self._running)

    def change_clock(self, clock: Clock) -> None:
        """Go on at another speed: deadlines that are still ahead move with it."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE assignments SET due_at = ? + (due_at - ?) / ? WHERE due_at > ?",
                (clock.start, clock.start, clock.speed / self._clock.speed, clock.start),
            )
            db.execute("UPDATE workers SET heartbeat_seconds = ?", (workload.HEARTBEAT / clock.speed,))
        self._clock, self._last = clock, clock.start

    def step(self, now: float) -> None:
        """Let everything happen that happens until `now`. While the database is away nothing does."""
        if not self._store.up or now <= self._last:
            return
        with self._store.transaction() as db:
            self._plan_deadlines(db)
            for at in self._arrivals(now):
                self._submit(db, at)
            if not self.stuck:
                self._work(db, now)
                self._beat(db, now)
            self._review(db, now)
        self._last = now

    def flood_now(self, now: float) -> None:
        """A whole class submits at once, and goes on until `flood` is cleared."""
        self.flood = True
        with self._store.transaction() as db:
            for _ in range(FLOOD):
                self._submit(db, now)

    def repair(self) -> None:
        """Workers work again, the flood ends, and helpers clear what is left of it."""
        self.stuck = self.flood = False
        self._hurry = self.waiting > FLOOD_LEVEL // 4

    def _set_up(self, db: sqlite3.Connection) -> None:
        """Courses and workers, and what a former run left unfinished: it is graded again from the start."""
        every = workload.HEARTBEAT / self._clock.speed
        db.executemany("INSERT OR IGNORE INTO courses VALUES (?, ?)", enumerate(workload.COURSES, 1))
        for worker in range(1, workload.WORKERS + 1):
            db.execute(
                "INSERT OR REPLACE INTO workers VALUES (?, ?, ?, 0)", (worker, self._clock.start, every)
            )
        db.execute("UPDATE submissions SET started_at = NULL, worker_id = NULL WHERE finished_at IS NULL")
        rows = db.execute(
            "SELECT id, attempt, submitted_at FROM submissions WHERE finished_at IS NULL ORDER BY id"
        )
        self._queue.extend(_Waiting(*row) for row in rows)

    def _plan_deadlines(self, db: sqlite3.Connection) -> None:
        """Each course has a sheet whose deadline is ahead."""
        for course in range(1, len(workload.COURSES) + 1):
            (latest,) = db.execute(
                "SELECT MAX(due_at) FROM assignments WHERE course_id = ?", (course,)
            ).fetchone()
            if latest is None or latest <= self._last:
                due = workload.next_deadline(course - 1, self._clock.simulated(self._last) + 1)
                db.executemany(
                    "INSERT INTO assignments (course_id, due_at) VALUES (?, ?)",
                    [(course, self._clock.real(due))] * workload.PROBLEMS,
                )

    def _arrivals(self, now: float) -> list[float]:
        simulated = self._clock.simulated(now)
        deadlines = [workload.next_deadline(course, simulated) for course in range(len(workload.COURSES))]
        rate = workload.SUBMISSIONS_PER_SECOND * workload.daily_wave(simulated)
        mean = rate * workload.rush(simulated, deadlines) * (now - self._last) * self._clock.speed
        count = workload.poisson(self._random, mean)
        if self.flood:
            count = max(count, FLOOD_LEVEL - self.waiting)
        return sorted(self._random.uniform(self._last, now) for _ in range(count))

    def _submit(self, db: sqlite3.Connection, at: float) -> None:
        """One student hands something in, mostly for the next deadline, sometimes late for the last one."""
        course = self._random.randint(1, len(workload.COURSES))
        student = course * 1000 + self._random.randrange(workload.STUDENTS)
        rows = db.execute(
            "SELECT id FROM assignments WHERE course_id = ? ORDER BY due_at DESC, id LIMIT ?",
            (course, 2 * workload.PROBLEMS),
        ).fetchall()
        late = self._random.random() < 0.08
        sheet = rows[-workload.PROBLEMS :] if late else rows[: workload.PROBLEMS]
        (assignment,) = self._random.choice(sheet)
        (earlier,) = db.execute(
            "SELECT COUNT(*) FROM submissions WHERE assignment_id = ? AND student_id = ?",
            (assignment, student),
        ).fetchone()
        cursor = db.execute(
            "INSERT INTO submissions (assignment_id, student_id, attempt, submitted_at) VALUES (?, ?, ?, ?)",
            (assignment, student, earlier + 1, at),
        )
        assert cursor.lastrowid is not None
        self._queue.append(_Waiting(cursor.lastrowid, earlier + 1, at))

    def _work(self, db: sqlite3.Connection, now: float) -> None:
        """Workers finish what has ended and take what waits, in the order of time."""
        free = [
            (self._last, worker) for worker in range(1, workload.WORKERS + 1) if worker not in self._running
        ]
        free += [(run.ends_at, worker) for worker, run in self._running.items() if run.ends_at <= now]
        heapq.heapify(free)
        while free:
            at, worker = heapq.heappop(free)
            if worker in self._running:
                self._finish(db, worker)
            if not self._queue:
                continue
            run = self._start(db, worker, max(at, self._queue[0].submitted_at))
            if run.ends_at <= now:
                heapq.heappush(free, (run.ends_at, worker))
        self._hurry = self._hurry and self.waiting > 0

    def _start(self, db: sqlite3.Connection, worker: int, at: float) -> _Running:
        job = self._queue.popleft()
        grading = workload.grade(self._random, job.attempt)
        seconds = grading.seconds / self._clock.speed / (HELPERS if self._hurry else 1)
        run = self._running[worker] = _Running(job.submission, at, at + seconds, grading)
        db.execute(
            "UPDATE submissions SET started_at = ?, worker_id = ? WHERE id = ?", (at, worker, job.submission)
        )
        return run

    def _finish(self, db: sqlite3.Connection, worker: int) -> None:
        run = self._running.pop(worker)
        self.graded += 1
        score = None if run.grading.score is None else 100 * run.grading.score
        review = score is not None and self._random.random() < workload.REVIEW_SHARE
        db.execute(
            "UPDATE submissions SET finished_at = ?, outcome = ?, score = ?, needs_review = ? WHERE id = ?",
            (run.ends_at, run.grading.outcome, score, review, run.submission),
        )

    def _beat(self, db: sqlite3.Connection, now: float) -> None:
        """Heartbeats, as often in simulated time as they are in real graders."""
        if now - self._beaten < workload.HEARTBEAT / self._clock.speed:
            return
        self._beaten = now
        for worker in range(1, workload.WORKERS + 1):
            db.execute(
                "UPDATE workers SET heartbeat_at = ?, busy = ? WHERE id = ?",
                (now, worker in self._running, worker),
            )

    def _review(self, db: sqlite3.Connection, now: float) -> None:
        """A person grades what has waited long enough."""
        due = now - workload.REVIEW_DELAY / self._clock.speed
        rows = db.execute(
            "SELECT id, score FROM submissions WHERE needs_review = 1 AND finished_at < ?", (due,)
        )
        for submission, score in rows.fetchall():
            human = 100 * workload.human_score(self._random, score / 100)
            db.execute(
                "INSERT INTO manual_grades (submission_id, score, graded_at) VALUES (?, ?, ?)",
                (submission, human, now),
            )
            db.execute("UPDATE submissions SET needs_review = 0 WHERE id = ?", (submission,))
