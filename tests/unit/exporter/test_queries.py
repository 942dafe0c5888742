"""`queries:` what is made of an answer, and of rows that are events; and every fault of the section."""

from __future__ import annotations

import datetime
import errno
import math
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.catalogue import FAMILIES
from exporter.collector import CollectError, Deadline
from exporter.collectors import build
from exporter.config.queries import Metric
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.flight import Limits
from exporter.queries import queryable
from exporter.queries.answers import Shaper
from exporter.sidecar import Sidecar
from exporter.state import StateFile
from typedyaml.faults import Faults


class Desk:
    """A database of one's own and a sidecar that asks it."""

    def __init__(self, folder: Path, *statements: str) -> None:
        self.folder = folder
        self.path = folder / "desk.db"
        self.do(*statements)

    def do(self, *statements: str) -> None:
        with sqlite3.connect(self.path) as db:
            for statement in statements:
                db.execute(statement)
        db.close()

    def config(self, **queries: Any) -> Path:
        text = {
            "databases": {"desk": {"url": f"sqlite://{self.path}"}},
            "queries": {name: {"database": "desk", **query} for name, query in queries.items()},
            "state_dir": str(self.folder),
        }
        path = self.folder / "sidecar.yaml"
        path.write_text(yaml.safe_dump(text), encoding="utf-8")
        return path

    def collectors(self, *, once: bool = False, **queries: Any) -> dict[str, Any]:
        config = load_config(self.config(**queries)).value
        return {c.name: c for c in build(config, once=once, state_dir=self.folder)}

    def ask(self, **query: Any) -> dict[tuple[str, ...], Any]:
        return rows(self.collectors(q=query)["query_q"])

    def text(self, *, once: bool = False, **queries: Any) -> str:
        config = load_config(self.config(**queries)).value
        sidecar = Sidecar(build(config, once=once, state_dir=self.folder), Limits())
        try:
            return page(sidecar.scrape(), Format.TEXT).decode()
        finally:
            sidecar.close(5)


def rows(collector: Any) -> dict[tuple[str, ...], Any]:
    """By metric and label values; of a histogram (counts, sum, count)."""
    found: dict[tuple[str, ...], Any] = {}
    for family in collector.collect(Deadline.after(5)):
        for row in family.rows:
            if family.family.type == "histogram":
                found[family.family.name, *row[:-3]] = row[-3:]
            elif row[-1] is not None:
                found[family.family.name, *row[:-1]] = row[-1]
    return found


OWN = {"metric": "desk_open", "type": "gauge", "help": "Open tickets.", "value": "n"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(
        tmp_path,
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, urgency TEXT, state TEXT, seconds REAL, mood TEXT)",
        "INSERT INTO tickets (urgency, state, seconds, mood) VALUES ('high', 'open', 120, 'good'),"
        " ('high', 'open', NULL, 'bad'), ('low', 'resolved', 4000, NULL)",
    )


# plain answers


def test_a_gauge_with_labels_from_columns_and_constants(desk):
    assert desk.ask(
        sql="SELECT urgency, COUNT(*) AS n FROM tickets WHERE state = 'open' GROUP BY urgency",
        metrics=[
            {
                "metric": "grader_support_tickets",
                "value": "n",
                "labels": {"urgency": "urgency"},
                "constants": {"state": "open"},
            },
            {**OWN, "labels": {"how": "urgency"}},
        ],
    ) == {("grader_support_tickets", "high", "open"): 2, ("desk_open", "high"): 2}


def test_zero_stands_for_null_and_for_label_values_without_a_row(desk):
    query = {
        "sql": "SELECT urgency, state, MAX(seconds) AS n FROM tickets GROUP BY 1, 2",
        "metrics": [
            {
                "metric": "grader_support_tickets",
                "value": "n",
                "labels": {"urgency": "urgency", "state": "state"},
                "null": "zero",
            }
        ],
    }
    found = desk.ask(**query)
    assert found["grader_support_tickets", "high", "open"] == 120
    assert found["grader_support_tickets", "critical", "waiting"] == 0
    assert len(found) == 12
    desk.do("UPDATE tickets SET seconds = NULL")
    assert set(desk.ask(**query).values()) == {0}
    del query["metrics"][0]["null"]
    assert desk.ask(**query) == {}


def test_text_becomes_a_number_by_the_map_and_is_an_error_without(desk):
    query = {
        "sql": "SELECT id, mood FROM tickets WHERE mood IS NOT NULL",
        "metrics": [{**OWN, "value": "mood", "labels": {"n": "id"}, "map": {"good": 1, "bad": -1}}],
    }
    assert desk.ask(**query) == {("desk_open", 1): 1, ("desk_open", 2): -1}
    query["metrics"][0]["map"] = {"good": 1}
    with pytest.raises(CollectError) as caught:
        desk.ask(**query)
    assert (caught.value.reason, "bad" in caught.value.message) == ("data", False)
    assert 'query "q": a value of "mood" is not a number; list its texts in map' in caught.value.message


def test_several_metrics_of_one_statement_and_one_metric_of_several_columns(desk):
    survey = {"metric": "grader_feedback_responses_total"}
    assert desk.ask(
        sql="SELECT 3 AS nps, 4 AS csat, 4.5 AS mean",
        metrics=[
            {**survey, "value": "nps", "constants": {"survey": "nps"}},
            {**survey, "value": "csat", "constants": {"survey": "csat"}},
            {"metric": "grader_feedback_csat", "value": "mean"},
        ],
    ) == {
        ("grader_feedback_responses_total", "nps"): 3,
        ("grader_feedback_responses_total", "csat"): 4,
        ("grader_feedback_csat",): 4.5,
    }


def test_few_people_are_not_shown(desk):
    at_risk = {"metric": "grader_education_at_risk_students", "value": "n"}
    assert desk.ask(sql="SELECT 4 AS n", metrics=[at_risk]) == {("grader_education_at_risk_students",): 0}
    assert desk.ask(sql="SELECT 5 AS n", metrics=[at_risk]) == {("grader_education_at_risk_students",): 5}
    assert desk.ask(sql="SELECT 9 AS n", metrics=[{**OWN, "min_people": 10}]) == {("desk_open",): 0}


HISTOGRAM = {"metric": "desk_wait_seconds", "type": "histogram", "help": "Waiting."}


def test_a_histogram_from_columns(desk):
    query = {
        "sql": "SELECT urgency, SUM(seconds <= 60) AS a, SUM(seconds <= 600) AS b, COUNT(seconds) AS n,"
        " SUM(seconds) AS s FROM tickets GROUP BY urgency",
        "metrics": [
            {
                **HISTOGRAM,
                "labels": {"how": "urgency"},
                "buckets": {"a": 60, "b": 600},
                "count": "n",
                "sum": "s",
            }
        ],
    }
    assert desk.ask(**query) == {
        ("desk_wait_seconds", "high"): ((0, 1), 120, 1),
        ("desk_wait_seconds", "low"): ((0, 0), 4000, 1),
    }
    text = desk.text(q=query)
    assert 'desk_wait_seconds_bucket{how="high",le="600.0"} 1\n' in text
    assert 'desk_wait_seconds_bucket{how="high",le="+Inf"} 1\n' in text
    assert "# TYPE desk_wait_seconds histogram\n" in text


def test_a_histogram_from_rows(desk):
    metric = {**HISTOGRAM, "bounds": [60, 600], "le": "le", "value": "n", "sum": "s"}
    values = (
        "SELECT 60 AS le, 1 AS n, NULL AS s UNION ALL SELECT 600, 3, NULL UNION ALL SELECT NULL, 4, 900.5"
    )
    assert desk.ask(sql=values, metrics=[metric]) == {("desk_wait_seconds",): ((1, 3), 900.5, 4)}
    for wrong, says in (
        (values.replace("600,", "601,"), "must be 60, 600 and +Inf"),
        (values.replace("1 AS n", "1.5 AS n"), "not a whole number"),
    ):
        with pytest.raises(CollectError, match=says.replace("+", r"\+")):
            desk.ask(sql=wrong, metrics=[metric])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("1 AS n, 'Anna' AS s, 2 AS c", 'query "q": a value of "s" is not a number'),
        ("1 AS n, 2 AS s, 'Anna' AS c", 'query "q": a value of "c" is not a number'),
        ("'nan' AS n, 2 AS s, 3 AS c", 'query "q": a bucket\'s count is not a whole number'),
        ("1 AS n, 2 AS s, 9e999 AS c", 'query "q": a bucket\'s count is not a whole number'),
    ],
)
def test_an_absurd_histogram_is_an_error_that_names_its_column(desk, columns, says):
    metric = {**HISTOGRAM, "buckets": {"n": 1}, "sum": "s", "count": "c"}
    with pytest.raises(CollectError) as caught:
        desk.ask(sql=f"SELECT {columns}", metrics=[metric])
    assert (caught.value.reason, caught.value.message) == ("data", says)


def test_dates_are_unix_time_and_intervals_seconds():
    """As drivers of servers give them; SQLite has no such types."""
    shaper = Shaper.of("q", Metric("desk_open", "n", "gauge", "x"))
    assert shaper.number(datetime.date(1970, 1, 2)) == 86400
    assert shaper.number(datetime.datetime(1970, 1, 1, 1)) == 3600
    assert shaper.number(datetime.timedelta(minutes=1)) == 60
    assert shaper.number(Decimal("1.5")) == 1.5
    with pytest.raises(CollectError, match='a value of "n" is not a number'):
        shaper.number(datetime.time(1))


def test_two_queries_name_the_labels_of_one_metric_in_any_order(desk):
    one = {"metric": "desk_open", "type": "gauge", "help": "x", "value": "n"}
    sql = "SELECT 1 AS n, 'x' AS k"
    page = desk.text(
        a={"sql": sql, "metrics": [{**one, "labels": {"b": "k"}, "constants": {"a": "1"}}]},
        b={"sql": sql, "metrics": [{**one, "labels": {"a": "k"}, "constants": {"b": "1"}}]},
    )
    assert 'desk_open{a="1",b="x"} 1\ndesk_open{a="x",b="1"} 1\n' in page


def test_a_line_end_of_windows_in_a_label_value_loses_no_row(desk):
    one = {"metric": "desk_open", "type": "gauge", "help": "x", "value": "n", "labels": {"kind": "kind"}}
    page = desk.text(
        a={"sql": "SELECT 1 AS n, 'Exam' || char(13) AS kind", "metrics": [one]},
        b={"sql": "SELECT 2 AS n, 'Quiz' || char(13) AS kind", "metrics": [one]},
    )
    assert 'desk_open{kind="Exam\r"} 1\ndesk_open{kind="Quiz\r"} 2\n' in page
    assert 'grader_exporter_duplicate_rows{collector="query_b"} 0' in page


def test_counts_that_are_not_cumulative_fail_the_query_and_nothing_else(desk):
    wrong = {
        "sql": "SELECT 5 AS a, 3 AS b, 5 AS n, 1 AS s",
        "metrics": [{**HISTOGRAM, "buckets": {"a": 1, "b": 2}, "count": "n", "sum": "s"}],
    }
    text = desk.text(wrong=wrong, right={"sql": "SELECT 1 AS n", "metrics": [OWN]})
    assert 'grader_exporter_collector_success{collector="query_wrong"} 0\n' in text
    assert 'grader_exporter_collector_error{collector="query_wrong",reason="data"} 1\n' in text
    assert "\ndesk_open 1\n" in text
    assert "desk_wait_seconds" not in text


def test_a_missing_column_a_missing_table_and_too_many_rows_are_told(desk):
    for query, reason, says in (
        (
            {"sql": "SELECT 1 AS m", "metrics": [OWN]},
            "query",
            'query "q": no column "n" in the answer; it has: m',
        ),
        ({"sql": "SELECT n FROM gone", "metrics": [OWN]}, "query", "no such table: gone"),
        ({"sql": "SELECT id AS n FROM tickets", "metrics": [OWN], "row_limit": 2}, "limit", "row_limit (2)"),
    ):
        with pytest.raises(CollectError) as caught:
            desk.ask(**query)
        assert caught.value.reason == reason
        assert says in caught.value.message


def test_rows_with_the_same_labels_are_counted_as_duplicates(desk):
    text = desk.text(q={"sql": "SELECT 1 AS n UNION ALL SELECT 2", "metrics": [OWN]})
    assert "\ndesk_open 1\n" in text
    assert 'grader_exporter_duplicate_rows{collector="query_q"} 1\n' in text


def test_a_label_value_that_is_not_allowed_is_left_out_and_counted(desk):
    desk.do("INSERT INTO tickets (urgency, state) VALUES ('panic', 'open')")
    text = desk.text(
        q={
            "sql": "SELECT urgency, COUNT(*) AS n FROM tickets GROUP BY 1",
            "metrics": [
                {
                    "metric": "grader_support_tickets",
                    "value": "n",
                    "labels": {"urgency": "urgency"},
                    "constants": {"state": "open"},
                }
            ],
        }
    )
    assert 'grader_support_tickets{urgency="high",state="open"} 2\n' in text
    assert "panic" not in text
    assert 'grader_exporter_label_values_dropped{family="grader_support_tickets"} 1\n' in text


def test_an_interval_serves_the_answer_again(desk):
    query = {"sql": "SELECT COUNT(*) AS n FROM tickets", "metrics": [OWN], "interval": "1h"}
    collector = desk.collectors(q=query)["query_q"]
    assert rows(collector) == {("desk_open",): 3}
    desk.do("DELETE FROM tickets")
    assert rows(collector) == {("desk_open",): 3}
    assert desk.ask(**{**query, "interval": "0s"}) == {("desk_open",): 0}


def test_how_each_query_ran_is_told(desk):
    queries = {
        "good": {"sql": "SELECT id AS n, id FROM tickets", "metrics": [{**OWN, "labels": {"i": "id"}}]},
        "bad": {"sql": "SELECT n FROM gone", "metrics": [{**OWN, "metric": "other"}]},
    }
    text = desk.text(once=True, **queries)
    assert 'grader_query_rows{query="good"} 3\n' in text
    assert 'grader_query_errors_total{query="bad"} 1\n' in text
    assert 'grader_query_errors_total{query="good"} 0\n' in text


# events


CREATED = {
    "sql": "SELECT id, urgency FROM tickets WHERE id > :after ORDER BY id LIMIT :limit",
    "newest": "SELECT MAX(id) FROM tickets",
    "follow": "watermark",
    "metrics": [{"metric": "grader_support_tickets_created_total", "labels": {"urgency": "urgency"}}],
}
ANSWERED = {
    **CREATED,
    "sql": "SELECT id, urgency, seconds FROM tickets WHERE id > :after ORDER BY id LIMIT :limit",
    "wait": True,
    "metrics": [
        {
            "metric": "grader_support_first_response_seconds",
            "value": "seconds",
            "labels": {"urgency": "urgency"},
        }
    ],
}
MADE = "grader_support_tickets_created_total"
WAITED = "grader_support_first_response_seconds"


def test_each_row_of_a_followed_statement_counts_once_also_over_a_restart(desk):
    collector = desk.collectors(q=CREATED)["query_q"]
    assert rows(collector) == {(MADE, u): 0 for u in ("critical", "high", "medium", "low")}
    desk.do("INSERT INTO tickets (urgency) VALUES ('high'), ('low')")
    assert (rows(collector)[MADE, "high"], rows(collector)[MADE, "low"]) == (1, 1)
    desk.do("INSERT INTO tickets (urgency) VALUES ('high')")
    again = desk.collectors(q=CREATED)["query_q"]
    assert rows(again)[MADE, "high"] == 2
    assert rows(again)[MADE, "high"] == 2


def test_another_timeout_loses_no_event(desk):
    rows(desk.collectors(q=CREATED)["query_q"])
    desk.do("INSERT INTO tickets (urgency) VALUES ('high')")
    metrics = [{**CREATED["metrics"][0], "min_people": 0}]
    changed = {**CREATED, "timeout": "3s", "interval": "1m", "row_limit": 50, "metrics": metrics}
    assert rows(desk.collectors(q=changed)["query_q"])[MADE, "high"] == 1
    other = {**CREATED, "newest": "SELECT COUNT(*) FROM tickets"}
    assert rows(desk.collectors(q=other)["query_q"])[MADE, "high"] == 0


def test_a_reload_on_a_full_disk_loses_no_event(desk, monkeypatch):
    def full(self, state):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(StateFile, "save", full)
    first = desk.collectors(q=CREATED)["query_q"]
    rows(first)
    desk.do("INSERT INTO tickets (urgency) VALUES ('high')")
    assert rows(first)[MADE, "high"] == 1
    second = desk.collectors(q={**CREATED, "row_limit": 500})["query_q"]
    second.inherit(first)
    desk.do("INSERT INTO tickets (urgency) VALUES ('high')")
    assert rows(second)[MADE, "high"] == 2
    other = desk.collectors(q={**CREATED, "newest": "SELECT COUNT(*) FROM tickets"})["query_q"]
    other.inherit(second)
    assert rows(other)[MADE, "high"] == 0


def test_a_row_is_waited_for_until_it_has_its_value(desk):
    collector = desk.collectors(q=ANSWERED)["query_q"]
    assert rows(collector)[WAITED, "high"][-1] == 0
    desk.do("UPDATE tickets SET seconds = 1000 WHERE id = 2", "INSERT INTO tickets (urgency) VALUES ('high')")
    assert rows(collector)[WAITED, "high"][-2:] == (1000, 1), "it was there, unanswered, before we began"
    desk.do("UPDATE tickets SET seconds = 30 WHERE id = 4", "UPDATE tickets SET seconds = 9 WHERE id = 1")
    counts, total, count = rows(collector)[WAITED, "high"]
    assert (total, count) == (1030, 2)
    bounds = FAMILIES[WAITED].buckets
    assert dict(zip(bounds, counts, strict=True))[900] == 1


def test_a_followed_counter_adds_its_value_and_an_own_histogram_observes(desk):
    both = {
        **CREATED,
        "sql": ANSWERED["sql"],
        "metrics": [
            {"metric": "grader_security_exported_bytes_total", "value": "seconds"},
            {**HISTOGRAM, "value": "seconds", "bounds": [60, 600], "labels": {"how": "urgency"}},
        ],
    }
    found = rows(desk.collectors(once=True, q=both)["query_q"])
    assert found["grader_security_exported_bytes_total",] == 4120
    assert found["desk_wait_seconds", "high"] == ((0, 1), 120, 1)
    collector = desk.collectors(q=both)["query_q"]
    rows(collector)
    desk.do("INSERT INTO tickets (urgency, seconds) VALUES ('low', 7)")
    rows(collector)
    again = rows(desk.collectors(q=both)["query_q"])
    assert again["desk_wait_seconds", "low"] == ((1, 1), 7, 1)


def test_a_value_without_end_does_not_spoil_a_counter(desk):
    sql = "SELECT id, 9e999 AS n FROM tickets WHERE id > :after ORDER BY id LIMIT :limit"
    query = {
        **CREATED,
        "sql": sql,
        "metrics": [{"metric": "grader_security_exported_bytes_total", "value": "n"}],
    }
    assert rows(desk.collectors(once=True, q=query)["query_q"])["grader_security_exported_bytes_total",] == 0


def test_a_failed_collection_counts_nothing(desk):
    collector = desk.collectors(q=CREATED)["query_q"]
    rows(collector)
    desk.do("INSERT INTO tickets (urgency) VALUES ('high')", "ALTER TABLE tickets RENAME COLUMN urgency TO u")
    with pytest.raises(CollectError):
        rows(collector)
    desk.do("ALTER TABLE tickets RENAME COLUMN u TO urgency")
    assert rows(collector)[MADE, "high"] == 1


def test_every_people_metric_can_be_filled():
    subjects = {family.subject for family in queryable()}
    assert {"Users", "Support", "Feedback", "Security", "Education", "Compliance", "Incidents"} <= subjects
    assert all(f.since == "now" for f in queryable() if f.collector == "queries")


# faults


def faults(tmp_path: Path, **query: Any) -> list[str]:
    desk = Desk(tmp_path)
    with pytest.raises(Faults) as caught:
        load_config(desk.config(q=query))
    return sorted(fault.message for fault in caught.value.faults)


GAUGE = {"metric": "desk_open", "type": "gauge", "help": "x", "value": "n"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sql": "DELETE FROM t"}, ["refused: a statement begins with SELECT"]),
        ({"sql": "SELECT :after"}, ['unknown parameter ":after"; allowed: none']),
        ({"database": "dsk"}, ['unknown database "dsk"; did you mean "desk"?']),
        ({"timeout": "1h"}, ["1h is more than collection.timeout (10s)"]),
        ({"timeout": "0s"}, ["a timeout of 0s lets no statement answer"]),
        ({"newest": "SELECT 1", "wait": True}, ["newest belongs to follow", "wait belongs to follow"]),
        (
            {"follow": "watermark"},
            ['a statement that is followed by watermark contains "> :after"', "desk_open is a gauge",
             "newest is missing"],
        ),
        ({"metrics": []}, ['"metrics" must not be empty']),
        ({"metrics": [{"metric": "grader_database_up"}]}, ["grader_database_up is made by the collector"]),
        ({"metrics": [{"metric": "grader_feedback_npss"}]}, ["grader_feedback_npss begins like grader_"]),
        ({"metrics": [{**GAUGE, "metric": "grader_feed"}]}, ['unknown metric "grader_feed"']),
        ({"metrics": [{**GAUGE, "metric": "process_x"}]}, ["process_x is Prometheus' own or ours"]),
        ({"metrics": [{**GAUGE, "metric": "x_total"}]}, ["x_total: a counter's name ends in _total"]),
        ({"metrics": [{**GAUGE, "metric": "x_count"}]}, ["x_count ends like a part of a histogram"]),
        ({"metrics": [{"metric": "x", "value": "n"}]}, ["help is missing: x is", "type is missing: x"]),
        (
            {"metrics": [{"metric": "grader_feedback_nps", "type": "gauge", "value": "n"}]},
            ["type of grader_feedback_nps is fixed by the catalogue"],
        ),
        (
            {"metrics": [{**GAUGE, "labels": {"severity": "a", "le": "b"}, "constants": {"le": "1"}}]},
            ['"le" is a reserved label', '"le" is a reserved label', '"severity" is a label that alerts',
             "le is a column's label already"],
        ),
        (
            {"metrics": [{"metric": "grader_support_tickets", "value": "n", "labels": {"urgncy": "u"},
                          "constants": {"state": "opn"}}]},
            ['grader_support_tickets needs a column or a constant for the label "urgency"',
             'unknown label "urgncy"; did you mean "urgency"?', 'unknown state "opn"; did you mean "open"?'],
        ),
        ({"metrics": [{**GAUGE, "value": None}]}, ["value is missing: a gauge needs it"]),
        ({"metrics": [{**GAUGE, "sum": "s"}]}, ["sum says nothing about a gauge"]),
        (
            {"metrics": [{**HISTOGRAM, "buckets": {"a": 1, "b": 1}, "sum": "s", "count": "c"}]},
            ["bounds must rise"],
        ),
        (
            {"metrics": [{**HISTOGRAM, "le": "le", "value": "n", "sum": "s", "bounds": [2, 1]}]},
            ["bounds must rise"],
        ),
        ({"metrics": [HISTOGRAM]}, ["buckets is missing: a histogram", "count is missing", "sum is missing"]),
        (
            {"metrics": [{"metric": "grader_users_session_duration_seconds", "buckets": {"a": 1}, "sum": "s",
                          "count": "c"}]},
            ["the bounds of grader_users_session_duration_seconds are 60, 300, 600"],
        ),
        (
            {"metrics": [{**HISTOGRAM, "le": "le", "value": "n", "sum": "s", "bounds": [1, math.inf]}]},
            ['"bounds" must be a number, found ".inf"'],
        ),
        (
            {"metrics": [{**HISTOGRAM, "le": "le", "value": "n", "sum": "s", "bounds": [math.nan, 1]}]},
            ['"bounds" must be a number, found ".nan"'],
        ),
        (
            {"metrics": [GAUGE, {**GAUGE, "metric": "desk_open_total", "type": "counter"}]},
            ["desk_open_total and desk_open would be one metric: only their ends differ"],
        ),
        (
            {"metrics": [GAUGE, {**GAUGE, "help": "y"}]},
            ["desk_open is defined differently by another query"],
        ),
    ],
)  # fmt: skip
def test_every_fault_has_a_sentence(tmp_path, change, says):
    query = {"sql": "SELECT 1 AS n", "metrics": [GAUGE], **change}
    if "metrics" in query:
        query["metrics"] = [{k: v for k, v in m.items() if v is not None} for m in query["metrics"]]
    found = faults(tmp_path, **query)
    assert [message[: len(start)] for message, start in zip(found, sorted(says), strict=True)] == sorted(says)


def test_a_query_is_not_named_like_a_block_of_a_profile(tmp_path):
    desk = Desk(tmp_path)
    with pytest.raises(Faults, match="is the name of a profile's block; choose another one"):
        load_config(desk.config(backlog={"sql": "SELECT 1 AS n", "metrics": [GAUGE]}))


def test_faults_come_with_their_lines(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        'databases: {a: {url: "sqlite:///a"}}\nqueries:\n  q:\n    database: b\n    sql: DROP TABLE t\n'
        "    metrics:\n      - {metric: x, value: n, labels: {team: c}}\n"
    )
    with pytest.raises(Faults) as caught:
        load_config(path)
    assert [(f.line, f.column) for f in caught.value.faults] == [(4, 15), (5, 10), (7, 9), (7, 9)]
