"""Judge0: one table, one status."""

from __future__ import annotations

from typing import ClassVar

from tests.servers.graders.life import Db, Job, Tally, graded, histogram, naive, submitted


class Judge0:
    profile = "judge0"
    dialects = ("postgresql",)
    codes: ClassVar[dict[str, str | None]] = {
        "3": "accepted",
        "4": "rejected",
        "5": "time_limit",
        "6": "compile_error",
        **dict.fromkeys(("7", "8", "9", "10", "11", "12", "14"), "runtime_error"),
        "13": "internal_error",
        "15": "other",
        "99": "other",
    }
    unfinished = frozenset({"1", "2"})
    secrets = ("SELECT source_code FROM submissions", "SELECT token FROM submissions")
    fill = (
        "INSERT INTO submissions (id, status_id, created_at, queued_at, started_at, finished_at, token)"
        " SELECT n, 3 + n % 4, d, d, d, d, 't' || n"
        " FROM (SELECT n, (now() AT TIME ZONE 'UTC') - ({rows} - n) * interval '1 minute' AS d"
        " FROM numbers) x",
    )
    status = "SELECT status_id, count(*) FROM submissions GROUP BY 1"

    def prepare(self, db: Db) -> None:
        pass

    def arrive(self, db: Db, job: Job) -> None:
        at = naive(job.at)
        job.key = db.insert("submissions", status_id=1, created_at=at, queued_at=at, source_code="print(1)")

    def start(self, db: Db, job: Job) -> None:
        at = naive(job.at + job.wait)
        db.run("UPDATE submissions SET status_id = 2, started_at = %s WHERE id = %s", at, job.key)

    def finish(self, db: Db, job: Job) -> None:
        at = naive(job.at + job.wait + job.took)
        sql = "UPDATE submissions SET status_id = %s, finished_at = %s WHERE id = %s"
        db.run(sql, int(job.code), at, job.key)

    def rejudge(self, db: Db, job: Job) -> bool:
        db.run("UPDATE submissions SET status_id = 1, started_at = NULL WHERE id = %s", job.key)
        self.start(db, job)
        self.finish(db, job)
        return False

    def regraded(self, job: Job) -> Tally:
        return Tally()

    def purge(self, db: Db, job: Job) -> None:
        db.run("DELETE FROM submissions WHERE id = %s", job.key)

    def expected(self, job: Job) -> Tally:
        return (
            submitted(job, deadline=False, attempts=False)
            + graded(self.codes[job.code])
            + histogram("queue_wait_seconds", job.wait)
            + histogram("grading_duration_seconds", job.took)
            + histogram("turnaround_seconds", job.wait + job.took, "recorded")
        )
