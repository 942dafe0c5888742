"""What is measured, one function a side: the same columns in, distances of all features out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.drift.data import Floats
from exporter.drift.bins import count
from exporter.drift.reference import Numeric, numeric_reference
from exporter.drift.statistics import evaluate

Columns = Mapping[str, Floats]
Side = Callable[[], dict[str, float]]


def parts(reference: Columns) -> dict[str, Numeric]:
    """References, made once a model version."""
    return {name: numeric_reference(name, values) for name, values in reference.items()}


def ours(prepared: Mapping[str, Numeric], window: Columns) -> Side:
    """KS with its bracket, both p-values, PSI, JS and Wasserstein of every feature."""

    def run() -> dict[str, float]:
        found = {}
        for name, part in prepared.items():
            statistics = evaluate(part, count(window[name], part.edges), 0.05)
            assert statistics.ks is not None
            found[name] = statistics.ks
        return found

    return run


def scipy_ks(reference: Columns, window: Columns) -> Side:
    """scipy's two-sample KS test, one statistic."""
    from scipy.stats import ks_2samp

    return lambda: {
        name: float(ks_2samp(values, window[name], method="asymp").statistic)
        for name, values in reference.items()
    }


def evidently_preset(reference: Columns, window: Columns) -> Side:
    """evidently's drift preset with KS for every column; frames are made outside of the timer."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    before, now = pd.DataFrame(dict(reference)), pd.DataFrame(dict(window))

    def run() -> dict[str, float]:
        result = Report([DataDriftPreset(num_method="ks")]).run(now, before)
        return {metric["id"]: 0.0 for metric in result.dict()["metrics"]}

    return run


def alibi_ks(reference: Columns, window: Columns) -> Side:
    """alibi-detect's KSDrift, with its correction."""
    from alibi_detect.cd import KSDrift

    names = list(reference)
    detector = KSDrift(np.column_stack([reference[name] for name in names]), p_val=0.05)
    current = np.column_stack([window[name] for name in names])

    def run() -> dict[str, float]:
        answer = detector.predict(current, return_p_val=True, return_distance=True)["data"]
        return dict(zip(names, map(float, answer["distance"]), strict=True))

    return run


def nannyml_ks(reference: Columns, window: Columns) -> Side:
    """NannyML's KS statistic of the window as one chunk; fitted, and frames made, outside of the timer."""
    import nannyml
    import pandas as pd

    names = list(reference)
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=names, continuous_methods=["kolmogorov_smirnov"], chunk_number=1
    )
    calculator.fit(pd.DataFrame(dict(reference)))
    current = pd.DataFrame(dict(window))

    def run() -> dict[str, float]:
        found = calculator.calculate(current).to_df(multilevel=False)
        return {name: float(found[f"{name}_kolmogorov_smirnov_value"].iloc[-1]) for name in names}

    return run


def quality_ours(scores: Floats, truth: Floats) -> Side:
    """All figures of a model with a score."""
    from exporter.drift.quality import Judge, figures

    def run() -> dict[str, float]:
        found = figures(Judge("score").outcomes(scores, truth))
        names = ("accuracy", "precision", "recall", "f1", "brier", "auc")
        return {name: float(getattr(found, name)) for name in names}

    return run


def quality_sklearn(scores: Floats, truth: Floats) -> Side:
    """The same from scikit-learn."""
    from sklearn import metrics

    def run() -> dict[str, float]:
        said = scores >= 0.5
        return {
            "accuracy": float(metrics.accuracy_score(truth, said)),
            "precision": float(metrics.precision_score(truth, said)),
            "recall": float(metrics.recall_score(truth, said)),
            "f1": float(metrics.f1_score(truth, said)),
            "brier": float(metrics.brier_score_loss(truth, scores)),
            "auc": float(metrics.roc_auc_score(truth, scores)),
        }

    return run


class Cycle:
    """A sidecar's whole round: new rows of an SQLite log read and counted, all evaluated, a page made."""

    def __init__(self, folder: Path, reference: Columns, versions: int = 1) -> None:
        from exporter.collectors.model import ModelCollector
        from exporter.config.models import Columns as Named
        from exporter.config.models import Feature, Model, Place, Prediction, ReferencePlace
        from exporter.databases import open_pool
        from exporter.drift.profile import save_profile
        from exporter.drift.reference import Reference
        from exporter.drift.setup import make_setup
        from exporter.drift.watch import Watch

        names = list(reference)
        made = parts(reference)
        last = numeric_reference("", reference[names[0]])
        save_profile(folder / "profile.npz", Reference(tuple(made.values()), last))
        self.path, self.names, self.rows, self.now = folder / "log.db", names, 0, 1_790_000_000.0
        self.versions = versions
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        columns = ", ".join(f'"{name}" REAL' for name in names)
        self.db.execute(
            "CREATE TABLE predictions "
            f"(id INTEGER PRIMARY KEY, time REAL, version TEXT, score REAL, {columns})"
        )
        model = Model(
            log=Place(database="grader", table="predictions"),
            features={name: Feature() for name in names},
            columns=Named(version="version"),
            prediction=Prediction(),
            reference=ReferencePlace(profile=str(folder / "profile.npz")),
        )
        pools = {"grader": open_pool("grader", f"sqlite://{self.path}")}
        self.watch = Watch(make_setup("model", model, pools, folder))
        self.collector = ModelCollector([self.watch], once=True, clock=lambda: self.now)

    def write(self, window: Columns, seconds: float) -> None:
        """Log rows that were predicted in the last `seconds`; the clock moves on by these."""
        columns = [window[name] for name in self.names]
        count = len(columns[0])
        times = self.now + np.linspace(0, seconds, count, endpoint=False)
        ids = range(self.rows + 1, self.rows + count + 1)
        versions = [f"v{number % self.versions}" for number in ids]
        given = zip(
            ids, times.tolist(), versions, columns[0].tolist(), *(c.tolist() for c in columns), strict=True
        )
        marks = ", ".join("?" * (4 + len(columns)))
        self.db.execute("BEGIN")
        self.db.executemany(f"INSERT INTO predictions VALUES ({marks})", given)
        self.db.execute("COMMIT")
        self.rows += count
        self.now += seconds

    def run(self) -> dict[str, Any]:
        """One round and one page."""
        from exporter.collector import Deadline
        from exporter.rendering import Renderer

        block = Renderer(10_000).render(self.collector.collect(Deadline.after(60)))
        return {"series": block.series}
