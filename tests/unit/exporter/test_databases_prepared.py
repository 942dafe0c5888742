"""Which statements a session of PostgreSQL prepares, and when it gives them up."""

from __future__ import annotations

import pytest

from exporter.databases import postgresql_prepared
from exporter.databases.postgresql_prepared import Prepared

SQL = b"SELECT a FROM t WHERE id > $1"


def test_what_is_asked_again_is_prepared_once() -> None:
    prepared = Prepared()
    assert prepared.name(SQL, [20]) == (None, False)
    name, new = prepared.name(SQL, [20])
    assert name is not None
    assert new
    assert prepared.name(SQL, [20]) == (name, False)


def test_a_name_never_means_another_statement_in_whichever_session() -> None:
    names = set()
    for text, types in ((SQL, [20]), (SQL, [23]), (SQL, None), (SQL + b" ", [20])):
        one, other = Prepared(), Prepared()
        for prepared in (one, other):
            prepared.name(text, types)
        assert one.name(text, types) == other.name(text, types)
        names.add(one.name(text, types)[0])
    assert len(names) == 4


def test_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_prepared, "MOST", 3)
    prepared = Prepared()
    for _ in range(3):
        found = [prepared.name(b"SELECT %d" % number, None)[0] for number in range(5)]
    assert [name is not None for name in found] == [True, True, True, False, False]


def test_old_ones_are_given_up_and_named_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = Prepared()
    prepared.name(SQL, None)
    first, _ = prepared.name(SQL, None)
    assert prepared.expired() == []
    monkeypatch.setattr(postgresql_prepared, "RENEW_SECONDS", 0.0)
    assert prepared.expired() == [first]
    prepared.forget()
    assert prepared.expired() == []
    assert prepared.name(SQL, None) == (None, False)
    second, new = prepared.name(SQL, None)
    assert new
    assert second != first


@pytest.mark.parametrize(("state", "allowed"), [("26000", False), ("42P05", False), ("0A000", True)])
def test_behind_a_pooler_nothing_is_prepared_any_more(state: str, allowed: bool) -> None:
    prepared = Prepared()
    assert not prepared.refused(state), "nothing was prepared, so the error is about something else"
    for _ in range(2):
        prepared.name(SQL, None)
    assert not prepared.refused("42601")
    assert prepared.refused(state)
    prepared.name(SQL, None)
    assert (prepared.name(SQL, None)[0] is not None) == allowed
