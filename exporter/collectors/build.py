"""From the configuration to collectors: which block becomes which collector."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.collector import Collector
from exporter.collectors.books import book_for
from exporter.collectors.breakdown import Breakdown
from exporter.collectors.database import DatabaseCollector
from exporter.collectors.facts import BlockFacts, Facts, ProfileCollector
from exporter.collectors.files import FilesCollector
from exporter.collectors.heartbeats import Heartbeats
from exporter.collectors.memory import Memory
from exporter.collectors.queries import EventQueryCollector, QueryCollector
from exporter.collectors.rows import Query
from exporter.collectors.spaced import Spaced
from exporter.collectors.state_blocks import StateCollector
from exporter.collectors.submissions import EventCollector
from exporter.config.databases import Database
from exporter.config.graders import Grader
from exporter.config.queries import Query as QueryConfig
from exporter.config.query_sets import all_queries
from exporter.config.whole import Config
from exporter.databases import open_pool
from exporter.databases.pool import Pool
from exporter.profiles import Block, Profile, bind, load_profile
from exporter.profiles.labels import LABELLED, with_labels
from exporter.queries.answers import Shaper
from exporter.state import StateFile

_COLLECTORS = {"rows": "submissions", "busy_workers": "workers"}
"""Blocks whose collector is not named as they are."""


def build(config: Config, *, once: bool = False, state_dir: Path | None = None) -> list[Collector]:
    """The collectors of a checked configuration. Nothing is opened yet.

    `once` counts from the beginning and neither reads nor writes state. Raises Faults for a wrong profile.
    """
    config = dataclasses.replace(config, queries=all_queries(config))
    pools = {name: _pool(name, database) for name, database in config.databases.items()}
    long_queries = {name: database.long_query_seconds for name, database in config.databases.items()}
    folder = None if once else state_dir or Path(config.state_dir)
    facts = Facts()
    collectors: list[Collector] = []
    if pools:
        collectors.append(DatabaseCollector(tuple(pools.values()), long_queries))
    collectors += _query_collectors(config, pools, facts, folder)
    for grader in config.graders:
        most = config.collection.max_label_values
        collectors += _grader_collectors(grader, pools[grader.database], facts, folder, most)
    if config.queries and not config.graders:
        collectors.append(ProfileCollector(None, "", facts, once=once))
    if config.brokers or config.queues:
        from exporter.collectors.queues import queue_collectors

        collectors += queue_collectors(config.brokers, config.queues, pools)
    if config.probes:
        from exporter.collectors.probes import probe_collectors

        collectors += probe_collectors(config.probes)
    if config.backups:
        from exporter.collectors.backups import backup_collectors

        collectors += backup_collectors(config.backups, pools)
    if config.models:
        collectors.append(_model_collector(config, folder))
    return collectors


def _model_collector(config: Config, folder: Path | None) -> Collector:
    """Over connections of its own: a long read must not make the other collectors wait."""
    # numpy is imported by those alone who watch a model.
    from exporter.drift.cpu import choose_sort

    choose_sort()
    from exporter.collectors.model import ModelCollector
    from exporter.drift.setup import make_setup
    from exporter.drift.watch import Watch

    pools = {name: _pool(name, database) for name, database in config.databases.items()}
    once = folder is None
    watches = [
        Watch(make_setup(name, model, pools, folder, count_all=once)) for name, model in config.models.items()
    ]
    return ModelCollector(watches, once=once)


def _query_collectors(
    config: Config, pools: Mapping[str, Pool], facts: Facts, folder: Path | None
) -> Iterator[Collector]:
    """One a query; a dear one is asked as seldom as its interval says."""
    for key, query in config.queries.items():
        shapers = tuple(Shaper.of(key, metric) for metric in query.metrics)
        pool = pools[query.database]
        facts.blocks[key] = BlockFacts()
        collector: Collector
        if query.follow == "none":
            collector = QueryCollector(key, query, shapers, pool, facts)
        else:
            source = _source(pool, f"query {key}", _meaning(query))
            memory = Memory(key, facts, StateFile(folder / f"query-{key}.json", source) if folder else None)
            collector = EventQueryCollector(key, query, shapers, pool, facts, memory, once=folder is None)
        facts.collectors.add(collector.name)
        yield Spaced(collector, query.interval.seconds) if query.interval else collector


def _source(pool: Pool, what: str, statement: str) -> str:
    """What a state file belongs to; after a change of any of it the state is worthless."""
    digest = hashlib.sha256(statement.encode()).hexdigest()[:12]
    return f"{pool.dialect.name} {pool.dialect.location}, {what} {digest}"


def _meaning(query: QueryConfig) -> str:
    """What is counted, and as what; how often it is asked and how long that may take is no part of it."""
    counted = [
        (m.metric, m.type, m.value, m.bounds, *(sorted(d.items()) for d in (m.labels, m.constants, m.map)))
        for m in query.metrics
    ]
    return repr((query.sql, query.newest, query.wait, counted))


def _pool(name: str, database: Database) -> Pool:
    return open_pool(
        name,
        database.url,
        statement_timeout=database.timeout.seconds,
        access=database.access,
        max_connections=database.max_connections,
    )


def _grader_collectors(
    grader: Grader, pool: Pool, facts: Facts, folder: Path | None, most: int
) -> Iterator[Collector]:
    """`folder` keeps the state; None counts once, from the beginning. `most` bounds a label's values."""
    profile = bind(load_profile(grader.profile).value, pool.dialect.name, grader.options)
    build = _Build(with_labels(profile, grader.labels), pool, facts, folder, grader, most)
    collectors: list[Collector] = [
        *build.event_collectors(),
        *build.state_collectors(),
        *build.files_collectors(),
    ]
    build.facts.collectors |= {collector.name for collector in collectors}
    yield from collectors
    yield ProfileCollector(profile.profile, profile.version, build.facts, once=folder is None)


@dataclass(frozen=True, slots=True)
class _Build:
    """What the collectors of one grader share."""

    profile: Profile
    pool: Pool
    facts: Facts
    folder: Path | None
    grader: Grader
    most: int

    def breakdown(self) -> Breakdown | None:
        """One a collector, where the configuration wants labels."""
        if not self.grader.labels or self.profile.labels is None:
            return None
        wanted = self.grader.labels
        patterns = {str(name): wanted[name] for name in self.profile.labels.of if name in wanted}
        return Breakdown(patterns, self.profile.labels.values, self.most)

    def from_files(self) -> frozenset[str]:
        """Feeds that the configured folders give; they are not taken from the database as well."""
        if not self.profile.files:
            return frozenset()
        needed = {"submissions_total": self.grader.exchange}
        return frozenset(
            feed for feed in self.profile.files.feeds if needed.get(feed, self.grader.course) is not None
        )

    def files_collectors(self) -> Iterator[FilesCollector]:
        """One when a folder is configured that the profile can read."""
        feeds = self.from_files()
        if feeds and self.profile.files:
            self.facts.blocks["files"] = BlockFacts()
            folders = f"{self.grader.course} {self.grader.exchange}"
            yield FilesCollector(
                names=self.profile.files.sql,
                feeds=feeds,
                pool=self.pool,
                facts=self.facts,
                memory=Memory(
                    "files", self.facts, self._state_file("files", f"{self.profile.files.sql}{folders}")
                ),
                course=Path(self.grader.course) if self.grader.course else None,
                exchange=Path(self.grader.exchange) if self.grader.exchange else None,
                breakdown=self.breakdown(),
                once=self.folder is None,
            )

    def event_collectors(self) -> Iterator[Collector]:
        """One a followed block."""
        for name, block in self.profile.queries.items():
            feeds = frozenset(block.feeds) - self.from_files()
            if block.follow != "none" and feeds:
                self.facts.blocks[name] = BlockFacts()
                breakdown = self.breakdown() if feeds & set(LABELLED) else None
                collector = EventCollector(
                    name=_COLLECTORS.get(name, name),
                    query=Query(name, block, self.profile.now),
                    book=book_for(name, feeds, breakdown),
                    pool=self.pool,
                    facts=self.facts,
                    memory=Memory(name, self.facts, self._state_file(name, block.sql)),
                    breakdown=breakdown,
                    once=self.folder is None,
                )
                yield self._spaced(collector, [block])

    def state_collectors(self) -> Iterator[Collector]:
        """One a question; two blocks may answer it together."""
        grouped: dict[str, dict[str, Query]] = {}
        for name, block in self.profile.queries.items():
            if block.follow == "none":
                group = grouped.setdefault(_COLLECTORS.get(name, name), {})
                group[name] = Query(name, block, self.profile.now)
        for name, queries in grouped.items():
            fed = dict.fromkeys(feed for query in queries.values() for feed in query.block.feeds)
            feeds = tuple(feed for feed in fed if feed not in self.from_files())
            if feeds:
                self.facts.blocks |= {block: BlockFacts() for block in queries}
                blocks = [query.block for query in queries.values()]
                stale_after = next((b.stale_after for b in blocks if b.stale_after), None)
                heartbeats = Heartbeats(stale_after.seconds) if stale_after else None
                collector = StateCollector(
                    name, queries, feeds, self.pool, self.facts, self.grader.min_users, heartbeats
                )
                yield self._spaced(collector, blocks)

    def _spaced(self, collector: Collector, blocks: Sequence[Block]) -> Collector:
        """The collector, asked as seldom as its dearest block wants."""
        seconds = max((block.every.seconds for block in blocks if block.every), default=0.0)
        return Spaced(collector, seconds) if seconds else collector

    def _state_file(self, block: str, sql: str) -> StateFile | None:
        """The state belongs to one statement on one database; after a change of either it is worthless."""
        if self.folder is None:
            return None
        name = f"{self.pool.name}-{self.profile.profile}-{block}.json"
        source = _source(self.pool, f"profile {self.profile.profile}, {block}", sql)
        return StateFile(self.folder / name, source)
