"""A queue that is a table: a statement of the configuration counts it, the database's own clock ages it."""

from __future__ import annotations

from exporter.collector import CollectError, Deadline
from exporter.config.queues import Queue
from exporter.databases.pool import Pool
from exporter.queues.reading import Answer, Reading


class DatabaseQueues:
    """Reads the configured queues of one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def ask(self, queues: list[Queue], deadline: Deadline) -> tuple[list[Answer], None]:
        """An answer for each queue; one whose statement fails leaves the others alone.

        Raises CollectError when the database cannot be reached.
        """
        with self._pool.session(deadline):
            pass  # a database that is away is one error, not one for each queue
        return [self._answer(queue, deadline) for queue in queues], None

    def close(self) -> None:
        """The pool belongs to others."""

    def _answer(self, queue: Queue, deadline: Deadline) -> Answer:
        try:
            with self._pool.session(deadline) as session:
                result = session.run(queue.sql or "")
            reading = _reading(queue, result.columns, result.rows)
        except CollectError as error:
            return Answer(queue.queue or "", None, error, queue.capacity)
        return Answer(queue.queue or "", reading, None, queue.capacity)


def _reading(queue: Queue, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> Reading:
    """A state of the configuration without a row is empty."""
    places = {column: place for place, column in enumerate(columns)}
    if "depth" not in places:
        found = ", ".join(columns) or "none"
        raise CollectError(
            "query", f'queue "{queue.queue}": no column "depth" in the answer; it has: {found}'
        )
    states: tuple[str, ...] = queue.states
    depth: dict[str, int] = dict.fromkeys(states, 0)
    ages = "oldest_age_seconds" in places
    oldest: dict[str, float] = dict.fromkeys(states, 0.0) if ages else {}
    for row in rows:
        state = str(row[places["state"]]) if "state" in places else states[0]
        if state not in depth:
            allowed = ", ".join(queue.states)
            message = f'queue "{queue.queue}": a state that is none of states ({allowed})'
            raise CollectError("data", message)
        depth[state] += int(_number(queue, row[places["depth"]]))
        if ages:
            seconds = _number(queue, row[places["oldest_age_seconds"]])
            oldest[state] = max(oldest[state], seconds)
    return Reading(depth=depth, oldest=oldest)


def _number(queue: Queue, value: object) -> float:
    """A figure; NULL is 0, as MIN() of no rows has none."""
    try:
        return max(0.0, float(value)) if value is not None else 0.0  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise CollectError("data", f'queue "{queue.queue}": a figure that is no number') from None
