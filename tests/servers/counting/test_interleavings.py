"""Whatever transactions do in whatever order, each submission and grading counts once, on real servers."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from exporter import counting
from exporter.collector import CollectError
from exporter.databases.pool import Session
from exporter.state import StateFile
from tests.servers.counting.store import Store, Transaction
from tests.unit.exporter.jobs import Clock, count

pytestmark = pytest.mark.slow
OUTCOMES = st.sampled_from(["accepted", "rejected", "internal_error", "a status that no profile knows"])
MOST_OPEN = 3


class Killed(BaseException):
    """The process dies here."""


class Interleavings(RuleBasedStateMachine):
    """Up to three open transactions, workers, administrators, and a dying sidecar whose clock is set at will.

    The tally is kept apart from the product: what was visible whenever a collection came to its end.
    """

    store: ClassVar[Store]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock, self.elapsed = Clock(), 0.0
        self.store.clear()
        self.open: list[Transaction] = []
        self.submitted: set[int] = set()
        self.graded: set[int] = set()
        self.start()

    def teardown(self) -> None:
        for transaction in self.open:
            transaction.connection.rollback()
            transaction.connection.close()
        self.collector.pool.close()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        self.collector = self.store.follower(self.folder, self.clock)

    @initialize(there=st.lists(st.none() | OUTCOMES, max_size=3))
    def begin(self, there: list[str | None]) -> None:
        for outcome in there:
            self.store.insert(outcome)
        self.known = self.store.visible()
        assert count(self.collector) == (0, 0)

    def free(self) -> list[int]:
        """Rows that no open transaction holds."""
        held = {job for transaction in self.open for job in transaction.changed}
        return sorted(self.store.visible().keys() - held)

    @rule(outcome=st.none() | OUTCOMES, hidden=st.booleans())
    def submit(self, outcome: str | None, hidden: bool) -> None:
        self.store.insert(outcome, hidden)

    @rule(number=st.integers(3, 9), outcome=st.none() | OUTCOMES)
    def submit_many(self, number: int, outcome: str | None) -> None:
        for _ in range(number):
            self.store.insert(outcome)

    @precondition(lambda self: len(self.open) < MOST_OPEN)
    @rule(outcome=st.none() | OUTCOMES)
    def begin_a_transaction(self, outcome: str | None) -> None:
        """Its id is gone, its row is not there."""
        connection = self.store.connect(autocommit=False)
        job = self.store.insert(outcome, connection=connection)
        self.open.append(Transaction(connection, self.elapsed, [job]))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), outcome=st.none() | OUTCOMES)
    def go_on_in_a_transaction(self, data: st.DataObject, outcome: str | None) -> None:
        """Another row, or a grading that nobody sees yet."""
        transaction = data.draw(st.sampled_from(self.open))
        rows = self.free()
        if rows and data.draw(st.booleans()):
            job = data.draw(st.sampled_from(rows))
            self.store.set(job, outcome, connection=transaction.connection)
            transaction.changed.add(job)
        else:
            transaction.rows.append(self.store.insert(outcome, connection=transaction.connection))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), commit=st.booleans())
    def end_a_transaction(self, data: st.DataObject, commit: bool) -> None:
        """In any order, at most two minutes late."""
        transaction = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        if commit and self.elapsed - transaction.since < counting.OVERLAP_SECONDS:
            transaction.connection.commit()
        else:
            transaction.connection.rollback()
        transaction.connection.close()

    @precondition(lambda self: self.free())
    @rule(data=st.data(), outcome=st.none() | OUTCOMES)
    def grade_or_rejudge(self, data: st.DataObject, outcome: str | None) -> None:
        self.store.set(data.draw(st.sampled_from(self.free())), outcome)

    @precondition(lambda self: self.free())
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        for job in data.draw(st.sets(st.sampled_from(self.free()), max_size=3)):
            self.store.run("DELETE FROM jobs WHERE id = %s", job)

    @rule(seconds=st.sampled_from([1, 50, 130]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds
        self.elapsed += seconds

    @rule(jump=st.sampled_from([0, 0, 3600, -3600, 30 * 86_400, -30 * 86_400]))
    def restart(self, jump: int) -> None:
        """Somebody may have set the clock meanwhile, forward or back."""
        self.collector.pool.close()
        self.clock = Clock(self.clock.now + jump)
        self.start()

    @rule()
    def collect(self) -> None:
        seen = self.store.visible()
        found = count(self.collector)
        self.note(seen)
        assert found == (len(self.submitted), len(self.graded))

    @rule()
    def die_between_collecting_and_saving(self) -> None:
        self.broken(StateFile, "save", 0)

    @rule(after=st.integers(0, 5))
    def lose_the_database_in_the_middle(self, after: int) -> None:
        self.broken(Session, "run", after, CollectError("query", "gone"))

    def broken(self, owner: type, method: str, after: int, error: BaseException | None = None) -> None:
        """Collect while a part fails; then the process is another one, unless it only saw an error."""
        real, calls = getattr(owner, method), iter(range(1000))

        def failing(*args: Any, **kwargs: Any) -> Any:
            if next(calls) >= after:
                raise error or Killed
            return real(*args, **kwargs)

        seen = self.store.visible()
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


SERVERS = {"mysql": "mariadb_schema", "postgresql": "postgresql_schema"}


@pytest.mark.parametrize("dialect", SERVERS)
@pytest.mark.parametrize(
    ("overlap", "examples"),
    [
        pytest.param(1000, 6, id="overlap by ids"),
        pytest.param(3, 6, id="overlap by time"),
        pytest.param(3, 150, id="at length", marks=pytest.mark.full),
    ],
)
def test_each_event_counts_exactly_once(
    dialect: str,
    overlap: int,
    examples: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "OVERLAP_IDS", overlap)
    Interleavings.store = Store(request.getfixturevalue(SERVERS[dialect]), dialect)
    try:
        Interleavings.TestCase.settings = settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        Interleavings.TestCase().runTest()
    finally:
        Interleavings.store.db.close()
