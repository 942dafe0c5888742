"""Types and meaning together: the faults of both at once, although the meaning needs a value that was typed.

Where a file has faults of type, the keys at fault are left out, so that defaults stand in for them, and what
is left is checked for its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path as FilePath
from typing import TypeVar

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from typedyaml.convert import MISSING, Converter
from typedyaml.convert import Path as KeyPath
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document, load, refuse_bombs

T = TypeVar("T")
Place = tuple[int, int]

_ATTEMPTS = 20
"""Leaving a key out can leave its parent incomplete, and so on up: more than any sensible file is deep."""


def load_checked(
    path: str | FilePath, want: type[T], checks: Callable[[Document[T]], Iterable[Fault]]
) -> Document[T]:
    """Read a file as `want` and check its meaning; raises Faults with all that is wrong in either way.

    In a document with faults of type, `positions` still knows keys that were left out: a check that looks for
    a name finds it there.
    """
    try:
        document = load(path, want)
    except Faults as error:
        partial = _partial(path, want, error.faults)
        meaning = checks(partial) if partial else ()
        raise Faults([*error.faults, *meaning]) from None
    if faults := tuple(checks(document)):
        raise Faults(faults)
    return document


def _partial(path: str | FilePath, want: type[T], faults: Iterable[Fault]) -> Document[T] | None:
    """The document without what is at fault; None when nothing that makes sense is left."""
    try:
        text = FilePath(path).read_text(encoding="utf-8")
        refuse_bombs(text, str(path))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, Faults):
        return None
    if root is None:
        return None
    known: dict[KeyPath, Place] = {}
    wrong = {(fault.line, fault.column) for fault in faults}
    for _ in range(_ATTEMPTS):
        places: set[Place] = set()
        converter = Converter(lambda node, _, found=places: found.add(_place(node)))  # type: ignore[misc]
        value = converter.convert(root, want)
        known = converter.positions | known if known else dict(converter.positions)
        if value is not MISSING and not places:
            return Document(value, str(path), known | converter.positions)
        wrong |= places
        if not _leave_out(root, wrong):
            return None
    return None


def _leave_out(node: Node, wrong: set[Place]) -> bool:
    """Remove the keys and items that begin at a wrong place; whether there were any.

    A block begins where its first key does: what is inside goes first, the whole only when that was not it.
    """
    if isinstance(node, MappingNode):
        kept = [pair for pair in node.value if _place(pair[0]) not in wrong]
        left_out = len(kept) < len(node.value)
        inside = [_leave_out(child, wrong) for _, child in kept]
        node.value = [
            pair for pair, better in zip(kept, inside, strict=True) if better or _place(pair[1]) not in wrong
        ]
        return left_out or any(inside) or len(node.value) < len(kept)
    if isinstance(node, SequenceNode):
        inside = [_leave_out(item, wrong) for item in node.value]
        kept = [i for i, better in zip(node.value, inside, strict=True) if better or _place(i) not in wrong]
        left_out = len(kept) < len(node.value)
        node.value = kept
        return left_out or any(inside)
    return False


def _place(node: Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
