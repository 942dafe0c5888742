"""Loading: file or text -> Document with a typed value and the position of every key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Generic, TypeVar

import yaml
from yaml.nodes import Node

from typedyaml.convert import MISSING, Converter, Path
from typedyaml.faults import Fault, Faults

T = TypeVar("T")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50


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
        refuse_depth(text, path)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise Faults([_syntax(error, path)]) from None
    if root is None:
        raise Faults([Fault(path, 1, 1, "the file is empty")])
    converter = Converter(report)
    value = converter.convert(root, want)
    if faults or value is MISSING:
        raise Faults(faults)
    return Document(value, path, converter.positions)


def refuse_depth(text: str, path: str) -> None:
    """Raise Faults for what is nested deeper than any sensible file: libyaml would end the process by it."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark = event.start_mark
            assert mark is not None
            message = f"nested more than {DEEPEST} levels deep"
            raise Faults([Fault(path, mark.line + 1, mark.column + 1, message)])


def _syntax(error: yaml.YAMLError, path: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if mark is None:
        return Fault(path, 1, 1, f"not YAML: {problem}")
    return Fault(path, mark.line + 1, mark.column + 1, f"not YAML: {problem}")
