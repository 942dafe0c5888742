"""Autolab: a submission, and a score for each problem; Tango's answer clears the callback's key."""

from __future__ import annotations

import json
from typing import ClassVar

from tests.servers.graders.life import DUE, Db, Job, Tally, graded, histogram, naive, submitted

PLAIN, BY_HAND = 1, 2
"""Assessments: one that Tango grades, one that only people grade."""


class Autolab:
    profile = "autolab"
    dialects = ("mysql",)
    codes: ClassVar[dict[str, str | None]] = {
        "all points": "accepted",
        "some points": "partial",
        "no points": "rejected",
        "error": "internal_error",
        "overridden": "other",
        "by hand": None,
        "never sent": None,
        "answered before the jobid": "accepted",
    }
    unfinished = frozenset[str]()
    secrets = (
        "SELECT dave FROM {database}.submissions",
        "SELECT filename FROM submissions",
        "SELECT feedback FROM scores",
        "SELECT 1 FROM submissions WHERE dave LIKE 'key%%'",
    )
    fill = (
        "INSERT INTO submissions (id, version, course_user_datum_id, assessment_id, created_at, autoresult)"
        " SELECT n, 1, n % 400, 1, UTC_TIMESTAMP() - INTERVAL ({rows} - n) MINUTE, '{{}}' FROM numbers",
        "INSERT INTO scores (submission_id, problem_id, score, grader_id, created_at)"
        " SELECT n, p, 50, 0, UTC_TIMESTAMP() FROM numbers, (SELECT 1 AS p UNION SELECT 2) problem",
        "INSERT INTO extensions (course_user_datum_id, assessment_id, days) SELECT n, n, 1 FROM numbers",
        "INSERT INTO assessment_user_data (course_user_datum_id, assessment_id) SELECT n, 1 FROM numbers",
    )
    status = "SELECT grader_id, COUNT(*) FROM scores GROUP BY 1"

    def prepare(self, db: Db) -> None:
        for assessment in (PLAIN, BY_HAND):
            db.insert("assessments", id=assessment, due_at=naive(DUE), name="hw")
        db.insert("autograders", assessment_id=PLAIN, autograde_image="python")
        for problem in (1, 2):
            db.insert("problems", id=problem, name=f'part "{problem}"', assessment_id=PLAIN, max_score=50)

    def arrive(self, db: Db, job: Job) -> None:
        job.key = db.insert(
            "submissions",
            version=2 if job.again else 1,
            course_user_datum_id=job.user,
            assessment_id=BY_HAND if job.code == "by hand" else PLAIN,
            created_at=naive(job.at),
            filename="a student's.tar",
        )
        if job.code not in ("by hand", "never sent"):
            sql = "UPDATE submissions SET jobid = %s, dave = %s WHERE id = %s"
            db.run(sql, job.key % 1000 + 1, f"key{job.key}", job.key)

    def start(self, db: Db, job: Job) -> None:
        """Tango's Redis knows; the database does not."""

    def finish(self, db: Db, job: Job) -> None:
        if job.code in ("by hand", "never sent"):
            return
        points = {"all points": 50.0, "answered before the jobid": 50.0, "some points": 20.0}.get(
            job.code, 0.0
        )
        grader = -1 if job.code == "error" else 3 if job.code == "overridden" else 0
        at = naive(job.at + job.wait + job.took)
        for problem in (1, 2):
            db.insert(
                "scores",
                submission_id=job.key,
                score=points,
                problem_id=problem,
                grader_id=grader,
                created_at=at,
            )
        line = json.dumps({"scores": {f'part "{problem}"': points for problem in (1, 2)}})
        stays = job.code == "answered before the jobid"
        sql = "UPDATE submissions SET autoresult = %s, dave = NULL, jobid = %s WHERE id = %s"
        db.run(sql, None if job.code == "error" else line, 7 if stays else None, job.key)

    def rejudge(self, db: Db, job: Job) -> bool:
        if job.code in ("by hand", "never sent", "overridden"):
            return False
        db.run("UPDATE submissions SET jobid = 5, dave = 'key' WHERE id = %s", job.key)
        db.run("DELETE FROM scores WHERE submission_id = %s", job.key)
        self.finish(db, job)
        return False

    def regraded(self, job: Job) -> Tally:
        return Tally()

    def purge(self, db: Db, job: Job) -> None:
        db.run("DELETE FROM scores WHERE submission_id = %s", job.key)
        db.run("DELETE FROM submissions WHERE id = %s", job.key)

    def expected(self, job: Job) -> Tally:
        tally = submitted(job) + graded(self.codes[job.code])
        if job.code in ("all points", "some points", "no points", "answered before the jobid"):
            tally += histogram("turnaround_seconds", job.wait + job.took, "recorded")
        if job.code == "overridden":
            tally["grade_comparisons_total", "equal"] += 2
            tally["grade_difference_ratio_count",] += 2
        return tally
