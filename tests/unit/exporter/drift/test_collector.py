"""The collector in a real sidecar: a scrape computes nothing, and a sidecar without models knows no numpy."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from exporter.collector import Deadline
from exporter.collectors.model import FAMILIES_OF_MODELS, ModelCollector, families_of
from exporter.config.models import Labels
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.sidecar import make_sidecar
from tests.unit.exporter.drift.logs import DAY, NOON, counter, model, rows, watch, write_csv

ROOT = Path(__file__).parents[4]
_MODULES = """
import json, sys, time
from pathlib import Path
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.sidecar import make_sidecar
sidecar = make_sidecar(load_config(Path(sys.argv[1])).value)
deadline = time.monotonic() + 30
while True:
    text = page(sidecar.scrape(), Format.TEXT).decode()
    if sys.argv[2] in text or time.monotonic() > deadline:
        break
    time.sleep(0.05)
print(json.dumps([sys.argv[2] in text, sorted(sys.modules)]))
"""
HEAVY = ("scipy", "sklearn", "pandas", "evidently", "pyarrow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "reference.csv", rows(5000, 0, 100, seed=99))
    now = time.time()
    write_csv(tmp_path / "log.csv", rows(2000, now - DAY / 2, now))
    (tmp_path / "sidecar.yaml").write_text(f"""
state_dir: {tmp_path}
models:
  essay:
    log: {{file: {tmp_path}/log.csv}}
    columns: {{version: version}}
    features:
      words: {{}}
      language: {{kind: category}}
    reference: {{file: {tmp_path}/reference.csv}}
""")
    return tmp_path


def modules(config: Path, until: str) -> set[str]:
    command = [sys.executable, "-c", _MODULES, str(config), until]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=90)
    seen, names = json.loads(done.stdout.splitlines()[-1])
    assert seen, done.stderr
    return set(names)


def test_a_running_sidecar_with_models_has_numpy_and_nothing_heavier(folder: Path) -> None:
    found = modules(
        folder / "sidecar.yaml", 'grader_model_drift_sufficient_data{model="essay",model_version="v1"} 1'
    )
    assert "numpy" in found
    assert not [name for name in found if name.startswith(HEAVY)]


def test_a_sidecar_without_models_does_not_import_numpy(tmp_path: Path) -> None:
    (tmp_path / "sidecar.yaml").write_text(f"state_dir: {tmp_path}\n")
    found = modules(tmp_path / "sidecar.yaml", "grader_exporter_build_info")
    assert not [name for name in found if name.split(".")[0] == "numpy"]


def test_a_page_is_one_that_prometheus_reads(folder: Path) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    sidecar = make_sidecar(load_config(folder / "sidecar.yaml").value, once=True)
    text = page(sidecar.scrape(), Format.TEXT).decode()
    found = {m.name: m for m in text_string_to_metric_families(text) if m.name.startswith("grader_model_")}
    assert found["grader_model_predictions"].samples[0].value == 2000
    assert found["grader_model_feature_drift_ks_statistic"].samples[0].labels["feature"] == "words"
    assert "grader_model_feature_drift_wasserstein_normalized" in found


def test_what_is_shown_are_families_of_the_catalogue(tmp_path: Path, folder: Path) -> None:
    found = rows(1000, NOON - 3 * DAY, NOON)
    write_csv(tmp_path / "labelled.csv", found)
    labels = [{"prediction_id": r["id"], "label": int(r["score"] > 0.5), "source": "audit"} for r in found]
    write_csv(tmp_path / "labels.csv", labels)
    place = Labels(file=str(tmp_path / "labels.csv"), source="source")
    made = watch(model(tmp_path / "labelled.csv", tmp_path / "reference.csv", labels=place), None)
    made.round(NOON)
    assert made.snapshot
    shown = {family.family for family in families_of([made.snapshot])}
    assert shown <= set(FAMILIES_OF_MODELS)
    for family in families_of([made.snapshot]):
        assert len({row[: len(family.family.labels)] for row in family.rows}) == len(family.rows)


def test_two_models_share_families_and_one_that_fails_leaves_the_other(tmp_path: Path, folder: Path) -> None:
    good, bad = (watch(model(tmp_path / f"{n}.csv", tmp_path / "reference.csv"), None) for n in ("log", "no"))
    bad.setup.references.place_of = None  # type: ignore[assignment]
    object.__setattr__(bad.setup, "log", None)  # no such thing can be configured: the round raises
    now = time.time()
    collector = ModelCollector([bad, good], once=True, clock=lambda: now)
    names = {family.family.name for family in collector.collect(Deadline.after(5))}
    assert "grader_model_drift_sufficient_data" in names


def test_a_new_configuration_goes_on_where_the_old_one_was(folder: Path) -> None:
    """After a reload: nothing is counted again, and the figures do not vanish until the next round."""
    log, reference = folder / "log.csv", folder / "reference.csv"
    old = ModelCollector([watch(model(log, reference), folder)])
    deadline = time.monotonic() + 20
    while not old.collect(Deadline.after(1)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    write_csv(log, rows(7, time.time() - 60, time.time(), first=3001), append=True)
    new = ModelCollector([watch(model(log, reference), folder)])
    new.inherit(old)
    assert old._worker
    old._worker.join(20)
    assert not old._worker.is_alive()
    shown = {family.family.name for family in new.collect(Deadline.after(1))}
    assert "grader_model_drift_sufficient_data" in shown
    while counter(new.watches[0], "predictions_total", "v1") < 7:
        assert time.monotonic() < deadline + 20
        time.sleep(0.02)
    new.close()
    assert counter(new.watches[0], "predictions_total", "v1") == 7


def test_a_scrape_does_not_wait_for_a_round(folder: Path) -> None:
    """The worker is held in its round: scrapes go on with the last snapshot."""
    made = watch(model(folder / "log.csv", folder / "reference.csv"), None)
    entered, release = threading.Event(), threading.Event()
    collector = ModelCollector([made])

    def clock() -> float:
        entered.set()
        release.wait(30)
        return time.time()

    collector.clock = clock
    assert list(collector.collect(Deadline.after(1))) == []
    assert entered.wait(10)
    assert list(collector.collect(Deadline.after(1))) == []
    release.set()
    deadline = time.monotonic() + 20
    while not collector.collect(Deadline.after(1)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    collector.close()
