"""Before anything depends on it: are we let in, are our statements understood, may we do more than read?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.collector import CollectError, Deadline
from exporter.databases.connection import Parameter
from exporter.databases.pool import Pool

EXAMPLES: Mapping[str, Parameter] = {
    "after": 0,
    "ids": [0],
    "limit": 1,
    "lookback": 86_400.0,
    "now": 1_700_000_000,
    "span": 1000,
    "window": 3600,
}
"""A value for every parameter that statements may have: a database understands them only with one."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What came out. `error` is why there was no connection; then nothing else is known.

    `faults` are sentences by the name of the statement; `rights` what the role may do beside reading.
    """

    error: CollectError | None = None
    faults: Mapping[str, CollectError] = field(default_factory=dict)
    rights: tuple[str, ...] = ()


def examine(pool: Pool, statements: Mapping[str, str], seconds: float = 10.0) -> Examination:
    """Connect, let the database understand each statement without running it, and look at our rights.

    `statements` by a name of the caller's choice. Each step has `seconds`; never raises CollectError.
    """
    try:
        with pool.session(Deadline.after(seconds)) as session:
            session.run(pool.dialect.light_statement)
    except CollectError as error:
        return Examination(error=error)
    faults = {}
    for name, sql in statements.items():
        try:
            with pool.session(Deadline.after(seconds)) as session:
                session.prepare(sql, EXAMPLES)
        except CollectError as error:
            faults[name] = error
    try:
        with pool.session(Deadline.after(seconds)) as session:
            return Examination(None, faults, tuple(session.writing_rights()))
    except CollectError as error:
        return Examination(error, faults)
