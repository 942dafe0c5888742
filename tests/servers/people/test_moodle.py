"""The query set for Moodle on a real MariaDB, with a workload that keeps its own tally."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.database_servers import Schema
from tests.servers.watching import Watched

TABLES = Path(__file__).with_name("moodle.sql").read_text(encoding="utf-8")
DAY = 86_400


@pytest.fixture
def moodle(mariadb_schema: Schema) -> Schema:
    text = "\n".join(line for line in TABLES.splitlines() if not line.startswith("--"))
    mariadb_schema.run(*filter(str.strip, text.split(";")))
    return mariadb_schema


@pytest.fixture
def watched(moodle: Schema, tmp_path: Path, password_file: Callable[[], Path]) -> Watched:
    return Watched(
        tmp_path,
        f"databases: {{portal: {{url: '{moodle.url()}', password_file: {password_file()}}}}}\n"
        "query_sets: [{set: moodle, database: portal}]\n",
    )


def users(moodle: Schema) -> None:
    """A guest, 30 users of whom one is deleted, one suspended; last seen 0 to 27 days ago."""
    now = int(time.time())
    rows = [
        f"({n}, 1, {int(n == 5)}, {int(n == 6)}, 'u{n}', {now - (n - 2) * DAY - 60})" for n in range(2, 30)
    ]
    rows += [f"(1, 1, 0, 0, 'guest', {now})", "(31, 0, 0, 0, 'unconfirmed', 0)"]
    moodle.run(
        "INSERT INTO mdl_user (id, confirmed, deleted, suspended, username, lastaccess) VALUES "
        + ", ".join(rows)
    )


def log(moodle: Schema, *events: tuple[str, str, str, int, float]) -> None:
    """Rows of the log: component, action, target, user, seconds ago."""
    now = int(time.time())
    rows = [
        f"('e', '{component}', '{action}', '{target}', 'r', {user}, {now - int(ago)}, 'web')"
        for component, action, target, user, ago in events
    ]
    columns = "eventname, component, action, target, crud, userid, timecreated, origin"
    moodle.run(f"INSERT INTO mdl_logstore_standard_log ({columns}) VALUES " + ", ".join(rows))


def test_users(moodle: Schema, watched: Watched) -> None:
    users(moodle)
    now = int(time.time())
    moodle.run(
        "INSERT INTO mdl_sessions (state, sid, userid, timecreated, timemodified) VALUES"
        f" (0, 'a', 2, 0, {now}), (0, 'b', 3, 0, {now - 800}),"
        f" (0, 'c', 4, 0, {now - 1000}), (0, 'd', 1, 0, {now})"
    )
    page = watched.figures()
    assert page["users_registered"] == 26
    assert page["users_sessions"] == 2
    assert page["users_active{window=1d}"] == 0, "one user: fewer than five are not shown"
    assert page["users_active{window=7d}"] == 6
    assert page["users_active{window=30d}"] == 27


def test_the_log_is_read_once(moodle: Schema, tmp_path: Path, password_file: Callable[[], Path]) -> None:
    log(moodle, ("core", "viewed", "course", 2, 900 * DAY), ("core", "failed", "user_login", 0, 5))
    log(moodle, *[("mod_quiz", "viewed", "course_module", user, 3600) for user in range(2, 9)])
    log(moodle, ("mod_forum", "created", "post", 2, 3600))
    watched = Watched(
        tmp_path,
        f"databases: {{portal: {{url: '{moodle.url()}', password_file: {password_file()}}}}}\n"
        "query_sets: [{set: moodle, database: portal}]\n",
    )
    page = watched.figures()
    assert page["users_page_views_total"] == 8
    assert page["security_failed_logins_total"] == 1
    assert page["users_feature_used{feature=quiz,window=1d}"] == 7
    assert page["users_feature_used{feature=forum,window=7d}"] == 0
    oldest = page["compliance_audit_log_oldest_timestamp_seconds"]
    assert oldest == pytest.approx(time.time() - 900 * DAY, abs=60)


def test_education(moodle: Schema, watched: Watched) -> None:
    """Of ten students in a running course four completed it, and six have not been seen for a month."""
    users(moodle)
    now = int(time.time())
    moodle.run(
        "INSERT INTO mdl_course (id, startdate, enddate) VALUES"
        f" (1, {now - 90 * DAY}, 0), (2, {now - 90 * DAY}, {now - DAY})",
        "INSERT INTO mdl_enrol (id, courseid) VALUES (1, 1), (2, 2)",
    )
    for student in range(10, 20):
        moodle.run(
            "INSERT INTO mdl_user_enrolments (enrolid, userid, timecreated) VALUES"
            f" (1, {student}, {now - 80 * DAY}), (2, {student}, {now - 80 * DAY})",
            "INSERT INTO mdl_course_completions (userid, course, timeenrolled, timecompleted) VALUES"
            f" ({student}, 1, {now - 80 * DAY}, {now - DAY if student < 14 else 'NULL'})",
        )
    moodle.run(
        f"INSERT INTO mdl_user_lastaccess (userid, courseid, timeaccess) VALUES (10, 1, {now - 40 * DAY})"
    )
    page = watched.figures()
    assert page["education_courses_completed_ratio"] == pytest.approx(0.4)
    assert page["education_at_risk_students"] == 6
    moodle.run(
        "INSERT INTO mdl_user_lastaccess (userid, courseid, timeaccess)"
        f" VALUES (14, 1, {now - DAY}), (15, 1, {now - 20 * DAY})"
    )


def test_nobody_can_be_recognised(moodle: Schema, watched: Watched) -> None:
    users(moodle)
    log(moodle, ("mod_quiz", "viewed", "course_module", 2, 60))
    assert not [key for key in watched.page() if "u2" in key or "guest" in key]
    assert watched.figures()["users_feature_used{feature=quiz,window=1d}"] == 0
