"""Submitty: a row a version, without a key; one flag says that it was graded."""

from __future__ import annotations

from typing import ClassVar

from tests.servers.graders.life import DUE, Db, Job, Tally, graded, submitted, utc

TASKS = 40


class Submitty:
    profile = "submitty"
    dialects = ("postgresql",)
    codes: ClassVar[dict[str, str | None]] = {"complete": "graded"}
    unfinished = frozenset[str]()
    secrets = (
        "SELECT autograding_non_hidden_non_extra_credit FROM electronic_gradeable_data",
        "SELECT reason_for_exception FROM late_day_exceptions",
        "SELECT gd_overall_comment FROM gradeable_data",
    )
    fill = (
        "INSERT INTO electronic_gradeable_data (g_id, user_id, g_version, submission_time,"
        " autograding_complete)"
        " SELECT 'hw' || n % 40, 'u' || n / 40, 1, now() - ({rows} - n) * interval '1 minute', true"
        " FROM numbers",
    )
    status = "SELECT autograding_complete, count(*) FROM electronic_gradeable_data GROUP BY 1"

    def prepare(self, db: Db) -> None:
        for task in range(TASKS):
            sql = "INSERT INTO electronic_gradeable (g_id, eg_submission_due_date) VALUES (%s, %s)"
            db.run(sql, f"hw{task}", utc(DUE))

    def arrive(self, db: Db, job: Job) -> None:
        who = {"team_id": f"t{job.user}"} if job.user % 2 else {"user_id": f"u{job.user}"}
        key = {"g_id": f"hw{job.task}", **who, "g_version": job.extra.get("version", 1 + int(job.again))}
        job.extra |= {"key": key}
        columns = ", ".join((*key, "submission_time"))
        sql = f"INSERT INTO electronic_gradeable_data ({columns}) VALUES (%s, %s, %s, %s)"
        db.run(sql, *key.values(), utc(job.at))

    def start(self, db: Db, job: Job) -> None:
        """A file moves from one folder to another; the database does not know."""

    def finish(self, db: Db, job: Job) -> None:
        self._set(db, job, "autograding_complete = true")

    def rejudge(self, db: Db, job: Job) -> bool:
        self._set(db, job, "autograding_complete = false")
        self._set(db, job, "autograding_complete = true")
        return False

    def regraded(self, job: Job) -> Tally:
        return Tally()

    def purge(self, db: Db, job: Job) -> None:
        condition = " AND ".join(f"{column} = %s" for column in job.extra["key"])
        db.run(f"DELETE FROM electronic_gradeable_data WHERE {condition}", *job.extra["key"].values())

    def expected(self, job: Job) -> Tally:
        return submitted(job) + graded("graded")

    def _set(self, db: Db, job: Job, change: str) -> None:
        condition = " AND ".join(f"{column} = %s" for column in job.extra["key"])
        sql = f"UPDATE electronic_gradeable_data SET {change} WHERE {condition}"
        db.run(sql, *job.extra["key"].values())
