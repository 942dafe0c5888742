"""An essay scorer: essays of several cohorts, a scikit-learn model of them, and a service with a log."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ("words", "sentence_length", "spelling_errors", "readability")
FEATURES = (*NUMBERS, "assignment")
Essay = dict[str, Any]


@dataclass(frozen=True)
class Cohort:
    """How able a group of students is, what it writes, and how strictly people grade it."""

    ability: float = 0.0
    assignments: tuple[str, ...] = ("summary", "argument", "report")
    readability_breaks: float = 0.0
    strictness: float = 0.0


USUAL = Cohort()


def essays(count: int, cohort: Cohort, seed: int) -> list[Essay]:
    """Essays with their features and `passed`, what a person would say."""
    rng = np.random.default_rng(seed)
    ability = rng.normal(cohort.ability, 1, count)
    words = np.maximum(30, rng.normal(450 + 100 * ability, 50))
    length = np.maximum(4, rng.normal(16, 3.5, count))
    errors = rng.poisson(np.maximum(0.2, 6 - 2 * ability))
    readable = rng.normal(55 + 6 * ability, 6)
    merit = 1.4 * ability + 0.004 * (words - 450) - 0.12 * (errors - 6) + 0.02 * (readable - 55)
    passed = merit + rng.normal(0, 0.3, count) > cohort.strictness
    broken = rng.random(count) < cohort.readability_breaks
    chosen = rng.choice(cohort.assignments, count)
    return [
        {
            "words": float(words[i]),
            "sentence_length": float(length[i]),
            "spelling_errors": int(errors[i]),
            "readability": None if broken[i] else float(readable[i]),
            "assignment": str(chosen[i]),
            "passed": int(passed[i]),
        }
        for i in range(count)
    ]


def matrix(found: Sequence[Essay]) -> np.ndarray:
    """Features in the order of FEATURES, missing ones as NaN."""
    rows = [[np.nan if essay[name] is None else essay[name] for name in FEATURES] for essay in found]
    return np.array(rows, dtype=object)


def train(found: Sequence[Essay]) -> Pipeline:
    """A probability that an essay passes."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer(
        [
            ("numbers", numbers, list(range(len(NUMBERS)))),
            ("assignment", OneHotEncoder(handle_unknown="ignore"), [len(NUMBERS)]),
        ]
    )
    model = Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=500))])
    model.fit(matrix(found), [essay["passed"] for essay in found])
    return model


class Service:
    """The model behind HTTP: essays in, scores out, each prediction a row of the log."""

    def __init__(self, model: Pipeline, database: Path, version: str = "2026-09") -> None:
        self.model, self.database, self.version = model, database, version
        with sqlite3.connect(database) as db:
            db.execute("PRAGMA journal_mode = WAL")
            names = ", ".join(f"{name} {'TEXT' if name == 'assignment' else 'REAL'}" for name in FEATURES)
            db.execute(
                "CREATE TABLE predictions (id INTEGER PRIMARY KEY, created_at TEXT, model_version TEXT, "
                f"score REAL, seconds REAL, {names})"
            )
            db.execute(
                "CREATE TABLE regrades "
                "(id INTEGER PRIMARY KEY, prediction_id INTEGER, passed INTEGER, why TEXT)"
            )

    def predict(self, request: dict[str, Any]) -> dict[str, Any]:
        """Score essays and log them, with the times at which they were handed in."""
        started = time.perf_counter()
        scores = self.model.predict_proba(matrix(request["essays"]))[:, 1]
        seconds = (time.perf_counter() - started) / len(scores)
        with sqlite3.connect(self.database, timeout=20) as db:
            ids = []
            for essay, score, at in zip(request["essays"], scores.tolist(), request["times"], strict=True):
                marks = ", ".join("?" * (4 + len(FEATURES)))
                columns = ", ".join(("created_at", "model_version", "score", "seconds", *FEATURES))
                values = (at, self.version, score, seconds, *(essay[name] for name in FEATURES))
                cursor = db.execute(f"INSERT INTO predictions ({columns}) VALUES ({marks})", values)
                ids.append(cursor.lastrowid)
        return {"ids": ids, "scores": scores.tolist()}


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """The service on a free port; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps(service.predict(json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hand_in(url: str, found: Sequence[Essay], start: float, end: float) -> list[int]:
    """Send essays in requests of a hundred, handed in between two times; the ids of their predictions."""
    times = [
        time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
        for at in np.linspace(start, end, len(found), endpoint=False)
    ]
    ids: list[int] = []
    for first in range(0, len(found), 100):
        request = {"essays": found[first : first + 100], "times": times[first : first + 100]}
        with urlopen(Request(url, json.dumps(request).encode()), timeout=30) as answer:
            ids += json.load(answer)["ids"]
    return ids


def audit(database: Path, ids: Sequence[int], found: Sequence[Essay], every: int) -> None:
    """People grade each so-manieth essay again, chosen blindly."""
    rows = [(i, essay["passed"], "audit") for i, essay in list(zip(ids, found, strict=True))[::every]]
    with sqlite3.connect(database, timeout=20) as db:
        db.executemany("INSERT INTO regrades (prediction_id, passed, why) VALUES (?, ?, ?)", rows)


__all__ = ["USUAL", "Cohort", "Service", "audit", "essays", "hand_in", "replace", "serving", "train"]
