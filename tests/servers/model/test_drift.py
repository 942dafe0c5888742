"""A real model, served and logged, drifts on purpose: each kind is told by its own figure, and no other.

The sidecar is the real process; it reads the service's database as it would beside a grader.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sklearn.pipeline import Pipeline

from tests.servers.model.essays import (
    FEATURES,
    USUAL,
    Cohort,
    Service,
    audit,
    essays,
    hand_in,
    matrix,
    serving,
    train,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
HOUR = 3600.0
ESSAYS = 3000
CONFIG = """
state_dir: {folder}
databases:
  grader: {{url: "sqlite://{folder}/grader.db"}}
models:
  essay:
    log: {{database: grader, table: predictions}}
    columns: {{time: created_at, version: model_version, latency: seconds}}
    reference: {{profile: {profile}}}
    trained_at: "{trained}"
    labels:
      database: grader
      table: regrades
      label: passed
      source: why
      mature_after: 0s
      baseline_accuracy: {accuracy}
    features:
      words: {{}}
      sentence_length: {{}}
      spelling_errors: {{}}
      readability: {{}}
      assignment: {{kind: category}}
"""


class Trained:
    """The model, its accuracy on essays it has not seen, and the profile of these as reference."""

    def __init__(self, folder: Path) -> None:
        self.model: Pipeline = train(essays(8000, USUAL, seed=1))
        unseen = essays(20_000, USUAL, seed=2)
        scores = self.model.predict_proba(matrix(unseen))[:, 1]
        said = [(score >= 0.5) == essay["passed"] for score, essay in zip(scores, unseen, strict=True)]
        self.accuracy = round(sum(said) / len(said), 4)
        rows = folder / "reference.csv"
        with rows.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*FEATURES, "score"])
            for essay, score in zip(unseen, scores, strict=True):
                writer.writerow([*(essay[name] for name in FEATURES), score])
        self.profile = folder / "essay.npz"
        words = ["drift", "profile", str(rows), "--out", str(self.profile)]
        subprocess.run(
            [sys.executable, "-m", "gradewatch", *words], cwd=ROOT, check=True, capture_output=True
        )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(tmp_path_factory.mktemp("model"))


class Found:
    """What the sidecar says of the model."""

    def __init__(self, page: str) -> None:
        self.values: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
        for family in text_string_to_metric_families(page):
            if family.name.startswith("grader_model_"):
                for sample in family.samples:
                    labels = [v for k, v in sample.labels.items() if k not in ("model", "model_version")]
                    self.values[sample.name.removeprefix("grader_model_")][tuple(labels)] = sample.value

    def drifted(self) -> set[str]:
        found = {name for (name,), value in self.values["feature_drift_detected"].items() if value}
        return found | ({"(predictions)"} if self.values["prediction_drift_detected"][()] else set())

    def spoiled(self, limit: float = 0.05) -> set[str]:
        kinds = ("feature_missing_ratio", "feature_out_of_range_ratio", "feature_unseen_category_ratio")
        return {name for kind in kinds for (name,), value in self.values[kind].items() if value > limit}

    def reasons(self) -> set[str]:
        return {reason for (reason,), value in self.values["retrain_trigger"].items() if value}


def observe(tmp_path: Path, trained: Trained, cohort: Cohort, days_since_training: float = 3.0) -> Found:
    """Serve a day and more of a cohort's essays, let people audit a sixth of them, and ask the sidecar."""
    now = time.time()
    found = essays(ESSAYS, cohort, seed=3)
    service = Service(trained.model, tmp_path / "grader.db")
    with serving(service) as url:
        ids = hand_in(url, found, now - 27 * HOUR, now - 60)
    audit(service.database, ids, found, every=6)
    config = tmp_path / "sidecar.yaml"
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - days_since_training * 24 * HOUR))
    given = {"folder": tmp_path, "profile": trained.profile, "accuracy": trained.accuracy, "trained": at}
    config.write_text(CONFIG.format(**given))
    command = [sys.executable, "-m", "exporter", "--config", str(config), "--once"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    return Found(done.stdout)


def test_a_usual_cohort_raises_nothing(tmp_path: Path, trained: Trained) -> None:
    found = observe(tmp_path, trained, USUAL)
    assert found.values["drift_sufficient_data"][()] == 1
    assert (found.drifted(), found.spoiled(), found.reasons()) == (set(), set(), set())
    assert found.values["predictions_total"][()] == ESSAYS
    assert found.values["prediction_latency_seconds_count"][()] == ESSAYS
    assert found.values["labeled_rows"][("audit",)] == ESSAYS / 6
    assert found.values["accuracy"][("audit",)] == pytest.approx(trained.accuracy, abs=0.05)


def test_a_new_cohort_drifts_in_what_it_writes_and_in_its_scores(tmp_path: Path, trained: Trained) -> None:
    """Younger students: shorter essays, more mistakes. The model still judges them as people do."""
    found = observe(tmp_path, trained, Cohort(words=330, errors=9))
    assert found.drifted() == {"words", "spelling_errors", "(predictions)"}
    assert found.spoiled() <= {"words"}
    assert found.reasons() == {"feature_drift", "prediction_shift"}


def test_a_new_assignment_drifts_in_that_alone(tmp_path: Path, trained: Trained) -> None:
    found = observe(tmp_path, trained, Cohort(assignments=("summary", "argument", "report", "poem")))
    assert found.drifted() == {"assignment"}
    assert found.spoiled() == {"assignment"}
    assert found.reasons() == {"feature_drift"}
    assert found.values["feature_unseen_category_ratio"][("assignment",)] == pytest.approx(0.25, abs=0.03)


def test_a_broken_feature_is_missing_and_no_drift(tmp_path: Path, trained: Trained) -> None:
    """The readability service answers half of the time: that is for those who run it, not for a training."""
    found = observe(tmp_path, trained, Cohort(readability_breaks=0.5))
    assert found.drifted() == set()
    assert found.spoiled() == {"readability"}
    assert found.values["feature_missing_ratio"][("readability",)] == pytest.approx(0.5, abs=0.05)
    assert found.reasons() == set()


def test_stricter_grades_drop_the_accuracy_and_no_input_drifts(tmp_path: Path, trained: Trained) -> None:
    """Label shift: the same essays, graded by another standard. Only the labels can tell."""
    found = observe(tmp_path, trained, Cohort(strictness=2))
    assert found.drifted() == set()
    assert found.spoiled() == set()
    assert found.reasons() == {"accuracy_drop"}
    assert found.values["accuracy"][("audit",)] < trained.accuracy - 0.05


def test_an_old_training_is_a_reason_of_its_own(tmp_path: Path, trained: Trained) -> None:
    found = observe(tmp_path, trained, USUAL, days_since_training=31)
    assert found.drifted() == set()
    assert found.reasons() == {"schedule"}
