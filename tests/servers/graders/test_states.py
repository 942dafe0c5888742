"""What waits, who works, and the faults that each grader is known for."""

from __future__ import annotations

import time

import pytest

from exporter.collectors.heartbeats import Heartbeats
from exporter.collectors.state_blocks import StateCollector
from tests.servers.graders.life import Db, Job, Tally, naive, utc
from tests.servers.graders.site import Site

pytestmark = pytest.mark.slow

ZONES = {"mysql": ("+00:00", "+05:30"), "postgresql": ("UTC", "Asia/Kolkata")}


def queue(found: Tally, state: str) -> tuple[float, float]:
    """(depth, age) of the profile's own queue."""
    return (
        found["queue_depth", state, "grading"],
        found["queue_oldest_age_seconds", state, "grading"],
    )


def in_zone(site: Site, zone: str) -> None:
    """The server lives in another time zone from now on."""
    if site.dialect == "mysql":
        site.run(f"SET GLOBAL time_zone = '{zone}'")
    else:
        site.run(f"ALTER DATABASE {site.place.database} SET timezone = '{zone}'")


AGED = {
    "prairielearn": "WITH jobs AS (UPDATE grading_jobs SET date = {ago}, grading_requested_at = {ago})"
    " UPDATE submissions SET date = {ago}",
    "judge0": "UPDATE submissions SET created_at = {ago}, queued_at = {ago}",
    "domjudge": "UPDATE submission SET submittime = {unix}",
    "dmoj": "UPDATE judge_submission SET date = {ago}, judged_date = NULL",
    "autolab": "UPDATE submissions SET created_at = {ago}",
    "submitty": "UPDATE electronic_gradeable_data SET submission_time = {ago}",
}
"""What makes every submission ten minutes old."""


def age(site: Site, db: Db, seconds: int = 600) -> None:
    at = time.time() - seconds
    moment = utc(at) if site.system.profile in ("prairielearn", "submitty") else naive(at)
    written = f"'{moment}'"
    db.run(AGED[site.system.profile].format(ago=written, unix=at).replace("%", "%%"))


@pytest.mark.parametrize("at", [0, 1], ids=["UTC", "India"])
def test_ages_are_the_same_in_every_time_zone(site: Site, at: int) -> None:
    if site.system.profile not in AGED:
        pytest.skip("its ages are counted from a table of what runs now; see below")
    in_zone(site, ZONES[site.dialect][at])
    try:
        with site.connection() as db:
            for number in (1, 2, 3):
                code = next(iter(site.system.codes))
                site.system.arrive(db, Job(user=number, task=1, number=number * 4, code=code))
            age(site, db)
            found = site.sidecar().collect("backlog")
            depth, seconds = queue(found, "waiting")
            assert depth == 3
            assert 595 < seconds < 660
            users = site.sidecar().collect("active_users") if "active_users" in site.profile.queries else {}
            assert set(users.values()) <= {3}
    finally:
        in_zone(site, ZONES[site.dialect][0])


def test_a_running_grading_is_told_from_a_waiting_one(site: Site) -> None:
    states = site.profile.queries["backlog"].states
    if set(states) != {"waiting", "running"}:
        pytest.skip(f"{site.profile.title} tells only {states}")
    with site.connection() as db:
        jobs = [Job(user=n, task=1, number=n * 4, code=next(iter(site.system.codes))) for n in (1, 2, 3)]
        for job in jobs:
            site.system.arrive(db, job)
        site.system.start(db, jobs[0])
        if site.system.profile == "prairielearn":
            age(site, db)
        sidecar = site.sidecar()
        found = sidecar.collect("backlog")
        assert (found["queue_depth", "waiting", "grading"], found["queue_depth", "running", "grading"]) == (
            2,
            1,
        )
        for job in jobs:
            site.system.finish(db, job)
        found = sidecar.collect("backlog")
        assert queue(found, "waiting") == queue(found, "running") == (0, 0), "and the alert resolves"


def workers(site: Site, sidecar: object = None) -> dict[str, float]:
    found = site.sidecar().collect("workers")
    return {key[1]: value for key, value in found.items() if key[0] == "workers"}


def test_prairielearn_grader_hosts(prairielearn: Site) -> None:
    with prairielearn.connection() as db:
        hosts = (
            (5, "InService", True),
            (9, None, None),
            (300, "InService", True),
            (5, "InService", False),
            (5, "Terminating", True),
        )
        for number, (seconds, state, healthy) in enumerate(hosts):
            db.insert(
                "grader_loads",
                instance_id=f"i-{number}",
                date=utc(time.time() - seconds),
                lifecycle_state=state,
                healthy=healthy,
            )
    assert workers(prairielearn) == {"online": 2, "stale": 1, "unhealthy": 1, "other": 1}
    ages = prairielearn.sidecar().collect("workers")
    assert 5 <= ages["worker_heartbeat_age_seconds", "min"] < 60
    assert 300 <= ages["worker_heartbeat_age_seconds", "max"] < 360


def test_prairielearn_manual_grading_and_agreement(prairielearn: Site) -> None:
    system, sidecar = prairielearn.system, prairielearn.sidecar()
    with prairielearn.connection() as db:
        sidecar.events()
        for number, (code, score) in enumerate(
            [("right", 1.0), ("wrong", 0.08), ("half", 1.0), ("right", None)]
        ):
            job = Job(user=number + 1, task=1, number=4 * number + 2, code=code)
            system.arrive(db, job)
            system.start(db, job)
            system.finish(db, job)
            db.insert("grading_jobs", submission_id=job.key, grading_method="Manual", score=score)
        for needed in (True, True, False):
            db.insert("instance_questions", requires_manual_grading=needed)
    found = sidecar.collect("agreement", "manual_pending")
    results = {key[1]: value for key, value in found.items() if key[0] == "grade_comparisons_total"}
    assert results == {"equal": 1, "close": 1, "different": 1}
    assert found["manual_grading_pending",] == 2


def test_domjudge_judgehosts_age_and_internal_errors_block(domjudge: Site) -> None:
    now = time.time()
    with domjudge.connection() as db:
        for number, (polled, enabled) in enumerate([(5, 1), (60, 1), (600, 1), (None, 1), (5, 0)]):
            at = None if polled is None else now - polled
            db.insert("judgehost", hostname=f"host{number}", polltime=at, enabled=enabled)
        db.insert("judgehost", hostname="hidden", polltime=now, hidden=1)
        # A judgehost whose clock is ahead.
        db.insert("judgehost", hostname="ahead", polltime=now + 3600)
        for status in ("open", "open", "resolved", "ignored"):
            db.insert("internal_error", time=now, status=status)
    assert workers(domjudge) == {"online": 2, "stale": 1, "offline": 2, "disabled": 1}
    assert domjudge.sidecar().collect("internal_errors") == {("internal_errors_open",): 2}


def test_domjudge_a_judging_that_began_before_its_submission_has_no_wait(domjudge: Site) -> None:
    """Two hosts, two clocks; the columns are unsigned."""
    sidecar = domjudge.sidecar()
    with domjudge.connection() as db:
        sidecar.events()
        job = Job(user=1, task=1, number=1, code="correct")
        domjudge.system.arrive(db, job)
        sql = "UPDATE judging SET starttime = %s, endtime = %s, result = 'correct' WHERE judgingid = %s"
        db.run(sql, job.at - 50, job.at + 5, job.grading)
        found = sidecar.events()
    assert found["gradings_total", "accepted"] == 1
    assert "queue_wait_seconds_count" not in {key[0] for key in found}


def test_domjudge_shadow_mode_compares_two_judges(domjudge: Site) -> None:
    sidecar = domjudge.sidecar()
    with domjudge.connection() as db:
        sidecar.events()
        for number, other in enumerate(["correct", "timelimit", None]):
            job = Job(user=number, task=1, number=number + 1, code="correct")
            domjudge.system.arrive(db, job)
            domjudge.system.start(db, job)
            domjudge.system.finish(db, job)
            db.insert("external_judgement", submitid=job.key, cid=1, result=other)
        found = sidecar.collect("agreement")
    assert {key[1]: value for key, value in found.items()} == {"equal": 1, "close": 0, "different": 1}


def test_dmoj_a_restart_of_the_bridge_is_a_burst_of_internal_errors(dmoj: Site) -> None:
    sidecar = dmoj.sidecar()
    with dmoj.connection() as db:
        sidecar.events()
        for number, status in enumerate(["QU", "P", "G", "QU"]):
            job = Job(user=number, task=1, number=number + 1)
            dmoj.system.arrive(db, job)
            db.run("UPDATE judge_submission SET status = %s WHERE id = %s", status, job.key)
        before = sidecar.collect("backlog")
        assert before["queue_depth", "waiting", "grading"] == before["queue_depth", "running", "grading"] == 2
        db.run("UPDATE judge_submission SET status = 'IE', result = 'IE' WHERE status IN ('QU', 'P', 'G')")
        assert sidecar.events()["gradings_total", "internal_error"] == 4
        after = sidecar.collect("backlog")
        assert queue(after, "waiting") == queue(after, "running") == (0, 0)


def test_dmoj_judges_of_a_killed_bridge_are_online_and_stale(dmoj: Site) -> None:
    """`online` stays 1, ping and load stand still."""
    now = [1000.0]
    sidecar = dmoj.sidecar()
    collector = sidecar.collectors["workers"]
    assert isinstance(collector, StateCollector)
    collector.heartbeats = Heartbeats(60, lambda: now[0])

    def states() -> dict[str, float]:
        found = sidecar.collect("workers")
        return {key[1]: value for key, value in found.items() if key[0] == "workers" and value}

    with dmoj.connection() as db:
        for name, online, disabled in (("alive", 1, 0), ("frozen", 1, 0), ("gone", 0, 0), ("off", 1, 1)):
            sql = "INSERT INTO judge_judge (name, online, is_disabled, ping, `load`)"
            db.run(f"{sql} VALUES (%s, %s, %s, 0.1, 0)", name, online, disabled)
        assert states() == {"online": 2, "offline": 1, "disabled": 1}
        for step in range(8):
            now[0] += 10
            db.run("UPDATE judge_judge SET ping = %s WHERE name = 'alive'", 0.1 + step)
            found = states()
        assert found == {"online": 1, "stale": 1, "offline": 1, "disabled": 1}
        ages = sidecar.collect("workers")
        assert ages["worker_heartbeat_age_seconds", "max"] == 80
        assert ages["worker_heartbeat_age_seconds", "min"] == 0
        db.run("UPDATE judge_judge SET `load` = 1.5 WHERE name = 'frozen'")
        assert states()["online"] == 2, "and it is back"
        db.insert("judge_submission", date=naive(1), status="G", user_id=1, problem_id=1, judged_on_id=1)
        assert states()["busy"] == 1


def test_autolab_a_jobid_that_stays_is_no_backlog(autolab: Site) -> None:
    with autolab.connection() as db:
        now = naive(time.time() - 30)
        for _ in range(3):
            db.insert("submissions", assessment_id=1, created_at=now, jobid=5, dave="key")
        # A callback that beat the update, and polling: the jobid was written last.
        db.insert("submissions", assessment_id=1, created_at=now, jobid=5, dave=None)
        answered = db.insert("submissions", assessment_id=1, created_at=now, jobid=5, dave="key")
        db.insert("scores", submission_id=answered, problem_id=1, grader_id=0, score=1, created_at=now)
    depth, seconds = queue(autolab.sidecar().collect("backlog"), "waiting")
    assert depth == 3
    assert 25 < seconds < 90


def test_autolab_a_submission_that_tango_has_not_answered_yet_still_counts(autolab: Site) -> None:
    """Between the row and its jobid it looks like one that was never sent."""
    sidecar = autolab.sidecar()
    with autolab.connection() as db:
        sidecar.events()
        now = naive(time.time())
        key = db.insert("submissions", version=1, assessment_id=1, created_at=now, course_user_datum_id=1)
        sidecar.events()
        db.run("UPDATE submissions SET jobid = 5, dave = 'key' WHERE id = %s", key)
        sidecar.events()
        db.insert("scores", submission_id=key, problem_id=1, grader_id=0, score=50, created_at=now)
        db.run("UPDATE submissions SET dave = NULL, autoresult = '{}' WHERE id = %s", key)
        assert sidecar.events()["gradings_total", "accepted"] == 1


def test_autolab_ignored_submissions_do_not_hold_the_watermark(autolab: Site) -> None:
    sidecar = autolab.sidecar()
    with autolab.connection() as db:
        sidecar.events()
        for _ in range(50):
            db.insert("submissions", version=1, assessment_id=1, created_at=naive(1), ignored=1)
        assert not sidecar.events()
        newest = db.run("SELECT MAX(id) FROM submissions")[0][0]
    assert sidecar.collect("profile")["watermark", "rows"] == newest


def test_autolab_a_person_who_changes_a_score_is_compared_with_the_machine(autolab: Site) -> None:
    """The score is overwritten where it stands; a broken line of the machine's is nothing to compare with."""
    sidecar = autolab.sidecar()
    with autolab.connection() as db:
        jobs = [Job(user=n, task=1, number=n, code="some points") for n in (1, 2)]
        for job in jobs:
            autolab.system.arrive(db, job)
            autolab.system.finish(db, job)
        sidecar.events()
        sql = "UPDATE scores SET grader_id = 3, score = %s WHERE submission_id = %s AND problem_id = %s"
        db.run(sql, 20, jobs[0].key, 1)
        db.run(sql, 45, jobs[0].key, 2)
        db.run("UPDATE submissions SET autoresult = 'no JSON' WHERE id = %s", jobs[1].key)
        db.run(sql, 45, jobs[1].key, 1)
        found = sidecar.collect("agreement")
    results = {key[1]: value for key, value in found.items() if key[0] == "grade_comparisons_total"}
    assert results == {"equal": 1, "close": 0, "different": 1}


def test_submitty_an_extended_deadline_moves_rows_and_counts_nothing(submitty: Site) -> None:
    sidecar = submitty.sidecar()
    with submitty.connection() as db:
        sidecar.events()
        late = [Job(user=2 * n, task=1, number=3 * n, code="complete") for n in (1, 2, 3)]
        for job in late:
            submitty.system.arrive(db, job)
        before = sidecar.events()
        assert before["deadline_submissions_total", "late"] == 3
        for job in late:
            sql = "INSERT INTO late_day_exceptions (user_id, g_id, late_day_exceptions) VALUES (%s, %s, 30)"
            db.run(sql, f"u{job.user}", "hw1")
        assert sidecar.events() == before
        more = Job(user=100, task=1, number=3, code="complete")
        submitty.system.arrive(db, more)
        assert sidecar.events()["submissions_total", "first"] == 4


def test_submitty_components_that_wait_for_a_person(submitty: Site) -> None:
    with submitty.connection() as db:
        db.run("UPDATE electronic_gradeable SET eg_use_ta_grading = true WHERE g_id = 'hw1'")
        for peer in (False, False, True):
            db.run("INSERT INTO gradeable_component (g_id, gc_is_peer) VALUES ('hw1', %s)", peer)
        for user, version in (("u1", 1), ("u2", 1), ("u3", 0)):
            sql = "INSERT INTO electronic_gradeable_version (g_id, user_id, active_version)"
            db.run(f"{sql} VALUES ('hw1', %s, %s)", user, version)
        component = db.run("SELECT MIN(gc_id) FROM gradeable_component WHERE NOT gc_is_peer")[0][0]
        sql = "INSERT INTO gradeable_data (g_id, gd_user_id) VALUES ('hw1', 'u1') RETURNING gd_id"
        graded = db.run(sql)[0][0]
        db.run("INSERT INTO gradeable_component_data (gc_id, gd_id) VALUES (%s, %s)", component, graded)
    assert submitty.sidecar().collect("manual_pending") == {("manual_grading_pending",): 3}


def test_vpl_evaluations_and_jails(moodle_vpl: Site) -> None:
    now = int(time.time())
    with moodle_vpl.connection() as db:
        for kind, seconds in ((2, 40), (2, 10), (0, 500), (1, 500)):
            db.insert("mdl_vpl_running_processes", userid=1, vpl=1, type=kind, start_time=now - seconds)
        for failures, last in ((0, None), (3, now - 10), (3, now - 4000)):
            db.insert("mdl_vpl_jailservers", server="jail", nfails=failures, lastfail=last)
    depth, seconds = queue(moodle_vpl.sidecar().collect("backlog"), "running")
    assert depth == 2
    assert 39 < seconds < 100
    assert workers(moodle_vpl) == {"online": 2, "unhealthy": 1}


def test_moodle_attempts_that_were_handed_in_and_not_graded(moodle_coderunner: Site) -> None:
    now = int(time.time())
    with moodle_coderunner.connection() as db:
        for state, preview in (("submitted", 0), ("submitted", 1), ("inprogress", 0), ("finished", 0)):
            db.insert("mdl_quiz_attempts", userid=1, state=state, preview=preview, timefinish=now - 100)
    depth, seconds = queue(moodle_coderunner.sidecar().collect("backlog"), "waiting")
    assert depth == 1
    assert 99 < seconds < 160


def test_a_table_prefix_of_one_s_own(moodle_vpl: Site) -> None:
    """An installation that called its tables otherwise."""
    tables = ("vpl", "vpl_submissions", "vpl_running_processes", "vpl_jailservers")
    moodle_vpl.run(*(f"CREATE VIEW m2_{table} AS SELECT * FROM mdl_{table}" for table in tables))
    moodle_vpl.run(*(f"GRANT SELECT ON m2_{table} TO {moodle_vpl.place.role}" for table in tables))
    try:
        assert moodle_vpl.sidecar("prefixed", options={"prefix": "m2_"}).reasons() == {}
        refused = moodle_vpl.sidecar("wrong", options={"prefix": "none_"}).reasons()
        assert "submissions" in refused
        assert "none_vpl" in refused["submissions"]
    finally:
        moodle_vpl.run(*(f"DROP VIEW m2_{table}" for table in tables))
