"""The last resort against a server that does not keep its own time limit, or hangs.

A server ends a statement at the limit that it was given. One that does not is asked to, over a second
connection; if that is of no use either, our end of the line is cut, so that the waiting thread goes on.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exporter.collector import CollectError, Deadline

GRACE = 0.1
"""Seconds that a server may be late before it is asked to end a statement."""
PATIENCE = 0.3
"""Seconds after which the line is cut when asking did not help."""
TOO_LONG = "the statement took too long and was ended"


class Line:
    """Our end of a connection: can be looked at and cut from another thread, whatever the driver does."""

    def __init__(self, fd: int) -> None:
        # A descriptor of our own: the driver may close its own at any time, and the number be given away.
        self._socket = socket.socket(fileno=os.dup(fd))

    def cut(self) -> None:
        """End both directions; who waits for the server gets an error at once."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def quiet(self) -> bool:
        """Whether nothing came while nothing was asked; the server's goodbye or its end is something."""
        try:
            return not select.select([self._socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """Give the descriptor back."""
        self._socket.close()


class Watch:
    """One statement that must have ended at `at`, seconds of the monotonic clock."""

    def __init__(self, at: float, cancel: Callable[[], None], cut: Callable[[], None]) -> None:
        self.at = at
        self.expired = False
        self._cancel = cancel
        self._cut = cut
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether the statement is over."""
        return self._ended.is_set()

    def end(self) -> None:
        """The statement is over."""
        self._ended.set()

    def expire(self) -> None:
        """Ask the server, then cut the line. Returns at once; both may take their time."""
        if not self.ended:
            self.expired = True
            threading.Thread(target=self._stop, name="stop-statement", daemon=True).start()

    def _stop(self) -> None:
        # A hung server does not answer the second connection either, so its limit is not waited for.
        threading.Thread(target=self._cancel, name="cancel-statement", daemon=True).start()
        if not self._ended.wait(PATIENCE):
            self._cut()


class Watchdog:
    """One thread for all connections, started with the first watch; it sleeps until the earliest limit."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Watch]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._sleeps_until = 0.0

    def add(self, watch: Watch) -> None:
        """Watch a statement. One that ends in time is only noticed at its limit: that costs nothing."""
        with self._changed:
            heapq.heappush(self._heap, (watch.at, next(self._numbers), watch))
            if self._thread is None:
                thread = threading.Thread(target=self._serve, name="statement-watchdog", daemon=True)
                thread.start()
                self._thread = thread
            elif watch.at < self._sleeps_until:
                self._changed.notify()

    def _serve(self) -> None:
        while True:
            with self._changed:
                due = self._next()
            if due:
                due.expire()

    def _next(self) -> Watch | None:
        """The next watch that is due, after waiting for it; None when something earlier came meanwhile."""
        while self._heap and self._heap[0][2].ended:
            heapq.heappop(self._heap)
        now = time.monotonic()
        if self._heap and self._heap[0][0] <= now:
            return heapq.heappop(self._heap)[2]
        self._sleeps_until = self._heap[0][0] if self._heap else float("inf")
        self._changed.wait(self._heap[0][0] - now if self._heap else None)
        return None


_WATCHDOG = Watchdog()


@contextmanager
def held(deadline: Deadline, cancel: Callable[[], None], cut: Callable[[], None]) -> Iterator[None]:
    """Watch what happens inside. What was ended from here raises CollectError("timeout")."""
    watch = Watch(deadline.at + GRACE, cancel, cut)
    _WATCHDOG.add(watch)
    try:
        yield
    except Exception:
        watch.end()
        if watch.expired:
            raise CollectError("timeout", TOO_LONG) from None
        raise
    finally:
        watch.end()
    if watch.expired:
        raise CollectError("timeout", TOO_LONG)
