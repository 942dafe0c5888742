"""Labels that an installation may add to a profile's counters: what a statement gives beside its columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from exporter import catalogue
from exporter.catalogue import AddedLabel
from exporter.profiles.profile import Block, Columns, Profile

LABELLED = tuple(family.name.removeprefix("grader_") for family in catalogue.LABELLED)
"""The feeds that a label can be added to."""


def offered(profile: Profile) -> tuple[AddedLabel, ...]:
    """The labels that can be added."""
    return tuple(profile.labels.of) if profile.labels else ()


def with_labels(profile: Profile, names: Collection[str]) -> Profile:
    """The profile whose statements give these labels as columns too, with the rights that this needs."""
    if not names or profile.labels is None:
        return profile
    queries = {
        name: _labelled(block, dict(_of(profile, name, names))) for name, block in profile.queries.items()
    }
    return replace(profile, queries=queries, grants=_together(profile.grants, profile.labels.grants))


def _of(profile: Profile, block: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """The expressions of a block by label, in the profile's order."""
    assert profile.labels
    for name, expressions in profile.labels.of.items():
        if name in names and block in expressions:
            yield name, expressions[block]


def _labelled(block: Block, expressions: Mapping[str, str]) -> Block:
    """The statement becomes `q`, to whose rows the expressions are added."""
    if not expressions:
        return block
    more = "".join(f", {sql} AS {name}" for name, sql in expressions.items())
    # Words of the configuration's author, as the statement itself is.
    sql = f"SELECT q.*{more} FROM (\n{block.sql.rstrip()}\n) q ORDER BY q.id"  # noqa: S608
    return replace(block, sql=sql, columns=(*block.columns, *expressions))


def _together(first: Mapping[str, Columns], second: Mapping[str, Columns]) -> dict[str, Columns]:
    """Columns by table, each once."""
    tables = dict.fromkeys((*first, *second))
    return {table: tuple(dict.fromkeys((*first.get(table, ()), *second.get(table, ())))) for table in tables}
