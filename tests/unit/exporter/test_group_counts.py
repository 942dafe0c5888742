"""Groups without a key: growth counts, moves and removals do not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporter import group_counts
from exporter.group_counts import Groups, advance, begin, fallen, from_json, to_json


def events(old: Groups, sizes: Any, removed: Any = None) -> tuple[Groups, dict[Any, int]]:
    new, found = advance(old, sizes, removed)
    assert from_json(to_json(new)) == new
    return new, {labels: n for (_, labels), n in found.items()}


def test_what_is_there_at_first_counts_nothing_and_what_comes_does() -> None:
    groups = begin({"hw": {("late",): 2}})
    groups, found = events(groups, {"hw": {("late",): 2, ("on_time",): 3}, "new": {("late",): 1}})
    assert found == {("on_time",): 3, ("late",): 1}
    assert events(groups, {"hw": {("late",): 2, ("on_time",): 3}})[1] == {}


def test_rows_that_move_between_groups_are_not_new() -> None:
    groups = begin({"hw": {("late",): 5, ("on_time",): 5}})
    groups, found = events(groups, {"hw": {("on_time",): 10}})
    assert found == {}
    assert events(groups, {"hw": {("on_time",): 9, ("late",): 2}})[1] == {("late",): 1}


def test_a_repeated_grading_is_told_once() -> None:
    groups = begin({"hw": {("graded",): 10}})
    groups, found = events(groups, {"hw": {("graded",): 7}})
    assert found == {}
    assert events(groups, {"hw": {("graded",): 11}})[1] == {("graded",): 1}


def test_after_rows_were_removed_new_ones_count() -> None:
    submissions = begin({"hw": {(): 10}})
    lost = fallen(submissions, {"hw": {(): 6}})
    assert lost == {"hw": 4}
    gradings, found = events(begin({"hw": {("graded",): 10}}), {"hw": {("graded",): 6}}, lost)
    assert found == {}
    assert events(gradings, {"hw": {("graded",): 8}})[1] == {("graded",): 2}


def test_an_assignment_that_comes_back_from_a_backup_is_known() -> None:
    groups = begin({"hw": {(): 10}})
    groups, _ = events(groups, {})
    assert events(groups, {"hw": {(): 11}})[1] == {(): 1}


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from("xyz")), max_size=60)
)
def test_each_row_counts_once_however_it_moves(steps: list[tuple[str, str, str]]) -> None:
    """A row is made in a group or moves to another; reads come at any time."""
    sizes: dict[str, Counter[tuple[str]]] = {"a": Counter(), "b": Counter()}
    groups, told, made = begin(sizes), 0, 0
    for row_id, source, target in steps:
        if source != target and sizes[row_id][source,]:
            sizes[row_id][source,] -= 1
        else:
            made += 1
        sizes[row_id][target,] += 1
        groups, found = events(groups, {i: dict(g) for i, g in sizes.items()})
        told += sum(found.values())
        assert told == made
    assert group_counts.total_by_id([("a", ("x",), 1), ("a", ("x",), 2)]) == {"a": {("x",): 3}}
