"""A query set: what it is, what was verified, and its queries in the form of the configuration's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from exporter.config.names import Name
from exporter.config.queries import Query
from typedyaml.load import Document, load


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Queries for one system. Their `database` is a placeholder for the one that the configuration names."""

    set: Name
    title: str
    dialect: str
    queries: dict[Name, Query]
    verified: dict[str, str] = field(default_factory=dict)


def query_set_names() -> tuple[str, ...]:
    """The sets that are shipped."""
    folder = resources.files("exporter") / "query_sets"
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def load_query_set(name: str) -> Document[QuerySet]:
    """A shipped set by its name, or one's own by its path; raises Faults."""
    if name.endswith(".yaml"):
        return load(name, QuerySet)
    return load(Path(str(resources.files("exporter") / "query_sets" / f"{name}.yaml")), QuerySet)
