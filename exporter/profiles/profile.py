"""The types of a profile, and its loader."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from msgspec import Meta

from exporter.catalogue import AddedLabel
from exporter.config.names import TablePart
from exporter.profiles.blocks import Follow
from typedyaml.faults import Faults
from typedyaml.load import Document, load
from typedyaml.units import Duration

AFTER = "> :after"
"""What a followed statement contains; unfinished rows are read again with `IN (…)` in its place."""

_TEXT_LITERAL = re.compile(r"'(?:[^']|'')*'")
_COMMENT = re.compile(r"--[^\n]*")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_DAY = Duration(86_400)

Dialect = Literal["sqlite", "mysql", "postgresql"]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]*$", description="a name: lower case, digits, - and _")]
Columns = Annotated[tuple[str, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Block:
    """One statement and what is made of its columns.

    `follow` tells how events are found: by `watermark` (rows have a growing whole number as id), by `state`
    (the whole answer is read and compared with the last one), by `counts` (the answer are groups with their
    sizes, and what they grew by is new), or `none` (the answer is the state itself).
    `settle` is how long an outcome must stay before it counts, where a grading in progress looks finished.
    `every` spares a statement that reads a whole table: its answer is served again for that long.
    `stale_after` is how long a worker's `beat` may stay the same. `index` names what carries the statement.
    """

    feeds: Columns
    columns: Columns
    sql: str
    follow: Follow = "none"
    newest: str | None = None
    states: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    settle: dict[str, Duration] = field(default_factory=dict)
    every: Duration | None = None
    stale_after: Duration | None = None
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
class Labels:
    """What an installation may have its events counted by: `graders[].labels`.

    `of` gives for each label and block an expression over `q`, a row of the block. `values` lists the values
    that there are, newest first, a column a label; `grants` are the columns that all this reads.
    """

    of: dict[AddedLabel, dict[str, str]]
    values: str
    grants: dict[str, Columns] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """A grader: what it is, what was verified, what cannot be known of it, and its blocks.

    `options` are parts of names that an installation may have chosen, with their defaults; `words` are
    pieces of SQL that differ between dialects. Statements hold both as `{name}`.
    `grants` are the columns that the statements read, by table; `masked` gives columns that a view shows in
    a harmless form instead. `small` tables have few rows and may be read whole.
    """

    profile: Name
    title: str
    dialects: Annotated[tuple[Dialect, ...], Meta(min_length=1)]
    verified: dict[str, str]
    queries: dict[str, Block]
    unknown: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    options: dict[Name, TablePart] = field(default_factory=dict)
    words: dict[Dialect, dict[Name, str]] = field(default_factory=dict)
    grants: dict[str, Columns] = field(default_factory=dict)
    masked: dict[str, dict[str, str]] = field(default_factory=dict)
    small: tuple[str, ...] = ()
    beside: str | None = None
    """Configuration of other sections that belongs to this grader: its broker's queues."""
    files: Files | None = None
    labels: Labels | None = None
    now: str | None = None
    """A statement that gives the database's own Unix time, for blocks that use `:now`."""

    @property
    def version(self) -> str:
        """The grader's release that the profile was verified with."""
        return self.verified.get("release", "")


def load_profile(profile: str) -> Document[Profile]:
    """Read a shipped profile by name, or a file when the name ends in .yaml; raises Faults, all at once."""
    from exporter.profiles.checks import faults

    path = (
        profile
        if profile.endswith(".yaml")
        else str(resources.files("exporter.profiles") / f"{profile}.yaml")
    )
    document = load(path, Profile)
    if found := list(faults(document)):
        raise Faults(found)
    return document


@lru_cache(128)
def parameters(sql: str) -> frozenset[str]:
    """The names of a statement's `:name` parameters; text literals, comments and casts (`::`) have none."""
    return frozenset(_PARAMETER.findall(_COMMENT.sub("", _TEXT_LITERAL.sub("''", sql))))
