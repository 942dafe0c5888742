"""The ready queries of deploy/queries/, on tables made after Moodle's and Redmine's own.

The systems themselves are not installed: the tables hold what the statements read.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.flight import Limits
from exporter.sidecar import Sidecar
from tests.servers.database_servers import PASSWORDS, Schema

READY = Path(__file__).parents[2] / "deploy" / "queries"
MOODLE = (
    "CREATE TABLE mdl_user (id BIGINT PRIMARY KEY, deleted TINYINT NOT NULL, suspended TINYINT NOT NULL,"
    " confirmed TINYINT NOT NULL, lastaccess BIGINT NOT NULL)",
    "CREATE TABLE mdl_logstore_standard_log (id BIGINT PRIMARY KEY, eventname VARCHAR(255) NOT NULL,"
    " component VARCHAR(100) NOT NULL, action VARCHAR(100) NOT NULL, target VARCHAR(100) NOT NULL,"
    " userid BIGINT NOT NULL, timecreated BIGINT NOT NULL, KEY (timecreated))",
    "CREATE TABLE mdl_sessions (id BIGINT PRIMARY KEY, userid BIGINT NOT NULL, timemodified BIGINT NOT NULL)",
    "CREATE TABLE mdl_course_completions (id BIGINT PRIMARY KEY, timecompleted BIGINT)",
)
REDMINE = (
    "CREATE TABLE issues (id serial PRIMARY KEY, tracker_id int NOT NULL, status_id int NOT NULL,"
    " priority_id int NOT NULL, author_id int NOT NULL, created_on timestamp, closed_on timestamp)",
    "CREATE TABLE trackers (id int, name varchar(30))",
    "CREATE TABLE issue_statuses (id int, name varchar(30), is_closed boolean)",
    "CREATE TABLE enumerations (id int, name varchar(30), type varchar(255), position int)",
    "CREATE TABLE journals (id serial, journalized_id int, journalized_type varchar(30), user_id int,"
    " notes text, created_on timestamp NOT NULL)",
    "INSERT INTO trackers VALUES (1, 'Bug'), (2, 'Feature'), (3, 'Support')",
    "INSERT INTO issue_statuses VALUES (1, 'New', false), (4, 'Feedback', false), (5, 'Closed', true),"
    " (6, 'Rejected', true)",
    "INSERT INTO enumerations VALUES (1, 'Low', 'IssuePriority', 1), (2, 'Normal', 'IssuePriority', 2),"
    " (4, 'Urgent', 'IssuePriority', 4), (5, 'Immediate', 'IssuePriority', 5)",
)
ISSUE = "INSERT INTO issues (tracker_id, status_id, priority_id, author_id, created_on, closed_on) VALUES "
UTC = "(now() AT TIME ZONE 'UTC')"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READER_PASSWORD", PASSWORDS["reader"])


def sidecar(name: str, schema: Schema, folder: Path) -> Sidecar:
    ready = yaml.safe_load((READY / f"{name}.yaml").read_text(encoding="utf-8"))
    for query in ready["queries"].values():
        query.pop("interval", None)
    ready["databases"] = {name: {"url": schema.url(), "password_env": "READER_PASSWORD", "timeout": "8s"}}
    path = folder / "sidecar.yaml"
    path.write_text(yaml.safe_dump(ready), encoding="utf-8")
    return Sidecar(build(load_config(path).value, state_dir=folder), Limits())


def values(sidecar: Sidecar) -> dict[str, float]:
    """Every series of one page; no collector may fail."""
    text = page(sidecar.scrape(), Format.TEXT).decode()
    assert [outcome.message for outcome in sidecar.status.outcomes if not outcome.success] == []
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def test_moodle(mariadb_schema, tmp_path):
    now = int(time.time())
    mariadb_schema.run(
        *MOODLE,
        f"INSERT INTO mdl_user SELECT seq, 0, seq = 40, 1, {now} - seq * 3600 FROM seq_1_to_60",
        "INSERT INTO mdl_user VALUES (99, 1, 0, 1, 0)",
        f"INSERT INTO mdl_sessions SELECT seq, seq DIV 2, {now} - 60 FROM seq_1_to_15",
        "INSERT INTO mdl_course_completions VALUES (1, 5), (2, NULL), (3, NULL), (4, 6)",
    )
    moodle = sidecar("moodle", mariadb_schema, tmp_path)
    first = values(moodle)
    assert first["grader_users_registered"] == 58  # neither the guest, nor a suspended, nor a deleted one
    assert first['grader_users_active{window="1d"}'] == 22
    assert first['grader_users_active{window="30d"}'] == 58
    assert first["grader_users_sessions"] == 6
    assert first["grader_education_courses_completed_ratio"] == 0.5
    assert first["grader_users_page_views_total"] == 0
    table = "mdl_logstore_standard_log"
    log = f"INSERT INTO {table} SELECT {{}} + seq, '', '{{}}', '{{}}', '{{}}', seq, {{}} FROM seq_1_to_{{}}"
    mariadb_schema.run(
        log.format(0, "mod_quiz", "viewed", "course_module", now, 7),
        log.format(100, "mod_forum", "viewed", "discussion", now, 4),
        log.format(200, "core", "failed", "user_login", now, 3),
        log.format(300, "core", "loggedin", "user", now, 9),
    )
    second = values(moodle)
    moodle.close()
    assert second["grader_users_page_views_total"] == 11
    assert second["grader_security_failed_logins_total"] == 3
    assert second['grader_users_feature_used{feature="mod_quiz",window="1d"}'] == 6
    assert second['grader_users_feature_used{feature="mod_forum",window="1d"}'] == 0, (
        "three people: not shown"
    )


def test_redmine(postgresql_schema, tmp_path):
    postgresql_schema.run(
        *REDMINE,
        f"{ISSUE} (3, 1, 5, 7, {UTC} - interval '2 hours', NULL), (1, 1, 5, 7, {UTC}, NULL),"
        f" (3, 4, 2, 7, {UTC} - interval '1 day', NULL), (3, 5, 4, 7, {UTC} - interval '3 days', {UTC}),"
        f" (2, 1, 2, 7, {UTC}, NULL), (2, 5, 2, 7, {UTC}, {UTC}), (2, 6, 2, 7, {UTC}, {UTC})",
        f"INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on) VALUES"
        f" (1, 'Issue', 7, 'me again', {UTC}), (3, 'Issue', 8, 'we look', {UTC} - interval '23 hours')",
    )
    redmine = sidecar("redmine", postgresql_schema, tmp_path)
    first = values(redmine)
    tickets = 'grader_support_tickets{{urgency="{}",state="{}"}}'
    assert first[tickets.format("critical", "open")] == 1
    assert first[tickets.format("low", "waiting")] == 1
    assert first[tickets.format("high", "resolved")] == 1
    assert first[tickets.format("medium", "open")] == 0
    oldest = 'grader_support_oldest_{}_seconds{{urgency="{}"}}'
    assert 7100 < first[oldest.format("unanswered", "critical")] < 7400, "the author's own note is no answer"
    assert first[oldest.format("unanswered", "low")] == 0
    assert 86300 < first[oldest.format("unresolved", "low")] < 86600
    for state, number in (("open", 1), ("delivered", 1), ("declined", 1)):
        assert first[f'grader_feedback_feature_requests{{state="{state}"}}'] == number
    postgresql_schema.run(
        f"{ISSUE} (3, 1, 4, 7, {UTC}, NULL)",
        f"INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on)"
        f" VALUES (1, 'Issue', 8, 'answer', {UTC})",
        f"UPDATE issues SET status_id = 5, closed_on = {UTC} WHERE id = 3",
    )
    second = values(redmine)
    redmine.close()
    assert second['grader_support_tickets_created_total{urgency="high"}'] == 1
    assert second['grader_support_first_response_seconds_count{urgency="critical"}'] == 1
    assert second['grader_support_first_response_seconds_bucket{urgency="critical",le="3600.0"}'] == 0
    assert second['grader_support_first_response_seconds_bucket{urgency="critical",le="14400.0"}'] == 1
    assert second['grader_support_resolution_seconds_count{urgency="low"}'] == 1
