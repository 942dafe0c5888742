"""Moodle: VPL's submissions, and the steps of CodeRunner's questions."""

from __future__ import annotations

from typing import ClassVar

from tests.servers.graders.life import DUE, Db, Job, Tally, graded, histogram, submitted

GRADED, UNGRADED = 1, 2
"""Activities: one with a maximum of 100, one without points."""
OURS, ANOTHER = 1, 2
"""Questions: one of CodeRunner's, one of another type."""


class VPL:
    profile = "moodle-vpl"
    dialects = ("mysql", "postgresql")
    codes: ClassVar[dict[str, str | None]] = {
        "100": "accepted",
        "40": "partial",
        "0": "rejected",
        "no grade": "graded",
        "no maximum": "graded",
        "by a person": "partial",
    }
    unfinished = frozenset[str]()
    secrets = ("SELECT comments FROM mdl_vpl_submissions", "SELECT password FROM mdl_vpl")
    fill = (
        "INSERT INTO mdl_vpl_submissions (id, vpl, userid, datesubmitted, dategraded, grade)"
        " SELECT n, 100 + n % 100, n % 400, {now} - ({rows} - n) * 60, {now} - ({rows} - n) * 60 + 3, 50"
        " FROM numbers",
    )
    status = "SELECT grader, COUNT(*) FROM mdl_vpl_submissions GROUP BY 1"

    def prepare(self, db: Db) -> None:
        db.run("INSERT INTO mdl_vpl (id, duedate, grade) VALUES (%s, %s, 100)", GRADED, DUE)
        db.run("INSERT INTO mdl_vpl (id, duedate, grade) VALUES (%s, %s, 0)", UNGRADED, DUE)
        for task in range(100, 200):
            db.run("INSERT INTO mdl_vpl (id, duedate, grade) VALUES (%s, %s, 100)", task, DUE)

    def arrive(self, db: Db, job: Job) -> None:
        activity = UNGRADED if job.code == "no maximum" else 100 + job.task
        job.key = db.insert(
            "mdl_vpl_submissions", vpl=activity, userid=job.user, datesubmitted=job.at, comments="a student's"
        )

    def start(self, db: Db, job: Job) -> None:
        pass

    def finish(self, db: Db, job: Job) -> None:
        grade = {"no grade": None, "no maximum": 0, "by a person": 70}.get(job.code, job.code)
        sql = "UPDATE mdl_vpl_submissions SET dategraded = %s, grader = %s, grade = %s WHERE id = %s"
        person = 5 if job.code == "by a person" else 0
        db.run(sql, job.at + job.wait + job.took, person, grade, job.key)

    def rejudge(self, db: Db, job: Job) -> bool:
        db.run("UPDATE mdl_vpl_submissions SET dategraded = 0, grade = NULL WHERE id = %s", job.key)
        self.finish(db, job)
        return False

    def regraded(self, job: Job) -> Tally:
        return Tally()

    def purge(self, db: Db, job: Job) -> None:
        db.run("DELETE FROM mdl_vpl_submissions WHERE id = %s", job.key)

    def expected(self, job: Job) -> Tally:
        tally = submitted(job) + graded(self.codes[job.code])
        if job.code != "by a person":
            tally += histogram("turnaround_seconds", job.wait + job.took, "recorded")
        return tally


class CodeRunner:
    profile = "moodle-coderunner"
    dialects = ("mysql", "postgresql")
    codes: ClassVar[dict[str, str | None]] = {
        "gradedright": "accepted",
        "gradedpartial": "partial",
        "gradedwrong": "rejected",
        "invalid": "internal_error",
        "needsgrading": None,
    }
    unfinished = frozenset[str]()
    secrets = (
        "SELECT rightanswer FROM mdl_question_attempts",
        "SELECT questiontext FROM mdl_question",
    )
    fill = (
        "INSERT INTO mdl_question (id, qtype) SELECT n + 2, 'coderunner' FROM numbers WHERE n <= {rows} / 5",
        "INSERT INTO mdl_question_attempts (id, questionid) SELECT n, n % ({rows} / 5) + 3 FROM numbers",
        "INSERT INTO mdl_question_attempt_steps"
        " (id, questionattemptid, sequencenumber, state, fraction, timecreated, userid)"
        " SELECT n, n, 0, 'gradedright', 1, {now} - ({rows} - n) * 60, n % 400 FROM numbers",
        "INSERT INTO mdl_quiz_attempts (id, userid, state, timefinish)"
        " SELECT n, n % 400, 'finished', {now} FROM numbers",
    )
    status = "SELECT state, COUNT(*) FROM mdl_question_attempt_steps GROUP BY 1"

    def prepare(self, db: Db) -> None:
        db.run("INSERT INTO mdl_question (id, qtype) VALUES (%s, 'coderunner')", OURS)
        db.run("INSERT INTO mdl_question (id, qtype) VALUES (%s, 'multichoice')", ANOTHER)

    def arrive(self, db: Db, job: Job) -> None:
        """An attempt's first step is no submission, and a question of another type is none of ours."""
        attempt = job.user * 1000 + job.task
        if not job.again:
            db.run("INSERT INTO mdl_question_attempts (id, questionid) VALUES (%s, %s)", attempt, OURS)
            self._step(db, attempt, "todo", job)
            other = db.insert("mdl_question_attempts", questionid=ANOTHER)
            self._step(db, other, "gradedright", job)
        job.extra["attempt"] = attempt

    def _step(self, db: Db, attempt: int, state: str, job: Job, fraction: float | None = None) -> int:
        sql = "SELECT COUNT(*) FROM mdl_question_attempt_steps WHERE questionattemptid = %s"
        return db.insert(
            "mdl_question_attempt_steps",
            questionattemptid=attempt,
            sequencenumber=db.run(sql, attempt)[0][0],
            state=state,
            fraction=fraction,
            timecreated=job.at,
            userid=job.user,
        )

    def start(self, db: Db, job: Job) -> None:
        pass

    def finish(self, db: Db, job: Job) -> None:
        fraction = {"gradedright": 1, "gradedpartial": 0.5, "gradedwrong": 0}.get(job.code)
        job.key = self._step(db, job.extra["attempt"], job.code, job, fraction)

    def rejudge(self, db: Db, job: Job) -> bool:
        """A person's grade: a step of its own."""
        self._step(db, job.extra["attempt"], "mangrright", job, 1)
        return True

    def regraded(self, job: Job) -> Tally:
        distance = {"gradedright": 0.0, "gradedpartial": 0.5, "gradedwrong": 1.0}.get(job.code)
        tally = graded("accepted")
        if distance is not None:
            tally["grade_comparisons_total", "different" if distance else "equal"] += 1
            tally += Tally({("grade_difference_ratio_count",): 1, ("grade_difference_ratio_sum",): distance})
        return tally

    def purge(self, db: Db, job: Job) -> None:
        sql = "DELETE FROM mdl_question_attempt_steps WHERE questionattemptid = %s"
        db.run(sql, job.extra["attempt"])

    def expected(self, job: Job) -> Tally:
        return submitted(job, deadline=False) + graded(self.codes[job.code])
