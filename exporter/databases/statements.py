"""A statement as its author wrote it, made fit for a driver; and the rule that it only reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from exporter.collector import CollectError
from exporter.databases.connection import Parameter

Server = Literal["mysql", "postgresql"]

_NAME = r"(?<![\w:]):(?P<name>[a-z_][a-z0-9_]*)"
_QUOTED: Mapping[Server, str] = {
    "mysql": r"""'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `[^`]*`
        | --(?=\s)[^\n]* | \#[^\n]* | /\*.*?\*/""",
    "postgresql": r"""\b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
        | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$ | --[^\n]* | /\*.*?\*/""",
}
"""Text literals, quoted names and comments: what looks like a parameter there is none."""
_LEXEMES = {server: re.compile(f"(?:{quoted})|{_NAME}", re.S | re.X) for server, quoted in _QUOTED.items()}

_BEGINNING = re.compile(
    r"(?:\s|\(|--[^\n]*(?:\n|$)|\#[^\n]*(?:\n|$)|/\*(?!M?!).*?\*/)*(?P<word>[A-Za-z]*)", re.S
)
"""What may stand before the first word. MySQL runs what is in a comment that begins with /*! or /*M!."""
READING = ("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE")
_IN_LIST = re.compile(r"\b(?P<no>NOT\s+)?IN\s*\(\s*:(?P<name>[a-z_][a-z0-9_]*)\s*\)", re.I)
_KNOWN = 128
"""Statements that are remembered as they were found to be: a sidecar asks the same ones at each scrape."""


@lru_cache(_KNOWN)
def refuse_all_but_reading(sql: str) -> None:
    """Raise CollectError("query") for a statement that does not begin as reading ones do.

    A read-only session stops writing; this stops what could switch that off inside one statement, such as
    SET, CALL, DO and compound statements.
    """
    found = _BEGINNING.match(sql)
    word = found["word"].upper() if found else ""
    if word not in READING:
        allowed = ", ".join(READING[:-1]) + f" or {READING[-1]}"
        raise CollectError("query", f'refused: a statement begins with {allowed}, not with "{word}"')


def bind(
    sql: str, parameters: Mapping[str, Parameter], server: Server, placeholder: Callable[[int], str]
) -> tuple[str, list[Parameter]]:
    """The statement with the driver's placeholders and the values in their order, each name once.

    `placeholder` makes the text of the n-th value, counted from 1. For drivers that format the text with `%`
    use `bind_formatted`. Raises CollectError("query") for a parameter without a value.
    """
    text, names = _numbered(sql, server, placeholder)
    return text, [_value(name, parameters) for name in names]


def bind_formatted(
    sql: str, parameters: Mapping[str, Parameter], server: Server
) -> tuple[str, list[Parameter]]:
    """The same for drivers that format the text: `%s` and a value an occurrence, any other % doubled."""
    text, names = _formatted(sql, server)
    return text, [_value(name, parameters) for name in names]


def expand_lists(
    sql: str, parameters: Mapping[str, Parameter], *, arrays: bool = False
) -> tuple[str, dict[str, Parameter]]:
    """Spell out parameters that are lists: `IN (:ids)` becomes `IN (:ids_0, :ids_1)`, or NULL when empty.

    With `arrays` a list of whole numbers stays one value, and its place becomes `= ANY (:ids)`: the text is
    then the same however long the list.
    """
    values: dict[str, Parameter] = {}
    for name, value in parameters.items():
        if value is None or isinstance(value, str | int | float):
            values[name] = value
            continue
        if arrays and all(type(item) is int for item in value) and (any_of := _any_of(sql, name)):
            sql, values[name] = any_of, list(value)
            continue
        single = {f"{name}_{index}": item for index, item in enumerate(value)}
        listed = ", ".join(f":{item}" for item in single) or "NULL"
        sql = re.sub(rf"(?<![\w:]):{name}\b", lambda _, listed=listed: listed, sql)  # type: ignore[misc]
        values |= single
    return sql, values


@lru_cache(_KNOWN)
def _numbered(sql: str, server: Server, placeholder: Callable[[int], str]) -> tuple[str, Sequence[str]]:
    order: dict[str, int] = {}

    def replace(found: re.Match[str]) -> str:
        name = found["name"]
        return found[0] if name is None else placeholder(order.setdefault(name, len(order) + 1))

    return _LEXEMES[server].sub(replace, sql), tuple(order)


@lru_cache(_KNOWN)
def _formatted(sql: str, server: Server) -> tuple[str, Sequence[str]]:
    names: list[str] = []
    parts: list[str] = []
    position = 0
    for found in _LEXEMES[server].finditer(sql):
        if found["name"] is None:
            continue
        names.append(found["name"])
        parts += [sql[position : found.start()].replace("%", "%%"), "%s"]
        position = found.end()
    return "".join([*parts, sql[position:].replace("%", "%%")]), tuple(names)


@lru_cache(_KNOWN)
def _any_of(sql: str, name: str) -> str | None:
    """The statement with `= ANY (:name)` for `IN (:name)`; None where the list stands elsewhere as well."""
    places = [found for found in _IN_LIST.finditer(sql) if found["name"] == name]
    if any(found["no"] for found in places) or len(places) != len(re.findall(rf"(?<![\w:]):{name}\b", sql)):
        return None
    return _IN_LIST.sub(lambda found: f"= ANY (:{name})" if found["name"] == name else found[0], sql)


def _value(name: str, parameters: Mapping[str, Parameter]) -> Parameter:
    if name not in parameters:
        raise CollectError("query", f"the parameter :{name} has no value")
    return parameters[name]
