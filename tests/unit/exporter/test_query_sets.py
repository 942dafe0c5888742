"""Query sets: shipped ones are good and cover what they claim; faults in the use of one have their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.catalogue import FAMILIES
from exporter.config.query_sets import all_queries
from exporter.config.whole import load_config
from exporter.query_sets import load_query_set, query_set_names
from typedyaml.faults import Faults

URLS = {"sqlite": "sqlite:///srv/a.db", "mysql": "mysql://u@h/d", "postgresql": "postgresql://u@h/d"}
PEOPLE = ("grader_users_", "grader_security_", "grader_feedback_", "grader_support_", "grader_education_")
PEOPLE += ("grader_compliance_", "grader_incident")


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path).value


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        load(tmp_path, text)
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


@pytest.mark.parametrize("name", query_set_names())
def test_a_shipped_set_is_a_good_part_of_a_configuration(tmp_path: Path, name: str) -> None:
    found = load_query_set(name).value
    assert found.set == name
    assert found.verified
    url = URLS[found.dialect]
    text = f"databases: {{d: {{url: '{url}'}}}}\nquery_sets: [{{set: {name}, database: d}}]\n"
    queries = all_queries(load(tmp_path, text))
    assert all(key.startswith(f"{name}_") for key in queries)
    assert {query.database for query in queries.values()} == {"d"}


def test_the_demo_has_every_figure_about_people() -> None:
    made = {m.metric for query in load_query_set("demo").value.queries.values() for m in query.metrics}
    assert made == {name for name in FAMILIES if name.startswith(PEOPLE)}


def test_an_own_query_takes_the_place_of_the_sets(tmp_path: Path) -> None:
    text = (
        "databases: {d: {url: 'mysql://u@h/d'}}\nquery_sets: [{set: moodle, database: d}]\n"
        "queries:\n  moodle_audit_log:\n    database: d\n    sql: SELECT 1 AS oldest\n"
        "    metrics: [{metric: grader_compliance_audit_log_oldest_timestamp_seconds, value: oldest}]\n"
    )
    assert all_queries(load(tmp_path, text))["moodle_audit_log"].sql == "SELECT 1 AS oldest"


@pytest.mark.parametrize(
    ("use", "says"),
    [
        (
            "{set: moodel, database: d}",
            '2:20: unknown query set "moodel"; did you mean "moodle"?'
            " (allowed: demo, moodle, redmine, zammad)",
        ),
        ("{set: moodle, database: e}", '2:38: unknown database "e"; allowed: d'),
        ("{set: demo, database: d}", "2:36: query set demo is written for sqlite, this is mysql"),
        (
            "{set: /nowhere/s.yaml, database: d}",
            "2:20: /nowhere/s.yaml cannot be read: No such file or directory",
        ),
        ("{set: moodle, database: d}, {set: moodle, database: d}", '2:48: "moodle" is used twice'),
    ],
)
def test_a_wrong_use_is_named_with_its_place(tmp_path: Path, use: str, says: str) -> None:
    text = f"databases: {{d: {{url: 'mysql://u@h/d'}}}}\nquery_sets: [{use}]\n"
    (found,) = faults(tmp_path, text)
    assert found.split(": ", 1)[1] == says.split(": ", 1)[1]
    assert found.startswith("c.yaml:2:")


def test_a_fault_in_an_own_set_stands_in_its_file(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "set: own\ntitle: Ours\ndialect: mysql\nqueries:\n  a:\n    database: x\n    sql: DELETE FROM t\n"
        "    metrics: [{metric: grader_users_registered, value: n}]\n",
        encoding="utf-8",
    )
    text = f"databases: {{d: {{url: 'mysql://u@h/d'}}}}\nquery_sets: [{{set: {own}, database: d}}]\n"
    (found,) = faults(tmp_path, text)
    assert found.startswith("own.yaml:7:10: refused: a statement begins with SELECT")
