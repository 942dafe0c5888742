"""A board's variables: their values from Prometheus, and their place in a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dashboards.finding import Json
from dashboards.live.client import Prometheus
from dashboards.live.window import Window

_LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+),\s*)?(?P<label>\w+)\)")
_NAMED = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")
DUMMY = "none-of-this-name"


@dataclass(frozen=True, slots=True)
class Values:
    """The text that takes each variable's place, and the variables that Prometheus has no value for."""

    texts: dict[str, str]
    without: tuple[str, ...]


def resolve(
    document: Json, prometheus: Prometheus, window: Window, only: Mapping[str, str] = MappingProxyType({})
) -> Values:
    """Each query variable in order: those preselected, else All; or the value that `only` names for it."""
    texts: dict[str, str] = {}
    without: list[str] = []
    for variable in document["templating"]["list"]:
        if variable["type"] != "query":
            continue
        options = options_of(variable, texts, prometheus, window)
        if not options:
            without.append(variable["name"])
        texts[variable["name"]] = _text(variable, options or [DUMMY], only.get(variable["name"]))
    return Values(texts, tuple(without))


def options_of(variable: Json, texts: Mapping[str, str], prometheus: Prometheus, window: Window) -> list[str]:
    """What the menu of a variable offers."""
    match = _LABEL_VALUES.fullmatch(variable["query"]["query"])
    if not match:
        raise ValueError(f"variable {variable['name']}: only label_values(...) is used here")
    selector = fill(match["selector"] or "", texts)
    found = prometheus.label_values(match["label"], selector, window.start, window.end)
    if not (pattern := variable.get("regex", "").strip("/")):
        return found
    matches = [re.search(pattern, value) for value in found]
    return [m[1] if m.groups() else m[0] for m in matches if m]


def fill(text: str, texts: Mapping[str, str]) -> str:
    """The text with each known variable replaced; unknown ones stay, as Grafana leaves them."""

    def put(match: re.Match[str]) -> str:
        return texts.get(match[1] or match[2] or match[3], match[0])

    return _NAMED.sub(put, text)


def escape(value: str) -> str:
    """A value within a regular expression within a PromQL string."""
    return _SPECIAL.sub(lambda match: f"\\\\{match[0]}", value.replace("\\", "\\\\\\\\"))


def _text(variable: Json, options: list[str], only: str | None) -> str:
    if only is not None:
        return escape(only)
    chosen = [value for value in variable["current"]["value"] if value in options]
    if chosen:
        escaped = [escape(value) for value in chosen]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    return str(variable.get("allValue") or f"({'|'.join(map(escape, options))})")
