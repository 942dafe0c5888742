"""Questions to a Redis in rounds: what all queues ask in a round goes to the server in one pipeline."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from exporter.collector import CollectError
from exporter.queues.reading import Reading

Command = Callable[[Any], Any]
"""`operator.methodcaller("llen", key)`: a command to be put into a pipeline of redis-py."""
Reader = Generator[Sequence[Command], Sequence[Any], Reading]
"""Yields the commands of a round, is sent their answers, and returns the reading in the end.

An answer may be an exception: `plain` raises it, where it is not expected.
"""
Clock = Callable[[], float]
"""The server's own time in Unix seconds; known from the first answer on."""
Execute = Callable[[Sequence[Command]], Sequence[Any]]


def plain(answer: Any, what: str) -> Any:
    """An answer that must not be an error; CollectError("query") names the key and the server's words."""
    if isinstance(answer, Exception):
        words = str(answer).partition(" ")[0] if str(answer) else type(answer).__name__
        raise CollectError("query", f"{what}: {_MEANINGS.get(words, words)}")
    return answer


_MEANINGS = {
    "WRONGTYPE": "the key holds another type",
    "Operation": "the key holds another type",
    "NOPERM": "the user may not read it",
    "No": "the user may not read it",
}


def play(readers: Sequence[Reader], execute: Execute) -> list[Reading | CollectError]:
    """Run all readers; one that fails leaves the others alone. Raises what `execute` raises."""
    results: list[Reading | CollectError | None] = [None] * len(readers)
    asked: dict[int, Sequence[Command]] = {}
    for place, reader in enumerate(readers):
        _step(place, reader, None, asked, results)
    while asked:
        now, asked = asked, {}
        answers = iter(execute([command for commands in now.values() for command in commands]))
        for place, commands in now.items():
            mine = [next(answers) for _ in commands]
            _step(place, readers[place], mine, asked, results)
    return [result for result in results if result is not None]


def _step(
    place: int,
    reader: Reader,
    answers: Sequence[Any] | None,
    asked: dict[int, Sequence[Command]],
    results: list[Reading | CollectError | None],
) -> None:
    try:
        asked[place] = next(reader) if answers is None else reader.send(answers)
    except StopIteration as end:
        results[place] = end.value
    except CollectError as error:
        results[place] = error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        results[place] = CollectError("data", f"an answer of an unexpected form ({type(error).__name__})")
