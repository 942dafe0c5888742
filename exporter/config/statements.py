"""What may be wrong with a statement of the configuration before any database has seen it."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from exporter.collector import CollectError
from exporter.databases.statements import refuse_all_but_reading
from exporter.profiles.profile import parameters
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document


def statement_faults(
    document: Document[Any], place: tuple[str | int, ...], sql: str, may: Set[str] = frozenset()
) -> Iterator[Fault]:
    """A statement that does more than read, or names other parameters than it `may`."""
    try:
        refuse_all_but_reading(sql)
    except CollectError as error:
        yield document.fault(place, error.message)
    for parameter in sorted(parameters(sql) - may):
        yield document.fault(place, unknown("parameter", f":{parameter}", (f":{p}" for p in may)))
