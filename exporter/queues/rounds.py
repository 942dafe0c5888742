"""Questions to a Redis in rounds: what all queues ask in a round goes to the server together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import Any

from exporter.collector import CollectError
from exporter.queues.reading import Reading

Command = tuple[str | bytes | int, ...]
"""Name and arguments, as Redis documents them: ("LLEN", key)."""
Reader = Generator[Sequence[Command], Sequence[Any], Reading]
"""Yields the commands of one more round, is sent their answers, and returns the reading in the end."""
Execute = Callable[[Sequence[Command]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What a queue is asked in the first round, always the same, and what the answers mean.

    Answers are those of RESP2: integers, bytes, None and lists of these; or an exception, which `plain`
    raises where it is not expected. The second argument of `understand` is the server's own time in Unix
    seconds. A queue that wants to know more after that returns a reader.
    """

    commands: Sequence[Command]
    understand: Callable[[Sequence[Any], float], Reading | Reader]


def plain(answer: Any, what: str) -> Any:
    """An answer that must not be an error; CollectError("query") names the key and the server's words."""
    if isinstance(answer, Exception):
        words = str(answer).partition(" ")[0] if str(answer) else type(answer).__name__
        raise CollectError("query", f"{what}: {_MEANINGS.get(words, words)}")
    return answer


# By the first word; redis-py takes the code away from errors for which it has a class.
_MEANINGS = {
    "WRONGTYPE": "the key holds another type",
    "Operation": "the key holds another type",
    **dict.fromkeys(("NOPERM", "No", "This", "this", "User"), "the user may not read it"),
    "Link": "a replica that is cut off from its master",
}


def play(questions: Sequence[Question], execute: Execute) -> list[Reading | CollectError]:
    """Ask all; a queue that fails leaves the others alone. Raises what `execute` raises.

    The first round also asks what time it is there: CollectError when that is not told.
    """
    commands: list[Command] = [("TIME",)]
    for question in questions:
        commands += question.commands
    answers = execute(commands)
    seconds, micros = plain(answers[0], "TIME")
    now = int(seconds) + int(micros) / 1e6
    results: list[Any] = []
    at = 1
    for question in questions:
        end = at + len(question.commands)
        results.append(_attempt(question.understand, answers[at:end], now))
        at = end
    _play_on(results, execute)
    return results


def _play_on(results: list[Any], execute: Execute) -> None:
    """Put the end of each reader in its place."""
    readers = {place: result for place, result in enumerate(results) if isinstance(result, GeneratorType)}
    answers: dict[int, Sequence[Any]] = {}
    while readers:
        asked: dict[int, list[Command]] = {}
        for place, reader in readers.items():
            step = results[place] = _attempt(_advance, reader, answers.get(place))
            if isinstance(step, list):
                asked[place] = step
        readers = {place: readers[place] for place in asked}
        if readers:
            found = iter(execute([command for commands in asked.values() for command in commands]))
            answers = {place: [next(found) for _ in commands] for place, commands in asked.items()}


def _advance(reader: Reader, answers: Sequence[Any] | None) -> list[Command] | Reading:
    try:
        return list(next(reader) if answers is None else reader.send(answers))
    except StopIteration as end:
        reading: Reading = end.value
        return reading


def _attempt(step: Callable[..., Any], *arguments: Any) -> Any:
    """What the step returns, or why the queue cannot be read."""
    try:
        return step(*arguments)
    except CollectError as error:
        return error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return CollectError("data", f"an answer of an unexpected form ({type(error).__name__})")
