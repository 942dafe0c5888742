"""The sidecar: configuration to collectors, and collectors to pages."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.collector import Collector
from exporter.config.whole import Config
from exporter.exposition import Block, Part, unite
from exporter.flight import Flights, Limits, Outcome
from exporter.own import Own
from exporter.rendering import Renderer

log = logging.getLogger(__name__)

_OWN_LABEL_VALUES = 1000
"""Our own label values are the names of collectors and families: configured, and few."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the landing page and the readiness probe know. `at` is Unix time of the last page, 0 before it."""

    at: float
    outcomes: tuple[Outcome, ...]
    draining: bool = False

    @property
    def ready(self) -> bool:
        """After a good collection of any collector; not when all have failed, nor while ending."""
        return (
            not self.draining
            and bool(self.at)
            and (not self.outcomes or any(o.success for o in self.outcomes))
        )


class Sidecar:
    """Makes pages; any number of threads may ask at once."""

    def __init__(self, collectors: Iterable[Collector], limits: Limits, max_label_values: int = 50) -> None:
        self.own = Own(config_read_at=time.time())
        self.limits = limits
        self._flights = Flights(collectors, limits, max_label_values)
        self._own_renderer = Renderer(_OWN_LABEL_VALUES)
        self._lock = threading.Lock()
        self._states: dict[str, tuple[str, str]] = {}
        self.status = Status(0.0, ())

    def scrape(self, scrape_timeout: float | None = None) -> list[Part]:
        """Collect and return a page's parts, ours last. `scrape_timeout` in seconds, None when not told."""
        outcomes = self._flights.collect(self.limits.deadline(scrape_timeout))
        parts, repeated = unite([o.block for o in outcomes if o.block])
        counts = iter(repeated)
        repeats = [next(counts) if o.block else 0 for o in outcomes]
        with self._lock:
            self._note(outcomes)
            own = self._own_renderer.render(self.own.metrics(outcomes, repeats))
        return unite([Block(tuple(parts)), own])[0]

    @property
    def names(self) -> Sequence[str]:
        """Names of the collectors, in the order of the configuration."""
        return self._flights.names

    def drain(self) -> None:
        """Say "not ready" from now on."""
        with self._lock:
            self.status = replace(self.status, draining=True)

    def close(self) -> None:
        """Let the collectors' threads end; nobody may ask any more."""
        self._flights.close()

    def _note(self, outcomes: list[Outcome]) -> None:
        self.status = replace(self.status, at=time.time(), outcomes=tuple(outcomes))
        for outcome in outcomes:
            state = ("ok" if outcome.success else outcome.state, outcome.reason or "")
            if self._states.get(outcome.collector) == state:
                continue
            self._states[outcome.collector] = state
            level = logging.INFO if outcome.success else logging.WARNING
            fields = {
                "collector": outcome.collector,
                "state": outcome.state,
                "seconds": round(outcome.duration, 3),
            }
            if not outcome.success:
                fields |= {"reason": outcome.reason or "", "error": outcome.message}
            log.log(level, "collector %s", "answers" if outcome.success else "fails", extra=fields)


def limits(config: Config) -> Limits:
    """The bounds of the configuration in seconds."""
    bounds = config.collection
    return Limits(
        timeout=bounds.timeout.seconds,
        margin=bounds.margin.seconds,
        min_interval=bounds.min_interval.seconds,
        stale_if_error=bounds.stale_if_error.seconds,
    )


def make_sidecar(config: Config, *, once: bool = False) -> Sidecar:
    """Collectors of the configuration, and the sidecar over them; touches no database.

    `once`: there is no earlier page to take a rate from, so counting begins at the first row, stateless.
    """
    from exporter.collectors import build

    collectors = build(config, once=once, state_dir=Path(config.state_dir))
    return Sidecar(collectors, limits(config), config.collection.max_label_values)
