"""How fast a page is made, against prometheus_client's generate_latest over the same rows.

    python -m bench.rendering

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

from exporter.catalogue import Family
from exporter.collector import Row, RowFamily
from exporter.exposition import Format, page
from exporter.rendering import Renderer

SIZES = (100, 1_000, 10_000)
ROUNDS = 15
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
    for turn in range(ROUNDS):
        same, other = rows(size, turn), rows(size, turn, f"queue{turn}")
        registry = CollectorRegistry()
        registry.register(Theirs(same))

        def ours(given: list[Row], with_: Renderer) -> bytes:
            return page(with_.render([RowFamily(FAMILY, given)]).parts, Format.TEXT)

        times[0].append(seconds(lambda same=same: ours(same, renderer)))  # type: ignore[misc]
        times[1].append(seconds(lambda other=other: ours(other, Renderer(size + 1))))  # type: ignore[misc]
        times[2].append(seconds(lambda registry=registry: generate_latest(registry)))  # type: ignore[misc]
    return tuple(map(statistics.median, times))  # type: ignore[return-value]


def main() -> None:
    """Print the table."""
    print(f"Python {platform.python_version()}, {ROUNDS} rounds, medians in ms")
    print(f"{'series':>8} {'new values':>12} {'new labels':>12} {'generate_latest':>16} {'ratio':>14}")
    for size in SIZES:
        values, labels, theirs = measure(size)
        ratio = f"{theirs / values:.1f} / {theirs / labels:.1f}"
        print(f"{size:>8} {values * 1e3:>12.3f} {labels * 1e3:>12.3f} {theirs * 1e3:>16.3f} {ratio:>14}")


if __name__ == "__main__":
    main()
