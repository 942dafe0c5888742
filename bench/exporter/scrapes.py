"""Rows from a database to a page: CPU of the exporter and latency of the client, side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack

from bench.document import table
from bench.exporter.data import SIZES, Databases
from bench.exporter.measuring import Cost, compare, milliseconds, ratio
from bench.exporter.sides import Side, sides, timed_sql_exporter

NOT_MEASURED = "not measured"
_NOTE = f"""\
Ours is the first line of each block; a ratio below 1 means that ours needs less. The ratio on the line of the
other driver compares the two drivers. burningalchemist/sql_exporter is in the table where it is on PATH as
`sql_exporter`; where it is absent it was {NOT_MEASURED}."""
HEAD = (
    "database, rows, clients",
    "side",
    "CPU ms a scrape",
    "CPU: ours to this",
    "p50 ms",
    "p50: ours to this",
    "req/s",
)


def section(data: Databases, seconds: float, rounds: int, wrk: Sequence[str] | None) -> str:
    """One table for one client, one for eight, and what a timer of its own costs."""
    lines: list[list[object]] = []
    for kind in ("mariadb", "postgresql"):
        for size in SIZES:
            found = sides(data, kind, size)
            with ExitStack() as stack:
                running = {side.name: stack.enter_context(side.serve()) for side in found}
                for clients in (1, 8) if size == SIZES[0] else (1,):
                    costs = compare(running, clients, seconds, rounds, wrk)
                    lines += _lines(f"{kind}, {size}, {clients}", found, costs)
    return f"{table(HEAD, lines)}\n\n{_NOTE}\n\n{_timed(data, seconds)}"


def _lines(block: str, found: Sequence[Side], costs: dict[str, Cost]) -> list[list[object]]:
    ours = costs[found[0].name]
    lines: list[list[object]] = []
    for number, side in enumerate(found):
        cost = costs[side.name]
        lines.append(
            [
                block if not number else "",
                side.name,
                milliseconds(cost.cpu),
                "1" if not number else ratio(ours.cpu, cost.cpu),
                milliseconds(cost.p50),
                "1" if not number else ratio(ours.p50, cost.p50),
                f"{statistics.median(cost.rate):.0f}",
            ]
        )
    return lines


def _timed(data: Databases, seconds: float) -> str:
    """Debian's sql-exporter collects on its own timer: what one collection costs it, nobody scraping."""
    lines: list[list[object]] = []
    for size in SIZES:
        side = timed_sql_exporter(data, size)
        if side is None:
            lines.append([size, NOT_MEASURED])
            continue
        with side.serve() as server:
            runs = max(5, round(2 * seconds))
            before = server.cpu
            time.sleep(runs)
            lines.append([size, f"{(server.cpu - before) / runs * 1000:.1f}"])
    head = ("rows in PostgreSQL", "prometheus-sql-exporter (Debian, justwatchcom's): CPU ms a collection")
    return table(head, lines)
