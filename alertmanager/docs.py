"""The matrix as a table for people; the documentation's copy is compared with it by a test."""

from __future__ import annotations

from collections.abc import Iterator

from alertmanager.table import Row, Told, rows
from policy.model import Policy


def matrix_table(policy: Policy) -> str:
    """Markdown: one line a step, most urgent priority first."""
    lines = [
        "| priority | step | after | who | how | receiver |",
        "|---|---|---|---|---|---|",
        *(line for priority in sorted(policy.priorities) for line in _lines(policy, rows(policy, priority))),
    ]
    return "\n".join(lines)


def _lines(policy: Policy, steps: tuple[Row, ...]) -> Iterator[str]:
    for row in steps:
        name = f"{row.priority} {policy.priorities[row.priority].name}" if row.step == 0 else ""
        how = _how(row.told) + (f" (copy: {_how(row.copied)})" if row.copied else "")
        cells = (
            name,
            str(row.step),
            str(row.after) if row.after else "at once",
            row.to,
            how,
            f"`{row.receiver}`",
        )
        yield f"| {' | '.join(cells)} |"


def _how(told: tuple[Told, ...]) -> str:
    return ", ".join(dict.fromkeys(channel for channel, _ in told))
