"""Rows of one student are not independent: p-values count students, from counts that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.config.models import Columns
from exporter.drift.batch import to_keys
from exporter.drift.bins import count
from exporter.drift.clusters import CLUSTER_CELLS, cluster_cells, distinct
from exporter.drift.reference import categorical_reference, numeric_reference
from exporter.drift.statistics import contingency, evaluate
from exporter.drift.watch import Watch
from tests.unit.exporter.drift.logs import (
    DAY,
    HOUR,
    NOON,
    Row,
    Table,
    counter,
    gauge,
    model,
    rows,
    watch,
    write_csv,
    write_parquet,
)

CLUSTERED = Columns(version="version", cluster="student")


def cells(values: Any) -> Any:
    return np.bincount(cluster_cells(to_keys(values)), minlength=CLUSTER_CELLS)


@pytest.mark.parametrize("number", [1, 2, 50, 500, 5000, 15_000])
@pytest.mark.parametrize("kind", ["numbers in a row", "text", "multiples"])
def test_clusters_are_counted_whatever_their_keys_are_like(number: int, kind: str) -> None:
    keys: Any = {
        "numbers in a row": range(7, 7 + number),
        "text": [f"student-{i}@example.org" for i in range(number)],
        "multiples": range(0, 4096 * number, 4096),
    }[kind]
    assert distinct(cells(list(keys) * 3)) == pytest.approx(number, rel=0.03, abs=0.6)


def test_more_clusters_than_can_be_told_are_a_number_that_is_too_small() -> None:
    assert 30_000 < distinct(cells(np.arange(1_000_000))) < 35_000


def test_p_values_are_those_of_as_many_rows_as_there_are_clusters() -> None:
    rng = np.random.default_rng(3)
    reference = numeric_reference("f", rng.normal(0, 1, 50_000))
    counts = count(rng.normal(0.3, 1, 6000), reference.edges)
    alone, clustered = evaluate(reference, counts, 0.05), evaluate(reference, counts, 0.05, 150.0)
    assert (clustered.ks, clustered.psi, clustered.rows) == (alone.ks, alone.psi, alone.rows)
    assert alone.relevant < 1e-6 < 0.2 < clustered.relevant
    assert alone.p_value < clustered.p_value
    assert evaluate(reference, counts, 0.05, 9999.0) == alone, "never more than there are rows"


def test_categories_too() -> None:
    reference = categorical_reference("f", {"a": 6000, "b": 4000}, 0)
    window = np.array([1000, 1000, 0, 0])
    found = evaluate(reference, window, 0.05, 200.0)
    expected = contingency(reference.counts, window / 10, 0.05)
    assert (found.p_value, found.cramers_v, found.relevant) == pytest.approx(expected)
    assert evaluate(reference, window, 0.05).relevant < 0.001 < found.relevant


def students(number: int, each: int, *, shift: float = 0.0) -> list[Row]:
    """Rows of a day; each student writes essays of a length of their own, and hands them in all day."""
    rng = np.random.default_rng(4)
    means = rng.normal(300 + 50 * shift, 45, number)
    found = rows(number * each, NOON - DAY, NOON)
    for index, row in enumerate(found):
        row["student"] = f"s{index % number}"
        row["words"] = float(means[index % number] + rng.normal(0, 20))
    return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.csv"
    write_csv(path, students(5000, 4))
    return path


def decided(folder: Path, reference: Path, found: list[Row], **changes: Any) -> Watch:
    folder.mkdir()
    log = Table(folder / "log.db")
    log.write(found)
    made = watch(model(log.path, reference, **changes), folder, log.path)
    made.round(NOON)
    made.round(NOON + HOUR)
    return made


def test_thirty_busy_students_are_no_drift_and_a_shift_of_two_thousand_is(
    tmp_path: Path, reference: Path
) -> None:
    busy = students(30, 100)
    as_rows = decided(tmp_path / "rows", reference, busy)
    as_students = decided(tmp_path / "students", reference, busy, columns=CLUSTERED)
    assert gauge(as_rows, "feature_drift_detected", "v1", "words") == 1
    assert gauge(as_students, "feature_drift_detected", "v1", "words") == 0
    assert gauge(as_rows, "feature_drift_ks_statistic", "v1", "words") == gauge(
        as_students, "feature_drift_ks_statistic", "v1", "words"
    )
    real = decided(tmp_path / "real", reference, students(2000, 2, shift=0.5), columns=CLUSTERED)
    assert gauge(real, "feature_drift_detected", "v1", "words") == 1
    assert gauge(real, "feature_drift_detected", "v1", "language") == 0


def test_a_student_of_two_hours_is_one_student_also_after_a_restart(tmp_path: Path, reference: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(students(500, 6))
    found = model(log.path, reference, columns=CLUSTERED)
    for _ in range(2):
        made = watch(found, tmp_path, log.path)
        made.round(NOON)
        ring = made.known.versions["v1"].ring
        assert ring
        assert ring.window(NOON, DAY).clusters == pytest.approx(500, rel=0.03)
        assert counter(made, "predictions_total", "v1") == 0


def test_a_log_without_the_column_says_what_it_has(tmp_path: Path, reference: Path) -> None:
    made = decided(tmp_path / "log", reference, rows(900, NOON - DAY, NOON), columns=CLUSTERED)
    assert any('no column "student"; it has: id, time' in message for message in made.told())
    assert counter(made, "drift_errors_total", "read") > 0


def test_large_numbers_in_parquet_are_the_keys_that_they_are(tmp_path: Path, reference: Path) -> None:
    path = tmp_path / "log.parquet"
    found = students(600, 3)
    write_parquet(path, [{**row, "student": 2**60 + int(row["student"][1:])} for row in found])
    made = watch(model(path, reference, columns=CLUSTERED), None)
    made.round(NOON)
    ring = made.known.versions["v1"].ring
    assert ring
    assert ring.window(NOON, DAY).clusters == pytest.approx(600, rel=0.03)
