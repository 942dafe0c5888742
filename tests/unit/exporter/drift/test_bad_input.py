"""Odd data: each gives a message and a metric, never a false 0, and takes no other feature down."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.config.models import Columns, Feature
from exporter.drift import evaluate
from exporter.drift import watch as watching
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

STATISTICS = ("ks_statistic", "ks_p_value", "relevant_p_value", "psi", "js_distance", "detected")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.csv"
    write_csv(path, rows(20_000, 0, 100, seed=99))
    return path


def watched(tmp_path: Path, reference: Path | None, found: list[Row], **changes: Any) -> Watch:
    log = Table(tmp_path / "log.db")
    log.write(found)
    made = watch(model(log.path, reference, **changes), tmp_path, log.path)
    made.round(NOON)
    made.round(NOON + HOUR)
    return made


def day(count: int = 2000, **changes: Any) -> list[Row]:
    return rows(count, NOON - DAY, NOON, **changes)


def told(made: Watch) -> list[str]:
    """What is told besides that there was no state to begin with."""
    return [message for message in made.told() if "no saved state" not in message]


def only_words_is_silent(made: Watch) -> None:
    for name in STATISTICS:
        assert gauge(made, f"feature_drift_{name}", "v1", "words") is None, name
    assert gauge(made, "feature_drift_chi2_p_value", "v1", "language") is not None
    assert gauge(made, "feature_drift_detected", "v1", "language") == 0
    assert gauge(made, "prediction_drift_ks_statistic") is not None
    assert gauge(made, "prediction_drift_detected") == 0


@pytest.mark.parametrize("kind", ["csv", "jsonl", "db"])
def test_an_empty_log(tmp_path: Path, reference: Path, kind: str) -> None:
    path = tmp_path / f"log.{kind}"
    if kind == "db":
        Table(path).db.execute(
            "CREATE TABLE predictions (id INTEGER PRIMARY KEY, time, version, words, language, score)"
        )
    else:
        path.write_text("id,time,version,words,language,score\n" if kind == "csv" else "")
    made = watch(model(path, reference), tmp_path, path if kind == "db" else None)
    made.round(NOON)
    assert made.snapshot
    assert gauge(made, "drift_sufficient_data", "") == 0
    assert made.snapshot.newest is None
    assert "no row of the log could be used yet" in made.told()
    assert {family.name for family, _ in made.snapshot.series} == {
        f"grader_model_drift_{name}"
        for name in ("sufficient_data", "window_rows", "window_seconds", "last_evaluation_timestamp_seconds")
    }
    # The first rows that come are new ones.
    found = rows(3, NOON, NOON + 60)
    if kind == "db":
        Table(path).write(found)
    else:
        from tests.unit.exporter.drift.logs import write_jsonl

        (write_csv if kind == "csv" else write_jsonl)(path, found, append=True)
    made.round(NOON + 300)
    assert counter(made, "predictions_total", "v1") == 3


def test_one_row(tmp_path: Path, reference: Path) -> None:
    made = watched(tmp_path, reference, rows(1, NOON - 60, NOON))
    assert gauge(made, "drift_sufficient_data") == 0
    assert gauge(made, "drift_window_rows") == 1
    assert 'version "v1" has fewer than 500 rows in its window: nothing is decided' in made.told()
    assert gauge(made, "feature_missing_ratio", "v1", "words") == 0
    for name in STATISTICS:
        assert gauge(made, f"feature_drift_{name}", "v1", "words") is None


def test_a_feature_that_is_null_in_every_row(tmp_path: Path, reference: Path) -> None:
    made = watched(tmp_path, reference, day(words=None))
    only_words_is_silent(made)
    assert gauge(made, "feature_missing_ratio", "v1", "words") == 1
    assert told(made) == ['version "v1": "words" have no value in the window']
    assert gauge(made, "feature_out_of_range_ratio", "v1", "words") is None
    assert gauge(made, "drift_sufficient_data") == 1


def test_everything_null(tmp_path: Path, reference: Path) -> None:
    made = watched(tmp_path, reference, day(words=None, language=None, score=None))
    for name in STATISTICS:
        assert gauge(made, f"feature_drift_{name}", "v1", "language") is None
    assert gauge(made, "feature_missing_ratio", "v1", "language") == 1
    assert gauge(made, "prediction_missing_ratio") == 1
    assert gauge(made, "drifted_features_ratio") is None


def test_infinities_are_out_of_range_and_counted_as_ends(tmp_path: Path, reference: Path) -> None:
    found = day()
    for row in found[-100:]:
        row["words"] = float("inf")
    for row in found[-140:-100]:
        row["words"] = float("-inf")
    path = tmp_path / "log.parquet"
    write_parquet(path, found)
    made = watch(model(path, reference), tmp_path)
    made.round(NOON)
    ratio = gauge(made, "feature_out_of_range_ratio", "v1", "words")
    assert ratio == pytest.approx(140 / gauge(made, "drift_window_rows"), abs=0.001)  # type: ignore[operator]
    far = 'version "v1": more than 5% of "words" are outside of all that the reference has'
    assert far in made.told()
    for name in ("ks_statistic", "psi", "js_distance", "wasserstein_normalized"):
        assert np.isfinite(gauge(made, f"feature_drift_{name}", "v1", "words"))


def test_text_where_numbers_are_due(
    tmp_path: Path, reference: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = Table(tmp_path / "log.db")
    log.write([{**row, "words": 1.0} for row in day(1)])
    made = watch(model(log.path, reference), tmp_path, log.path)
    made.round(NOON - DAY)
    with caplog.at_level(logging.WARNING):
        log.write(day(2000, words="Anna wrote 300", first=2))
        made.round(NOON)
        made.round(NOON + HOUR)
    only_words_is_silent(made)
    assert gauge(made, "feature_missing_ratio", "v1", "words") == pytest.approx(1, abs=0.001)
    assert counter(made, "rows_rejected_total", "not_a_number") == 2000
    assert 'model essay: column "words" holds text where a number is due' in caplog.text
    assert "Anna" not in caplog.text, "what stands in a row is nobody's business"


@pytest.mark.parametrize("kind", ["db", "csv"])
def test_a_feature_that_is_gone(
    tmp_path: Path, reference: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = [{key: value for key, value in row.items() if key != "words"} for row in day()]
    path = tmp_path / f"log.{kind}"
    if kind == "db":
        Table(path).write(found)
    else:
        write_csv(path, found)
    made = watch(model(path, reference), tmp_path, path if kind == "db" else None)
    with caplog.at_level(logging.WARNING):
        made.round(NOON)
        made.round(NOON + HOUR)
    only_words_is_silent(made)
    assert gauge(made, "feature_missing_ratio", "v1", "words") == 1
    assert caplog.text.count('the log has no column "words"') == 1, "told once, not at each round"


def test_a_new_category_in_every_row(tmp_path: Path, reference: Path) -> None:
    found = [{**row, "language": f"lang-{row['id']}"} for row in day()]
    made = watched(tmp_path, reference, found)
    assert gauge(made, "feature_unseen_category_ratio", "v1", "language") == 1
    far = 'version "v1": more than 5% of "language" are outside of all that the reference has'
    assert told(made) == [far]
    assert gauge(made, "feature_drift_detected", "v1", "language") == 1
    assert gauge(made, "feature_drift_detected", "v1", "words") == 0
    assert made.snapshot
    assert not any("lang-" in str(row) for _, row in made.snapshot.series), "no category is a label"


def test_a_clock_in_the_future(tmp_path: Path, reference: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(day())
    made = watch(model(log.path, reference), tmp_path, log.path)
    made.round(NOON)
    log.write(rows(100, NOON + DAY, NOON + 2 * DAY, first=2001))
    log.write(rows(7, NOON, NOON + 60, first=2101))
    made.round(NOON + 60)
    assert counter(made, "rows_rejected_total", "future") == 100
    assert "rows are more than 5 minutes ahead of this clock; they are left out" in made.told()
    assert counter(made, "predictions_total", "v1") == 7
    assert made.known.newest is not None
    assert made.known.newest < NOON + 60, "the watermark does not jump ahead"


def test_rows_that_are_older_than_the_ring(tmp_path: Path, reference: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(day())
    made = watch(model(log.path, reference), tmp_path, log.path)
    made.round(NOON)
    before = gauge(made, "drift_window_rows")
    log.write(rows(50, NOON - 20 * DAY, NOON - 19 * DAY, first=2001))
    made.round(NOON + 300)
    assert counter(made, "rows_rejected_total", "too_old") == 50
    assert gauge(made, "drift_window_rows") == before


def test_rows_without_a_time(tmp_path: Path, reference: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(day())
    made = watch(model(log.path, reference), tmp_path, log.path)
    made.round(NOON)
    log.write([{**row, "time": "yesterday"} for row in rows(20, 0, 1, first=2001)])
    made.round(NOON + 300)
    assert counter(made, "rows_rejected_total", "no_time") == 20
    assert "rows have no time that can be read" in made.told()


def test_a_reference_smaller_than_the_window(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    write_csv(path, rows(200, 0, 1, seed=8))
    made = watched(tmp_path, path, day(5000))
    assert gauge(made, "drift_reference_rows") == 200
    assert any("more rows in its window than in its reference" in message for message in made.told())
    assert gauge(made, "feature_drift_detected", "v1", "words") == 0, "its own error is no drift"


def test_a_constant_feature(tmp_path: Path) -> None:
    path = tmp_path / "constant.csv"
    write_csv(path, rows(5000, 0, 1, seed=8, words=7.0))
    made = watched(tmp_path, path, day(words=7.0))
    assert gauge(made, "feature_drift_ks_statistic", "v1", "words") == 0
    assert gauge(made, "feature_drift_detected", "v1", "words") == 0
    assert gauge(made, "feature_drift_psi", "v1", "words") is None
    assert any('the reference of "words" is constant' in message for message in made.told())
    other = tmp_path / "other"
    other.mkdir()
    moved = watched(other, path, day(words=6.0))
    assert gauge(moved, "feature_drift_detected", "v1", "words") == 1
    assert gauge(moved, "feature_out_of_range_ratio", "v1", "words") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "the reference has no rows"),
        ("id,time,version,language,score\n1,1,v1,c,0.5\n", 'the reference has no column "words"'),
        (
            "id,time,version,words,language,score\n1,1,v1,,c,0.5\n",
            '"words": the reference has no number in 1 rows',
        ),
    ],
)
def test_a_reference_that_cannot_be_one(
    tmp_path: Path, content: str | None, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "reference.csv"
    if content is not None:
        path.write_text(content)
    with caplog.at_level(logging.WARNING):
        made = watched(tmp_path, path, day())
    assert message in caplog.text
    assert counter(made, "drift_errors_total", "reference") > 0
    assert gauge(made, "drift_sufficient_data") == 0
    assert gauge(made, "drift_reference_rows") is None
    write_csv(path, rows(5000, 0, 1, seed=2))
    made.round(NOON + 2 * HOUR)
    assert gauge(made, "drift_sufficient_data") == 1, "and it recovers by itself"


def test_a_log_that_cannot_be_read_keeps_the_last_figures(tmp_path: Path, reference: Path) -> None:
    path = tmp_path / "log.csv"
    write_csv(path, day())
    made = watch(model(path, reference), tmp_path)
    made.round(NOON)
    path.rename(tmp_path / "away")
    made.round(NOON + 600)
    assert counter(made, "drift_errors_total", "read") == 1
    assert gauge(made, "drift_sufficient_data") == 1
    (tmp_path / "away").rename(path)
    write_csv(path, rows(5, NOON, NOON + 1, first=2001), append=True)
    made.round(NOON + 900)
    assert counter(made, "predictions_total", "v1") == 5


def test_a_feature_whose_evaluation_fails_takes_no_other_down(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No data are known that do this: the failure is put in, to see that it would be held."""
    whole = evaluate.evaluate

    def broken(part: Any, *rest: Any) -> Any:
        if part.name == "words":
            raise FloatingPointError("put in by the test")
        return whole(part, *rest)

    monkeypatch.setattr(evaluate, "evaluate", broken)
    made = watched(tmp_path, reference, day())
    only_words_is_silent(made)
    assert counter(made, "drift_errors_total", "evaluate") > 0
    assert gauge(made, "feature_missing_ratio", "v1", "words") is None


def test_a_version_in_every_row_is_told_once(
    tmp_path: Path, reference: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_MOST_REFUSED", 100)
    found = [{**row, "version": f"r{row['id']}"} for row in day()]
    with caplog.at_level(logging.WARNING):
        made = watched(tmp_path, reference, found)
    assert sum("more than three versions at once" in message for message in caplog.messages) == 1
    assert len(made._said) < 300
    assert counter(made, "versions_dropped_total") >= 100


def test_two_columns_of_one_name_and_the_log_without_features(tmp_path: Path, reference: Path) -> None:
    features = {"words": Feature(), "again": Feature(column="words")}
    with_two = watched(tmp_path, reference, day(), features=features)
    same = [gauge(with_two, "feature_drift_ks_statistic", "v1", name) for name in features]
    assert same[0] == same[1] is not None
    other = tmp_path / "other"
    other.mkdir()
    none = watched(other, reference, day(), features={}, columns=Columns())
    assert gauge(none, "prediction_drift_ks_statistic", "1") is not None
    assert gauge(none, "drifted_features_ratio", "1") is None


def test_a_state_folder_that_cannot_be_written(tmp_path: Path, reference: Path) -> None:
    log = Table(tmp_path / "log.db")
    log.write(day())
    made = watch(model(log.path, reference), tmp_path / "no such folder", log.path)
    made.round(NOON)
    assert counter(made, "drift_errors_total", "state") == 1
    assert gauge(made, "drift_sufficient_data") == 1
