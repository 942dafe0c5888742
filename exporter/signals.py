"""The signals that a sidecar lives by: none is lost, whichever thread it reached and whenever it came."""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType


class Signals:
    """SIGHUP, SIGTERM and SIGINT; the second that ends, ends at once.

    Any number of SIGHUP that came before one is asked for are one: what they want is done after all of them.
    A signal that ends goes before them, also when there were more than the socket could hold.

    They are read from a socket that Python's own handler writes to (`signal.set_wakeup_fd`). A lock would
    not do: a signal that comes just before the main thread waits for it, or that reaches another thread,
    does not wake it.
    """

    def __init__(self) -> None:
        self._ending = 0
        self._came, self._tells = socket.socketpair()
        self._tells.setblocking(False)
        signal.set_wakeup_fd(self._tells.fileno(), warn_on_full_buffer=False)
        # Handlers of our own, because the default action of a signal does not reach process 1 of a container.
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def next(self) -> int:
        """Wait for the next one."""
        came = self._came.recv(4096)
        return self._ending or next((number for number in came if number != signal.SIGHUP), signal.SIGHUP)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGHUP:
            if self._ending:
                os._exit(128 + number)
            self._ending = number
