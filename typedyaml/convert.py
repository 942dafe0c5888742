"""From YAML nodes to typed values: dataclasses, dicts, tuples, unions, constrained scalars.

Walking is ours, because every fault is wanted at once and each with its place; the constraints of a scalar
(`Annotated[str, msgspec.Meta(pattern=...)]`) are msgspec's.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from typedyaml.faults import unknown
from typedyaml.units import ALLOWED, Duration

Path = tuple[str | int, ...]
MISSING = object()
"""Stands for a value that had a fault; it never leaves `load`."""

_KINDS = {MappingNode: "a mapping", SequenceNode: "a list", ScalarNode: "a single value"}
_SCALARS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    date: "a date like 2026-12-25",
    Duration: ALLOWED,
}
_SCALAR_LOADER = yaml.SafeLoader("")


def key_of(name: str) -> str:
    """A field's key in YAML: a trailing underscore only keeps Python's keywords apart (`for_` is `for`)."""
    return name.removesuffix("_")


class Converter:
    """Converts one document; collects faults as (node or position, message) and positions by path."""

    def __init__(self, report: Callable[[Node, str], None]) -> None:
        self._report = report
        self.positions: dict[Path, tuple[int, int]] = {}

    def convert(self, node: Node, want: Any, path: Path = ()) -> Any:
        """The value of `node` as type `want`, or MISSING when a fault was reported."""
        origin = get_origin(want)
        if origin is Annotated:
            return self._annotated(node, want, path)
        if origin in (Union, types.UnionType):
            return self._union(node, get_args(want), path)
        if dataclasses.is_dataclass(want) and want is not Duration:
            return self._dataclass(node, want, path)
        if origin is dict:
            key_type, value_type = get_args(want)
            return self._dict(node, key_type, value_type, path)
        if origin is tuple:
            return self._tuple(node, get_args(want)[0], path)
        if want is Any or want is object:
            return self._plain(node, path)
        return self._scalar(node, want, path)

    def _at(self, node: Node, path: Path) -> None:
        self.positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))

    def _wrong(self, node: Node, message: str) -> Any:
        self._report(node, message)
        return MISSING

    def _is(self, node: Node, kind: type[Node], path: Path) -> bool:
        self._at(node, path)
        if isinstance(node, kind):
            return True
        where = f'"{path[-1]}"' if path else "the file"
        found = f'"{node.value}"' if isinstance(node, ScalarNode) and node.value else _describe(node)
        self._report(node, f"{where} must be {_KINDS[kind]}, found {found}")
        return False

    def _pairs(self, node: MappingNode, path: Path) -> dict[str, Node]:
        """Children by key; a key written twice is a fault."""
        children: dict[str, Node] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                self._report(key, f"a key must be a single value, found {_describe(key)}")
                continue
            name = key.value
            if name in children:
                self._report(key, f'key "{name}" is written twice')
                continue
            children[name] = child
            mark = child.start_mark if isinstance(child, ScalarNode) else key.start_mark
            self.positions[(*path, name)] = (mark.line + 1, mark.column + 1)
        return children

    def _dataclass(self, node: Node, want: Any, path: Path) -> Any:
        if not self._is(node, MappingNode, path):
            return MISSING
        assert isinstance(node, MappingNode)
        children = self._pairs(node, path)
        hints = get_type_hints(want, include_extras=True)
        fields = {key_of(f.name): f for f in dataclasses.fields(want)}
        keys = {key.value: key for key, _ in node.value if isinstance(key, ScalarNode)}
        for name in children.keys() - fields.keys():
            self._report(keys.get(name, node), unknown("key", name, fields))
        values, whole = {}, True
        for key, f in fields.items():
            if key in children:
                values[f.name] = self.convert(children[key], hints[f.name], (*path, key))
                whole &= values[f.name] is not MISSING
            elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
                where = f' in "{path[-1]}"' if path else ""
                self._report(node, f'required key "{key}" is missing{where}')
                whole = False
        return want(**values) if whole else MISSING

    def _dict(self, node: Node, key_type: Any, value_type: Any, path: Path) -> Any:
        if not self._is(node, MappingNode, path):
            return MISSING
        assert isinstance(node, MappingNode)
        children = self._pairs(node, path)
        scalars = (key for key, _ in node.value if isinstance(key, ScalarNode))
        keys = {key.value: self.convert(key, key_type, (*path, f"<{key.value}>")) for key in scalars}
        values = {
            keys[name]: self.convert(child, value_type, (*path, name)) for name, child in children.items()
        }
        return MISSING if MISSING in keys.values() or any(v is MISSING for v in values.values()) else values

    def _tuple(self, node: Node, item_type: Any, path: Path) -> Any:
        if not self._is(node, SequenceNode, path):
            return MISSING
        items = tuple(self.convert(child, item_type, (*path, i)) for i, child in enumerate(node.value))
        return MISSING if any(item is MISSING for item in items) else items

    def _annotated(self, node: Node, want: Any, path: Path) -> Any:
        inner, *metas = get_args(want)
        value = self.convert(node, inner, path)
        if value is MISSING:
            return MISSING
        constrained = list(value) if isinstance(value, tuple) else value
        shape = list if isinstance(value, tuple) else inner
        try:
            msgspec.convert(constrained, Annotated[(shape, *metas)])
        except msgspec.ValidationError as error:
            described = next((m.description for m in metas if getattr(m, "description", None)), None)
            if isinstance(value, tuple):
                return self._wrong(node, f'"{path[-1]}" must not be empty' if not value else str(error))
            return self._wrong(node, f'"{value}" is not {described}' if described else f'"{value}": {error}')
        return value

    def _union(self, node: Node, options: tuple[Any, ...], path: Path) -> Any:
        if _is_null(node) and type(None) in options:
            self._at(node, path)
            return None
        options = tuple(option for option in options if option is not type(None))
        # A list can only be meant as a list: its own faults say more than "is none of these".
        lists = tuple(option for option in options if get_origin(option) is tuple)
        if lists and len(lists) < len(options):
            single = tuple(option for option in options if option not in lists)
            options = lists if isinstance(node, SequenceNode) else single
        if len(options) == 1:
            return self.convert(node, options[0], path)
        # Every option but the last is tried silently; the first that fits wins.
        for option in options:
            trial = Converter(lambda *_: None)
            if (value := trial.convert(node, option, path)) is not MISSING:
                self.positions |= trial.positions
                return value
        self._at(node, path)
        return self._wrong(
            node, f'"{_value(node)}" is not {" or ".join(_SCALARS.get(o, str(o)) for o in options)}'
        )

    def _scalar(self, node: Node, want: Any, path: Path) -> Any:
        if not self._is(node, ScalarNode, path):
            return MISSING
        value = _value(node)
        if get_origin(want) is Literal:
            allowed = get_args(want)
            return value if value in allowed else self._wrong(node, unknown("value", node.value, allowed))
        if want is Duration:
            try:
                return Duration.parse(str(value))
            except ValueError as error:
                return self._wrong(node, str(error))
        if want is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if want is date and isinstance(value, str):
            value = _date(value)
        if type(value) is not want or (want is float and not math.isfinite(value)):
            return self._wrong(node, f'"{_name(path)}" must be {_SCALARS[want]}, found "{node.value}"')
        return value

    def _plain(self, node: Node, path: Path) -> Any:
        self._at(node, path)
        if isinstance(node, MappingNode):
            return {
                name: self._plain(child, (*path, name)) for name, child in self._pairs(node, path).items()
            }
        if isinstance(node, SequenceNode):
            return [self._plain(child, (*path, i)) for i, child in enumerate(node.value)]
        return _value(node)


def _name(path: Path) -> str | int:
    """What a person calls the value: its key, an entry of a list by that of the list."""
    return next((part for part in reversed(path) if isinstance(part, str)), path[-1])


def _date(text: str) -> date | str:
    """A date in quotes is a date, too."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _value(node: Node) -> Any:
    try:
        return _SCALAR_LOADER.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError):
        return node.value


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and bool(node.tag == "tag:yaml.org,2002:null")


def _describe(node: Node) -> str:
    return "nothing" if _is_null(node) else _KINDS[type(node)]
