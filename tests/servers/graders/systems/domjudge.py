"""DOMjudge: judgings of submissions; a rejudging adds one and makes the old one invalid."""

from __future__ import annotations

from typing import ClassVar

from tests.servers.graders.life import DUE, Db, Job, Tally, graded, histogram, submitted


class DOMjudge:
    profile = "domjudge"
    dialects = ("mysql",)
    codes: ClassVar[dict[str, str | None]] = {
        "correct": "accepted",
        "wrong-answer": "rejected",
        "no-output": "rejected",
        "timelimit": "time_limit",
        "run-error": "runtime_error",
        "compiler-error": "compile_error",
        "memory-limit": "memory_limit",
        "output-limit": "output_limit",
        "a new verdict": "other",
        "(no result)": "aborted",
        "(error)": "internal_error",
    }
    unfinished = frozenset[str]()
    secrets = (
        "SELECT output_compile FROM judging",
        "SELECT hostname FROM judgehost",
        "SELECT judgehostlog FROM internal_error",
    )
    fill = (
        "INSERT INTO submission (submitid, cid, teamid, probid, submittime)"
        " SELECT n, 1, n % 300, n % 12, UNIX_TIMESTAMP() - ({rows} - n) * 60 FROM numbers",
        "INSERT INTO judging (judgingid, submitid, cid, starttime, endtime, result)"
        " SELECT n, n, 1, UNIX_TIMESTAMP() - ({rows} - n) * 60, UNIX_TIMESTAMP() - ({rows} - n) * 60 + 3,"
        " 'correct' FROM numbers",
        "INSERT INTO external_judgement (extjudgementid, submitid, cid, result)"
        " SELECT n, n, 1, 'correct' FROM numbers",
    )
    status = "SELECT result, COUNT(*) FROM judging GROUP BY 1"

    def prepare(self, db: Db) -> None:
        db.insert("contest", cid=1, endtime=DUE)

    def arrive(self, db: Db, job: Job) -> None:
        job.key = db.insert("submission", cid=1, teamid=job.user, probid=job.task, submittime=job.at)
        job.grading = db.insert("judging", submitid=job.key, cid=1)
        db.insert("queuetask", judgingid=job.grading, teamid=job.user, priority=0)

    def start(self, db: Db, job: Job) -> None:
        db.run("UPDATE judging SET starttime = %s WHERE judgingid = %s", job.at + job.wait, job.grading)
        db.run("UPDATE queuetask SET starttime = %s WHERE judgingid = %s", job.at + job.wait, job.grading)

    def finish(self, db: Db, job: Job) -> None:
        db.run("DELETE FROM queuetask WHERE judgingid = %s", job.grading)
        if job.code == "(error)":
            db.run("UPDATE judging SET errorid = 1 WHERE judgingid = %s", job.grading)
            return
        result = None if job.code == "(no result)" else job.code
        db.run(
            "UPDATE judging SET endtime = %s, result = %s WHERE judgingid = %s",
            job.at + job.wait + job.took,
            result,
            job.grading,
        )

    def rejudge(self, db: Db, job: Job) -> bool:
        rejudging = db.insert("rejudging", starttime=job.at + 90_000)
        db.run("UPDATE judging SET valid = 0 WHERE judgingid = %s", job.grading)
        db.insert(
            "judging",
            submitid=job.key,
            cid=1,
            rejudgingid=rejudging,
            prevjudgingid=job.grading,
            starttime=job.at + 90_001,
            endtime=job.at + 90_005,
            result="correct",
        )
        return True

    def regraded(self, job: Job) -> Tally:
        return graded("accepted")

    def purge(self, db: Db, job: Job) -> None:
        db.run("DELETE FROM judging WHERE submitid = %s", job.key)
        db.run("DELETE FROM submission WHERE submitid = %s", job.key)

    def expected(self, job: Job) -> Tally:
        tally = submitted(job) + graded(self.codes[job.code]) + histogram("queue_wait_seconds", job.wait)
        if job.code != "(error)":
            tally += histogram("grading_duration_seconds", job.took)
            tally += histogram("turnaround_seconds", job.wait + job.took, "recorded")
        return tally
