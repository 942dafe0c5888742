"""The query set for Redmine on a real PostgreSQL, on tables made after its migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter.collectors import build
from exporter.config.whole import load_config
from exporter.exposition import Format, page
from exporter.flight import Limits
from exporter.sidecar import Sidecar
from tests.servers.database_servers import PASSWORDS, Schema

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


@pytest.fixture
def redmine(postgresql_schema: Schema, tmp_path: Path) -> Iterator[Sidecar]:
    database = {"url": postgresql_schema.url(), "password_env": "READER_PASSWORD", "timeout": "8s"}
    config = {
        "databases": {"desk": database},
        "query_sets": [{"set": "redmine", "database": "desk"}],
        "collection": {"min_interval": "0s"},
    }
    path = tmp_path / "sidecar.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    sidecar = Sidecar(build(load_config(path).value, state_dir=tmp_path), Limits())
    yield sidecar
    sidecar.close(5)


def values(sidecar: Sidecar) -> dict[str, float]:
    """Every series of one page; no collector may fail."""
    text = page(sidecar.scrape(), Format.TEXT).decode()
    assert [outcome.message for outcome in sidecar.status.outcomes if not outcome.success] == []
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def test_tickets_answers_and_feature_requests(postgresql_schema, request):
    postgresql_schema.run(
        *REDMINE,
        f"{ISSUE} (3, 1, 5, 7, {UTC} - interval '2 hours', NULL), (1, 1, 5, 7, {UTC}, NULL),"
        f" (3, 4, 2, 7, {UTC} - interval '1 day', NULL), (3, 5, 4, 7, {UTC} - interval '3 days', {UTC}),"
        f" (2, 1, 2, 7, {UTC}, NULL), (2, 5, 2, 7, {UTC}, {UTC}), (2, 6, 2, 7, {UTC}, {UTC})",
        f"INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on) VALUES"
        f" (1, 'Issue', 7, 'me again', {UTC}), (3, 'Issue', 8, 'we look', {UTC} - interval '23 hours')",
    )
    redmine = request.getfixturevalue("redmine")
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
    assert second['grader_support_tickets_created_total{urgency="high"}'] == 1
    assert second['grader_support_first_response_seconds_count{urgency="critical"}'] == 1
    assert second['grader_support_first_response_seconds_bucket{urgency="critical",le="3600.0"}'] == 0
    assert second['grader_support_first_response_seconds_bucket{urgency="critical",le="14400.0"}'] == 1
    assert second['grader_support_resolution_seconds_count{urgency="low"}'] == 1
