"""Collectors over a database that is empty, full of NULLs, of another schema, away, and back."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.collector import CollectError, Deadline
from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.profiles import load_profile
from exporter.tally import Tally, from_json, to_json
from gradewatch.demo.store import Store

Series = dict[tuple[str, ...], float]


class Sidecar:
    """The collectors of a configuration, asked by name."""

    def __init__(self, database: Path, profile: str = "demo", once: bool = False, **grader: Any) -> None:
        settings = {
            "databases": {"grader": {"url": f"sqlite://{database}"}},
            "graders": [{"profile": profile, "database": "grader", **grader}],
            "state_dir": str(database.parent),
        }
        path = database.with_name("sidecar.yaml")
        path.write_text(yaml.safe_dump(settings))
        self.collectors = {c.name: c for c in build(load_config(path).value, once=once)}

    def collect(self, name: str) -> Series:
        families = self.collectors[name].collect(Deadline.after(5))
        return {
            (s.name.removeprefix("grader_"), *s.labels.values()): s.value for f in families for s in f.samples
        }

    def reasons(self) -> dict[str, str]:
        """What became of each collector: "ok" or the reason of its failure."""
        found = {}
        for name in self.collectors:
            try:
                self.collect(name)
                found[name] = "ok"
            except CollectError as error:
                found[name] = error.reason
        return found


FOLLOWERS = {"submissions", "agreement", "backlog", "workers", "manual_pending", "active_users"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The demo grader's tables, empty, with their writer gone."""
    path = tmp_path / "grader.db"
    Store(path).close()
    return path


def execute(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def test_an_empty_database_gives_zeros_not_nothing(database: Path) -> None:
    sidecar = Sidecar(database)
    assert set(sidecar.reasons().values()) == {"ok"}
    assert sidecar.collect("backlog") == {
        ("queue_depth", "waiting", "grading"): 0,
        ("queue_depth", "running", "grading"): 0,
        ("queue_oldest_age_seconds", "waiting", "grading"): 0,
        ("queue_oldest_age_seconds", "running", "grading"): 0,
    }
    assert sidecar.collect("workers") == {("workers", s): 0 for s in ("online", "busy", "stale")}
    assert sidecar.collect("manual_pending") == {("manual_grading_pending",): 0}


def test_a_database_that_is_away_is_down_and_everything_else_is_absent_until_it_is_back(
    database: Path,
) -> None:
    sidecar = Sidecar(database)
    assert set(sidecar.reasons().values()) == {"ok"}
    away = database.rename(database.with_suffix(".away"))
    assert sidecar.reasons() == {"database": "ok", "profile": "ok", **dict.fromkeys(FOLLOWERS, "connect")}
    health = sidecar.collect("database")
    assert health["database_up", "grader"] == 0
    assert ("database_size_bytes", "grader") not in health or health["database_size_bytes", "grader"] is None
    assert health["database_connect_errors_total", "grader", "connect"] > 0
    away.rename(database)
    assert set(sidecar.reasons().values()) == {"ok"}
    assert sidecar.collect("database")["database_up", "grader"] == 1


def test_a_database_that_was_never_there_is_down_from_the_first_scrape_on(tmp_path: Path) -> None:
    health = Sidecar(tmp_path / "none.db").collect("database")
    assert health["database_up", "grader"] == 0
    assert health["database_connect_errors_total", "grader", "connect"] == 1
    assert health["database_connect_errors_total", "grader", "auth"] == 0


def test_a_missing_table_fails_the_blocks_that_need_it_and_no_other(database: Path) -> None:
    execute(database, "DROP TABLE workers", "DROP TABLE manual_grades")
    sidecar = Sidecar(database)
    found = sidecar.reasons()
    assert {name for name, reason in found.items() if reason == "query"} == {"workers", "agreement"}
    facts = sidecar.collect("profile")
    assert (facts["query_runs_total", "workers"], facts["query_errors_total", "workers"]) == (1, 1)
    assert facts["query_errors_total", "rows"] == 0
    assert sidecar.collect("database")["database_up", "grader"] == 1, "it does answer"
    Store(database).close()
    assert set(sidecar.reasons().values()) == {"ok"}, "and it recovers by itself"


def test_another_schema_is_named_in_the_message(tmp_path: Path) -> None:
    database = tmp_path / "grader.db"
    execute(database, "CREATE TABLE unrelated (a)")
    with pytest.raises(CollectError, match="no such table: submissions"):
        Sidecar(database).collect("submissions")


def nulls_everywhere(path: Path) -> None:
    """The demo's tables without a constraint, each with a row of NULLs but for its key."""
    execute(
        path,
        "CREATE TABLE assignments (id INTEGER PRIMARY KEY, course_id, due_at, max_score)",
        "CREATE TABLE workers (id INTEGER PRIMARY KEY, heartbeat_at, heartbeat_seconds, busy)",
        "CREATE TABLE submissions (id INTEGER PRIMARY KEY, assignment_id, student_id, attempt, submitted_at, "
        "started_at, finished_at, worker_id, outcome, score, needs_review)",
        "CREATE TABLE manual_grades (id INTEGER PRIMARY KEY, submission_id, score, graded_at)",
        "INSERT INTO assignments (id) VALUES (1)",
        "INSERT INTO workers (id) VALUES (1)",
        "INSERT INTO submissions (id, assignment_id) VALUES (1, 1)",
        "INSERT INTO manual_grades (id, submission_id) VALUES (1, 1)",
    )


def test_nulls_everywhere_are_no_reason_to_fail(tmp_path: Path) -> None:
    nulls_everywhere(tmp_path / "grader.db")
    sidecar = Sidecar(tmp_path / "grader.db", once=True)
    assert set(sidecar.reasons().values()) == {"ok"}
    assert sidecar.collect("submissions")["submissions_total", "first"] >= 1
    assert sidecar.collect("backlog")["queue_depth", "waiting", "grading"] == 1
    assert sidecar.collect("backlog")["queue_oldest_age_seconds", "waiting", "grading"] == 0
    assert sidecar.collect("agreement")["grade_difference_ratio_count",] == 0


def test_values_of_the_wrong_kind_are_left_out(tmp_path: Path) -> None:
    """SQLite puts any value into any column."""
    database = tmp_path / "grader.db"
    nulls_everywhere(database)
    execute(
        database,
        "UPDATE submissions SET submitted_at = 'yesterday', started_at = x'00ff', finished_at = 'soon'",
        "UPDATE submissions SET outcome = 7",
        "UPDATE workers SET heartbeat_at = 'never', heartbeat_seconds = 'often', busy = 'a lot'",
    )
    sidecar = Sidecar(database, once=True)
    assert set(sidecar.reasons().values()) == {"ok"}


def test_few_submitters_are_shown_as_none(database: Path) -> None:
    rows = [f"(1, {student}, 1, (julianday('now') - 2440587.5) * 86400 - 60)" for student in range(4)]
    execute(
        database,
        "INSERT INTO assignments (id, course_id, due_at) VALUES (1, 1, 0)",
        "INSERT INTO submissions (assignment_id, student_id, attempt, submitted_at) VALUES "
        + ", ".join(rows),
    )
    assert Sidecar(database).collect("active_users") == {
        ("active_users", "1h"): 0,
        ("active_users", "24h"): 0,
    }
    assert Sidecar(database, min_users=4).collect("active_users")["active_users", "1h"] == 4


@pytest.mark.parametrize(
    ("difference", "result"),
    [
        (0, "equal"),
        (1e-12, "equal"),
        (0.1, "close"),
        (0.1 + 1e-12, "close"),
        (0.11, "different"),
        (1, "different"),
    ],
)
def test_a_person_s_score_is_equal_close_or_different(database: Path, difference: float, result: str) -> None:
    execute(
        database,
        "INSERT INTO assignments (id, course_id, due_at) VALUES (1, 1, 0)",
        "INSERT INTO submissions (assignment_id, student_id, attempt, submitted_at, score) "
        "VALUES (1, 1, 1, 0, 100)",
        "INSERT INTO manual_grades (submission_id, score, graded_at) "
        f"VALUES (1, {100 - 100 * difference!r}, 0)",
    )
    found = Sidecar(database, once=True).collect("agreement")
    assert found["grade_comparisons_total", result] == 1
    assert sum(v for k, v in found.items() if k[0] == "grade_comparisons_total") == 1
    assert found["grade_difference_ratio_bucket", "0.0"] == (result == "equal")


def test_a_state_of_another_database_or_profile_is_not_used(database: Path) -> None:
    first = Sidecar(database)
    first.reasons()
    assert first.collect("profile")["exporter_state_rebuilds_total",] == 2
    again = Sidecar(database)
    again.reasons()
    assert again.collect("profile")["exporter_state_rebuilds_total",] == 0
    text = yaml.safe_load(Path(load_profile("demo").path).read_text())
    text["queries"]["rows"]["sql"] += "  -- another statement\n"
    profile = database.with_name("mine.yaml")
    profile.write_text(yaml.safe_dump(text))
    changed = Sidecar(database, profile=str(profile))
    changed.reasons()
    assert changed.collect("profile")["exporter_state_rebuilds_total",] == 1


def test_a_metric_that_now_comes_from_elsewhere_is_not_told_twice(database: Path) -> None:
    """The saved counters still hold it."""
    Sidecar(database).reasons()
    text = yaml.safe_load(Path(load_profile("demo").path).read_text())
    text["queries"]["rows"]["feeds"].remove("submissions_total")
    profile = database.with_name("mine.yaml")
    profile.write_text(yaml.safe_dump(text))
    found = Sidecar(database, profile=str(profile)).collect("submissions")
    assert not [key for key in found if key[0] == "submissions_total"]
    assert ("gradings_total", "accepted") in found


def test_each_family_comes_from_one_collector_and_is_announced(database: Path) -> None:
    sidecar = Sidecar(database)
    seen: set[str] = set()
    for collector in sidecar.collectors.values():
        announced = {family.name for family in collector.families()}
        assert not announced & seen
        seen |= announced
        assert {f.family.name for f in collector.collect(Deadline.after(5))} <= announced


def test_counters_survive_their_file_and_a_changed_catalogue_begins_at_zero() -> None:
    from exporter.catalogue import GRADER_GRADINGS_TOTAL, GRADER_QUEUE_WAIT_SECONDS

    tally = Tally()
    tally.declare(GRADER_GRADINGS_TOTAL)
    tally.add(GRADER_GRADINGS_TOTAL, "accepted")
    for value in (0.5, 0.6, 99_999.0, -1.0, None, float("nan")):
        tally.observe(GRADER_QUEUE_WAIT_SECONDS, value)
    saved = to_json(tally)
    assert from_json(saved) == tally
    (waits,) = [f for f in tally.families() if f.family is GRADER_QUEUE_WAIT_SECONDS]
    ((counts, total, count),) = waits.rows
    assert (counts[0], counts[1], counts[-1], count) == (1, 2, 2, 3), "a bound belongs to its bucket"
    assert total == pytest.approx(100_000.1)
    saved["histograms"]["grader_queue_wait_seconds"][0][1].append(0)
    saved["counters"]["grader_gone_total"] = [[[], 5]]
    assert from_json(saved).histograms == {}
    assert from_json(saved).counters == tally.counters
