"""Which course or assignment is it? For whoever runs the grader, and for those who teach with it."""

from __future__ import annotations

from typing import Any

from dashboards.boards.alarms import alerts_here
from dashboards.boards.stages import RIGHT, SPOILED
from dashboards.fields import override
from dashboards.graphs import timeseries
from dashboards.grid import Grid
from dashboards.limits import figure, judged, limit, pace, sentence
from dashboards.palette import OK, WARNING, Json, coloured, steps
from dashboards.series import Like, Value, series
from dashboards.shell import ASSIGNMENTS, EVERYTHING, Variable, board, help_row
from dashboards.singles import stat
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    ADDED_LABELS,
    GRADER_DEADLINE_SUBMISSIONS_TOTAL,
    GRADER_GRADINGS_TOTAL,
    GRADER_SUBMISSIONS_TOTAL,
    Family,
)
from policy.model import Policy

ABOUT = (
    "Which course or assignment is it: the one whose gradings are spoiled, that nobody gets right, or that "
    "causes the load. Needs `labels` in the sidecar's configuration; without them all is one line."
)
WORDS = """\
**Spoiled**: the machine failed (internal error). A wrong answer is not spoiled, it is graded.

**Right**: full marks, or graded where the grader does not tell right from wrong.

**Tries**: submissions for each first one.

**other**: what fits none of the patterns of `labels`, and what is beyond `collection.max_label_values`.

**One line without a name**: the sidecar tells neither courses nor assignments apart (`graders[].labels`).

**Grey, "No data"**: nothing came in the time range, or the monitoring does not see it."""
ABOUT_US = ("grading", "queue")
MOST = 8
"""Lines that can be told apart."""
BY = f"sum by ({', '.join(ADDED_LABELS)})"
_CHOSEN = {label: Like(f"${label}") for label in ADDED_LABELS}


def assignments(policy: Policy) -> Any:
    """The board `gradewatch-assignments`."""
    variables = [
        Variable(
            name=label,
            label=label.capitalize(),
            query=f"label_values({GRADER_SUBMISSIONS_TOTAL.name}, {label})",
            all_pattern=EVERYTHING,
        )
        for label in ADDED_LABELS
    ]
    grid = (
        Grid()
        .row(
            "Is one of them broken?",
            (4, [in_use(), spoiled_ones(policy), without_right(), alerts_here(policy, *ABOUT_US)]),
            (9, [all_of_them(policy)]),
        )
        .row("Since when?", (9, [spoiled_over_time(policy), right_over_time(policy)]))
        .row("Which causes the load?", (9, [submitted_over_time(), late_over_time()]))
    )
    title = f"{policy.title}: assignments"
    last = help_row(policy, grid, ABOUT_US, WORDS)
    return board(policy, ASSIGNMENTS, title, ABOUT, last, hours=6, variables=variables)


def in_use() -> Any:
    """How many there are to tell apart."""
    return stat(
        "Handed in to",
        "Assignments that something was handed in to in the time range; or courses, where the sidecar tells "
        "only those apart.",
        unit="locale",
        targets=q(f"count({_counted(GRADER_SUBMISSIONS_TOTAL)} > 0)", instant=True),
    )


def spoiled_ones(policy: Policy) -> Any:
    """How far the trouble goes now: one of them, or all."""
    found = limit(policy, "GradingFailures")
    above = found.value if found else 0
    return stat(
        "Spoiled now",
        f"Assignments of which the machine itself spoiled more than {figure(above, 'percentunit')} of the "
        "latest gradings. One: its tests or its image are broken. All: the grader is.",
        unit="locale",
        targets=q(_number(f"{_share(*SPOILED)} > {above:g}"), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        interval=pace(policy),
    )


def without_right() -> Any:
    """Tests that nobody passes."""
    return stat(
        "Nobody gets right",
        "Assignments with ten gradings or more in the time range, none of them right: their tests are wrong, "
        "or nobody understands them.",
        unit="locale",
        targets=q(_number(f"({_graded()} >= 10) unless ({_right()} > 0)"), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
    )


def all_of_them(policy: Policy) -> Any:
    """What came, and what became of it."""
    found = limit(policy, "GradingFailures")
    submitted = _counted(GRADER_SUBMISSIONS_TOTAL)
    first = _counted(GRADER_SUBMISSIONS_TOTAL, attempt="first")
    late = _counted(GRADER_DEADLINE_SUBMISSIONS_TOTAL, timeliness="late")
    due = _counted(GRADER_DEADLINE_SUBMISSIONS_TOTAL)
    figures: dict[str, tuple[str, Json]] = {
        "Submitted": (submitted, {"unit": "locale", "decimals": 0}),
        "Tries": (f"{submitted} / ({first} > 0)", {"unit": "short", "decimals": 1}),
        "Late": (f"{late} / ({due} > 0)", {"unit": "percentunit", "decimals": 1}),
        "Graded": (_graded(), {"unit": "locale", "decimals": 0}),
        "Right": (f"{_right()} / ({_graded()} > 0)", {"unit": "percentunit", "decimals": 1}),
        "Spoiled": (
            f"{_counted(GRADER_GRADINGS_TOTAL, outcome=SPOILED[0])} / ({_graded()} > 0)",
            {"unit": "percentunit", "decimals": 1, **coloured(judged(found))},
        ),
    }
    return table(
        "Every course and assignment",
        "What was handed in to each in the time range and what became of it, the most spoiled first."
        f"{sentence(found, 'percentunit')} The alert is on all together. Many tries and little right: hard "
        "to understand, or its tests are wrong. Much late: the deadline is too early.",
        targets=q(*(query for query, _ in figures.values())),
        columns={
            **{label: label.capitalize() for label in ADDED_LABELS},
            **{f"Value #{chr(ord('A') + index)}": name for index, name in enumerate(figures)},
        },
        overrides=[override(name, **unit) for name, (_, unit) in figures.items()],
        sort_by="Spoiled",
        descending=True,
    )


def spoiled_over_time(policy: Policy) -> Any:
    """When it began, which is when somebody changed something."""
    return timeseries(
        "Spoiled gradings of each",
        f"Share of its gradings that the machine spoiled; the {MOST} with most of them in the time range. "
        "One that jumps up: what was changed in it then? All at once: see the grader.",
        unit="percentunit",
        targets=q(_named(_share(*SPOILED), _most_spoiled())),
        interval=pace(policy),
        most=1,
        narrow=True,
    )


def right_over_time(policy: Policy) -> Any:
    """A change of tests shows as a step."""
    return timeseries(
        "Right gradings of each",
        f"Share of its gradings that were right; the {MOST} with most gradings in the time range. A step "
        "down: its tests were changed. A slow climb before a deadline is a class at work.",
        unit="percentunit",
        targets=q(_named(_share(*RIGHT), _most(GRADER_GRADINGS_TOTAL))),
        interval=pace(policy),
        most=1,
        narrow=True,
    )


def submitted_over_time() -> Any:
    """Who causes the load."""
    return timeseries(
        "Submissions per minute to each",
        f"The {MOST} with most submissions in the time range. A peak before a deadline is the class; one at "
        "another time may be a program that hands in.",
        unit="short",
        targets=q(_named(f"60 * {_flow(GRADER_SUBMISSIONS_TOTAL)}", _most(GRADER_SUBMISSIONS_TOTAL))),
        narrow=True,
        stacked=True,
    )


def late_over_time() -> Any:
    """Deadlines that were missed."""
    late = {"timeliness": "late"}
    return timeseries(
        "Late submissions per minute to each",
        f"The {MOST} with most of them in the time range. Right after a deadline, together with errors on "
        "the overview: consider an extension of this one.",
        unit="short",
        targets=q(
            _named(
                f"60 * {_flow(GRADER_DEADLINE_SUBMISSIONS_TOTAL, **late)}",
                _most(GRADER_DEADLINE_SUBMISSIONS_TOTAL, **late),
            )
        ),
        narrow=True,
        stacked=True,
    )


def _named(flow: str, most: str) -> tuple[str, str]:
    """The flow of those that have most, each under its names; one of them may tell only courses apart."""
    labels = ", ".join(f'"{label}"' for label in ADDED_LABELS)
    return f'label_join({flow} and {most}, "name", " ", {labels})', "{{name}}"


def _share(*outcomes: str) -> str:
    which = Like("|".join(outcomes))
    return f"{_flow(GRADER_GRADINGS_TOTAL, outcome=which)} / ({_flow(GRADER_GRADINGS_TOTAL)} > 0)"


def _graded() -> str:
    return _counted(GRADER_GRADINGS_TOTAL)


def _right() -> str:
    return _counted(GRADER_GRADINGS_TOTAL, outcome=Like("|".join(RIGHT)))


def _most_spoiled() -> str:
    return _most(GRADER_GRADINGS_TOTAL, outcome=SPOILED[0])


def _number(of: str) -> str:
    """How many, and 0 where there are some but none of these."""
    return f"count({of}) or 0 * count({_graded()})"


def _counted(family: Family, **matchers: Value) -> str:
    """In the whole time range, of each."""
    return f"{BY} (increase({series(family, **matchers, **_CHOSEN)}[$__range]))"


def _flow(family: Family, **matchers: Value) -> str:
    """Per second, of each."""
    return f"{BY} (rate({series(family, **matchers, **_CHOSEN)}[$__rate_interval]))"


def _most(family: Family, **matchers: Value) -> str:
    """Those with most of it in the time range, the same ones at each of its points."""
    whole = f"increase({series(family, **matchers, **_CHOSEN)}[$__range] @ end())"
    return f"topk({MOST}, {BY} ({whole}))"
