"""Makes the course of plan.py with nbgrader itself; run by the Python that nbgrader is installed in.

`python course.py FOLDER first|second`: releases, hands in, collects, autogrades with real kernels, regrades.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
import plan
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeSubmit
from traitlets.config import Config

COURSE = "course101"
FORMAT = "%Y-%m-%d %H:%M:%S.%f %Z"
SOLUTIONS = {
    "loops": "def total(numbers):\n    return sum(numbers)",
    "essay": "answer = 42",
    "lists": "def last(items):\n    return items[-1]",
}
WRONG = {
    "loops": "def total(numbers):\n    return None",
    "essay": "answer = 0",
    "lists": "def last(items):\n    return items[0]",
}
HALF = {**SOLUTIONS, "loops": "def total(numbers):\n    return 6", "essay": "answer = 0"}
CRASH = {**SOLUTIONS, "loops": "import os\nos._exit(1)"}
ENDLESS = {**WRONG, "loops": "while True:\n    pass"}
ANSWERS = {"right": SOLUTIONS, "wrong": WRONG, "half": HALF, "crash": CRASH, "endless": ENDLESS}
TESTS = {
    "loops": [("test_sum", "assert total([1, 2, 3]) == 6", 2), ("test_none", "assert total([]) == 0", 1)],
    "essay": [("test_answer", "assert answer == 42", 1)],
    "lists": [("test_lists", "assert last([1, 2]) == 2", 2)],
}


def metadata(name: str, **what: object) -> dict[str, object]:
    base = {"grade_id": name, "grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**base, "schema_version": 3, **what}}


def source_notebook(name: str) -> nbformat.NotebookNode:
    """A solution cell, tests scored by machine, and in the essay a text that a person scores."""
    body = f"### BEGIN SOLUTION\n{SOLUTIONS[name]}\n### END SOLUTION"
    cells = [new_code_cell(body, metadata=metadata("solution", solution=True))]
    cells += [
        new_code_cell(code, metadata=metadata(test, grade=True, locked=True, points=points))
        for test, code, points in TESTS[name]
    ]
    if name == "essay":
        text = metadata("text", grade=True, solution=True, points=3)
        cells.append(new_markdown_cell("Why 42?", metadata=text))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=kernel)


def configuration(folder: Path) -> Config:
    config = Config()
    config.CourseDirectory.course_id = COURSE
    config.CourseDirectory.root = str(folder / "course")
    config.Exchange.root = str(folder / "exchange")
    config.Exchange.cache = str(folder / "cache")
    config.Execute.timeout = 3
    config.Execute.startup_timeout = 120
    config.ExchangeCollect.check_owner = False
    config.IncludeHeaderFooter.header = ""
    return config


def hand_in(folder: Path, config: Config, handins: Iterable[plan.Handin]) -> None:
    """Each attempt as nbgrader's own `submit` makes it, with its time set."""
    for handin in handins:
        home = folder / "home" / handin.student
        for name in plan.NOTEBOOKS[handin.assignment]:
            released = folder / "course/release" / handin.assignment / f"{name}.ipynb"
            notebook = nbformat.read(released, as_version=4)
            notebook.cells[0].source = ANSWERS[handin.kind][name]
            if name == "essay":
                notebook.cells[-1].source = "Because."
            (home / handin.assignment).mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, home / handin.assignment / f"{name}.ipynb")
        course = CourseDirectory(config=config)
        course.student_id, course.assignment_id = handin.student, handin.assignment
        submit = ExchangeSubmit(coursedir=course, authenticator=Authenticator(config=config), config=config)
        submit.assignment_dir = str(home)
        due = datetime.strptime(plan.DUE[handin.assignment], FORMAT)
        moment = due + timedelta(hours=handin.hours)
        submit.set_timestamp = lambda submit=submit, moment=moment: setattr(
            submit, "timestamp", moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
        )
        submit.start()


def release(folder: Path, api: NbGraderAPI) -> None:
    for assignment, names in plan.NOTEBOOKS.items():
        source = folder / "course/source" / assignment
        source.mkdir(parents=True)
        for name in names:
            nbformat.write(source_notebook(name), source / f"{name}.ipynb")
        expect(api.generate_assignment(assignment))
        with gradebook(folder) as book:
            book.update_or_create_assignment(assignment, duedate=plan.DUE[assignment])
        expect(api.release_assignment(assignment))


def grade(api: NbGraderAPI, handins: Iterable[plan.Handin]) -> None:
    """Autograde each student's assignment once; only a crash may fail."""
    last = {(handin.student, handin.assignment): handin for handin in handins}
    for (student, assignment), handin in last.items():
        if handin.collected and handin.graded:
            expect(api.autograde(assignment, student), fails=handin.kind == "crash")


def regrade(folder: Path) -> None:
    """What the formgrader does: the person's score is set, the cell needs nobody any more."""
    with gradebook(folder) as book:
        for student, assignment, notebook, cell, score in plan.BY_HAND:
            found = book.find_grade(cell, notebook, assignment, student)
            found.manual_score, found.needs_manual_grade = score, False
        student, assignment, hours = plan.EXTENSION
        book.find_submission(assignment, student).extension = timedelta(hours=hours)
        book.db.commit()


def gradebook(folder: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{folder}/course/gradebook.db", COURSE)


def expect(result: dict[str, object], fails: bool = False) -> None:
    if bool(result["success"]) == fails:
        sys.exit(f"nbgrader did not do as planned:\n{result.get('log')}{result.get('error')}")


def main(folder: Path, which: str) -> None:
    for name in ("course", "exchange", "cache", "home"):
        (folder / name).mkdir(exist_ok=True)
    os.chmod(folder / "exchange", 0o777)  # nbgrader insists
    config = configuration(folder)
    api = NbGraderAPI(config=config)
    handins = plan.FIRST_ROUND if which == "first" else plan.SECOND_ROUND
    if which == "first":
        release(folder, api)
    hand_in(folder, config, [handin for handin in handins if handin.collected])
    for assignment in sorted({handin.assignment for handin in handins}):
        expect(api.collect(assignment))
    hand_in(folder, config, [handin for handin in handins if not handin.collected])
    grade(api, handins)
    if which == "first":
        regrade(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
