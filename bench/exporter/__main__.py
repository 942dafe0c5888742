"""`make bench-exporter`: measure, and write the tables into docs/benchmarks.md.

python -m bench.exporter [--quick] [rendering] [scrapes] [counting] [queues] [memory] [trouble] [attacks]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version

from bench.document import machine, replace_section
from bench.exporter import attacks, counting, memory, peers, queues, rendering, scrapes, trouble
from bench.exporter.data import Databases, databases
from bench.exporter.measuring import find_wrk
from exporter import __version__

TITLES = {
    "rendering": "Rendering",
    "scrapes": "Rows from a database to a page",
    "counting": "Counting submissions as the table grows",
    "queues": "Queue lengths of a Redis",
    "memory": "Memory and start",
    "trouble": "Slow databases and many scrapers",
    "attacks": "Hostile clients",
}
OWN_LOAD = ("queues",)
"""Parts that say themselves what loads them."""
PEERS = (
    "query-exporter",
    "prometheus-sql-exporter",
    "prometheus-mysqld-exporter",
    "prometheus-postgres-exporter",
    "sql_exporter",
)


def main() -> int:
    """Run the parts that are named, all without a name."""
    parser = argparse.ArgumentParser(prog="python -m bench.exporter", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(TITLES))
    parser.add_argument("--quick", action="store_true", help="short runs, to see that everything works")
    args = parser.parse_args()
    wanted = args.parts or list(TITLES)
    if unknown := set(wanted) - set(TITLES):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    peers.fetch()
    if {"scrapes", "memory", "trouble"} & set(wanted):
        with databases() as data:
            _run(wanted, args.quick, data)
    else:
        _run(wanted, args.quick, None)
    return 0


def _run(wanted: list[str], quick: bool, data: Databases | None) -> None:
    seconds, rounds, wrk = (1.0, 2, find_wrk(peers.FOLDER)) if quick else (3.0, 5, find_wrk(peers.FOLDER))
    load = "wrk" if wrk else "a loop in Python"
    parts: dict[str, Callable[[], str]] = {
        "rendering": rendering.section,
        "attacks": attacks.section,
        "counting": lambda: counting.section(counting.ROWS[:2] if quick else counting.ROWS),
        "queues": lambda: queues.section(2, 20) if quick else queues.section(),
    }
    if data is not None:
        parts |= {
            "scrapes": lambda: scrapes.section(data, seconds, rounds, wrk),
            "memory": lambda: memory.section(data, *((100, 1) if quick else ())),
            "trouble": lambda: trouble.section(data, seconds, wrk),
        }
    for name in wanted:
        print(f"bench: {name}", file=sys.stderr)
        drawn = "" if name in OWN_LOAD else f"; load from {load}"
        head = f"`make bench-exporter` ({name}){drawn}. {machine(**_versions())}"
        replace_section(f"exporter-{name}", f"The sidecar: {TITLES[name]}", f"{head}\n\n{parts[name]()}")


def _versions() -> dict[str, str]:
    found = {name: peer.version for name in PEERS if (peer := peers.find(name))}
    return {
        "gradewatch": __version__,
        **{name: version(name) for name in ("prometheus-client", "PyMySQL", "psycopg")},
        **found,
    }


if __name__ == "__main__":
    sys.exit(main())
