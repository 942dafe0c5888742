"""The sidecar: configuration to collectors, and collectors to pages."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exporter.collector import Collector, Deadline
from exporter.config.whole import Config
from exporter.exposition import Block, Part, unite
from exporter.flight import Flights, Limits, Outcome, Retired
from exporter.own import Own
from exporter.rendering import Renderer
from typedyaml.faults import unknown

log = logging.getLogger(__name__)

__all__ = ["Retired", "Selection", "Sidecar", "Status", "WrongSelection", "limits", "make_sidecar"]

_CANCEL_AGAIN = 0.2
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


class WrongSelection(Exception):  # noqa: N818 - it says what is wrong
    """A scrape asks for what does not exist; the message is a sentence for the client."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a scrape wants: these collectors only, all but those, these metrics only. Empty: everything."""

    collect: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def collectors(self, there: Sequence[Collector]) -> set[str] | None:
        """Names of the collectors to ask, None for all; raises WrongSelection."""
        if self == _EVERYTHING:
            return None
        known = [collector.name for collector in there]
        if self.collect and self.exclude:
            raise WrongSelection("collect[] and exclude[] cannot be used together")
        for name in sorted(self.collect | self.exclude):
            if name not in known:
                raise WrongSelection(unknown("collector", name, known))
        wanted = (self.collect or set(known)) - self.exclude
        return {c.name for c in there if c.name in wanted and self._wants(c)}

    def parts(self, parts: Iterable[Part]) -> list[Part]:
        """The parts to send."""
        return [part for part in parts if not self.names or self._names(part.head.name)]

    def _wants(self, collector: Collector) -> bool:
        return not self.names or any(self._names(family.base_name) for family in collector.families())

    def _names(self, base: str) -> bool:
        return any(f"{base}{suffix}" in self.names for suffix in _SUFFIXES)


_EVERYTHING = Selection()
_SUFFIXES = ("", "_total", "_info", "_bucket", "_count", "_sum")


class Sidecar:
    """Makes pages; any number of threads may ask at once.

    `before` is the sidecar of an older configuration, which this one replaces: what was counted goes on.
    """

    def __init__(
        self,
        collectors: Iterable[Collector],
        limits: Limits,
        max_label_values: int = 50,
        before: Sidecar | None = None,
    ) -> None:
        self.own: Own = before.own if before else Own()
        self.limits = limits
        self._flights: Flights = Flights(
            collectors, limits, max_label_values, before._flights if before else None
        )
        self._own_renderer = Renderer(_OWN_LABEL_VALUES)
        self._lock = threading.Lock()
        self._states: dict[str, tuple[str, str]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self.status = Status(0.0, ())
        if before:
            self._outcomes = {o.collector: o for o in before.status.outcomes if o.collector in self.names}
            self.status = self._status(before.status.at if self._outcomes else 0.0)

    def scrape(self, scrape_timeout: float | None = None, selection: Selection = _EVERYTHING) -> list[Part]:
        """Collect and return a page's parts, ours last. `scrape_timeout` in seconds, None when not told.

        Raises WrongSelection, and Retired when another sidecar has taken this one's place.
        """
        names = selection.collectors(self._flights.collectors)
        outcomes = self._flights.collect(self.limits.deadline(scrape_timeout), names)
        parts, repeated = unite([o.block for o in outcomes if o.block])
        counts = iter(repeated)
        repeats = [next(counts) if o.block else 0 for o in outcomes]
        with self._lock:
            self._note(outcomes)
            own = self._own_renderer.render(self.own.metrics(outcomes, repeats))
        return selection.parts(unite([Block(tuple(parts)), own])[0])

    def begin(self) -> None:
        """Collect for the first time, for nobody: counting starts, and what is wrong is told at once."""
        with contextlib.suppress(Retired):
            self.scrape()

    @property
    def names(self) -> Sequence[str]:
        """Names of the collectors, in the order of the configuration."""
        return [collector.name for collector in self._flights.collectors]

    def drain(self) -> None:
        """Say "not ready" from now on."""
        with self._lock:
            self.status = replace(self.status, draining=True)

    def retire(self) -> None:
        """Begin no more collections: another sidecar takes over. Those in work go on to their end."""
        self._flights.retire()

    def close(self, seconds: float) -> bool:
        """Cancel what is still in work, and close; False when that did not end within so many seconds."""
        self.retire()
        deadline = Deadline.after(seconds)
        # Again and again: a statement that is about to begin cannot be cancelled yet.
        while not (landed := self._flights.landed(0)) and deadline.remaining() > 0:
            self._tell("cancel")
            self._flights.landed(min(_CANCEL_AGAIN, deadline.remaining()))
        self._tell("close")
        return landed

    def finish(self) -> None:
        """Close once everything in work has ended by itself, which is soon: it has a deadline."""
        self.retire()
        self._flights.landed(2 * self.limits.timeout)
        self.close(self.limits.timeout)

    def _tell(self, what: str) -> None:
        """Call a method of all collectors that have it."""
        for collector in self._flights.collectors:
            if method := getattr(collector, what, None):
                method()

    def _status(self, at: float) -> Status:
        known = tuple(self._outcomes[name] for name in self.names if name in self._outcomes)
        return Status(at, known, self.status.draining)

    def _note(self, outcomes: list[Outcome]) -> None:
        self._outcomes |= {outcome.collector: outcome for outcome in outcomes}
        self.status = self._status(time.time())
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


def make_sidecar(config: Config, *, once: bool = False, before: Sidecar | None = None) -> Sidecar:
    """Collectors of the configuration, and the sidecar over them; touches no database.

    `once`: there is no earlier page to take a rate from, so counting begins at the first row, stateless.
    `before`: the sidecar whose place it will take. Raises Faults for a wrong profile.
    """
    from exporter.collectors import build

    collectors = build(config, once=once, state_dir=Path(config.state_dir))
    return Sidecar(collectors, limits(config), config.collection.max_label_values, before)
