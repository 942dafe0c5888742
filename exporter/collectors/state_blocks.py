"""The profile's state: what waits, who works on it, who needs a person. One answer is the whole truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter import catalogue
from exporter.catalogue import Family
from exporter.collector import Collector, Deadline, RowFamily
from exporter.collectors.facts import Facts
from exporter.collectors.heartbeats import Heartbeats
from exporter.collectors.rows import Query, Record, number
from exporter.databases.pool import Pool
from exporter.profiles.blocks import STATES

OWN_QUEUE = "grading"
"""Label `queue` of a profile's own backlog."""
WINDOWS = {"1h": 3600, "24h": 86_400}

Ask = Callable[[str, Sequence[Mapping[str, int]]], list[list[Record]]]
"""Runs a block, by name, once for each set of parameters."""
_PLAIN: Sequence[Mapping[str, int]] = ({},)


@dataclass(slots=True)
class StateCollector:
    """Asks one or more blocks and makes gauges of their answers."""

    name: str
    queries: dict[str, Query]
    feeds: tuple[str, ...]
    pool: Pool
    facts: Facts
    min_users: int = 5
    heartbeats: Heartbeats | None = None
    """For workers whose heartbeat is observed."""

    def families(self) -> Sequence[Family]:
        """Families of the feeds."""
        return [catalogue.FAMILIES[f"grader_{feed}"] for feed in self.feeds]

    def collect(self, deadline: Deadline) -> Iterable[RowFamily]:
        """The state as the database has it now."""

        def ask(block: str, values: Sequence[Mapping[str, int]]) -> list[list[Record]]:
            with self.facts.run(block) as facts, self.pool.session(deadline) as session:
                answers = self.queries[block].run_all(session, values)
                facts.rows = sum(map(len, answers))
                return answers

        with self.facts.collection(self.name):
            found = [family for block in self.queries for family in self._families_of(block, ask)]
        return [family for family in found if family.family.name.removeprefix("grader_") in self.feeds]

    def inherit(self, old: Collector) -> None:
        """A reload makes no worker alive: what is known of their heartbeats stays known."""
        if not isinstance(old, StateCollector) or self.heartbeats is None or old.heartbeats is None:
            return
        if self.pool.dialect.location == old.pool.dialect.location:
            self.heartbeats.go_on(old.heartbeats)

    def _families_of(self, block: str, ask: Ask) -> list[RowFamily]:
        if block == "busy_workers":
            return []  # it is part of workers
        if block == "active_users":
            return [self._active_users(ask)]
        busy = ask("busy_workers", _PLAIN)[0] if block == "workers" and "busy_workers" in self.queries else []
        (rows,) = ask(block, _PLAIN)
        states = self.queries[block].block.states
        if block == "backlog":
            return _backlog(rows, states)
        if block == "workers":
            return _workers(self.heartbeats.observe(rows) if self.heartbeats else rows, busy, states)
        if block == "manual_pending":
            return [_single(catalogue.GRADER_MANUAL_GRADING_PENDING, rows, "pending")]
        return [_single(catalogue.GRADER_INTERNAL_ERRORS_OPEN, rows, "open_errors")]

    def _active_users(self, ask: Ask) -> RowFamily:
        answers = ask("active_users", [{"window": seconds} for seconds in WINDOWS.values()])
        users = [_sum(rows, "active_users") for rows in answers]
        return RowFamily(
            catalogue.GRADER_ACTIVE_USERS,
            [(w, n if n >= self.min_users else 0) for w, n in zip(WINDOWS, users, strict=True)],
        )


def _sum(rows: Iterable[Record], column: str) -> float:
    return sum(number(row[column]) or 0.0 for row in rows)


def _single(family: Family, rows: Sequence[Record], column: str) -> RowFamily:
    return RowFamily(family, [(_sum(rows, column),)])


def _backlog(rows: Sequence[Record], states: Sequence[str]) -> list[RowFamily]:
    """Depth and age of each state the profile knows; a state without a row is empty."""
    depth, age = dict.fromkeys(states, 0.0), dict.fromkeys(states, 0.0)
    for row in rows:
        state = row.get("state", states[0])
        if state in depth:
            depth[state] += number(row["depth"]) or 0.0
            age[state] = max(age[state], number(row.get("oldest_age_seconds")) or 0.0)
    return [
        RowFamily(catalogue.GRADER_QUEUE_DEPTH, [(s, OWN_QUEUE, n) for s, n in depth.items()]),
        RowFamily(catalogue.GRADER_QUEUE_OLDEST_AGE_SECONDS, [(s, OWN_QUEUE, n) for s, n in age.items()]),
    ]


def _workers(rows: Sequence[Record], busy: Sequence[Record], states: Sequence[str]) -> list[RowFamily]:
    """Workers by state; a state that the format does not know counts as `other`."""
    counts = dict.fromkeys(states, 0.0)
    for row in rows:
        state = row.get("state", states[0])
        state = state if state in STATES["workers"] else "other"
        counts[state] = counts.get(state, 0.0) + (number(row["workers"]) or 0.0)
    if busy:
        counts["busy"] = _sum(busy, "busy")
    oldest = [age for row in rows if (age := number(row.get("heartbeat_age_max_seconds"))) is not None]
    youngest = [age for row in rows if (age := number(row.get("heartbeat_age_min_seconds"))) is not None]
    ages = [("min", min(youngest))] if youngest else []
    ages += [("max", max(oldest))] if oldest else []
    return [
        RowFamily(catalogue.GRADER_WORKERS, list(counts.items())),
        RowFamily(catalogue.GRADER_WORKER_HEARTBEAT_AGE_SECONDS, [(s, max(0.0, age)) for s, age in ages]),
    ]
