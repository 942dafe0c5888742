"""`make bench-drift`: measure beside evidently, scipy and others, and write into docs/benchmarks.md.

python -m bench.drift [--quick] [speed] [memory] [errors] [alarms] [faults]

Peers are installed into .bench/, each in an environment of its own that also runs our side: both sides of a
ratio run in turns in one process. A part takes one to ten minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.document import machine, replace_section
from bench.drift import tables
from bench.drift.faults import TRIALS
from bench.drift.peers import child, environment, say

HERE = Path(sys.executable)
TITLES = {
    "speed": "CPU time",
    "memory": "Memory, imports and disk",
    "errors": "Errors of the distance",
    "alarms": "False alarms, and drift that is found",
    "faults": "Where the same data mislead others",
}


def main() -> None:
    """Run the parts that are named, all without a name."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(TITLES))
    parser.add_argument("--quick", action="store_true", help="fewer rows and days; printed, not written")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(TITLES):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    sizes = [10_000, 100_000] + ([] if args.quick else [1_000_000])
    parts: dict[str, Callable[[], tuple[dict[str, str], str]]] = {
        "speed": lambda: _speed(sizes),
        "memory": lambda: _memory(sizes),
        "errors": lambda: _errors(sizes),
        "alarms": lambda: _alarms(5 if args.quick else 30),
        "faults": _faults,
    }
    for name in args.parts or TITLES:
        say(name)
        versions, found = parts[name]()
        body = f"`make bench-drift` ({name}). {machine(**versions)}\n\n{found}"
        print(body)
        if not args.quick:
            replace_section(f"drift-{name}", f"Model drift: {TITLES[name]}", body)


def _speed(sizes: list[int]) -> tuple[dict[str, str], str]:
    versions: dict[str, str] = {}
    rows, measured = [], list[str]()
    for peer in ("evidently", "scipy", "alibi-detect", "nannyml", "scikit-learn"):
        python = environment(peer)
        if isinstance(python, str):
            rows.append({"peer": peer, "missing": python})
            continue
        for sort, off in _SORTS.items() if peer == "scipy" else [("", "")]:
            say(f"speed beside {peer} {sort}")
            variables = {"NPY_DISABLE_CPU_FEATURES": off} if off else {}
            answer = child(python, "bench.drift.speed", peer, *map(str, sizes), **variables)
            if peer == "scipy" and off and answer["sort"] in (*measured, "AVX-512"):
                continue  # this processor has no such instructions to switch off
            if peer == "scipy":
                measured.append(answer["sort"])
            versions |= {peer: answer["version"]}
            if python == HERE:
                versions |= {"numpy": answer["numpy"]}
            rows += [row | {"sort": answer["sort"]} for row in answer["rows"]]
    return versions, "\n\n".join(tables.speed(rows))


_AVX512 = "X86_V4 AVX512_SKX AVX512_ICL AVX512_SPR"
_SORTS = {"": "", "AVX2": _AVX512, "neither": f"{_AVX512} X86_V3 AVX2 FMA3"}
"""What numpy sorts with, and what to switch off for that, by the names of its older and newer releases."""


def _memory(sizes: list[int]) -> tuple[dict[str, str], str]:
    from bench.drift import memory

    evidently = environment("evidently")
    theirs = evidently if isinstance(evidently, Path) else None
    large = max(sizes)
    heavy: tuple[str, ...] = ()
    rows = []
    for size in (*sizes, 3 * large):
        say(f"memory at {size:,} rows")
        ours = memory.sidecar(size)
        other_peak = memory.preset(theirs, size).peak if theirs and size in sizes else None
        rows.append(memory.Row(f"log of {size:,} rows in SQLite", 96, ours.peak, other_peak))
        heavy = ours.heavy
    say("memory of three versions, and of Parquet")
    week = memory.sidecar(large, versions=3, hours=6.5 * 24)
    rows.append(memory.Row(f"log of {large:,} rows of three versions over a week", 96, week.peak))
    parquet = memory.sidecar(large, "parquet")
    rows.append(memory.Row(f"log of {large:,} rows in Parquet", 256, parquet.peak))
    mine = memory.imports("ours", HERE)
    other = memory.imports("evidently", theirs) if theirs else None
    disk = memory.installed(HERE, ("numpy", "prometheus_client", "yaml", "_yaml", "msgspec"))
    costs = [
        memory.Row("imports, CPU s", 0.5, mine.cpu, other and other.cpu),
        memory.Row("imports, peak MB", 60, mine.peak, other and other.peak),
        memory.Row("on disk, MB", 250, disk, memory.installed(theirs) if theirs else None),
    ]
    found = tables.memory(rows, costs, heavy)
    return memory.versions(theirs), "\n\n".join(found)


def _errors(sizes: list[int]) -> tuple[dict[str, str], str]:
    answer = child(HERE, "bench.drift.errors", *map(str, sizes))
    return answer["versions"], "\n\n".join(tables.errors(answer))


def _alarms(days: int) -> tuple[dict[str, str], str]:
    answer = child(HERE, "bench.drift.alarms", str(days))
    return answer["versions"], "\n\n".join(tables.alarms(answer))


def _faults() -> tuple[dict[str, str], str]:
    found: list[dict[str, Any] | str] = []
    for peer in ("evidently", "nannyml"):
        python = environment(peer)
        found.append(python if isinstance(python, str) else child(python, "bench.drift.faults", peer))
    versions = {
        peer: answer["version"]
        for peer, answer in zip(("evidently", "nannyml"), found, strict=True)
        if isinstance(answer, dict)
    }
    return versions, "\n\n".join(tables.faults(*found, trials=TRIALS))


if __name__ == "__main__":
    main()
