"""What can go wrong in a rule: every way to change one thing in it, as the tests must notice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import promql_parser

from typedyaml.units import Duration

Rule = dict[str, Any]
Change = tuple[str, str]

SWAPS = {
    ">": (">=", "<"),
    ">=": (">", "<"),
    "<": ("<=", ">"),
    "<=": ("<", ">"),
    "==": ("!=",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "and": ("or", "unless"),
    "or": ("and",),
    "unless": ("and",),
}
FUNCTIONS = {
    "rate": ("irate", "increase"),
    "increase": ("rate",),
    "min_over_time": ("max_over_time",),
    "sum_over_time": ("max_over_time",),
    "avg_over_time": ("max_over_time",),
    "clamp_min": ("clamp_max",),
    "clamp_max": ("clamp_min",),
    "sum": ("max",),
    "avg": ("max",),
    "max": ("min",),
    "count": ("sum",),
}
FIGURE = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
RECORD = re.compile(r"(slo:\w+:[a-z_]+?)(\d+[smhd])")
_TOKEN = re.compile(
    rf'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][\w:]*|{DURATION.pattern}\b|{FIGURE.pattern}|[=!<>]=|[=!]~|\S'
)


class NotApplicable(Exception):  # noqa: N818 - says what happened
    """A change that changes nothing or that is no PromQL: it would be counted as noticed."""


def title(rule: Rule) -> str:
    """What tells a rule from the others of its policy: its name and the labels that set it apart."""
    labels = rule.get("labels", {})
    apart = (
        ("slo", "alertname", "burn_tier", "part", "horizon", "urgency", "trigger", "escalation")
        if "record" in rule
        else ("burn_tier", "escalation")
    )
    return " ".join([rule.get("alert") or rule["record"], *(labels[key] for key in apart if key in labels)])


def changes(rule: Rule, records: frozenset[str] = frozenset()) -> Iterator[tuple[str, Rule]]:
    """Every change with the rule that it makes; `records` are the names that an expression may read."""
    seen = {rule["expr"]}
    for change, expr in expressions(rule["expr"], records):
        if expr in seen:
            raise NotApplicable(f"{title(rule)}: {change} changes nothing new")
        try:
            promql_parser.parse(expr)
        except ValueError as error:
            raise NotApplicable(f"{title(rule)}: {change} is no PromQL: {error}\n{expr}") from error
        seen.add(expr)
        yield change, rule | {"expr": expr}
    if wait := rule.get("for"):
        yield "for dropped", {k: v for k, v in rule.items() if k != "for"}
        yield "for x5", rule | {"for": str(Duration(Duration.parse(wait).seconds * 5))}
    if hold := rule.get("keep_firing_for"):
        yield "keep_firing_for dropped", {k: v for k, v in rule.items() if k != "keep_firing_for"}
        twice = str(Duration(Duration.parse(hold).seconds * 2))
        yield "keep_firing_for x2", rule | {"keep_firing_for": twice}
    for part in ("labels", "annotations"):
        for key, value in rule.get(part, {}).items():
            yield f"{part}.{key} changed", rule | {part: rule[part] | {key: f"{value}x"}}


@dataclass(frozen=True, slots=True)
class _Expr:
    text: str
    tokens: tuple[re.Match[str], ...]

    def put(self, start: int, end: int, new: str, what: str) -> Change:
        """One change; told by what is replaced, which of those with the same text, and by what."""
        old = self.text[start:end]
        which = f" ({self.text.count(old, 0, start) + 1})" if self.text.count(old) > 1 else ""
        told = f"{what} {' '.join(old.split())}{which}" + (f" -> {new}" if new else "")
        return told, self.text[:start] + new + self.text[end:]

    def word(self, index: int) -> str:
        return self.tokens[index][0] if 0 <= index < len(self.tokens) else ""

    def drop(self, first: int, last: int, what: str) -> Change:
        """Tokens of a list without one of its commas."""
        start, end = self.tokens[first].start(), self.tokens[last].end()
        if self.word(last + 1) == ",":
            end = self.tokens[last + 2].start()
        elif self.word(first - 1) == ",":
            start = self.tokens[first - 1].start()
        return self.put(start, end, "", what)


def expressions(text: str, records: frozenset[str]) -> Iterator[Change]:
    """Every change of an expression."""
    expr = _Expr(text, tuple(_TOKEN.finditer(text)))
    where = ""
    for index, token in enumerate(expr.tokens):
        word = token[0]
        if word in ("{", "}"):
            where = word if word == "{" else ""
        elif where == "{":
            if word[0] == '"':
                yield expr.drop(index - 2, index, "matcher dropped:")
                yield expr.put(*token.span(), f'{word[:-1]}x"', "matcher value")
        elif word == "(" and expr.word(index - 1) in ("by", "on"):
            where = "list"
        elif where == "list":
            if word == ")":
                where = ""
            elif word != ",":
                yield expr.drop(index, index, f"label of {_list_of(expr, index)}() dropped:")
        else:
            yield from _single(expr, index, records)
    yield from _sides(expr)


def _list_of(expr: _Expr, index: int) -> str:
    while expr.word(index) not in ("by", "on"):
        index -= 1
    return expr.word(index)


def _single(expr: _Expr, index: int, records: frozenset[str]) -> Iterator[Change]:
    span, word = expr.tokens[index].span(), expr.word(index)
    following = expr.word(index + 1)
    if word in SWAPS:
        yield from (expr.put(*span, new, "operator") for new in SWAPS[word])
        if word == ">" and (following, expr.word(index + 2)) == ("0", ")"):
            start, end = expr.tokens[index - 1].end(), expr.tokens[index + 1].end()
            yield expr.put(start, end, "", "guard dropped:")
    elif word in FUNCTIONS and following in ("(", "by"):
        yield from (expr.put(*span, new, "function") for new in FUNCTIONS[word])
    elif FIGURE.fullmatch(word):
        yield from (expr.put(*span, new, "figure") for new in _figures(word))
    elif DURATION.fullmatch(word):
        yield from (expr.put(*span, new, "offset") for new in _windows(word))
    elif word[0] == "[":
        window, colon, step = word[1:-1].partition(":")
        yield from (expr.put(*span, f"[{new}{colon}{step}]", "window") for new in _windows(window))
    elif word[0] == '"' and len(word) > 2:
        yield expr.put(*span, f'{word[:-1]}x"', "text")
    elif (match := RECORD.fullmatch(word)) and (other := _other_window(expr, match, records)):
        yield expr.put(*span, other, "window of record")


def _other_window(expr: _Expr, match: re.Match[str], records: frozenset[str]) -> str:
    """The same record over another window: one that the expression reads too, else the next that there is."""
    others = [
        name
        for name in sorted(records, key=_seconds)
        if name != match[0] and name.startswith(match[1]) and RECORD.fullmatch(name)
    ]
    used = [name for name in others if f"{name}{{" in expr.text]
    windows = set(re.findall(r"slo:\w+:[a-z_]+?(\d+[smhd])\{", expr.text))
    paired = [name for name in others if name.removeprefix(match[1]) in windows]
    return next(iter(used or paired or others), "")


def _seconds(name: str) -> float:
    match = RECORD.fullmatch(name)
    return Duration.parse(match[2]).seconds if match else 0


def _figures(text: str) -> Iterator[str]:
    value = float(text)
    return iter(["1"] if value == 0 else [f"{value * 1.05:.6g}", f"{value * 0.95:.6g}"])


def _windows(text: str) -> Iterator[str]:
    seconds = Duration.parse(text).seconds
    return iter((str(Duration(seconds * 5)), str(Duration(seconds / 2))))


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of and, or, unless: the operator before it, and where it and its operator begin and end."""

    operator: str
    start: int
    body: int
    end: int


def _sides(expr: _Expr) -> Iterator[Change]:
    """Each side of each and, or, unless left out, in every pair of parentheses."""
    for scope in _scopes(expr):
        sides = list(_split(expr, scope))
        parts = list(_parts(sides))
        for part in parts if len(parts) > 1 else ():
            yield _without(expr, sides, part)
        for part in parts:
            for side in part if len(part) > 1 else ():
                yield from _without_one(expr, part, side)


def _without(expr: _Expr, sides: list[_Side], part: list[_Side]) -> Change:
    first, last = part[0], part[-1]
    if first is sides[0]:
        return expr.put(first.body, sides[len(part)].body, "", "alternative dropped:")
    return expr.put(first.start, last.end, "", "alternative dropped:")


def _without_one(expr: _Expr, part: list[_Side], side: _Side) -> Iterator[Change]:
    if side is not part[0]:
        yield expr.put(side.start, side.end, "", "side dropped:")
    elif part[1].operator == "and":
        yield expr.put(side.body, part[1].body, "", "side dropped:")


def _parts(sides: list[_Side]) -> Iterator[list[_Side]]:
    """`a and b or c` is two parts: `or` binds least."""
    starts = [i for i, side in enumerate(sides) if i == 0 or side.operator == "or"]
    yield from (sides[start:end] for start, end in pairwise([*starts, len(sides)]))


def _split(expr: _Expr, scope: list[int]) -> Iterator[_Side]:
    """The sides of one scope, given by the indices of its own tokens."""
    operators = [i for i in scope if expr.word(i) in ("and", "or", "unless")]
    if not operators:
        return
    ends = [*(expr.tokens[i - 1].end() for i in operators), expr.tokens[scope[-1]].end()]
    start = expr.tokens[scope[0]].start()
    yield _Side("", start, start, ends[0])
    for operator, end in zip(operators, ends[1:], strict=True):
        body = operator + 1
        if expr.word(body) == "on":
            while expr.word(body) != ")":
                body += 1
            body += 1
        yield _Side(expr.word(operator), expr.tokens[operator].start(), expr.tokens[body].start(), end)


def _scopes(expr: _Expr) -> Iterable[list[int]]:
    """The whole and what stands between parentheses and commas, each without what is nested in it."""
    open_: list[list[int]] = [[]]
    found: list[list[int]] = []
    for index, token in enumerate(expr.tokens):
        if token[0] in ("(", "{"):
            open_[-1].append(index)
            open_.append([])
        elif token[0] in (")", "}"):
            found.append(open_.pop())
            open_[-1].append(index)
        elif token[0] == ",":
            found.append(open_[-1])
            open_[-1] = []
        else:
            open_[-1].append(index)
    return [scope for scope in (*found, *open_) if scope]
