from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from typedyaml.faults import Faults
from typedyaml.load import load, load_text
from typedyaml.units import Duration

Word = Annotated[str, Meta(pattern="^[a-z]+$", description="a lower case word")]


@dataclass(frozen=True, slots=True)
class Leaf:
    for_: Duration
    limit: float | Duration = 1.0
    colour: Literal["red", "green"] = "red"
    on: bool = True


@dataclass(frozen=True, slots=True)
class Tree:
    name: Word
    leaves: dict[Word, Leaf] = field(default_factory=dict)
    tags: Annotated[tuple[Word, ...], Meta(min_length=1)] = ("a",)
    note: str | None = None


GOOD = """\
name: oak
leaves:
  first: {for: 5m, limit: 10m}
  second:
    for: 30s
    limit: 3
tags: [x, y]
note: ~
"""


def faults(text: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        load_text(text, Tree, "t.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_a_document_becomes_typed_values_with_their_places() -> None:
    doc = load_text(GOOD, Tree)
    assert doc.value == Tree(
        "oak",
        {"first": Leaf(Duration(300), Duration(600)), "second": Leaf(Duration(30), 3.0)},
        ("x", "y"),
    )
    assert doc.position("leaves", "second", "limit") == (6, 12)
    assert doc.position("leaves", "second") == (4, 3)
    assert doc.position("leaves", "second", "no", "such") == (4, 3)


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    assert faults("name: Oak\nleaves:\n  a: {for: 5, colour: gren, limt: 3}\n  b: {}\ntags: []\n") == [
        't.yaml:1:7: "Oak" is not a lower case word',
        't.yaml:3:12: "5" is not a duration like "500ms", "30s", "5m", "1h30m" or "30d"',
        't.yaml:3:23: unknown value "gren"; did you mean "green"? (allowed: green, red)',
        't.yaml:3:29: unknown key "limt"; did you mean "limit"? (allowed: colour, for, limit, on)',
        't.yaml:4:6: required key "for" is missing in "b"',
        't.yaml:5:7: "tags" must not be empty',
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.yaml:1:1: the file is empty"),
        ("- a\n", "t.yaml:1:1: the file must be a mapping, found a list"),
        ("name: [a\n", "t.yaml:2:1: not YAML: did not find expected ',' or ']'"),
        ("name: a\nname: b\n", 't.yaml:2:1: key "name" is written twice'),
        ("name: 7\n", 't.yaml:1:7: "name" must be text, found "7"'),
        ("name: a\nleaves: 3\n", 't.yaml:2:9: "leaves" must be a mapping, found "3"'),
        ("name: a\nleaves: {a: {for: 1s, on: 1}}\n", 't.yaml:2:27: "on" must be true or false, found "1"'),
        (
            "name: a\nleaves: {a: {for: 1s, limit: much}}\n",
            't.yaml:2:30: "much" is not a number or a duration like "500ms", "30s", "5m", "1h30m" or "30d"',
        ),
    ],
)
def test_a_fault_says_where_what_and_what_is_allowed(text: str, message: str) -> None:
    assert faults(text) == [message]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Faults, match=r"none\.yaml:1:1: cannot be read: No such file"):
        load(tmp_path / "none.yaml", Tree)
