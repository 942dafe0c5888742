"""Links lead somewhere: the board, its variables, the runbook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dashboards.finding import Finding, Json, panels_of
from policy.model import Policy

RULE = "links"
_BOARD = re.compile(r"^/d/([\w-]+)(?:\?(.*))?$")
_PASSED = re.compile(r"\$\{(\w+):queryparam\}|var-(\w+)=")
_UID = re.compile(r'"(gradew[\w-]+)"')
VALUE = "/d/${__value.raw}"
"""The value that is clicked on is the board."""
_MARKDOWN = re.compile(r"\]\((\S+?)\)")


def link_findings(
    board: str, document: Json, boards: Mapping[str, Json], policy: Policy | None
) -> Iterator[Finding]:
    """All links of all panels; `boards` are those that are shipped together."""
    for panel in panels_of(document):
        for url in _urls(panel):
            for message in _problems(url, document, boards, policy, panel):
                yield Finding(board, str(panel.get("title", "")), RULE, f"{url}: {message}")


def _urls(panel: Json) -> Iterator[str]:
    fields = panel.get("fieldConfig", {})
    links: list[Any] = [*fields.get("defaults", {}).get("links", ()), *panel.get("links", ())]
    for rule in fields.get("overrides", ()):
        for entry in rule["properties"]:
            links += entry["value"] if entry["id"] == "links" else []
    yield from (link["url"] for link in links)
    yield from _MARKDOWN.findall(panel.get("options", {}).get("content", ""))


def _problems(
    url: str, document: Json, boards: Mapping[str, Json], policy: Policy | None, panel: Json
) -> Iterator[str]:
    if url.startswith(VALUE):
        for uid in sorted(_named(panel)):
            yield from _problems(url.replace(VALUE, f"/d/{uid}"), document, boards, policy, panel)
    elif match := _BOARD.match(url):
        if match[1] not in boards:
            yield "there is no such board"
            return
        there = _variables(boards[match[1]])
        for one, two in _PASSED.findall(match[2] or ""):
            if (one or two) not in there:
                yield f"that board has no variable {one or two}"
            if one and one not in _variables(document):
                yield f"this board has no variable {one}"
    elif url.startswith("/"):
        yield "is no board"
    elif policy and url.startswith(f"{policy.links.runbooks}/"):
        name = url.removeprefix(f"{policy.links.runbooks}/")
        known = {*policy.alerts, *(objective.alert for objective in policy.objectives.values())}
        if "$" not in name and name not in known:
            yield "there is no such alert, hence no runbook"


def _named(panel: Json) -> set[str]:
    """The boards that the queries of a panel put into a label."""
    return {uid for target in panel.get("targets", ()) for uid in _UID.findall(target["expr"])}


def _variables(document: Json) -> set[str]:
    return {entry["name"] for entry in document.get("templating", {}).get("list", ())}
