"""The whole file: its sections, and every fault of all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from exporter.config import (
    backups,
    brokers,
    collection,
    databases,
    graders,
    models,
    probes,
    queries,
    query_sets,
    queues,
)
from exporter.config.backups import Backup
from exporter.config.brokers import Broker
from exporter.config.collection import Collection
from exporter.config.databases import Database
from exporter.config.graders import Grader
from exporter.config.models import Model
from exporter.config.names import AbsolutePath, Address, Name, split_address
from exporter.config.probes import Probe
from exporter.config.queries import Query
from exporter.config.query_sets import QuerySetUse
from exporter.config.queues import Queue
from typedyaml.checked import load_checked
from typedyaml.faults import Fault
from typedyaml.load import Document

DEFAULT_LISTEN = "0.0.0.0:11910"


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file."""

    databases: dict[Name, Database] = field(default_factory=dict)
    graders: tuple[Grader, ...] = ()
    queries: dict[Name, Query] = field(default_factory=dict)
    query_sets: tuple[QuerySetUse, ...] = ()
    brokers: dict[Name, Broker] = field(default_factory=dict)
    queues: tuple[Queue, ...] = ()
    probes: dict[Name, Probe] = field(default_factory=dict)
    backups: dict[Name, Backup] = field(default_factory=dict)
    models: dict[Name, Model] = field(default_factory=dict)
    listen: Annotated[tuple[Address, ...], Meta(min_length=1)] = (DEFAULT_LISTEN,)
    state_dir: AbsolutePath = "/var/lib/gradewatch"
    collection: Collection = field(default_factory=Collection)


def load_config(path: str | Path) -> Document[Config]:
    """Read and check a file; raises Faults with every fault at once."""
    return load_checked(path, Config, _faults)


def _faults(document: Document[Config]) -> Iterator[Fault]:
    yield from _listen_faults(document)
    for section in (
        collection,
        databases,
        graders,
        queries,
        query_sets,
        brokers,
        queues,
        probes,
        backups,
        models,
    ):
        yield from section.faults(document)


def _listen_faults(document: Document[Config]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, address in enumerate(document.value.listen):
        if split_address(address)[1] > 65535:
            yield document.fault(("listen", index), f'"{address}": a port is at most 65535')
        if address in seen:
            yield document.fault(("listen", index), f'"{address}" is written twice')
        seen.add(address)
