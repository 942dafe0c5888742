"""The whole comparison, as a section of docs/benchmarks.md.

    python -m bench.drift                 # 10k, 100k and 1M rows, 30 days: about 15 minutes
    python -m bench.drift --small         # 10k and 100k rows, 5 days: about 4 minutes, printed only

Peers are installed into .bench/, each in an environment of its own that also runs our side: both sides of a
ratio run in turns in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.document import machine, replace_section, table
from bench.drift import memory

ROOT = Path(__file__).parents[2]
PEERS = {
    "evidently": ("evidently==0.7.23", "pandas<3"),
    "alibi-detect": ("alibi-detect==0.13.0",),
}
OURS = ("numpy", "scipy>=1.11", "prometheus-client>=0.21", "PyYAML", "msgspec")


def main() -> None:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="fewer rows and days; nothing is written")
    args = parser.parse_args()
    sizes = [10_000, 100_000] + ([] if args.small else [1_000_000])
    pythons = {peer: python for peer in PEERS if (python := environment(peer))}
    body = "\n\n".join(sections(sizes, 5 if args.small else 30, pythons))
    print(body)
    if not args.small:
        replace_section("drift", "Model drift", body)


def environment(peer: str) -> Path | None:
    """A peer's Python, installed when it is missing; None where that does not work."""
    folder = ROOT / ".bench" / peer
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        say(f"installing {peer} into {folder}")
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "-q", "--only-binary", ":all:", *PEERS[peer], *OURS]
        if subprocess.run(command, check=False).returncode:
            say(f"{peer} cannot be installed here; its rows say so")
            return None
        (folder / "ready").touch()
    return python


def sections(sizes: list[int], days: int, pythons: dict[str, Path]) -> Iterator[str]:
    """The parts of the section."""
    versions: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    wanted = [*((peer, pythons.get(peer)) for peer in PEERS), ("scipy", Path(sys.executable))]
    for peer, python in [*wanted, ("scikit-learn", Path(sys.executable))]:
        if python is None:
            rows.append({"peer": peer, "missing": True})
            continue
        say(f"speed beside {peer}")
        answer = child(python, "bench.drift.speed", peer, *map(str, sizes))
        versions[peer] = answer["version"]
        rows += answer["rows"]
    yield f"`make bench-drift`. {machine(**versions)}"
    yield from _speed(rows)
    say("memory")
    yield _memory(sizes, pythons.get("evidently"))
    say("errors")
    yield from _errors(child(Path(sys.executable), "bench.drift.errors"))
    say(f"{days} days without drift")
    yield from _alarms(child(Path(sys.executable), "bench.drift.alarms", str(days)))


def child(python: Path, module: str, *words: str) -> dict[str, Any]:
    """Run a module in an environment, with our sources; its JSON."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [str(python), "-W", "ignore", "-m", module, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


_WHAT = {
    "evidently": "evidently, drift preset with KS",
    "evidently cycle": "the same for a window of 5,000 rows; ours: the whole round to the page",
    "alibi-detect": "alibi-detect, KSDrift",
    "scipy": "scipy, ks_2samp, one statistic",
    "scikit-learn": "scikit-learn, six figures of quality",
}


def _speed(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield (
        "CPU time of 20 features against a reference of 100,000 rows. Ours: KS with its bracket, two "
        "p-values, PSI, Jensen-Shannon and Wasserstein from counts."
    )
    yield table(
        ("beside", "rows", "ours, s", "theirs, s", "theirs / ours"),
        [
            (_WHAT[row["peer"]], "", "", "", "not installed")
            if row.get("missing")
            else (
                _WHAT[row["peer"]],
                f"{row['rows']:,}",
                f"{row['ours']:.4f}",
                f"{row['theirs']:.3f}",
                f"{row['ratio']:.1f}",
            )
            for row in rows
        ],
    )
    for row in rows:
        if "auc_error" in row and row["rows"] == max(r["rows"] for r in rows if "auc_error" in r):
            yield (
                f"Quality at {row['rows']:,} rows: largest difference {row['error']:.1g}, "
                f"of the area under the ROC curve {row['auc_error']:.1g}."
            )


def _memory(sizes: list[int], evidently: Path | None) -> str:
    rows = []
    for size in sizes:
        ours = memory.sidecar(size)
        theirs = memory.preset(evidently, size) if evidently else None
        rows.append(
            _pair(
                f"peak MB, {size:,} rows (ours: the sidecar, log in SQLite)",
                ours.peak,
                theirs and theirs.peak,
            )
        )
    mine = memory.imports("ours", Path(sys.executable))
    other = memory.imports("evidently", evidently) if evidently else None
    rows.append(_pair("imports, CPU s", mine.cpu, other and other.cpu))
    rows.append(_pair("imports, MB", mine.peak, other and other.peak))
    disk = memory.installed(Path(sys.executable), ("numpy", "scipy", "prometheus_client", "yaml", "msgspec"))
    rows.append(_pair("on disk, MB", disk, memory.installed(evidently) if evidently else None))
    return table(("", "ours", "evidently", "theirs / ours"), rows)


def _pair(name: str, ours: float, theirs: float | None) -> tuple[str, ...]:
    if theirs is None:
        return (name, f"{ours:.3g}", "not installed", "")
    return (name, f"{ours:.3g}", f"{theirs:.3g}", f"{theirs / ours:.1f}")


def _errors(found: dict[str, Any]) -> Iterator[str]:
    yield table(
        ("window", "worst error of KS", "widest bracket", "outside of it", "decisions p < 0.05 that differ"),
        [
            (
                f"{r['rows']:,}",
                f"{r['worst']:.2g}",
                f"{r['bracket']:.2g}",
                r["outside"],
                f"{r['flipped']} of 20",
            )
            for r in found["errors"]
        ],
    )
    yield (
        f"One value of 1e6 among 20,000 moves KS, PSI, Jensen-Shannon and Wasserstein by at most "
        f"{found['outlier']['window']:.2%}, in the reference by {found['outlier']['reference']:.2%}."
    )


def _alarms(found: dict[str, Any]) -> Iterator[str]:
    starts = found["starts"]
    yield table(
        (f"{found['days']} days without drift, 20 features, a look every 5 minutes", "alarms that begin"),
        [
            ("p < 0.05 at each look", starts["literal"]),
            ("the same, corrected over features", starts["corrected"]),
            ("as the sidecar decides", starts["ours"]),
        ],
    )
    yield table(
        ("true distance of one feature of 20", "rows", "found"),
        [(f"{r['distance']:.2f}", f"{r['rows']:,}", f"{r['power']:.2f}") for r in found["power"]],
    )


def say(text: str) -> None:
    """Progress, on stderr."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
