"""DMOJ: one row a submission, overwritten by a rejudge; the queue is in the bridge's memory."""

from __future__ import annotations

from typing import ClassVar

from tests.servers.graders.life import Db, Job, Tally, graded, histogram, naive, submitted


class DMOJ:
    profile = "dmoj"
    dialects = ("mysql",)
    codes: ClassVar[dict[str, str | None]] = {
        "AC": "accepted",
        "AC partly": "partial",
        "WA": "rejected",
        "SC": "rejected",
        "TLE": "time_limit",
        "MLE": "memory_limit",
        "OLE": "output_limit",
        "RTE": "runtime_error",
        "IR": "runtime_error",
        "CE": "compile_error",
        "IE": "internal_error",
        "AB": "aborted",
        "ZZ": "other",
        "(no result)": "other",
    }
    unfinished = frozenset({"QU", "P", "G"})
    secrets = ("SELECT auth_key FROM judge_judge", "SELECT error FROM judge_submission")
    fill = (
        "INSERT INTO judge_submission (id, date, status, result, judged_date, user_id, problem_id,"
        " judged_on_id)"
        " SELECT n, d, 'D', 'AC', d, n % 400, n % 100, 1"
        " FROM (SELECT n, UTC_TIMESTAMP(6) - INTERVAL ({rows} - n) MINUTE AS d FROM numbers) x",
    )
    status = "SELECT status, COUNT(*) FROM judge_submission GROUP BY 1"

    def prepare(self, db: Db) -> None:
        pass

    def arrive(self, db: Db, job: Job) -> None:
        job.key = db.insert(
            "judge_submission", date=naive(job.at), status="QU", user_id=job.user, problem_id=job.task
        )

    def start(self, db: Db, job: Job) -> None:
        db.run("UPDATE judge_submission SET status = 'P', judged_on_id = 1 WHERE id = %s", job.key)
        sql = "UPDATE judge_submission SET status = 'G', judged_date = %s WHERE id = %s"
        db.run(sql, naive(job.at + job.wait), job.key)

    def finish(self, db: Db, job: Job) -> None:
        own = job.code if job.code in ("CE", "IE", "AB") else "D"
        result = None if job.code == "(no result)" else job.code.partition(" ")[0]
        points = 50 if job.code == "AC partly" else 100
        sql = "UPDATE judge_submission SET status = %s, result = %s, case_points = %s, case_total = 100"
        db.run(f"{sql}, time = 0.5 WHERE id = %s", own, result, points, job.key)

    def rejudge(self, db: Db, job: Job) -> bool:
        sql = "UPDATE judge_submission SET status = 'QU', result = NULL, time = NULL, rejudged_date = %s"
        db.run(f"{sql} WHERE id = %s", naive(job.at + 90_000), job.key)
        self.finish(db, job)
        return False

    def regraded(self, job: Job) -> Tally:
        return Tally()

    def purge(self, db: Db, job: Job) -> None:
        db.run("DELETE FROM judge_submission WHERE id = %s", job.key)

    def expected(self, job: Job) -> Tally:
        wait = histogram("queue_wait_seconds", job.wait)
        return submitted(job, deadline=False) + graded(self.codes[job.code]) + wait
