"""What one row means in the catalogue's counters and histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collectors.breakdown import Breakdown
from exporter.collectors.rows import Record, number
from exporter.differences import Change, State
from exporter.tally import Tally

NOT_COUNTED = ("manual_only", "not_sent")
"""Final outcomes of rows that no machine graded."""
CLOSE = 0.1
"""Scores that differ by at most a tenth of the maximum are close."""
_SAME = 1e-9
_RECORDED = ("recorded",)


class Book(Protocol):
    """How rows of one kind are counted. A row is read only when it is an event, which most are not."""

    def families(self) -> Sequence[Family]:
        """The families that are kept."""
        ...

    def declare(self, tally: Tally) -> None:
        """Make every allowed series exist at 0."""
        ...

    def final(self, record: Record) -> bool:
        """Whether nothing more will happen to a row."""
        ...

    def arrived(self, tally: Tally, record: Record) -> None:
        """Count a row that was never seen before."""
        ...

    def finished(self, tally: Tally, record: Record) -> None:
        """Count a row that is final."""
        ...

    def state(self, record: Record) -> State:
        """What of a row makes it another event when it changes, in tables without a key to follow."""
        ...

    def settling(self, state: State) -> str:
        """The outcome that decides how long a changed state must hold."""
        ...

    def changed(self, tally: Tally, change: Change, record: Record) -> None:
        """Count a row of such a table that is new or changed."""
        ...


_SUBMISSION_FAMILIES: dict[str, Family] = {
    "submissions_total": catalogue.GRADER_SUBMISSIONS_TOTAL,
    "deadline_submissions_total": catalogue.GRADER_DEADLINE_SUBMISSIONS_TOTAL,
    "gradings_total": catalogue.GRADER_GRADINGS_TOTAL,
    "grading_failures_total": catalogue.GRADER_GRADING_FAILURES_TOTAL,
    "grading_duration_seconds": catalogue.GRADER_GRADING_DURATION_SECONDS,
    "queue_wait_seconds": catalogue.GRADER_QUEUE_WAIT_SECONDS,
    "turnaround_seconds": catalogue.GRADER_TURNAROUND_SECONDS,
}


@dataclass(frozen=True, slots=True)
class SubmissionBook:
    """Blocks `rows`, `submissions` and `gradings`; their counters by course or assignment on demand."""

    feeds: frozenset[str]
    breakdown: Breakdown | None = None

    def families(self) -> Sequence[Family]:
        """The families that are kept."""
        kept = [family for feed, family in _SUBMISSION_FAMILIES.items() if feed in self.feeds]
        return kept if self.breakdown is None else [self.breakdown.family(family) for family in kept]

    def declare(self, tally: Tally) -> None:
        """Make every allowed series exist at 0; a time that a grader records has only that basis."""
        for family in self.families():
            if "basis" in family.labels:
                tally.declare(family, [_RECORDED])
            elif self.breakdown is not None and self.breakdown.carried_by(family):
                self.breakdown.declare(tally, family)
            else:
                tally.declare(family)

    def final(self, record: Record) -> bool:
        """A submission without a grading column has nothing to wait for."""
        return "outcome" not in record or record["outcome"] is not None

    def arrived(self, tally: Tally, record: Record) -> None:
        """A submission came in."""
        self._received(tally, record, again=False)

    def finished(self, tally: Tally, record: Record) -> None:
        """A grading ended. A person's grade has no machine times."""
        found = record.get("outcome")
        if found is None or found in NOT_COUNTED:
            return
        outcome = found if found in catalogue.OUTCOMES else "other"
        self._add(tally, record, "gradings_total", outcome)
        if outcome == "internal_error":
            self._add(tally, record, "grading_failures_total", "grade")
        if record.get("method") != "manual":
            self._observe(tally, "queue_wait_seconds", record.get("queue_wait_seconds"))
            self._observe(tally, "grading_duration_seconds", record.get("duration_seconds"))
            self._observe(tally, "turnaround_seconds", record.get("turnaround_seconds"), *_RECORDED)

    def state(self, record: Record) -> State:
        """Another time is a new submission, another outcome a new grading."""
        return (record.get("submitted_at"), record.get("outcome"))

    def settling(self, state: State) -> str:
        """The outcome."""
        return str(state[1])

    def changed(self, tally: Tally, change: Change, record: Record) -> None:
        """A new row or a new time is a submission; an outcome, whatever changed, is a grading."""
        if change.before is None or change.before[0] != change.state[0]:
            self._received(tally, record, again=change.before is not None)
        if self.final(record):
            self.finished(tally, record)

    def _received(self, tally: Tally, record: Record, *, again: bool) -> None:
        again = again or bool(number(record.get("is_resubmission")))
        self._add(tally, record, "submissions_total", "resubmission" if again else "first")
        timeliness = record.get("timeliness")
        if timeliness in catalogue.TIMELINESS:
            self._add(tally, record, "deadline_submissions_total", timeliness)

    def _add(self, tally: Tally, record: Record, feed: str, *labels: str) -> None:
        if feed in self.feeds:
            more = () if self.breakdown is None else self.breakdown.of(record)
            tally.add(_SUBMISSION_FAMILIES[feed], *labels, *more)

    def _observe(self, tally: Tally, feed: str, value: object, *labels: str) -> None:
        if feed in self.feeds:
            tally.observe(_SUBMISSION_FAMILIES[feed], number(value), *labels)


@dataclass(frozen=True, slots=True)
class AgreementBook:
    """Block `agreement`: a machine's score beside a person's."""

    feeds: frozenset[str]

    def families(self) -> Sequence[Family]:
        """The families that are kept."""
        both = (catalogue.GRADER_GRADE_COMPARISONS_TOTAL, catalogue.GRADER_GRADE_DIFFERENCE_RATIO)
        return [family for family in both if family.name.removeprefix("grader_") in self.feeds]

    def declare(self, tally: Tally) -> None:
        """Make every allowed series exist at 0."""
        for family in self.families():
            tally.declare(family)

    def final(self, record: Record) -> bool:
        """A row is there when both scores are."""
        return True

    def arrived(self, tally: Tally, record: Record) -> None:
        """Nothing: a comparison is counted when it is final, which it is at once."""

    def finished(self, tally: Tally, record: Record) -> None:
        """Count the result and the distance; nothing where there is nothing to compare."""
        difference = number(record.get("difference"))
        result = comparison(difference, number(record.get("equal")))
        if result and "grade_comparisons_total" in self.feeds:
            tally.add(catalogue.GRADER_GRADE_COMPARISONS_TOTAL, result)
        if difference is not None and "grade_difference_ratio" in self.feeds:
            # 0.1 - 0.1 is not always 0 in a database's arithmetic, and the first bucket is exactly 0.
            distance = 0.0 if difference <= _SAME else difference
            tally.observe(catalogue.GRADER_GRADE_DIFFERENCE_RATIO, distance)

    def state(self, record: Record) -> State:
        """Another distance is another comparison."""
        return (record.get("difference"), record.get("equal"))

    def settling(self, state: State) -> str:
        """Comparisons have no outcome."""
        return "default"

    def changed(self, tally: Tally, change: Change, record: Record) -> None:
        """Count it like a new one."""
        self.finished(tally, record)


def comparison(difference: float | None, equal: float | None) -> str | None:
    """equal, close or different; `difference` is a share of the maximum, `equal` counts where it is NULL."""
    if difference is not None:
        if difference <= _SAME:
            return "equal"
        return "close" if difference <= CLOSE + _SAME else "different"
    if equal is None:
        return None
    return "equal" if equal else "different"


def book_for(block: str, feeds: frozenset[str], breakdown: Breakdown | None = None) -> Book:
    """The book of a followed block."""
    return AgreementBook(feeds) if block == "agreement" else SubmissionBook(feeds, breakdown)
