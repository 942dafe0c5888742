"""Tables without a key to follow: a change counts once, when it has settled."""

from __future__ import annotations

import json

import pytest

from exporter.differences import Change, Known, advance, begin, from_json, to_json

OLD = begin([("a", (1, "rejected"))])


def settle(state: tuple[object, ...]) -> float:
    return 600.0 if state[1] == "internal_error" else 0.0


@pytest.mark.parametrize(
    ("rows", "changes"),
    [
        ([("a", (1, "rejected"))], []),
        ([("a", (1, "accepted"))], [Change("a", (1, "rejected"), (1, "accepted"))]),
        ([("a", (2, "rejected"))], [Change("a", (1, "rejected"), (2, "rejected"))]),
        ([("b", (1, None))], [Change("b", None, (1, None))]),
        ([], []),
    ],
    ids=["the same", "another outcome", "another time", "a new row", "a row that is gone"],
)
def test_what_changed_is_told_once(rows: list[tuple[str, tuple[object, ...]]], changes: list[Change]) -> None:
    known, found = advance(OLD, rows, 0.0, settle)
    assert found == changes
    assert advance(known, rows, 1.0, settle)[1] == []


def test_a_row_that_comes_back_does_not_count_again() -> None:
    known, _ = advance(OLD, [], 0.0, settle)
    assert advance(known, [("a", (1, "rejected"))], 1.0, settle)[1] == []


def test_a_failure_counts_once_it_has_lasted() -> None:
    rows = [("a", (2, "internal_error"))]
    known, found = advance(OLD, rows, 0.0, settle)
    assert found == []
    known, found = advance(known, rows, 599.0, settle)
    assert found == []
    known, found = advance(known, rows, 600.0, settle)
    assert [change.state for change in found] == [(2, "internal_error")]
    assert advance(known, rows, 9999.0, settle)[1] == []


def test_a_grading_in_progress_that_looked_like_a_failure_never_counts_as_one() -> None:
    known, _ = advance(OLD, [("a", (2, "internal_error"))], 0.0, settle)
    known, found = advance(known, [("a", (2, "accepted"))], 20.0, settle)
    assert [change.state for change in found] == [(2, "accepted")]
    assert known.unsettled == {}


def test_a_clock_that_jumps_back_delays_and_does_not_lose() -> None:
    rows = [("a", (2, "internal_error"))]
    known, _ = advance(OLD, rows, 10_000.0, settle)
    known, found = advance(known, rows, 0.0, settle)
    assert found == []
    assert len(advance(known, rows, 600.0, settle)[1]) == 1


def test_it_survives_its_file() -> None:
    known = Known({"a": (1, "x"), "b": (None, None)}, {"c": ((2.5, None), 7.0)})
    assert from_json(json.loads(json.dumps(to_json(known)))) == known
