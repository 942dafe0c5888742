"""Whatever happens in whatever order, each submission and each grading counts exactly once."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exporter import counting
from exporter.collector import CollectError
from exporter.databases.pool import Session
from exporter.state import StateFile
from tests.unit.exporter.jobs import Clock, Jobs, count, follower

OUTCOMES = st.sampled_from(["accepted", "rejected", "internal_error", "a status that no profile knows"])


class Killed(BaseException):
    """The process dies here."""


class Grader(RuleBasedStateMachine):
    """Students, workers, administrators, slow transactions and a dying sidecar against one database.

    The tally is kept apart from the product: what was visible whenever a collection came to its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock, self.elapsed = Clock(), 0.0
        self.jobs = Jobs(self.folder / "grader.db")
        self.reserved: list[tuple[int, float]] = []
        self.open: tuple[sqlite3.Connection, int] | None = None
        self.submitted: set[int] = set()
        self.graded: set[int] = set()
        self.start()

    def teardown(self) -> None:
        if self.open:
            self.open[0].close()
        self.jobs.db.close()
        self.collector.pool.close()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        self.collector = follower(self.folder / "grader.db", self.folder / "state.json", self.clock)

    @initialize(there=st.lists(st.none() | OUTCOMES, max_size=3))
    def begin(self, there: list[str | None]) -> None:
        """The sidecar starts beside a grader that has been running for a while."""
        for outcome in there:
            self.jobs.submit(outcome)
        self.known = self.jobs.visible()
        assert count(self.collector) == (0, 0)

    def writable(self) -> bool:
        return self.open is None

    @precondition(writable)
    @rule(outcome=st.none() | OUTCOMES, hidden=st.booleans())
    def submit(self, outcome: str | None, hidden: bool) -> None:
        self.jobs.submit(outcome, hidden)

    @precondition(writable)
    @rule(count=st.integers(3, 9), outcome=st.none() | OUTCOMES)
    def submit_many(self, count: int, outcome: str | None) -> None:
        """More than a batch, and more than the smaller overlap."""
        self.jobs.submit_many(count, outcome)

    @rule()
    def take_an_id(self) -> None:
        """A transaction begins, as in MySQL and PostgreSQL: its id is gone, its row comes later."""
        self.reserved.append((self.jobs.next_id(), self.elapsed))

    @precondition(lambda self: self.writable() and self.reserved)
    @rule(data=st.data(), outcome=st.none() | OUTCOMES)
    def commit_late(self, data: st.DataObject, outcome: str | None) -> None:
        """Transactions commit in any order, at most two minutes late."""
        job, since = self.reserved.pop(data.draw(st.integers(0, len(self.reserved) - 1)))
        if self.elapsed - since < counting.OVERLAP_SECONDS:
            self.jobs.insert(job, outcome)

    @precondition(writable)
    @rule(outcome=OUTCOMES)
    def hold_a_transaction_open(self, outcome: str) -> None:
        """A real one, on a connection of its own: nobody sees its row."""
        connection = self.jobs.connect()
        connection.execute("BEGIN IMMEDIATE")
        job = self.jobs.next_id()
        connection.execute("INSERT INTO jobs (id, outcome) VALUES (?, ?)", (job, outcome))
        self.open = (connection, job)

    @precondition(lambda self: self.open)
    @rule(commit=st.booleans())
    def end_the_transaction(self, commit: bool) -> None:
        assert self.open
        self.open[0].execute("COMMIT" if commit else "ROLLBACK")
        self.open[0].close()
        self.open = None

    @precondition(lambda self: self.writable() and self.jobs.visible())
    @rule(data=st.data(), outcome=st.none() | OUTCOMES)
    def grade_or_rejudge(self, data: st.DataObject, outcome: str | None) -> None:
        self.jobs.set(data.draw(st.sampled_from(sorted(self.jobs.visible()))), outcome)

    @precondition(lambda self: self.writable() and None in self.jobs.visible().values())
    @rule(outcome=OUTCOMES)
    def grade_the_oldest(self, outcome: str) -> None:
        self.jobs.set(min(job for job, found in self.jobs.visible().items() if found is None), outcome)

    @precondition(lambda self: self.writable() and self.jobs.visible())
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        """Any rows, the newest ones included."""
        rows = sorted(self.jobs.visible())
        self.jobs.delete(data.draw(st.sets(st.sampled_from(rows), max_size=3)))

    @rule(seconds=st.sampled_from([1, 50, 130]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.elapsed += seconds

    @precondition(writable)
    @rule()
    def a_night_passes(self) -> None:
        """What is unfinished leaves the overlap, by ids and by time."""
        self.jobs.submit_many(5, "accepted")
        for _ in range(2):
            self.wait(counting.OVERLAP_SECONDS + 1)
            self.collect()

    @rule(jump=st.sampled_from([0, 0, 3600, -3600, 30 * 86_400, -30 * 86_400]))
    def restart(self, jump: int) -> None:
        """Somebody may have set the clock meanwhile, forward or back."""
        self.collector.pool.close()
        self.clock = Clock(self.clock.now + jump)
        self.start()

    @rule()
    def collect(self) -> None:
        seen = self.jobs.visible()
        found = count(self.collector)
        self.note(seen)
        assert found == (len(self.submitted), len(self.graded))

    @rule()
    def die_between_collecting_and_saving(self) -> None:
        self.broken(StateFile, "save", 0)

    @rule()
    def die_after_saving(self) -> None:
        seen = self.jobs.visible()
        count(self.collector)
        self.note(seen)
        self.restart(0)

    @rule(after=st.integers(0, 5))
    def lose_the_database_in_the_middle(self, after: int) -> None:
        """The statement after the next `after` ones fails; the sidecar lives on."""
        self.broken(Session, "run", after, CollectError("query", "gone"))

    def broken(self, owner: type, method: str, after: int, error: BaseException | None = None) -> None:
        """Collect while a part fails; then the process is another one, unless it only saw an error."""
        real, calls = getattr(owner, method), iter(range(1000))

        def failing(*args: Any, **kwargs: Any) -> Any:
            if next(calls) >= after:
                raise error or Killed
            return real(*args, **kwargs)

        seen = self.jobs.visible()
        setattr(owner, method, failing)
        try:
            count(self.collector)
            self.note(seen)  # there was nothing left that could fail
        except (Killed, CollectError):
            pass
        finally:
            setattr(owner, method, real)
        if error is None:
            self.restart(0)

    def note(self, seen: dict[int, str | None]) -> None:
        self.submitted |= seen.keys() - self.known.keys()
        done_before = {job for job, outcome in self.known.items() if outcome}
        self.graded |= {job for job, outcome in seen.items() if outcome} - done_before

    @invariant()
    def counts_never_exceed_what_there_was(self) -> None:
        assert len(self.graded) <= self.jobs.last


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [1000, 3], ids=["overlap by ids", "overlap by time"])
def test_each_event_counts_exactly_once(overlap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late commits, rejudges, purges, kills and errors in random order, on real connections."""
    monkeypatch.setattr(counting, "OVERLAP_IDS", overlap)
    Grader.TestCase.settings = settings(
        max_examples=100,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    Grader.TestCase().runTest()
