"""A prediction log in MariaDB and PostgreSQL gives what the same rows in a file give, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exporter.config.models import Labels, Model, Place, ReferencePlace
from exporter.databases import open_pool
from exporter.databases.address import Access
from exporter.drift.setup import make_setup
from exporter.drift.watch import Watch
from tests.servers.database_servers import PASSWORDS, Schema
from tests.unit.exporter.drift.logs import DAY, NOON, Row, counter, gauge, model, rows, write_csv

TYPES = {
    "mariadb": ("BIGINT PRIMARY KEY", "DATETIME(6)", "VARCHAR(20)", "DOUBLE", "DECIMAL(30, 20)"),
    "postgresql": ("bigint PRIMARY KEY", "timestamptz", "text", "double precision", "numeric(30, 20)"),
}


@pytest.fixture(params=TYPES)
def schema(request: pytest.FixtureRequest) -> Schema:
    return request.getfixturevalue(f"{request.param}_schema")


@pytest.fixture
def kinds(request: pytest.FixtureRequest, schema: Schema) -> tuple[str, ...]:
    return TYPES[request.node.callspec.params["schema"]]


def create(schema: Schema, kinds: Sequence[str], *names: str) -> None:
    key, when, text, number, exact = kinds
    for name in names:
        schema.run(
            f"CREATE TABLE {name} (id {key}, time {when}, version {text}, words {number}, language {text}, "
            f"score {exact})"
        )


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else repr(value)


def insert(schema: Schema, table: str, found: Sequence[Row]) -> None:
    for first in range(0, len(found), 500):
        part = [{**row, "time": moment(schema, row["time"])} for row in found[first : first + 500]]
        values = ", ".join(f"({', '.join(map(literal, row.values()))})" for row in part)
        schema.run(f"INSERT INTO {table} VALUES {values}")


def moment(schema: Schema, at: float) -> str:
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return f"{text}+00" if schema.url().startswith("postgres") else text


def watched(found: Model, schema: Schema, folder: Path) -> Watch:
    (folder / "password").write_text(PASSWORDS["reader"])
    access = Access(password_file=str(folder / "password"))
    pool = open_pool("grader", schema.url(), statement_timeout=20, access=access)
    return Watch(make_setup("essay", found, {"grader": pool}, folder))


def test_a_table_gives_what_a_file_gives(tmp_path: Path, schema: Schema, kinds: tuple[str, ...]) -> None:
    """Times of the database's own type, exact numbers, NULLs, and the reference in a table, too."""
    log = rows(3000, NOON - DAY, NOON, shift=0.2)
    for row in log[::50]:
        row["words"] = None
    training = rows(4000, NOON - 9 * DAY, NOON - 8 * DAY, seed=99)
    create(schema, kinds, "predictions", "training")
    insert(schema, "predictions", log)
    insert(schema, "training", training)
    write_csv(tmp_path / "log.csv", log)
    write_csv(tmp_path / "training.csv", training)
    place = Place(database="grader", table="predictions")
    reference = ReferencePlace(database="grader", table="training")
    found = watched(model(tmp_path / "log.db", reference), schema, tmp_path)
    assert found.setup.model.log == place
    found.round(NOON)
    by_file = Watch(make_setup("essay", model(tmp_path / "log.csv", tmp_path / "training.csv"), {}, None))
    by_file.round(NOON)
    assert not [message for message in found.told() if "saved state" not in message]
    assert found.snapshot
    assert by_file.snapshot
    assert found.snapshot.series == by_file.snapshot.series
    assert gauge(found, "feature_missing_ratio", "v1", "words") == pytest.approx(0.02, abs=0.001)


def test_new_rows_and_late_commits_count_once(tmp_path: Path, schema: Schema, kinds: tuple[str, ...]) -> None:
    write_csv(tmp_path / "training.csv", rows(2000, 0, 100, seed=99))
    create(schema, kinds, "predictions")
    insert(schema, "predictions", rows(100, NOON - DAY / 2, NOON))
    found = watched(model(tmp_path / "log.db", tmp_path / "training.csv"), schema, tmp_path)
    found.round(NOON)
    insert(schema, "predictions", rows(20, NOON, NOON + 30, first=121))
    found.round(NOON + 60)
    insert(schema, "predictions", rows(20, NOON, NOON + 30, first=101))
    found.round(NOON + 120)
    found.round(NOON + 180)
    assert counter(found, "predictions_total", "v1") == 40
    again = watched(model(tmp_path / "log.db", tmp_path / "training.csv"), schema, tmp_path)
    again.round(NOON + 240)
    assert counter(again, "predictions_total", "v1") == 40


def test_labels_in_a_table(tmp_path: Path, schema: Schema, kinds: tuple[str, ...]) -> None:
    write_csv(tmp_path / "training.csv", rows(2000, 0, 100, seed=99))
    log = rows(400, NOON - 3 * DAY, NOON - 2 * DAY)
    create(schema, kinds, "predictions")
    insert(schema, "predictions", log)
    key, _, text, *_ = kinds
    schema.run(f"CREATE TABLE regrades (id {key}, prediction_id BIGINT, label BOOLEAN, source {text})")
    truths = [str(row["score"] >= 0.5).upper() for row in log]
    values = ", ".join(f"({i}, {log[i - 1]['id']}, {t}, 'audit')" for i, t in enumerate(truths, 1))
    schema.run(f"INSERT INTO regrades VALUES {values}")
    labels = Labels(database="grader", table="regrades", source="source")
    found = watched(model(tmp_path / "log.db", tmp_path / "training.csv", labels=labels), schema, tmp_path)
    found.round(NOON)
    assert gauge(found, "accuracy", "v1", "audit") == 1.0
    assert gauge(found, "label_coverage_ratio", "v1", "audit") == 1.0


def test_a_table_that_is_not_there_is_told_and_found_when_it_comes(
    tmp_path: Path, schema: Schema, kinds: tuple[str, ...]
) -> None:
    write_csv(tmp_path / "training.csv", rows(2000, 0, 100, seed=99))
    found = watched(model(tmp_path / "log.db", tmp_path / "training.csv"), schema, tmp_path)
    found.round(NOON)
    assert counter(found, "drift_errors_total", "read") == 1
    assert PASSWORDS["reader"] not in " ".join(found.told())
    create(schema, kinds, "predictions")
    insert(schema, "predictions", rows(700, NOON - DAY / 2, NOON))
    found.round(NOON + 300)
    assert gauge(found, "drift_window_rows") == 700
