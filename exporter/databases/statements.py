"""A statement as its author wrote it, made fit for a driver; and the rule that it only reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from exporter.collector import CollectError
from exporter.databases.connection import Parameter, Value

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
    sql: str, parameters: Mapping[str, Value], server: Server, placeholder: Callable[[int], str]
) -> tuple[str, list[Value]]:
    """The statement with the driver's placeholders and the values in their order, each name once.

    `placeholder` makes the text of the n-th value, counted from 1. For drivers that format the text with `%`
    use `bind_formatted`. Raises CollectError("query") for a parameter without a value.
    """
    order: dict[str, int] = {}

    def replace(found: re.Match[str]) -> str:
        name = found["name"]
        return (
            found[0]
            if name is None
            else placeholder(order.setdefault(_known(name, parameters), len(order) + 1))
        )

    text = _LEXEMES[server].sub(replace, sql)
    return text, [parameters[name] for name in order]


def bind_formatted(sql: str, parameters: Mapping[str, Value], server: Server) -> tuple[str, list[Value]]:
    """The same for drivers that format the text: `%s` and a value an occurrence, any other % doubled."""
    values: list[Value] = []
    parts: list[str] = []
    position = 0
    for found in _LEXEMES[server].finditer(sql):
        if found["name"] is None:
            continue
        values.append(parameters[_known(found["name"], parameters)])
        parts += [sql[position : found.start()].replace("%", "%%"), "%s"]
        position = found.end()
    return "".join([*parts, sql[position:].replace("%", "%%")]), values


def expand_lists(sql: str, parameters: Mapping[str, Parameter]) -> tuple[str, dict[str, Value]]:
    """Spell out parameters that are lists: `IN (:ids)` becomes `IN (:ids_0, :ids_1)`, or NULL when empty."""
    values: dict[str, Value] = {}
    for name, value in parameters.items():
        if value is None or isinstance(value, str | int | float):
            values[name] = value
            continue
        single = {f"{name}_{index}": item for index, item in enumerate(value)}
        listed = ", ".join(f":{item}" for item in single) or "NULL"
        sql = re.sub(rf"(?<![\w:]):{name}\b", lambda _, listed=listed: listed, sql)  # type: ignore[misc]
        values |= single
    return sql, values


def _known(name: str, parameters: Mapping[str, Value]) -> str:
    if name not in parameters:
        raise CollectError("query", f"the parameter :{name} has no value")
    return name
