"""One collection: every collector in a thread of its own, under one deadline, each failing alone.

A collector is in work at most once: whoever asks meanwhile waits for the same answer, until his own deadline.
One that overstays its deadline is left alone until it returns; nobody waits for it again, and it is not
started twice.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

from exporter.collector import CollectError, Collector, Deadline, Reason
from exporter.exposition import Block
from exporter.rendering import Renderer

State = Literal["ok", "cached", "stale", "timeout", "error"]

_EARLY = 0.9
"""A cache lives for this share of `min_interval`: a scrape at the same interval must not find it fresh."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: how long a collector may take, and how long its good answer is served again.

    `timeout` and `margin` as in the configuration; `min_interval` and `stale_if_error` of 0 switch them off.
    """

    timeout: float = 10.0
    margin: float = 0.5
    min_interval: float = 0.0
    stale_if_error: float = 0.0

    def deadline(self, scrape_timeout: float | None) -> Deadline:
        """The deadline of a scrape that itself times out after `scrape_timeout` seconds (None: not told)."""
        if scrape_timeout is None:
            return Deadline.after(self.timeout)
        # A scrape that is shorter than the margin still gets half of its time.
        return Deadline.after(min(self.timeout, max(scrape_timeout - self.margin, scrape_timeout / 2)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scrape knows of one collector.

    `block` is None when there is nothing good to serve. `duration` is that of the last ended collection, or
    the time so far of one that still runs; `last_success` is Unix time, 0 before the first. In seconds.
    """

    collector: str
    state: State
    block: Block | None
    duration: float
    last_success: float
    reason: Reason | None = None
    message: str = ""

    @property
    def success(self) -> bool:
        """Whether the series are of a good collection."""
        return self.state in ("ok", "cached")

    @property
    def series(self) -> int:
        """Number of series on the page."""
        return self.block.series if self.block else 0


@dataclass(slots=True)
class Run:
    """One collection of one collector; `ended` is set once `block` or `error` is. `ended_at` is Unix time."""

    deadline: Deadline
    started: float = field(default_factory=time.monotonic)
    ended: threading.Event = field(default_factory=threading.Event)
    duration: float = 0.0
    ended_at: float = 0.0
    block: Block | None = None
    error: CollectError | None = None
    cached: bool = False


class Retired(Exception):  # noqa: N818 - it says what happened
    """A reload has put another collector in this one's place: ask that."""


@runtime_checkable
class Heir(Protocol):
    """A collector that can go on where one of the same name, of an older configuration, has stopped."""

    def inherit(self, old: Collector) -> None:
        """Take over what `old` knows, if it is about the same source. `old` never collects again."""
        ...


class Flight:
    """Single flight of one collector.

    `before` is the flight of the same name in an older configuration: it has ended before this one begins.
    """

    def __init__(
        self, collector: Collector, limits: Limits, max_label_values: int, before: Flight | None = None
    ) -> None:
        self.collector = collector
        self._before = before
        self._retired = False
        self._landed = threading.Event()
        self.limits = limits
        # A collector that bounds its label values itself says up to how many it has.
        own: int | None = getattr(collector, "max_label_values", None)
        self._renderer = Renderer(own or max_label_values)
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._running: Run | None = None
        self._good: Run | None = None

    def join(self, deadline: Deadline) -> Run:
        """The run that answers this caller: the one in work, a cached one, or a new one."""
        with self._lock:
            if self._running is not None:
                return self._running
            if (good := self._good) is not None and self._age(good) < _EARLY * self.limits.min_interval:
                return replace(good, cached=True)
            if self._retired:
                raise Retired
            run = Run(deadline)
            if self._thread is None and not self._begin():
                run.error = CollectError("limit", "the system gives no thread to collect in")
                run.ended_at = time.time()
                run.ended.set()
                return run
            self._running = run
        self._work.put(run)
        return run

    def outcome(self, run: Run, deadline: Deadline) -> Outcome:
        """Wait for a run until the deadline, or not at all for one that has overstayed its own."""
        if run.deadline.remaining() > 0:
            run.ended.wait(deadline.remaining())
        name, good = self.collector.name, self._good
        since = good.ended_at if good else 0.0
        if run.ended.is_set() and run.block is not None:
            return Outcome(name, "cached" if run.cached else "ok", run.block, run.duration, run.ended_at)
        duration = run.duration or time.monotonic() - run.started
        error = run.error or CollectError("timeout", f"no answer within {duration:.1f} s")
        if good is not None and self._age(good) < self.limits.stale_if_error:
            return Outcome(name, "stale", good.block, duration, since, error.reason, error.message)
        state: State = "timeout" if error.reason == "timeout" else "error"
        return Outcome(name, state, None, duration, since, error.reason, error.message)

    def retire(self) -> None:
        """Begin no more collections; one that is in work goes on to its end."""
        with self._lock:
            if self._retired:
                return
            self._retired = True
            if self._thread is None:
                self._landed.set()
            self._work.put(None)

    def landed(self, seconds: float) -> bool:
        """Whether a retired flight has ended; waits for that so long."""
        return self._landed.wait(max(0.0, seconds))

    def _begin(self) -> bool:
        """Start the thread; False where there are too many already. The next scrape tries again."""
        name = f"collect-{self.collector.name}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def _age(self, run: Run) -> float:
        return time.monotonic() - run.started

    def _serve(self) -> None:
        while (run := self._work.get()) is not None:
            self._collect(run)
        self._landed.set()

    def _succeed(self, deadline: Deadline) -> None:
        """Go on where the flight of the older configuration stopped, once it has.

        Of reloads one soon after the other those in between may never have begun: then there is an older one.
        """
        before = self._before
        while before is not None:
            if not before.landed(deadline.remaining()):
                raise CollectError("timeout", "the collection of the configuration before has not ended yet")
            if before._before is None:
                if isinstance(self.collector, Heir):
                    self.collector.inherit(before.collector)
                break
            before = before._before
        self._before = None

    def _collect(self, run: Run) -> None:
        try:
            self._succeed(run.deadline)
            run.block = self._renderer.render(self.collector.collect(run.deadline))
        except CollectError as error:
            run.error = error
        except Exception as error:
            run.error = _unexpected(error)
        run.duration, run.ended_at = time.monotonic() - run.started, time.time()
        with self._lock:
            self._running = None
            if run.error is None:
                self._good = run
        run.ended.set()


def _unexpected(error: Exception) -> CollectError:
    """An error that no collector foresaw. Its text may quote a row, so only an OSError's is shown."""
    if isinstance(error, OSError):
        return CollectError(
            "data", f"{error.strerror or type(error).__name__}: {error.filename or 'no file'}"
        )
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return CollectError("data", f"{type(error).__name__} in {frame.name}, line {frame.lineno}")


class Flights:
    """All collectors of a sidecar; `before` are those of the configuration that this one replaces."""

    def __init__(
        self,
        collectors: Iterable[Collector],
        limits: Limits,
        max_label_values: int = 50,
        before: Flights | None = None,
    ) -> None:
        self.limits = limits
        old = {flight.collector.name: flight for flight in before._flights} if before else {}
        self._flights: list[Flight] = [
            Flight(c, limits, max_label_values, old.get(c.name)) for c in collectors
        ]

    @property
    def collectors(self) -> Sequence[Collector]:
        """The collectors, in the order of the configuration."""
        return [flight.collector for flight in self._flights]

    def collect(self, deadline: Deadline, names: Container[str] | None = None) -> list[Outcome]:
        """Ask every collector, or those of `names`; returns at the deadline at the latest.

        Raises Retired after `retire`.
        """
        asked = [flight for flight in self._flights if names is None or flight.collector.name in names]
        runs = [(flight, flight.join(deadline)) for flight in asked]
        return [flight.outcome(run, deadline) for flight, run in runs]

    def retire(self) -> None:
        """Begin no more collections."""
        for flight in self._flights:
            flight.retire()

    def landed(self, seconds: float) -> bool:
        """Whether all have ended, at the latest after so many seconds."""
        deadline = Deadline.after(seconds)
        return all(flight.landed(deadline.remaining()) for flight in self._flights)
