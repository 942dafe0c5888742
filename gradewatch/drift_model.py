"""The model that a drift verb is about: found in the sidecar's configuration, and opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from exporter.config.models import Model, moment
from exporter.config.whole import load_config
from exporter.databases import open_pool
from exporter.databases.pool import Pool
from exporter.drift.batch import Layout
from exporter.drift.setup import layout_of, make_setup, open_rows
from exporter.drift.sources import Place, Source, SourceError, Step
from exporter.drift.watch import Watch
from gradewatch.exits import UsageError
from gradewatch.progress import Progress
from typedyaml.faults import unknown
from typedyaml.units import Duration

LONG_STATEMENT = 60.0
"""A person waits for this one, not a scrape."""
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class _Told:
    """A source that says how far it is."""

    source: Source

    def steps(self, place: Place | None, now: float, since: float) -> Iterator[Step]:
        """See Source."""
        progress, rows = Progress("counting the log"), 0
        try:
            for step in self.source.steps(place, now, since):
                rows += step.batch.rows
                progress(f"{rows:,} rows")
                yield step
        finally:
            progress.end()


@dataclass(frozen=True, slots=True)
class Opened:
    """A model of a configuration."""

    name: str
    model: Model
    pools: dict[str, Pool]

    def watch(self, days: int) -> Watch:
        """A watch that keeps nothing and looks back so many days."""
        setup = make_setup(self.name, self.model, self.pools, None)
        return Watch(replace(setup, days=days, log=_Told(setup.log)))

    def log(self, layout: Layout, since: float) -> Iterator[Step]:
        """The log's rows; raises UsageError for one that cannot be read."""
        progress, rows = Progress("reading the log"), 0
        try:
            for step in open_rows(self.model.log, layout, self.model.columns.id, self.pools).steps(
                None, 0.0, since
            ):
                rows += step.batch.rows
                progress(f"{rows:,} rows")
                yield step
        except SourceError as error:
            raise UsageError(str(error)) from None
        finally:
            progress.end()

    def newest(self) -> float:
        """Unix time of the newest row that is not in the future."""
        layout = Layout(time=layout_of(self.model).time)
        limit, newest = datetime.now(UTC).timestamp() + 300, -np.inf
        for step in self.log(layout, -np.inf):
            times = step.batch.times[step.batch.times <= limit]
            newest = max([newest, *([float(times.max())] if len(times) else [])])
        if not np.isfinite(newest):
            raise UsageError(f'the log of "{self.name}" has no row with a time')
        return newest

    def moment(self, text: str | None) -> float:
        """The time that was asked for, else that of the newest row."""
        if text is None:
            return self.newest()
        try:
            return moment(text)
        except ValueError:
            raise UsageError(f'"{text}" is no time like 2026-09-01T12:00') from None


def open_model(config: Path, name: str | None, window: str | None = None) -> Opened:
    """Find it; raises Faults for a wrong configuration, UsageError for a model that is not in it."""
    found = load_config(config).value
    if not found.models:
        raise UsageError(f'{config} has no "models"; docs/drift.md shows how to write one')
    if name is None and len(found.models) > 1:
        raise UsageError(f"which model? --model {', '.join(found.models)}")
    chosen = name or next(iter(found.models))
    if chosen not in found.models:
        raise UsageError(unknown("model", chosen, found.models))
    model = found.models[chosen]
    if window is not None:
        model = replace(model, window=_window(window))
    pools = {
        key: open_pool(key, database.url, statement_timeout=LONG_STATEMENT, access=database.access)
        for key, database in found.databases.items()
    }
    return Opened(chosen, model, pools)


def _window(text: str) -> Duration:
    try:
        window = Duration.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    hours = window.seconds / _HOUR
    if not (hours in range(1, 49) or hours in range(24, 169, 24)):
        raise UsageError(f"--window {text}: 1h to 48h in whole hours, or 2d to 7d in whole days")
    return window
