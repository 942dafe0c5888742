"""How fast a page is made, against prometheus_client's generate_latest over the same rows.

    python -m bench.exporter.rendering

Both sides run in turns in one process; printed are medians and the ratio. "new values" is the usual scrape:
the rows are those of the last one with other numbers. "new labels" is the worst: every row is checked anew.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from bench.document import table
from exporter.catalogue import Family
from exporter.collector import Row, RowFamily
from exporter.exposition import Format, page
from exporter.rendering import Renderer

SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = 15
NOTE = """\
One family with three labels, rows in and bytes out, medians of rounds in turns in one process. "New values"
is the usual scrape: its labels are those of the last one. "New labels" is the worst: all are new, and
have to be checked."""
FAMILY = Family(
    "bench_queue_depth", "gauge", "Rows of three labels and a number.", ("queue", "state", "region")
)


class Theirs:
    """The rows as a collector that is written for prometheus_client."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def collect(self) -> Iterator[Metric]:
        """Samples, as `add_metric` makes them."""
        family = GaugeMetricFamily(FAMILY.name, FAMILY.help, labels=FAMILY.labels)
        for *labels, value in self.rows:
            family.add_metric(labels, value)
        yield family


def rows(size: int, turn: int, name: str = "queue") -> list[Row]:
    """Rows whose labels depend on `name` and whose values depend on `turn`."""
    return [(f"{name}-{n}", "waiting", "eu-central", n * 1.5 + turn) for n in range(size)]


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(size: int) -> tuple[float, float, float]:
    """Medians in seconds: ours with new values, ours with new labels, theirs."""
    renderer = Renderer(2 * size * ROUNDS)
    renderer.render([RowFamily(FAMILY, rows(size, -1))])
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    for turn in range(ROUNDS if size < 100_000 else 5):
        same, other = rows(size, turn), rows(size, turn, f"queue{turn}")
        registry = CollectorRegistry()
        registry.register(Theirs(same))

        def ours(given: list[Row], with_: Renderer) -> bytes:
            return page(with_.render([RowFamily(FAMILY, given)]).parts, Format.TEXT)

        times[0].append(seconds(lambda same=same: ours(same, renderer)))  # type: ignore[misc]
        times[1].append(seconds(lambda other=other: ours(other, Renderer(size + 1))))  # type: ignore[misc]
        times[2].append(seconds(lambda registry=registry: generate_latest(registry)))  # type: ignore[misc]
    return tuple(map(statistics.median, times))  # type: ignore[return-value]


def section() -> str:
    """The table, in ms."""
    lines: list[list[object]] = []
    for size in SIZES:
        values, labels, theirs = measure(size)
        lines.append(
            [
                f"{size:,}".replace(",", " "),
                *(f"{figure * 1e3:.3f}" for figure in (values, labels, theirs)),
                f"**{theirs / values:.1f}x**",
                f"{theirs / labels:.1f}x",
            ]
        )
    head = (
        "series",
        "sidecar, new values, ms",
        "sidecar, new labels, ms",
        "generate_latest, ms",
        "faster, new values (promise: 8x)",
        "faster, new labels",
    )
    return f"{table(head, lines)}\n\n{NOTE}"


def main() -> None:
    """Print the table."""
    print(f"Python {platform.python_version()}, medians of up to {ROUNDS} rounds")
    print(section())


if __name__ == "__main__":
    main()
