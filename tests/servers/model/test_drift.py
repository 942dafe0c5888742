"""A real model, served and logged, drifts on purpose: each kind raises its own alerts, and no other.

Sidecars are real processes that read the services' databases as they would beside a grader. One Prometheus
scrapes them all and has the shipped rules of the model, each of which waits for a second instead of an hour.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sklearn.pipeline import Pipeline

from gradewatch import programs
from gradewatch.demo.processes import Processes
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
from tests.servers.private_process import free_port, wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
RULES = ROOT / "generated/prometheus/auto-grader.rules.yaml"
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


PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: gradewatch
    static_configs: [{targets}]
"""


@dataclass(frozen=True)
class Scene:
    """What happens to the model's input, and the alerts that it must raise, each with what it is about."""

    cohort: Cohort
    days_since_training: float = 3.0
    alerts: frozenset[str] = field(default_factory=frozenset)


DRIFTED = "ModelFeatureDrift"
RETRAIN = "ModelRetrainRecommended"
SCENES = {
    "usual": Scene(USUAL),
    # Weaker students write less and make more mistakes. The model still judges them as people do.
    "cohort": Scene(
        Cohort(ability=-0.8),
        alerts=frozenset(
            {
                *(f"{DRIFTED} words", f"{DRIFTED} spelling_errors", f"{DRIFTED} readability"),
                *("ModelDatasetDrift", "ModelPredictionDrift"),
                *(f"{RETRAIN} feature_drift", f"{RETRAIN} prediction_shift"),
            }
        ),
    ),
    "assignment": Scene(
        Cohort(assignments=("summary", "argument", "report", "poem")),
        alerts=frozenset(
            {f"{DRIFTED} assignment", "ModelFeatureDataQuality assignment", f"{RETRAIN} feature_drift"}
        ),
    ),
    # The readability service answers half of the time: for those who run it, not for a training.
    "broken": Scene(
        Cohort(readability_breaks=0.5), alerts=frozenset({"ModelFeatureDataQuality readability"})
    ),
    # The same essays, graded by another standard. Only the labels can tell.
    "stricter": Scene(
        Cohort(strictness=2),
        alerts=frozenset(
            {
                *("ModelAccuracyDrop accuracy_drop", "ModelAccuracyLow", "ModelPrecisionLow", "ModelF1Low"),
                *("ModelBrierHigh", f"{RETRAIN} accuracy_drop"),
            }
        ),
    ),
    "old": Scene(USUAL, days_since_training=31, alerts=frozenset({f"{RETRAIN} schedule"})),
}


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


def play(folder: Path, trained: Trained, scene: Scene) -> Path:
    """Serve a day and more of a cohort's essays and let people audit a sixth; the sidecar's configuration."""
    now = time.time()
    found = essays(ESSAYS, scene.cohort, seed=3)
    service = Service(trained.model, folder / "grader.db")
    with serving(service) as url:
        ids = hand_in(url, found, now - 27 * HOUR, now - 60)
    audit(service.database, ids, found, every=6)
    config = folder / "sidecar.yaml"
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - scene.days_since_training * 24 * HOUR))
    given = {"folder": folder, "profile": trained.profile, "accuracy": trained.accuracy, "trained": at}
    config.write_text(CONFIG.format(**given))
    return config


def write_rules(path: Path) -> None:
    """The shipped alerts of the model, first steps; all that is changed is how long they wait."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    chosen = []
    for group in groups:
        if rules := [r for r in group["rules"] if r.get("labels", {}).get("category") == "model"]:
            steps = [rule | {"for": "1s"} for rule in rules if rule["labels"]["escalation"] == "0"]
            for rule in steps:
                rule.pop("keep_firing_for", None)
            chosen.append({"name": group["name"], "rules": steps})
    path.write_text(yaml.safe_dump({"groups": chosen}), encoding="utf-8")


class Asked:
    """A Prometheus; its targets' label `scene` says which sidecar they are."""

    def __init__(self, url: str) -> None:
        self.url = url

    def _get(self, path: str, **query: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def scrapes(self) -> dict[str, int]:
        """Scrapes by scene since the sidecar had figures."""
        query = "count_over_time(grader_model_drift_sufficient_data[1h])"
        found = self._get("query", query=query)["result"]
        return {sample["metric"]["scene"]: int(sample["value"][1]) for sample in found}

    def alerts(self) -> dict[str, frozenset[str]]:
        """What is firing by scene: names, and the feature or the reason where there is one."""
        found = defaultdict(set)
        for alert in self._get("alerts")["alerts"]:
            labels = alert["labels"]
            if alert["state"] == "firing":
                about = labels.get("feature") or labels.get("reason") or ""
                found[labels["scene"]].add(f"{labels['alertname']} {about}".strip())
        return {scene: frozenset(alerts) for scene, alerts in found.items()}


@dataclass(frozen=True)
class Played:
    """All scenes when every rule had time to fire: the sidecars' pages, alerts, and configurations."""

    pages: dict[str, Found]
    alerts: dict[str, frozenset[str]]
    configs: dict[str, Path]


@pytest.fixture(scope="module")
def played(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("scenes")
    configs, targets = {}, []
    with Processes(folder) as processes:
        for name, scene in SCENES.items():
            (folder / name).mkdir()
            configs[name] = play(folder / name, trained, scene)
            address = f"127.0.0.1:{free_port()}"
            targets.append({"targets": [address], "labels": {"scene": name}})
            command = ["-m", "exporter", "--config", configs[name], "--listen", address]
            processes.start(name, [sys.executable, *command], f"http://{address}/metrics")
        write_rules(folder / "rules.yaml")
        listed = json.dumps(targets)[1:-1]
        (folder / "prometheus.yml").write_text(PROMETHEUS.format(targets=listed), encoding="utf-8")
        url = f"http://127.0.0.1:{free_port()}"
        program = programs.newest("prometheus").path
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
        listen = f"--web.listen-address={url.removeprefix('http://')}"
        processes.start("prometheus", [program, *options, listen], f"{url}/-/ready")
        asked = Asked(url)
        # A rule fires at its second evaluation at the latest, one second after the first.
        wait_until(lambda: len(s := asked.scrapes()) == len(SCENES) and min(s.values()) >= 6, 90)
        pages = {}
        for target in targets:
            with urlopen(f"http://{target['targets'][0]}/metrics", timeout=10) as answer:
                pages[str(target["labels"]["scene"])] = Found(answer.read().decode())
        yield Played(pages, asked.alerts(), configs)


@pytest.mark.parametrize("name", SCENES)
def test_each_kind_of_drift_raises_its_alerts_and_no_other(played: Played, name: str) -> None:
    assert played.alerts.get(name, frozenset()) == SCENES[name].alerts


def test_a_usual_cohort_shows_nothing(played: Played, trained: Trained) -> None:
    found = played.pages["usual"]
    assert found.values["drift_sufficient_data"][()] == 1
    assert (found.drifted(), found.spoiled(), found.reasons()) == (set(), set(), set())
    assert found.values["labeled_rows"][("audit",)] == ESSAYS / 6
    assert found.values["accuracy"][("audit",)] == pytest.approx(trained.accuracy, abs=0.05)


def test_asked_once_the_sidecar_counts_every_prediction(played: Played) -> None:
    command = [sys.executable, "-m", "exporter", "--config", str(played.configs["usual"]), "--once"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    found = Found(done.stdout)
    assert found.values["predictions_total"][()] == ESSAYS
    assert found.values["prediction_latency_seconds_count"][()] == ESSAYS


def test_a_new_cohort_drifts_in_what_it_writes_and_in_its_scores(played: Played, trained: Trained) -> None:
    found = played.pages["cohort"]
    assert found.drifted() == {"words", "spelling_errors", "readability", "(predictions)"}
    assert found.spoiled() == set()
    assert found.values["accuracy"][("audit",)] == pytest.approx(trained.accuracy, abs=0.05)


def test_a_new_assignment_drifts_in_that_alone(played: Played) -> None:
    found = played.pages["assignment"]
    assert found.drifted() == {"assignment"}
    assert found.values["feature_unseen_category_ratio"][("assignment",)] == pytest.approx(0.25, abs=0.03)


def test_a_broken_feature_is_missing_and_no_drift(played: Played) -> None:
    found = played.pages["broken"]
    assert found.drifted() == set()
    assert found.values["feature_missing_ratio"][("readability",)] == pytest.approx(0.5, abs=0.05)


def test_stricter_grades_drop_the_accuracy_and_no_input_drifts(played: Played, trained: Trained) -> None:
    found = played.pages["stricter"]
    assert (found.drifted(), found.spoiled()) == (set(), set())
    assert found.values["accuracy"][("audit",)] < trained.accuracy - 0.05
