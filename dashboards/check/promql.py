"""Queries as trees, with Grafana's variables in them.

Outside strings a variable becomes a value that parses: the times become durations that nobody would write, so
that a range tells which variable stood there. Inside strings it stays, so that matchers can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser

RATE_INTERVAL, INTERVAL, RANGE = timedelta(seconds=241), timedelta(seconds=59), timedelta(seconds=21601)
_TIMES = {"__rate_interval": RATE_INTERVAL, "__interval": INTERVAL, "__range": RANGE}
_VARIABLE = re.compile(r"\$\{(\w+)(?::[^}]*)?\}|\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
_CHILDREN = ("expr", "lhs", "rhs", "param", "vector_selector")
Node = Any


@dataclass(frozen=True, slots=True)
class Found:
    """A node with those above it, the nearest last."""

    node: Node
    above: tuple[Node, ...]

    @property
    def kind(self) -> str:
        """Name of the node's type."""
        return type(self.node).__name__

    @property
    def parent(self) -> Node:
        """What the value of this node goes into, brackets apart; None at the top."""
        outer = [node for node in self.above if type(node).__name__ != "ParenExpr"]
        return outer[-1] if outer else None

    def within_call(self, names: frozenset[str]) -> Node:
        """The nearest call above of one of these functions, or None."""
        for node in reversed(self.above):
            if type(node).__name__ == "Call" and node.func.name in names:
                return node
        return None


def parse(expr: str) -> Node:
    """The tree; raises ValueError with the parser's words."""
    return promql_parser.parse(substitute(expr))


def substitute(expr: str) -> str:
    """The expression with Grafana's variables outside strings replaced by values that parse."""
    pieces, position = [], 0
    for quoted in _QUOTED.finditer(expr):
        pieces += [_VARIABLE.sub(_magic, expr[position : quoted.start()]), quoted[0]]
        position = quoted.end()
    return "".join([*pieces, _VARIABLE.sub(_magic, expr[position:])])


def variables(text: str) -> set[str]:
    """Names of all variables in a text, strings included."""
    return {one or two or three for one, two, three in _VARIABLE.findall(text)}


def walk(node: Node, above: tuple[Node, ...] = ()) -> Iterator[Found]:
    """Every node, outer ones first."""
    yield Found(node, above)
    children = [getattr(node, name, None) for name in _CHILDREN]
    for child in [*children, *(getattr(node, "args", None) or ())]:
        if child is not None and not isinstance(child, str | int | float):
            yield from walk(child, (*above, node))


def bare(node: Node) -> Node:
    """The node inside brackets."""
    while type(node).__name__ == "ParenExpr":
        node = node.expr
    return node


def is_number(node: Node, value: float | None = None) -> bool:
    """Whether the node is a number (that number)."""
    inner = bare(node)
    return type(inner).__name__ == "NumberLiteral" and (value is None or inner.val == value)


def matchers(selector: Node) -> list[tuple[str, str, str]]:
    """(label, operator, value) of a selector, the operator as PromQL writes it."""
    signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    return [(m.name, signs[str(m.op).rsplit(".", 1)[-1]], m.value) for m in selector.matchers.matchers]


def _magic(match: re.Match[str]) -> str:
    name = match[1] or match[2] or match[3]
    if name in _TIMES:
        return f"{_TIMES[name].total_seconds():.0f}s"
    return f"variable_{name}"
