"""Statements as their authors wrote them, made fit for a driver."""

from __future__ import annotations

import pytest

from exporter.databases.statements import bind, expand_lists


def numbered(sql: str, **values: object) -> tuple[str, list[object]]:
    text, bound = bind(*expand_lists(sql, values, arrays=True), "postgresql", "${}".format)  # type: ignore[arg-type]
    return text, list(bound)


@pytest.mark.parametrize("ids", [[], [7], list(range(500))], ids=len)
def test_a_list_of_numbers_is_one_value_however_long(ids: list[int]) -> None:
    text, values = numbered("SELECT a FROM t WHERE id IN (:ids) AND b < :after", ids=ids, after=3)
    assert text == "SELECT a FROM t WHERE id = ANY ($1) AND b < $2"
    assert values == [ids, 3]


def test_it_may_stand_in_several_places_and_in_any_spelling() -> None:
    text, values = numbered("SELECT 1 WHERE a in ( :ids ) OR b IN(:ids) OR c IN (:more)", ids=[1], more=[2])
    assert text == "SELECT 1 WHERE a = ANY ($1) OR b = ANY ($1) OR c = ANY ($2)"
    assert values == [[1], [2]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 WHERE a NOT IN (:ids)", "SELECT 1 WHERE a NOT IN ($1, $2)"),
        ("SELECT 1 WHERE a NOT\n  IN (:ids)", "SELECT 1 WHERE a NOT\n  IN ($1, $2)"),
        ("SELECT greatest(:ids) WHERE a IN (:ids)", "SELECT greatest($1, $2) WHERE a IN ($1, $2)"),
        ("SELECT 1 WHERE (a, 1) IN (VALUES (:ids))", "SELECT 1 WHERE (a, 1) IN (VALUES ($1, $2))"),
    ],
)
def test_elsewhere_a_list_is_spelt_out(sql: str, expected: str) -> None:
    assert numbered(sql, ids=[5, 6]) == (expected, [5, 6])


def test_a_list_of_words_is_spelt_out_for_they_may_be_of_any_type() -> None:
    assert numbered("SELECT 1 WHERE a IN (:ids)", ids=["x", "y"]) == (
        "SELECT 1 WHERE a IN ($1, $2)",
        ["x", "y"],
    )


def test_other_servers_get_every_list_spelt_out() -> None:
    assert expand_lists("a IN (:ids)", {"ids": [5, 6]}) == ("a IN (:ids_0, :ids_1)", {"ids_0": 5, "ids_1": 6})
    assert expand_lists("a IN (:ids)", {"ids": []}) == ("a IN (NULL)", {})
