"""Quality with late labels against scikit-learn: cohorts, regrades of regrades, biased samples, tolerance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from exporter.config.models import Labels, Prediction
from exporter.drift import intake, register
from exporter.drift.quality import Judge, calibration, figures, wilson
from exporter.drift.watch import Watch
from tests.unit.exporter.drift.logs import (
    DAY,
    NOON,
    Row,
    Table,
    counter,
    gauge,
    model,
    rows,
    watch,
    write_csv,
    write_jsonl,
    write_parquet,
)
from typedyaml.units import Duration


def sample(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 2, count)
    return scores, (rng.random(count) < scores).astype(float)


def test_figures_are_scikit_learns() -> None:
    scores, truth = sample(200_000)
    found = figures(Judge("score").outcomes(scores, truth))
    said = scores >= 0.5
    tn, fp, fn, tp = metrics.confusion_matrix(truth, said).ravel()
    expected = {
        "accuracy": metrics.accuracy_score(truth, said),
        "precision": metrics.precision_score(truth, said),
        "recall": metrics.recall_score(truth, said),
        "f1": metrics.f1_score(truth, said),
        "brier": metrics.brier_score_loss(truth, scores),
        "false_positive": fp / (fp + tn),
        "false_negative": fn / (fn + tp),
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-12), name
    exact = metrics.roc_auc_score(truth, scores)
    assert found.auc is not None
    assert found.auc_error is not None
    assert abs(found.auc - exact) <= found.auc_error <= 1e-3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=200))
def test_the_area_is_inside_its_bound(pairs: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in pairs])
    truth = np.array([float(label) for _, label in pairs])
    found = figures(Judge("score").outcomes(scores, truth))
    if len(set(truth)) < 2:
        assert found.auc is None
        return
    assert found.auc is not None
    assert found.auc_error is not None
    assert abs(found.auc - metrics.roc_auc_score(truth, scores)) <= found.auc_error + 1e-9


def test_calibration_groups_are_scikit_learns() -> None:
    scores, truth = sample(5000)
    scores[:11] = np.linspace(0, 1, 11)  # on the borders
    groups = calibration(Judge("score").outcomes(scores, truth))
    observed, predicted = calibration_curve(truth, scores, n_bins=10)
    assert [seen for _, seen, _ in groups] == pytest.approx(observed.tolist())
    assert [said for _, _, said in groups] == pytest.approx(predicted.tolist())


def test_a_figure_with_nothing_to_divide_by_is_absent() -> None:
    only_negative = figures(Judge("score").outcomes(np.array([0.1, 0.2]), np.array([0.0, 0.0])))
    assert (only_negative.precision, only_negative.recall, only_negative.false_negative) == (None, None, None)
    assert (only_negative.accuracy, only_negative.false_positive, only_negative.auc) == (1.0, 0.0, None)


def test_grades_agree_within_the_tolerance() -> None:
    found = figures(
        Judge("grade", tolerance=0.5).outcomes(np.array([7.0, 7.5, 8.1]), np.array([7.0, 7.0, 7.5]))
    )
    assert found.accuracy == pytest.approx(2 / 3)
    assert (found.precision, found.auc, found.brier) == (None, None, None)


def test_the_interval_is_wilsons() -> None:
    from scipy.stats import binomtest

    for correct, labels in ((0, 10), (170, 200), (200, 200)):
        expected = binomtest(correct, labels).proportion_ci(method="wilson")
        assert wilson(correct, labels) == pytest.approx((expected.low, expected.high), abs=1e-9)


# With a log and labels that come later


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "reference.csv"
    write_csv(path, rows(5000, 0, 100, seed=99))
    return path


class Grading:
    """A table of predictions and one of labels, and a watch over both."""

    def __init__(self, folder: Path, reference: Path, **labels: Any) -> None:
        given = {"database": "grader", "table": "labels", "source": "source", **labels}
        self.predictions = Table(folder / "log.db")
        self.labels = Table(folder / "log.db", "labels")
        self.model = model(self.predictions.path, reference, labels=Labels(**given))
        self.folder = folder
        self.given = 0

    def watch(self) -> Watch:
        return watch(self.model, self.folder, self.predictions.path)

    def label(self, found: list[Row], right: float, source: str = "audit", seed: int = 5) -> None:
        """Labels that agree with this share of the predictions, exactly."""
        agree = np.random.default_rng(seed).permutation(len(found)) < round(right * len(found))
        labels = []
        for row, good in zip(found, agree.tolist(), strict=True):
            said = row["score"] >= 0.5
            labels.append(self.row(row["id"], said if good else not said, source))
        self.labels.write(labels)

    def row(self, prediction: int, value: object, source: str) -> Row:
        self.given += 1
        value = int(value) if isinstance(value, bool) else value
        return {"id": self.given, "prediction_id": prediction, "label": value, "source": source}


def test_labels_that_come_later_make_figures(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference)
    found = rows(1000, NOON - 5 * DAY, NOON - 2 * DAY)
    grading.predictions.write(found)
    watched = grading.watch()
    grading.label(found[:199], 0.9)
    watched.round(NOON)
    assert gauge(watched, "accuracy", "v1", "audit") is None, "199 labels are too few"
    assert gauge(watched, "labeled_rows", "v1", "audit") == 199
    assert gauge(watched, "label_coverage_ratio", "v1", "audit") == pytest.approx(0.199)
    grading.label(found[199:400], 0.9)
    watched.round(NOON + 600)
    correct = round(0.9 * 199) + round(0.9 * 201)
    assert gauge(watched, "accuracy", "v1", "audit") == pytest.approx(correct / 400)
    outcomes = [gauge(watched, "outcomes", "v1", "audit", o) for o in ("tp", "fp", "tn", "fn")]
    assert sum(filter(None, outcomes)) == 400
    assert gauge(watched, "roc_auc", "v1", "audit") is not None
    assert gauge(watched, "calibration_observed_ratio", "v1", "4") is not None


def test_the_last_label_of_a_source_counts_once(tmp_path: Path, reference: Path) -> None:
    """A regrade, and a regrade of that: the row moves, it is not added."""
    grading = Grading(tmp_path, reference)
    found = rows(300, NOON - 5 * DAY, NOON - 2 * DAY)
    grading.predictions.write(found)
    watched = grading.watch()
    for right in (0.0, 1.0, 0.5, 0.8):
        grading.label(found, right)
        watched.round(NOON + 1000 * grading.given)
        assert gauge(watched, "accuracy", "v1", "audit") == pytest.approx(right)
        assert gauge(watched, "labeled_rows", "v1", "audit") == 300
    restarted = grading.watch()
    restarted.round(NOON + 1000 * grading.given + 600)
    assert gauge(restarted, "accuracy", "v1", "audit") == pytest.approx(0.8)


def test_a_label_committed_late_does_not_replace_a_later_one(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference, min_labels=1)
    found = rows(1, NOON - 5 * DAY, NOON - 4 * DAY)
    grading.predictions.write(found)
    wrong, right = (grading.row(1, (found[0]["score"] >= 0.5) == good, "audit") for good in (False, True))
    watched = grading.watch()
    grading.labels.write([right])
    watched.round(NOON)
    grading.labels.write([wrong])
    watched.round(NOON + 600)
    assert gauge(watched, "accuracy", "v1", "audit") == 1.0


def test_a_label_before_its_prediction_waits(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference, min_labels=1)
    found = rows(2, NOON - 5 * DAY, NOON - 4 * DAY)
    grading.predictions.write(found[:1])
    grading.label(found, 1.0)
    watched = grading.watch()
    watched.round(NOON)
    assert gauge(watched, "labeled_rows", "v1", "audit") == 1
    restarted = grading.watch()
    grading.predictions.write(found[1:])
    restarted.round(NOON + 600)
    assert gauge(restarted, "labeled_rows", "v1", "audit") == 2


def test_contested_regrades_do_not_decide_about_training(tmp_path: Path, reference: Path) -> None:
    """People contest what is wrong: such labels look like a drop, and are none."""
    grading = Grading(tmp_path, reference, baseline_accuracy=0.9)
    found = rows(1000, NOON - 5 * DAY, NOON - 2 * DAY)
    grading.predictions.write(found)
    grading.label(found[:400], 0.9)
    grading.label(found[400:800], 0.4, "regrade")
    grading.label(found[800:], 0.5, "somebody")
    watched = grading.watch()
    watched.round(NOON)
    shares = {s: gauge(watched, "accuracy", "v1", s) for s in ("audit", "regrade", "other")}
    assert shares == {"audit": 0.9, "regrade": 0.4, "other": 0.5}
    assert gauge(watched, "retrain_trigger", "v1", "accuracy_drop") == 0


def test_a_real_drop_is_a_reason_to_train_again(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference, baseline_accuracy=0.9)
    found = rows(1000, NOON - 5 * DAY, NOON - 2 * DAY)
    grading.predictions.write(found)
    grading.label(found, 0.8)
    watched = grading.watch()
    watched.round(NOON)
    assert gauge(watched, "retrain_trigger", "v1", "accuracy_drop") == 1
    assert gauge(watched, "baseline_accuracy", "v1", "audit") == 0.9


def test_young_predictions_are_left_out_until_they_can_have_labels(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference, mature_after=Duration.parse("2d"))
    found = rows(400, NOON - 4 * DAY, NOON)
    grading.predictions.write(found)
    grading.label(found, 1.0)
    watched = grading.watch()
    watched.round(NOON)
    assert gauge(watched, "labeled_rows", "v1", "audit") == 200
    watched.round(NOON + DAY)
    assert gauge(watched, "labeled_rows", "v1", "audit") == 300
    watched.round(NOON + 29 * DAY)
    assert gauge(watched, "labeled_rows", "v1", "audit") == 100, "and old ones leave after 30 days"


def test_the_first_thirty_days_are_the_baseline(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference)
    watched = grading.watch()
    good = rows(600, NOON, NOON + 29 * DAY)
    for day in range(30):  # labels come day by day
        today = [row for row in good if NOON + day * DAY <= row["time"] < NOON + (day + 1) * DAY]
        grading.predictions.write(today)
        grading.label(today, 0.9)
        watched.round(NOON + (day + 1) * DAY)
        assert gauge(watched, "baseline_accuracy", "v1", "audit") is None or day >= 29
    watched.round(NOON + 30 * DAY + 600)
    baseline = gauge(watched, "baseline_accuracy", "v1", "audit")
    assert baseline == pytest.approx(0.9, abs=0.01)
    bad = rows(600, NOON + 30 * DAY, NOON + 40 * DAY, first=601)
    grading.predictions.write(bad)
    grading.label(bad, 0.5)
    watched.round(NOON + 45 * DAY)
    assert gauge(watched, "retrain_trigger", "v1", "accuracy_drop") == 1
    assert gauge(watched, "baseline_accuracy", "v1", "audit") == baseline


def test_classes_have_an_accuracy_and_with_a_positive_one_the_rest(tmp_path: Path) -> None:
    def grade(row: Row) -> Row:
        return {**row, "score": "pass" if row["score"] >= 0.5 else "fail"}

    path = tmp_path / "reference.csv"
    write_csv(path, [grade(row) for row in rows(5000, 0, 100, seed=99)])
    found = [grade(row) for row in rows(1000, NOON - 3 * DAY, NOON - 2 * DAY)]
    predictions, labels = Table(tmp_path / "log.db"), Table(tmp_path / "log.db", "labels")
    predictions.write(found)
    other = {"pass": "fail", "fail": "pass"}
    labels.write(
        [
            {"id": i, "prediction_id": row["id"], "label": row["score"] if i % 4 else other[row["score"]]}
            for i, row in enumerate(found)
        ]
    )
    given = Labels(database="grader", table="labels", triggers="other")
    for positive in (None, "pass"):
        prediction = Prediction(kind="class", positive=positive)
        found_model = model(predictions.path, path, labels=given, prediction=prediction)
        watched = watch(found_model, None, predictions.path)
        watched.round(NOON)
        assert gauge(watched, "accuracy", "v1", "other") == 0.75
        assert (gauge(watched, "precision", "v1", "other") is None) == (positive is None)
        assert gauge(watched, "roc_auc", "v1", "other") is None


def test_labels_can_come_from_a_file_and_predictions_too(tmp_path: Path, reference: Path) -> None:
    found = rows(600, NOON - 3 * DAY, NOON - 2 * DAY)
    log, labels = tmp_path / "log.csv", tmp_path / "labels.csv"
    write_csv(log, found)
    given = [{"submission": r["id"], "truth": int(r["score"] >= 0.5), "by": "audit"} for r in found]
    write_csv(labels, given[:300])
    place = Labels(file=str(labels), prediction="submission", label="truth", source="by")
    watched = watch(model(log, reference, labels=place), tmp_path)
    watched.round(NOON)
    assert gauge(watched, "accuracy", "v1", "audit") == 1.0
    write_csv(labels, [{**row, "truth": 1 - row["truth"]} for row in given[:150]], append=True)
    watched.round(NOON + 600)
    assert gauge(watched, "accuracy", "v1", "audit") == 0.5
    assert gauge(watched, "labeled_rows", "v1", "audit") == 300


def test_labels_that_are_text_are_told_and_counted(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference, min_labels=1)
    grading.predictions.write(rows(3, NOON - 5 * DAY, NOON - 4 * DAY))
    given = [grading.row(1, 1, "audit"), grading.row(2, "passed", "audit"), grading.row(3, None, "audit")]
    grading.labels.write(given)
    watched = grading.watch()
    watched.round(NOON)
    assert gauge(watched, "labeled_rows", "v1", "audit") == 1
    assert counter(watched, "rows_rejected_total", "not_a_number") == 1
    assert "labels hold text where a number is due" in watched.told()


def test_labels_that_cannot_be_read_leave_drift_alone(tmp_path: Path, reference: Path) -> None:
    grading = Grading(tmp_path, reference)  # no table of labels yet
    grading.predictions.write(rows(1000, NOON - DAY, NOON))
    watched = grading.watch()
    watched.round(NOON)
    assert counter(watched, "drift_errors_total", "quality") == 1
    assert gauge(watched, "drift_sufficient_data") == 1
    assert gauge(watched, "accuracy", "v1", "audit") is None


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_classes_of_numbers_are_the_same_with_and_without_a_point(tmp_path: Path, kind: str) -> None:
    """A library that makes numbers of a column with gaps writes 1 as 1.0, and a gap as NaN."""
    log = tmp_path / "log.parquet"
    found = [
        {**row, "score": float(index % 2)}
        for index, row in enumerate(rows(1000, NOON - 3 * DAY, NOON - 2 * DAY))
    ]
    write_parquet(log, found)
    labels = [
        {"prediction_id": row["id"], "label": float("nan") if row["id"] % 4 == 0 else int(row["score"])}
        for row in found
    ]
    write = {"parquet": lambda path: write_parquet(path, [{**x, "label": float(x["label"])} for x in labels])}
    write.get(kind, lambda path: write_jsonl(path, labels))(tmp_path / f"labels.{kind}")
    watched = watch(
        model(
            log,
            log,
            prediction=Prediction(kind="class", positive="1"),
            labels=Labels(file=str(tmp_path / f"labels.{kind}"), triggers="other"),
        ),
        None,
    )
    watched.round(NOON)
    assert gauge(watched, "labeled_rows", "v1", "other") == 750
    assert gauge(watched, "accuracy", "v1", "other") == 1
    assert gauge(watched, "precision", "v1", "other") == 1


def test_one_row_of_1970_does_not_keep_the_baseline_from_being_measured(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    found = rows(3000, NOON - 30.5 * DAY, NOON - 2 * DAY)
    found[10]["time"] = 0.0
    write_csv(log, found)
    write_csv(
        tmp_path / "labels.csv", [{"prediction_id": r["id"], "label": int(r["score"] >= 0.5)} for r in found]
    )
    labels = Labels(file=str(tmp_path / "labels.csv"), triggers="other")
    watched = watch(model(log, log, labels=labels), None)
    watched.round(NOON)
    assert gauge(watched, "baseline_accuracy", "v1", "other") == 1
    assert gauge(watched, "retrain_trigger", "v1", "accuracy_drop") == 0


def test_a_long_log_does_not_fill_the_memory_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "CAPACITY", 6000)
    monkeypatch.setattr(intake, "CAPACITY", 6000)
    log = tmp_path / "log.csv"
    write_csv(log, rows(20_000, NOON - 60 * DAY, NOON - 40 * DAY) + rows(30_000, NOON - 3 * DAY, NOON))
    labels = Labels(file=str(tmp_path / "labels.csv"), triggers="other")
    write_csv(tmp_path / "labels.csv", [{"prediction_id": 1, "label": 1}])
    watched = watch(model(log, log, labels=labels), None)
    watched.round(NOON)
    kept = watched.known.register
    assert kept.size == 6000
    assert len(kept.keys) < 25_000
    assert kept.times[: kept.size].min() > NOON - DAY
