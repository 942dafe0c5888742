"""Passwords: who is let in, and how little that costs the second time."""

from __future__ import annotations

import base64

import bcrypt
import pytest

from exporter.web import users
from exporter.web.users import Users
from tests.unit.exporter.web.conftest import SECRET


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Hashes that were computed against, in order."""
    seen: list[bytes] = []
    real = bcrypt.checkpw

    def check(password: bytes, stored: bytes) -> bool:
        seen.append(stored)
        return real(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", check)
    return seen


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        (basic("bob:secret"), True),
        (basic("bob:secret").replace("Basic", "bAsIc "), True),
        (basic("bob:wrong"), False),
        (basic("bob:"), False),
        (basic("eve:secret"), False),
        (basic("bobsecret"), False),
        (basic("bob:secret\0"), False),
        (basic("bob:secret" + "x" * 100), False),
        (None, False),
        ("", False),
        ("Basic", False),
        ("Basic !!!", False),
        ("Bearer abc", False),
        ("Basic " + "A" * 10_000, False),
        ("Basic \xff", False),
    ],
)
def test_only_the_right_password_opens(header: str | None, admitted: bool) -> None:
    assert Users({"bob": SECRET}).admits(header) is admitted


def test_without_users_everybody_comes_in() -> None:
    assert Users({}).admits(None)


def test_php_and_python_spell_the_same_hash_differently() -> None:
    assert Users({"bob": SECRET.replace("$2b$", "$2y$")}).admits(basic("bob:secret"))


def test_a_verdict_is_computed_once(checks: list[bytes]) -> None:
    people = Users({"bob": SECRET})
    for _ in range(5):
        assert people.admits(basic("bob:secret"))
        assert not people.admits(basic("bob:wrong"))
    assert checks == [SECRET.encode()] * 2


def test_an_unknown_user_costs_one_hash_of_the_same_cost(checks: list[bytes]) -> None:
    Users({"bob": SECRET}).admits(basic("eve:secret"))
    assert [stored[:7] for stored in checks] == [SECRET[:7].encode()]


def test_name_and_password_cannot_be_mixed_up(checks: list[bytes]) -> None:
    """The remembered verdict of one pair is not that of another with the same letters."""
    people = Users({"bob": SECRET})
    assert people.admits(basic("bob:secret"))
    assert not people.admits(basic("bobs:ecret"))
    assert len(checks) == 2


def test_what_is_remembered_is_bounded_and_holds_no_password(checks: list[bytes]) -> None:
    people = Users({"bob": SECRET})
    for number in range(users._REMEMBERED + 5):
        people.admits(basic(f"bob:{number}"))
    assert len(people._wrong) == users._REMEMBERED
    assert all(len(digest) == 32 for digest in people._wrong)


def test_a_flood_of_wrong_passwords_does_not_touch_who_is_known(checks: list[bytes]) -> None:
    people = Users({"bob": SECRET})
    assert people.admits(basic("bob:secret"))
    for number in range(users._REMEMBERED + 5):
        people.admits(basic(f"bob:{number}"))
    del checks[:]
    with people._lock:  # as while a hash is computed for somebody else
        assert people.admits(basic("bob:secret"))
    assert checks == []


def test_a_hash_that_bcrypt_would_refuse_is_a_fault() -> None:
    good, bad = SECRET[:28] + "." + SECRET[29:], SECRET[:28] + "/" + SECRET[29:]
    assert [message[:33] for _, message in users.faults({"bob": bad})] == [
        'the password of "bob" is not a bcr'[:33]
    ]
    assert list(users.faults({"bob": good})) == []
    assert bcrypt.checkpw(b"x", good.encode()) is False
