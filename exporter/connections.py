"""The connections of a server: how many there may be, how long each may take, and which one has to go."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """What a connection is doing."""

    READING = "reading"
    """No whole request yet: a client that sends half a head or half a body, or drips it, is here."""
    KEPT = "kept"
    """Kept open after an answer, for the next scrape."""
    SERVED = "served"
    """A request is being answered; a client that reads too slowly is here."""


READING_SECONDS = 10.0
KEPT_SECONDS = 120.0


@dataclass(slots=True)
class _Connection:
    stage: Stage
    since: float


class Connections:
    """Open connections, oldest first; at most `most`, each `served` seconds at most in an answer.

    Nothing here closes a socket: one that was shut down is closed by its own thread.
    """

    def __init__(self, served: float, most: int = 64) -> None:
        self._seconds = {Stage.READING: READING_SECONDS, Stage.KEPT: KEPT_SECONDS, Stage.SERVED: served}
        self._most = most
        self._lock = threading.Lock()
        self._open: dict[socket.socket, _Connection] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: socket.socket) -> bool:
        """Let a new connection in, in place of the one that has been idle longest; False: all are served."""
        with self._lock:
            if len(self._open) >= self._most and not self._evict():
                return False
            self._open[connection] = _Connection(Stage.READING, time.monotonic())
            return True

    def make_room(self) -> None:
        """Shut down the one that has been idle longest: its descriptor is needed."""
        with self._lock:
            self._evict()

    def enter(self, connection: socket.socket, stage: Stage) -> None:
        """Note what a connection does from now on."""
        with self._lock:
            if self._open.pop(connection, None) is not None:
                self._open[connection] = _Connection(stage, time.monotonic())

    def swap(self, plain: socket.socket, wrapped: socket.socket) -> None:
        """The same connection goes on under another socket object: that of its TLS layer."""
        with self._lock:
            if (state := self._open.pop(plain, None)) is not None:
                self._open[wrapped] = state

    def allow(self, served: float) -> None:
        """Set how many seconds an answer may take from now on."""
        with self._lock:
            self._seconds[Stage.SERVED] = served

    def release(self, connection: socket.socket) -> None:
        """Forget a connection that is about to be closed."""
        with self._lock:
            self._open.pop(connection, None)

    def reap(self) -> None:
        """Shut down those that have been in their stage for too long."""
        now = time.monotonic()
        with self._lock:
            late = [c for c, state in self._open.items() if now - state.since > self._seconds[state.stage]]
            for connection in late:
                _shut_down(connection)

    def serving(self) -> int:
        """How many are being answered now."""
        with self._lock:
            return sum(state.stage is Stage.SERVED for state in self._open.values())

    def _evict(self) -> bool:
        for connection, state in self._open.items():
            if state.stage is not Stage.SERVED:
                del self._open[connection]
                _shut_down(connection)
                return True
        return False


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Below a TLS layer, whose own method would pull it away under the thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
