"""Faults of type and of meaning at once: what is left out of a wrong file is as little as possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from typedyaml.checked import load_checked
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document


@dataclass(frozen=True)
class Item:
    size: int
    unit: str = "MB"


@dataclass(frozen=True)
class Whole:
    items: dict[str, Item]
    most: tuple[int, ...] = ()


def checks(document: Document[Whole]) -> Iterator[Fault]:
    for name, item in document.value.items.items():
        if item.size > 9:
            yield document.fault(("items", name, "size"), "too large")


@pytest.mark.parametrize(
    "first",
    [
        "a: {size: x}",
        "a: {size: 1, colour: red}",
        "a: {}",
        "a:\n    size: x",
        "a:\n    colour: red\n    size: 1",
        "a:\n    unit: 5",
    ],
)
def test_a_fault_of_type_hides_no_fault_of_meaning_beside_it(tmp_path: Path, first: str) -> None:
    """Also where the wrong key is the first of its block, which begins where the key does."""
    path = tmp_path / "x.yaml"
    path.write_text(f"items:\n  {first}\n  b: {{size: 10}}\n", encoding="utf-8")
    with pytest.raises(Faults) as caught:
        load_checked(path, Whole, checks)
    assert [fault.message for fault in caught.value.faults][-1] == "too large"
    assert len(caught.value.faults) >= 2


def test_what_is_nested_too_deeply_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("items: " + "[" * 200_000 + "]" * 200_000, encoding="utf-8")
    with pytest.raises(Faults, match=":1:57: nested more than 50 levels deep"):
        load_checked(path, Whole, checks)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("items:\n  ? [a, b]\n  : {size: 1}\n", ":2:5: a key must be a single value, found a list"),
        ("other: &a {x: *a}\nitems: []\n", r":1:15: the alias \*a stands inside of what it stands for"),
        ("other: é\nitems: \x01\n", ":2:8: not YAML: control characters are not allowed$"),
    ],
)
def test_what_is_hardly_yaml_is_a_fault_of_one_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faults, match=says):
        load_checked(path, Whole, checks)


def test_aliases_that_stand_for_too_much_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    tenfold = [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.write_text("\n".join(["a0: &a0 [x]", *tenfold]), encoding="utf-8")
    with pytest.raises(Faults, match="aliases stand for more than 100,000 values"):
        load_checked(path, Whole, checks)
