"""PrairieLearn: a grading job a submission, external ones through a queue, internal ones at once."""

from __future__ import annotations

import json
from typing import ClassVar

from tests.servers.graders.life import Db, Job, Tally, graded, histogram, submitted, utc


class PrairieLearn:
    profile = "prairielearn"
    dialects = ("postgresql",)
    codes: ClassVar[dict[str, str | None]] = {
        "right": "accepted",
        "half": "partial",
        "wrong": "rejected",
        "ungraded score": "graded",
        "format": "invalid",
        "host failed": "internal_error",
        "parser failed": "internal_error",
        "odd feedback": "internal_error",
        "broken": "internal_error",
        "canceled": "aborted",
    }
    unfinished = frozenset[str]()
    secrets = (
        "SELECT submitted_answer FROM submissions",
        "SELECT feedback FROM public.grading_jobs",
        "SELECT params FROM variants",
    )
    fill = (
        "INSERT INTO variants (id, instance_question_id, number) SELECT n, n / 3, n FROM numbers",
        "INSERT INTO submissions (id, variant_id, date, auth_user_id, credit)"
        " SELECT n, n, now() - ({rows} - n) * interval '1 minute', n % 400, 100 FROM numbers",
        "INSERT INTO grading_jobs (id, submission_id, date, grading_method, grading_requested_at,"
        " grading_received_at, grading_started_at, grading_finished_at, graded_at, gradable, score)"
        " SELECT n, n, d, (CASE n % 50 WHEN 0 THEN 'Manual' ELSE 'External' END)::enum_grading_method,"
        " d, d, d, d, d, true, n % 3 / 2.0"
        " FROM (SELECT n, now() - ({rows} - n) * interval '1 minute' AS d FROM numbers) x",
        "INSERT INTO instance_questions (id, assessment_question_id, requires_manual_grading)"
        " SELECT n, n % 40, n % 200 = 0 AND n > {rows} / 3 - 20000 FROM numbers WHERE n <= {rows} / 3",
    )
    status = "SELECT grading_method, count(*) FROM grading_jobs GROUP BY 1"

    def prepare(self, db: Db) -> None:
        pass

    def arrive(self, db: Db, job: Job) -> None:
        question = job.user * 1000 + job.task
        found = db.run("SELECT count(*) FROM variants WHERE instance_question_id = %s", question)
        variant = db.insert("variants", instance_question_id=question, number=found[0][0])
        credit = 100 if job.timeliness == "on_time" else 50
        job.key = db.insert(
            "submissions", variant_id=variant, date=utc(job.at), auth_user_id=job.user, credit=credit
        )
        job.extra["method"] = method = "Internal" if job.number % 4 == 1 else "External"
        job.grading = db.insert(
            "grading_jobs",
            submission_id=job.key,
            date=utc(job.at),
            grading_method=method,
            grading_requested_at=utc(job.at),
        )
        db.insert("submissions", variant_id=self.preview(db), date=utc(job.at), auth_user_id=1)

    def preview(self, db: Db) -> int:
        """An instructor's try: it has no instance question, and counts nowhere."""
        return db.insert("variants", instance_question_id=None, number=1)

    def start(self, db: Db, job: Job) -> None:
        at = utc(job.at + job.wait)
        db.run(
            "UPDATE grading_jobs SET grading_received_at = %s, grading_started_at = %s WHERE id = %s",
            at,
            at,
            job.grading,
        )

    def finish(self, db: Db, job: Job) -> None:
        end = utc(job.at + job.wait + job.took)
        if job.code == "canceled":
            db.run("UPDATE grading_jobs SET grading_request_canceled_at = %s WHERE id = %s", end, job.grading)
            return
        if job.code == "broken":
            db.run("UPDATE submissions SET broken = true WHERE id = %s", job.key)
        gradable = job.code not in ("format", "host failed", "parser failed", "odd feedback")
        score = {"right": 1.0, "half": 0.5, "ungraded score": None}.get(job.code, 0.0)
        feedback = {"format": True, "host failed": False, "odd feedback": "maybe"}.get(job.code)
        db.run(
            "UPDATE grading_jobs SET grading_finished_at = %s, graded_at = %s, gradable = %s, score = %s,"
            " feedback = %s WHERE id = %s",
            end,
            end,
            gradable,
            score if gradable else None,
            None if feedback is None else json.dumps({"succeeded": feedback, "output": "a student's"}),
            job.grading,
        )

    def rejudge(self, db: Db, job: Job) -> bool:
        later = utc(job.at + 90_000)
        db.run("UPDATE submissions SET broken = false WHERE id = %s", job.key)
        db.insert(
            "grading_jobs",
            submission_id=job.key,
            date=later,
            grading_method="External",
            grading_requested_at=later,
            grading_received_at=later,
            grading_started_at=later,
            grading_finished_at=later,
            graded_at=later,
            gradable=True,
            score=1.0,
        )
        return True

    def regraded(self, job: Job) -> Tally:
        """A regrading counts, without times."""
        return graded("accepted")

    def purge(self, db: Db, job: Job) -> None:
        db.run("UPDATE grading_jobs SET deleted_at = now() WHERE submission_id = %s", job.key)

    def expected(self, job: Job) -> Tally:
        outcome = self.outcome(job)
        tally = submitted(job) + graded(outcome)
        if job.extra["method"] == "External":
            tally += histogram("queue_wait_seconds", job.wait)
        if outcome != "aborted":
            tally += histogram("grading_duration_seconds", job.took)
            tally += histogram("turnaround_seconds", job.wait + job.took, "recorded")
        return tally

    def outcome(self, job: Job) -> str | None:
        """Only a grader host can fail apart from the student; inside the request the row says `broken`."""
        if job.extra["method"] == "Internal" and job.code in ("host failed", "parser failed", "odd feedback"):
            return "invalid"
        return self.codes[job.code]
