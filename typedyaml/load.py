"""Loading: file or text -> Document with a typed value and the position of every key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Generic, TypeVar

import yaml
from yaml.nodes import Node
from yaml.reader import ReaderError

from typedyaml.convert import MISSING, Converter, Path
from typedyaml.faults import Fault, Faults

T = TypeVar("T")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50
MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """A typed value and where each part of it stands in its file."""

    value: T
    path: str
    positions: dict[Path, tuple[int, int]] = field(repr=False)

    def position(self, *path: str | int) -> tuple[int, int]:
        """Line and column of a key's value, or of its nearest ancestor that is written down."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, (1, 1))

    def written(self, *path: str | int) -> bool:
        """Whether the file has this key, be it with a fault of its own that left its value out."""
        return path in self.positions

    def fault(self, path: Iterable[str | int], message: str) -> Fault:
        """A fault at the place of `path`."""
        return Fault(self.path, *self.position(*path), message)


def load(path: str | FilePath, want: type[T]) -> Document[T]:
    """Read a YAML file as `want`; raises Faults, also for a file that cannot be read."""
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise Faults([Fault(str(path), 1, 1, f"cannot be read: {reason}")]) from None
    return load_text(text, want, str(path))


def load_text(text: str, want: type[T], path: str = "<text>") -> Document[T]:
    """The same for text; `path` is used in messages."""
    faults: list[Fault] = []

    def report(node: Node, message: str) -> None:
        faults.append(Fault(path, node.start_mark.line + 1, node.start_mark.column + 1, message))

    try:
        refuse_bombs(text, path)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise Faults([_syntax(error, text, path)]) from None
    if root is None:
        raise Faults([Fault(path, 1, 1, "the file is empty")])
    converter = Converter(report)
    value = converter.convert(root, want)
    if faults or value is MISSING:
        raise Faults(faults)
    return Document(value, path, converter.positions)


def refuse_bombs(text: str, path: str) -> None:
    """Raise Faults for what no sensible file has, and what would end the process when it is followed.

    That is nesting deeper than DEEPEST, aliases that stand for more than MOST_VALUES values together, and an
    alias inside of what it stands for.
    """
    root = _Shape(None)
    open_: list[_Shape] = [root]
    anchored: dict[str, _Shape] = {}
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        assert mark is not None
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append(_Shape(event.anchor))
            if event.anchor:
                anchored[event.anchor] = open_[-1]
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = open_.pop()
            open_[-1].hold(closed)
        elif isinstance(event, yaml.ScalarEvent):
            open_[-1].values += 1
            if event.anchor:
                anchored[event.anchor] = _Shape(event.anchor)
        elif isinstance(event, yaml.AliasEvent) and (meant := anchored.get(event.anchor or "")):
            if any(shape is meant for shape in open_):
                raise _fault(mark, path, f"the alias *{event.anchor} stands inside of what it stands for")
            open_[-1].hold(meant)
        if len(open_) - 1 + open_[-1].height > DEEPEST:
            raise _fault(mark, path, f"nested more than {DEEPEST} levels deep")
        if open_[-1].values > MOST_VALUES:
            raise _fault(mark, path, f"aliases stand for more than {MOST_VALUES:,} values")


@dataclass(slots=True)
class _Shape:
    """A collection of a file with its aliases spelt out: how many values, how many levels below it."""

    anchor: str | None
    values: int = 1
    height: int = 0

    def hold(self, inner: _Shape) -> None:
        self.values += inner.values
        self.height = max(self.height, inner.height + 1)


def _fault(mark: Any, path: str, message: str) -> Faults:
    return Faults([Fault(path, mark.line + 1, mark.column + 1, message)])


def _syntax(error: yaml.YAMLError, text: str, path: str) -> Fault:
    if isinstance(error, ReaderError):
        # The reader in C counts bytes, the one in Python characters.
        in_bytes = text.encode()[: error.position].decode(errors="ignore")
        before = text[: error.position] if error.encoding == "unicode" else in_bytes
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Fault(path, line, column, f"not YAML: {error.reason}")
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if mark is None:
        return Fault(path, 1, 1, f"not YAML: {problem}")
    return Fault(path, mark.line + 1, mark.column + 1, f"not YAML: {problem}")
