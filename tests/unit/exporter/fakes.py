"""Collectors whose behaviour a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from exporter.catalogue import GRADER_DATABASE_UP, Family
from exporter.collector import Deadline, RowFamily


@dataclass
class Fake:
    """Answers with one series, or does what `act` does; counts how often it was asked."""

    name: str
    act: Callable[[Deadline], Iterable[Metric]] | None = None
    asked: int = 0
    threads: set[str] = field(default_factory=set)

    def families(self) -> Sequence[Family]:
        return (GRADER_DATABASE_UP,)

    def collect(self, deadline: Deadline) -> Iterable[Metric]:
        self.asked += 1
        self.threads.add(threading.current_thread().name)
        return self.act(deadline) if self.act else [RowFamily(GRADER_DATABASE_UP, [(self.name, 1)])]


class Gate:
    """Holds a collector until it is opened, whatever the deadline says."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def __call__(self, deadline: Deadline) -> Iterable[Metric]:
        self.entered.set()
        assert self._open.wait(30)
        return [RowFamily(GRADER_DATABASE_UP, [("gate", 1)])]
