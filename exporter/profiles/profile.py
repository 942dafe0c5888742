"""The types of a profile and its loader, which names every fault of the file with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Annotated, Literal, get_args

from msgspec import Meta

from exporter import catalogue
from exporter.profiles.blocks import BLOCKS, FILE_FEEDS, STATES, Follow
from typedyaml.faults import Fault, Faults, unknown
from typedyaml.load import Document, load
from typedyaml.units import Duration

AFTER = "> :after"
"""What a followed statement contains; unfinished rows are read again with `IN (…)` in its place."""

_TEXT_LITERAL = re.compile(r"'(?:[^']|'')*'")
_COMMENT = re.compile(r"--[^\n]*")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_FOLLOWING = {"after", "limit"}
_DAY = Duration(86_400)

Dialect = Literal["sqlite", "mysql", "postgresql"]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", description="a name: lower case, digits, - and _")]
Columns = Annotated[tuple[str, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Block:
    """One statement and what is made of its columns.

    `follow` tells how events are found: by `watermark` (rows have a growing whole number as id), by `state`
    (the whole answer is read and compared with the last one), or `none` (the answer is the state itself).
    `settle` is how long an outcome must stay before it counts, where a grading in progress looks finished.
    """

    feeds: Columns
    columns: Columns
    sql: str
    follow: Follow = "none"
    newest: str | None = None
    states: tuple[str, ...] = ()
    settle: dict[str, Duration] = field(default_factory=dict)
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    span: Annotated[int, Meta(ge=1)] = 20_000
    lookback: Duration = _DAY


@dataclass(frozen=True, slots=True)
class Files:
    """A folder layout that is read beside the database where the configuration names the folders.

    What it feeds is then not taken from the database as well.
    """

    layout: str
    feeds: Columns
    sql: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A grader: what it is, what was verified, what cannot be known of it, and its blocks."""

    profile: Name
    title: str
    dialect: Dialect
    verified: dict[str, str]
    queries: dict[str, Block]
    unknown: tuple[str, ...] = ()
    files: Files | None = None
    now: str | None = None
    """A statement that gives the database's own Unix time, for blocks that use `:now`."""

    @property
    def version(self) -> str:
        """The grader's release that the profile was verified with."""
        return self.verified.get("release", "")


def load_profile(profile: str) -> Document[Profile]:
    """Read a shipped profile by name, or a file when the name ends in .yaml; raises Faults, all at once."""
    path = (
        profile
        if profile.endswith(".yaml")
        else str(resources.files("exporter.profiles") / f"{profile}.yaml")
    )
    document = load(path, Profile)
    if faults := list(_faults(document)):
        raise Faults(faults)
    return document


def _faults(document: Document[Profile]) -> Iterator[Fault]:
    profile = document.value
    known = [name.removeprefix("grader_") for name in catalogue.FAMILIES]
    for index, name in enumerate(profile.unknown):
        if name not in known:
            yield document.fault(("unknown", index), unknown("metric", name, known))
    if not profile.queries:
        yield document.fault(("queries",), "a profile without blocks answers nothing")
    for name in profile.queries:
        if name not in BLOCKS:
            yield document.fault(("queries", name), unknown("block", name, BLOCKS))
        else:
            yield from _block_faults(document, name)
    yield from _double_feeds(document)
    if profile.files:
        yield from _files_faults(document, profile.files)


def _block_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    yield from _column_faults(document, name)
    yield from _feed_faults(document, name)
    yield from _follow_faults(document, name)
    yield from _parameter_faults(document, name)
    block, place = document.value.queries[name], ("queries", name)
    for index, state in enumerate(block.states):
        if state not in STATES.get(name, ()):
            yield document.fault((*place, "states", index), unknown("state", state, STATES.get(name, ())))
    if name in STATES and not block.states:
        yield document.fault(
            place, f"states is missing: which of {', '.join(STATES[name])} does the grader know?"
        )
    for outcome in block.settle:
        if outcome not in (*catalogue.OUTCOMES, "default"):
            yield document.fault(
                (*place, "settle", outcome), unknown("outcome", outcome, (*catalogue.OUTCOMES, "default"))
            )


def _column_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    place = ("queries", name, "columns")
    for index, column in enumerate(block.columns):
        if column not in kind.columns:
            yield document.fault((*place, index), unknown("column", column, kind.columns))
    for column in kind.required:
        if column not in block.columns:
            yield document.fault(place, f'block "{name}" needs a column "{column}"')


def _feed_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    for index, feed in enumerate(block.feeds):
        place = ("queries", name, "feeds", index)
        if feed not in kind.feeds:
            yield document.fault(place, unknown("feed", feed, kind.feeds))
        elif kind.feeds[feed] not in block.columns:
            yield document.fault(
                place, f'{feed} is made of a column "{kind.feeds[feed]}", which is not in columns'
            )


def _follow_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    place = ("queries", name)
    if block.follow not in kind.follow:
        yield document.fault((*place, "follow"), unknown("follow", block.follow, kind.follow))
    if block.follow == "watermark":
        if AFTER not in block.sql or ":limit" not in block.sql:
            message = f'a statement that is followed by watermark contains "{AFTER}", ORDER BY and ":limit"'
            yield document.fault((*place, "sql"), message)
        if block.newest is None:
            yield document.fault(
                place, "newest is missing: the statement that gives the highest id of the table"
            )
    elif block.newest is not None:
        yield document.fault((*place, "newest"), "newest belongs to follow: watermark")
    if block.settle and block.follow != "state":
        yield document.fault((*place, "settle"), "settle belongs to follow: state")


def _parameter_faults(document: Document[Profile], name: str) -> Iterator[Fault]:
    block, kind = document.value.queries[name], BLOCKS[name]
    allowed = {*kind.parameters, *(_FOLLOWING if block.follow == "watermark" else ())}
    for key, sql in (("sql", block.sql), ("newest", block.newest or "")):
        for parameter in sorted(parameters(sql) - allowed):
            message = unknown("parameter", f":{parameter}", (f":{p}" for p in allowed))
            yield document.fault(("queries", name, key), message)
    if "now" in parameters(block.sql) and document.value.now is None:
        message = "now is missing in the profile: the statement that gives :now by the database's clock"
        yield document.fault(("queries", name, "sql"), message)


def _double_feeds(document: Document[Profile]) -> Iterator[Fault]:
    """A metric has one source; only workers are put together from two blocks."""
    sources: dict[str, str] = {}
    for name, block in document.value.queries.items():
        for index, feed in enumerate(block.feeds):
            first = sources.setdefault(feed, name)
            if first != name and feed != "workers":
                yield document.fault(
                    ("queries", name, "feeds", index), f'{feed} is fed by block "{first}" already'
                )


def _files_faults(document: Document[Profile], files: Files) -> Iterator[Fault]:
    if files.layout not in FILE_FEEDS:
        yield document.fault(("files", "layout"), unknown("layout", files.layout, FILE_FEEDS))
        return
    for index, feed in enumerate(files.feeds):
        if feed not in FILE_FEEDS[files.layout]:
            yield document.fault(("files", "feeds", index), unknown("feed", feed, FILE_FEEDS[files.layout]))


def misfits(profile: Profile, dialect: str, folders: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """What keeps a profile from a grader as it is configured: (key of the configuration, sentence)."""
    if dialect in get_args(Dialect) and dialect != profile.dialect:
        yield "database", f"profile {profile.profile} is written for {profile.dialect}, this is {dialect}"
    for key, folder in folders.items():
        if folder is not None and profile.files is None:
            yield key, f"profile {profile.profile} reads no folders"


def parameters(sql: str) -> set[str]:
    """The names of a statement's `:name` parameters; text literals, comments and casts (`::`) have none."""
    return set(_PARAMETER.findall(_COMMENT.sub("", _TEXT_LITERAL.sub("''", sql))))
