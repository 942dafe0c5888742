"""Two ways to show the demo: a screen that is drawn anew, or one line an event where there is no terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, TextIO

from gradewatch.demo.view import Picture, lines, message_line, paint

_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


class Display(Protocol):
    """Shows pictures, as a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, picture: Picture) -> None:
        """Show the newest picture."""


def display(stream: TextIO = sys.stdout, *, plain: bool = False) -> Display:
    """The screen for a terminal, lines for anything else."""
    if plain or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return Lines(stream)
    return Screen(stream)


class Screen:
    """Redraws the terminal's second screen, so that the first one is as it was afterwards."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colour = not os.environ.get("NO_COLOR")

    def __enter__(self) -> Self:
        self._write(_ENTER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write(_LEAVE)

    def show(self, picture: Picture) -> None:
        """Overwrite the last picture in one go: no flicker."""
        size = shutil.get_terminal_size((80, 24))
        drawn = [paint(line, size.columns, colour=self._colour) for line in lines(picture, *size)]
        self._write(_HOME + f"{_END_OF_LINE}\r\n".join(drawn) + _END_OF_LINE + _END_OF_SCREEN)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Lines:
    """Prints what is new since the last picture: addresses once, then the story and the messages."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told = self._heard = -1
        self._firing: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def show(self, picture: Picture) -> None:
        """Print the news."""
        if self._told < 0:
            self._print([picture.title, *(f"  {what:<10} {address}" for what, address in picture.addresses)])
            self._told = self._heard = 0
        stamp = picture.clock.stamp(picture.now)
        self._print([f"{stamp} {text}" for text in picture.story[self._told :]])
        firing = {" ".join(filter(None, (i.priority, i.alertname, i.apart))) for i in picture.incidents}
        self._print([f"{stamp} {name} fires" for name in sorted(firing - self._firing)])
        self._print([f"{stamp} {name} is over" for name in sorted(self._firing - firing)])
        self._firing = firing
        news = [message_line(message, picture.clock) for message in picture.messages[self._heard :]]
        self._print(["".join(span.text for span in line).strip() for line in news])
        self._told, self._heard = len(picture.story), len(picture.messages)

    def _print(self, texts: Sequence[str]) -> None:
        for text in texts:
            print(text, file=self._stream, flush=True)
