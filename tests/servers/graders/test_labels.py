"""Counters by course and assignment, under the rights that are printed for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exporter.profiles import load_profile
from exporter.profiles.labels import offered
from tests.servers.graders.conftest import EVERYWHERE, SERVERS
from tests.servers.graders.life import Job, System
from tests.servers.graders.site import Site
from tests.servers.graders.test_plans import ROWS, whole_scans

pytestmark = pytest.mark.slow

KNOWN = {
    "prairielearn": (
        "INSERT INTO assessments (tid) VALUES ('homework/hw1'), ('exam/final')",
        "INSERT INTO assessment_questions (assessment_id) SELECT MIN(id) FROM assessments",
    ),
    "domjudge": ("UPDATE contest SET shortname = 'finals'",),
    "dmoj": ("INSERT INTO judge_problem (id, code, name) VALUES (3, 'aplusb', 'A plus B')",),
    "autolab": (
        "INSERT INTO courses (id, name) VALUES (1, '15-213')",
        "UPDATE assessments SET course_id = 1, name = 'datalab'",
    ),
    "submitty": (),
    "moodle-vpl": (
        "INSERT INTO mdl_course (shortname) VALUES ('prog1')",
        "UPDATE mdl_vpl SET name = 'loops', course = (SELECT MAX(id) FROM mdl_course)",
    ),
    "moodle-coderunner": (
        "INSERT INTO mdl_course (shortname) VALUES ('prog1')",
        "INSERT INTO mdl_quiz (name, course) SELECT 'loops', MAX(id) FROM mdl_course",
        "INSERT INTO mdl_quiz_attempts (quiz, uniqueid, userid) SELECT MAX(id), 1, 1 FROM mdl_quiz",
    ),
}
"""What the simulated graders need before a submission."""
AFTER = {
    "prairielearn": (
        "INSERT INTO instance_questions (id, assessment_question_id)"
        " SELECT DISTINCT instance_question_id, q.id FROM variants, assessment_questions q"
        " WHERE instance_question_id IS NOT NULL",
    ),
    "moodle-coderunner": ("UPDATE mdl_question_attempts SET questionusageid = 1",),
}
"""And what belongs to one."""
VALUES = {
    "prairielearn": ("homework/hw1",),
    "domjudge": ("finals",),
    "dmoj": ("aplusb",),
    "autolab": ("15-213", "datalab"),
    "moodle-vpl": ("prog1", "loops"),
    "moodle-coderunner": ("prog1", "loops"),
}
LABELLED = [(system, dialect) for system, dialect in EVERYWHERE if system.profile in KNOWN]


def labelled(system: System, dialect: str, request: pytest.FixtureRequest, folder: Path) -> Site:
    """A site of its own: the role has the rights for every label that the profile offers."""
    server = request.getfixturevalue(SERVERS[dialect])
    return Site(system, dialect, server.new_schema(), folder, offered(load_profile(system.profile).value))


EVERYWHERE_LABELLED = pytest.mark.parametrize(
    ("system", "dialect"), LABELLED, ids=[f"{system.profile}-{dialect}" for system, dialect in LABELLED]
)


@EVERYWHERE_LABELLED
def test_events_are_counted_by_what_they_belong_to(
    system: System, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    site = labelled(system, dialect, request, tmp_path)
    site.run(*KNOWN[system.profile])
    sidecar = site.sidecar(labels={label: ["*"] for label in site.labels})
    before = sidecar.events()
    assert sidecar.reasons() == {}
    with site.connection() as db:
        job = Job(user=7, task=3, number=1, code=next(iter(system.codes)))
        system.arrive(db, job)
        site.run(*AFTER.get(system.profile, ()))
        system.start(db, job)
        system.finish(db, job)
        values = VALUES.get(system.profile) or site.run("SELECT g_id FROM electronic_gradeable_data")[0]
        found = sidecar.events() - before
    for feed in ("submissions_total", "gradings_total"):
        counted = {(*key, *values): n for key, n in system.expected(job).items() if key[0] == feed}
        assert {key: n for key, n in found.items() if key[0] == feed} == counted
    zeros = sidecar.collect("submissions")
    assert zeros["submissions_total", "resubmission", *values] == 0.0, "known values begin at 0"


@EVERYWHERE_LABELLED
def test_a_label_walks_through_no_table_that_grows(
    system: System, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    site = labelled(system, dialect, request, tmp_path)
    site.fill(ROWS)
    for name, block in site.profile.queries.items():
        if block.follow == "watermark":
            assert " AS assignment FROM (" in block.sql or name == "agreement"
            walked = {_table(block.sql, alias) for alias in whole_scans(site, block.sql)}
            large = [table for table in walked if site.run(f"SELECT COUNT(*) FROM {table}")[0][0] > ROWS / 10]
            assert not large, name


def _table(sql: str, alias: str) -> str:
    found = re.search(rf"\b(?:FROM|JOIN) (\w+) {alias}\b", sql)
    return found[1] if found else alias


def test_no_more_is_granted_than_the_statements_read() -> None:
    """Each column that is granted for a label is named in its expressions."""
    for system, _ in LABELLED:
        labels = load_profile(system.profile).value.labels
        assert labels
        texts = " ".join([labels.values, *(sql for of in labels.of.values() for sql in of.values())])
        unread = [c for columns in labels.grants.values() for c in columns if c not in texts]
        assert not unread, system.profile


def test_every_profile_that_knows_assignments_offers_them() -> None:
    without = {system.profile for system, _ in EVERYWHERE} - KNOWN.keys()
    assert {profile: offered(load_profile(profile).value) for profile in without} == {"judge0": ()}
