"""A watch over days of a log at its own time: windows, decisions, versions, references, restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.config.models import Feature, Prediction, ReferencePlace, Version
from exporter.drift.profile import save_profile
from exporter.drift.references import gather
from exporter.drift.setup import wanted_of
from exporter.drift.sources import Step
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


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.csv"
    write_csv(path, rows(20_000, 0, 100, seed=99))
    return path


def filled(path: Path, *parts: list[Row]) -> Table:
    log = Table(path)
    for part in parts:
        log.write(part)
    return log


def hours(watched: Watch, first: float, count: int) -> list[float | None]:
    """Rounds at each full hour; whether `words` had drifted after each."""
    found = []
    for index in range(count):
        watched.round(first + index * HOUR)
        found.append(gauge(watched, "feature_drift_detected", "v1", "words"))
    return found


def test_a_quiet_log_is_quiet_and_every_figure_is_there(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON))
    watched = watch(model(log.path, reference), tmp_path, log.path)
    watched.round(NOON)
    assert gauge(watched, "drift_sufficient_data") == 1
    assert gauge(watched, "drift_reference_rows") == 20_000
    assert gauge(watched, "feature_drift_detected", "v1", "words") == 0
    assert gauge(watched, "prediction_drift_detected") == 0
    assert gauge(watched, "drifted_features_ratio") == 0
    distance = gauge(watched, "feature_drift_ks_statistic", "v1", "words")
    assert distance is not None
    assert distance < 0.04
    assert gauge(watched, "feature_drift_chi2_p_value", "v1", "language") is not None
    assert gauge(watched, "feature_drift_ks_statistic", "v1", "language") is None
    assert gauge(watched, "feature_missing_ratio", "v1", "words") == 0


def test_a_shift_is_reported_at_the_second_close_and_ends_when_the_window_has_passed(
    tmp_path: Path, reference: Path
) -> None:
    log = filled(
        tmp_path / "log.db",
        rows(4800, NOON - 2 * DAY, NOON),
        rows(2400, NOON, NOON + DAY, first=4801, shift=1.0),
        rows(4800, NOON + DAY, NOON + 3 * DAY, first=7201),
    )
    watched = watch(model(log.path, reference), tmp_path, log.path)
    found = hours(watched, NOON, 1)  # the whole log is there, but its rows lie in the future
    assert found == [0]
    feeding = Table(tmp_path / "live.db")
    live = watch(model(feeding.path, reference), tmp_path / "elsewhere", feeding.path)
    (tmp_path / "elsewhere").mkdir()
    everything = [
        *rows(4800, NOON - 2 * DAY, NOON),
        *rows(2400, NOON, NOON + DAY, first=4801, shift=1.0),
        *rows(4800, NOON + DAY, NOON + 3 * DAY, first=7201),
    ]
    states: list[float | None] = []
    for hour in range(0, 72):
        end = NOON + hour * HOUR
        feeding.write(
            [r for r in everything if end - HOUR <= r["time"] < end or (hour == 0 and r["time"] < end)]
        )
        states += hours(live, end, 1)
    first = states.index(1)
    assert 3 <= first <= 8, "24 h are diluted by the shifted hours until the distance is relevant"
    end = first + states[first:].index(0)
    assert states == [0] * first + [1] * (end - first) + [0] * (72 - end), "one start, one end"
    assert gauge(live, "feature_drift_detected", "v1", "language") == 0
    assert gauge(live, "prediction_drift_detected") == 0


def test_too_few_rows_are_no_statistics_and_no_zero(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(499, NOON - DAY / 2, NOON))
    watched = watch(model(log.path, reference), tmp_path, log.path)
    watched.round(NOON)
    assert gauge(watched, "drift_sufficient_data") == 0
    assert gauge(watched, "drift_window_rows") == 499
    for name in ("ks_statistic", "ks_p_value", "psi", "detected"):
        assert gauge(watched, f"feature_drift_{name}", "v1", "words") is None
    log.write(rows(1, NOON - 10, NOON, first=500))
    watched.round(NOON + 300)
    assert gauge(watched, "drift_sufficient_data") == 1
    assert gauge(watched, "feature_drift_ks_statistic", "v1", "words") is not None


@pytest.mark.parametrize(("window", "rows_in_it"), [("1h", 100), ("24h", 2400), ("48h", 4800), ("7d", 9600)])
def test_windows_are_sums_of_buckets(tmp_path: Path, reference: Path, window: str, rows_in_it: int) -> None:
    from typedyaml.units import Duration

    end = NOON // HOUR * HOUR
    log = filled(tmp_path / "log.db", rows(9600, end - 4 * DAY, end))
    watched = watch(model(log.path, reference, window=Duration.parse(window)), tmp_path, log.path)
    watched.round(end - 1)
    assert gauge(watched, "drift_window_rows") == rows_in_it


def test_a_restart_goes_on_where_it_was(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON))
    found = model(log.path, reference)
    first = watch(found, tmp_path, log.path)
    first.round(NOON)
    log.write(rows(700, NOON, NOON + 600, first=3001))
    first.round(NOON + 600)
    assert counter(first, "predictions_total", "v1") == 700, "what was there before is no event"
    second = watch(found, tmp_path, log.path)
    log.write(rows(50, NOON + 600, NOON + 700, first=3701))
    second.round(NOON + 1000)
    assert counter(second, "predictions_total", "v1") == 750
    assert counter(second, "log_rows_read_total") == 750
    assert gauge(second, "drift_window_rows") == gauge_of_a_fresh_watch(found, log.path, NOON + 1000)
    assert second.known.versions["v1"].streaks["words"].closes == 0


def gauge_of_a_fresh_watch(found: Any, database: Path, now: float) -> float | None:
    fresh = watch(found, None, database)
    fresh.round(now)
    return gauge(fresh, "drift_window_rows")


@pytest.mark.parametrize("damage", ["delete", "truncate", "garbage", "other format"])
def test_a_lost_state_is_rebuilt_from_the_log_and_raises_no_counter(
    tmp_path: Path, reference: Path, damage: str
) -> None:
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON))
    found = model(log.path, reference)
    first = watch(found, tmp_path, log.path)
    first.round(NOON)
    file = tmp_path / "model-essay.npz"
    if damage == "delete":
        file.unlink()
    elif damage == "truncate":
        file.write_bytes(file.read_bytes()[:-400])
    elif damage == "garbage":
        file.write_bytes(b"nothing of the kind")
    else:
        np.savez(file, meta=np.frombuffer(b'{"format": 0}', np.uint8))
    second = watch(found, tmp_path, log.path)
    second.round(NOON + 60)
    assert counter(second, "predictions_total", "v1") == 0
    for name in ("drift_window_rows",):
        assert gauge(second, name) == gauge(first, name)
    for name in ("feature_drift_ks_statistic", "feature_drift_psi", "feature_drift_detected"):
        assert gauge(second, name, "v1", "words") == gauge(first, name, "v1", "words")


def test_another_configuration_does_not_trust_the_old_state(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON))
    watch(model(log.path, reference), tmp_path, log.path).round(NOON)
    features = {"words": Feature(), "language": Feature(kind="category"), "id": Feature()}
    changed = watch(model(log.path, reference, features=features), tmp_path, log.path)
    changed.round(NOON + 60)
    assert gauge(changed, "feature_drift_ks_statistic", "v1", "id") is not None
    assert gauge(changed, "drift_window_rows") == gauge_of_a_fresh_watch(
        model(log.path, reference), log.path, NOON + 60
    )


def test_a_changed_delta_keeps_the_counts(tmp_path: Path, reference: Path) -> None:
    """Only what counts depend on makes a state worthless, not what decides."""
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON, shift=0.3))
    watch(model(log.path, reference), tmp_path, log.path).round(NOON)
    features = {"words": Feature(delta=0.3), "language": Feature(kind="category")}
    changed = watch(model(log.path, reference, features=features), tmp_path, log.path)
    log.db.execute("DELETE FROM predictions WHERE id <= 2000")
    changed.round(NOON + HOUR)
    assert gauge(changed, "drift_window_rows") > 2000  # type: ignore[operator]
    assert gauge(changed, "feature_drift_relevant_p_value", "v1", "words") == 1


def test_a_new_reference_counts_the_window_again(tmp_path: Path) -> None:
    path = tmp_path / "reference.csv"
    write_csv(path, rows(20_000, 0, 100, seed=99))
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON, shift=1.0))
    watched = watch(model(log.path, path), tmp_path, log.path)
    watched.round(NOON)
    watched.round(NOON + HOUR)
    assert gauge(watched, "feature_drift_detected", "v1", "words") == 1
    write_csv(path, rows(20_000, 0, 100, seed=98, shift=1.0))
    log.write(rows(10, NOON + HOUR, NOON + 2 * HOUR, first=3001, shift=1.0))
    watched.round(NOON + 2 * HOUR)
    assert gauge(watched, "feature_drift_detected", "v1", "words") == 0
    assert gauge(watched, "drift_window_rows") > 2000  # type: ignore[operator]
    assert counter(watched, "predictions_total", "v1") == 10, "rows that are read again are no new ones"


def test_a_profile_is_as_good_as_the_rows_it_was_made_of(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(3000, NOON - DAY, NOON, shift=0.2))
    by_rows = watch(model(log.path, reference), None, log.path)
    wanted = wanted_of(by_rows.setup.model)
    place = by_rows.setup.model.reference
    assert place
    made = gather(wanted, lambda layout: batches(by_rows, layout))
    save_profile(tmp_path / "essay.npz", made)
    profile = ReferencePlace(profile=str(tmp_path / "essay.npz"))
    by_profile = watch(model(log.path, profile), None, log.path)
    for watched in (by_rows, by_profile):
        watched.round(NOON)
    assert by_rows.snapshot
    assert by_profile.snapshot
    assert by_rows.snapshot.series == by_profile.snapshot.series


def batches(watched: Watch, layout: Any) -> Any:
    place = watched.setup.model.reference
    assert place
    steps: list[Step] = list(watched.setup.references.open_rows(place, layout).steps(None, 0.0, -np.inf))
    return iter([step.batch for step in steps])


def test_two_versions_interleaved_are_told_apart(tmp_path: Path, reference: Path) -> None:
    old, new = rows(2000, NOON - DAY, NOON), rows(2000, NOON - DAY, NOON, shift=1.0, version="v2")
    mixed = [row for pair in zip(old, new, strict=True) for row in pair]
    log = filled(tmp_path / "log.db", [{**row, "id": i} for i, row in enumerate(mixed, 1)])
    watched = watch(model(log.path, reference), tmp_path, log.path)
    watched.round(NOON)
    watched.round(NOON + HOUR)
    assert gauge(watched, "feature_drift_detected", "v1", "words") == 0
    assert gauge(watched, "feature_drift_detected", "v2", "words") == 1
    assert gauge(watched, "drift_window_rows", "v1") == gauge(watched, "drift_window_rows", "v2")


def test_each_version_can_have_a_reference_of_its_own(tmp_path: Path, reference: Path) -> None:
    shifted = tmp_path / "v2.csv"
    write_csv(shifted, rows(20_000, 0, 100, shift=1.0, seed=5))
    log = filled(
        tmp_path / "log.db",
        rows(2000, NOON - DAY, NOON - HOUR),
        rows(2000, NOON - HOUR, NOON, shift=1.0, version="v2", first=2001),
    )
    versions = {"v2": Version(reference=ReferencePlace(file=str(shifted)), trained_at="2026-09-01")}
    watched = watch(model(log.path, reference, versions=versions), tmp_path, log.path)
    watched.round(NOON)
    assert gauge(watched, "feature_drift_detected", "v1", "words") == 0
    assert gauge(watched, "feature_drift_detected", "v2", "words") == 0


def test_the_newest_three_versions_are_kept_and_the_others_counted(tmp_path: Path, reference: Path) -> None:
    log = Table(tmp_path / "log.db")
    for number in range(5):
        start = NOON - DAY + number * 4 * HOUR
        log.write(rows(600, start, start + HOUR, version=f"v{number}", first=1 + 600 * number))
    watched = watch(model(log.path, reference), tmp_path, log.path)
    watched.round(NOON)
    assert set(watched.known.versions) == {"v2", "v3", "v4"}
    assert counter(watched, "versions_dropped_total") == 2
    log.write(rows(600, NOON - 600, NOON, version="v4", first=3001))
    watched.round(NOON)
    log.write(rows(600, NOON + 2 * HOUR, NOON + 3 * HOUR, version="v5", first=3601))
    watched.round(NOON + 3 * HOUR)
    counted = watched.known.tally.counters["grader_model_predictions_total"]
    assert {version for _, version in counted} == {"v4", "v5"}, "v2 is gone, v3 had no new row"


def test_a_version_that_is_out_of_use_leaves_no_series_and_the_newest_always_does(
    tmp_path: Path, reference: Path
) -> None:
    """An alert on too little data must not watch a model that nobody serves any more."""
    log = filled(
        tmp_path / "log.db",
        rows(600, NOON - 3 * DAY, NOON - 2 * DAY),
        rows(600, NOON - 2 * DAY, NOON - 2 * DAY + HOUR, version="v2", first=601),
    )
    watched = watch(model(log.path, reference), tmp_path, log.path)
    watched.round(NOON)
    assert gauge(watched, "drift_sufficient_data", "v1") is None
    assert gauge(watched, "drift_sufficient_data", "v2") == 0


def test_reasons_to_train_again(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(12_000, NOON - DAY, NOON))
    trained = "2026-09-01T00:00:00Z"  # 20.5 days before NOON
    found = model(log.path, reference, trained_at=trained)
    watched = watch(found, tmp_path, log.path)
    watched.round(NOON)
    reasons = {r: gauge(watched, "retrain_trigger", "v1", r) for r in ("new_samples", "schedule")}
    assert reasons == {"new_samples": 1, "schedule": 0}
    assert gauge(watched, "new_samples") == 12_000
    watched.round(NOON + 10 * DAY)
    assert gauge(watched, "retrain_trigger", "v1", "schedule") == 1
    assert gauge(watched, "retrain_trigger", "v1", "accuracy_drop") is None, (
        "without labels it cannot be told"
    )


def test_ten_thousand_new_rows_are_not_more_than_ten_thousand(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(10_000, NOON - DAY, NOON))
    watched = watch(model(log.path, reference, trained_at="2026-09-01"), tmp_path, log.path)
    watched.round(NOON)
    assert gauge(watched, "retrain_trigger", "v1", "new_samples") == 0


def test_series_over_the_bound_are_left_out_and_counted(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(2000, NOON - DAY, NOON))
    watched = watch(model(log.path, reference, max_series=20), tmp_path, log.path)
    watched.round(NOON)
    assert watched.snapshot
    assert len(watched.snapshot.series) == 20
    assert counter(watched, "series_dropped_total") > 0
    assert gauge(watched, "drift_sufficient_data") == 1


def test_the_predictions_histogram_survives_a_restart(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(100, NOON - DAY, NOON))
    found = model(log.path, reference)
    watch(found, tmp_path, log.path).round(NOON)
    log.write(rows(1000, NOON, NOON + 60, first=101))
    watch(found, tmp_path, log.path).round(NOON + 60)
    again = watch(found, tmp_path, log.path)
    again.round(NOON + 120)
    histogram = again.known.tally.histograms["grader_model_prediction_score"]["essay", "v1"]
    assert sum(histogram.counts) == 1000


def test_grades_are_shown_as_a_share_of_the_highest(tmp_path: Path) -> None:
    path = tmp_path / "reference.parquet"
    write_parquet(path, [{**row, "score": 100 * row["score"]} for row in rows(5000, 0, 100, seed=3)])
    log = filled(tmp_path / "log.db", rows(1, NOON - DAY, NOON))
    found = model(log.path, path, prediction=Prediction(kind="grade", maximum=100.0))
    watched = watch(found, tmp_path, log.path)
    watched.round(NOON)
    log.write([{**row, "score": 100 * row["score"]} for row in rows(800, NOON - 60, NOON, first=2)])
    watched.round(NOON + 300)
    histogram = watched.known.tally.histograms["grader_model_prediction_score"]["essay", "v1"]
    assert sum(histogram.counts) == 800
    assert histogram.counts[-1] == 0
    assert gauge(watched, "prediction_drift_ks_statistic") is not None


def test_the_position_and_the_counts_are_saved_together(tmp_path: Path, reference: Path) -> None:
    """Stopped after any round, another process counts what was not saved, and nothing else."""
    log = Table(tmp_path / "log.db")
    log.write(rows(10, NOON - HOUR, NOON))
    found = model(log.path, reference)
    watch(found, tmp_path, log.path).round(NOON)
    total = 0
    for index in range(6):
        log.write(rows(37, NOON + 60 * index, NOON + 60 * (index + 1), first=11 + 37 * index))
        total += 37
        lost = watch(found, None, log.path)  # keeps nothing: as if killed before it could save
        lost.round(NOON + 60 * (index + 1))
        kept = watch(found, tmp_path, log.path)
        kept.round(NOON + 60 * (index + 1))
        assert counter(kept, "predictions_total", "v1") == total
        assert gauge(kept, "drift_window_rows") == 10 + total


def test_counts_that_need_more_than_two_bytes_survive_a_restart(tmp_path: Path, reference: Path) -> None:
    log = filled(tmp_path / "log.db", rows(300, NOON - DAY, NOON))
    found = model(log.path, reference)
    made = watch(found, tmp_path, log.path)
    made.round(NOON)
    for cells, amount in (("small", 65_535), ("large", 70_000)):
        ring = made.known.versions["v1"].ring
        assert ring
        hour = max(ring.hours)
        ring.hours[hour][3] = amount
        log.write(rows(1, NOON, NOON + 1, first=301 if cells == "small" else 302))
        made.round(NOON + 60)
        made = watch(found, tmp_path, log.path)
        made.round(NOON + 60)
        again = made.known.versions["v1"].ring
        assert again
        assert again.hours[hour][3] >= amount
        assert again.hours[hour].dtype == ring.hours[hour].dtype == np.int32
