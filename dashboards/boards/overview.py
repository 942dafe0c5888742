"""Are students served, and where does it hurt if not? For heads of courses and whoever is on call."""

from __future__ import annotations

from typing import Any

from dashboards.boards.figures import (
    active_students,
    availability,
    error_ratio,
    feedback,
    queue,
    response_time,
    satisfaction,
    throughput,
    work,
)
from dashboards.boards.health import health, health_parts
from dashboards.boards.hurt import parts, what_fires
from dashboards.boards.promises import budget
from dashboards.boards.traffic import answers, response_times
from dashboards.fields import link, to_board
from dashboards.grid import Grid
from dashboards.limits import judged, limit, sentence
from dashboards.palette import OK, WARNING, steps
from dashboards.series import UP, series
from dashboards.shell import GRADER, OVERVIEW, board, help_row
from dashboards.singles import stat
from dashboards.states import SERVED, number_firing, state
from dashboards.targets import q
from exporter.catalogue import GRADER_QUEUE_DEPTH, GRADER_QUEUE_OLDEST_AGE_SECONDS
from policy.model import Policy

ABOUT = (
    "Are students served, and where does it hurt if not. First line: the answer. Second: the part that is "
    "broken and what fires. Then the key figures with their trend."
)
WORDS = """\
**Yes / With trouble / No**: no symptom; a P2 symptom; a P1 symptom, or nothing answers.

**OK / Impaired / Down**: the same for one part of the system, causes included.

**Grey, "No data"**: the monitoring does not see it. That is a fault of its own, never a good sign.

**Error budget**: the failures that the objective allows in its period. 0 % left: no more risk in this period.

**Burn rate**: 1 spends the whole budget in exactly its period.

**Health score**: 0 to 100, the weighted mean of its parts; the policy says how much each counts.

**Step**: how far an alert was escalated; 0 is the first who was called."""
SYMPTOMS = ("availability", "latency", "errors", "throughput", "grading", "queue")


def overview(policy: Policy) -> Any:
    """The board `gradewatch-overview`."""
    promised = bool(policy.objectives and policy.burn_tiers)
    state_now = [(served(policy), 6), waiting(policy), oldest(policy), burning(policy)]
    where: list[Any] = [parts(policy), what_fires(policy)]
    figures = [
        error_ratio(policy),
        response_time(policy),
        feedback(policy),
        throughput(policy),
        active_students(policy),
        satisfaction(policy),
    ]
    if promised:
        state_now.insert(3, budget(policy))
        figures.insert(0, availability(policy))
    if policy.health:
        state_now.insert(1, health(policy))
        where = [(parts(policy), 7), (health_parts(policy), 6), (what_fires(policy), 11)]
    grid = (
        Grid()
        .row("Is everything all right?", (5, state_now))
        .row("Where does it hurt?", (10, where))
        .row("How well, and which way does it go?", (5, figures))
        .row(
            "What changed?",
            (8, [answers(policy), response_times(policy)]),
            (8, [work(), queue(policy)]),
        )
    )
    title = f"{policy.title}: overview"
    return board(policy, OVERVIEW, title, ABOUT, help_row(policy, grid, SYMPTOMS, WORDS), hours=6)


def served(policy: Policy) -> Any:
    """The one word for which the board exists."""
    application = series(UP, job=policy.job("application"))
    return stat(
        "Are students served?",
        "Yes while no symptom is felt. With trouble: slow or late (a P2 symptom). No: errors, no answer "
        "or no grades (a P1 symptom). The next row shows the part that is to blame.",
        unit="none",
        targets=q(state(policy, application, alert_type="symptom"), instant=True),
        mappings=[SERVED],
    )


def waiting(policy: Policy) -> Any:
    """What a class sees as `pending`."""
    found = limit(policy, "GradingBacklog")
    return stat(
        "Submissions waiting",
        f"Submissions not graded yet.{sentence(found)} Then look at the workers.",
        unit="locale",
        targets=q(f"sum({series(GRADER_QUEUE_DEPTH, state='waiting')})", instant=True),
        thresholds=judged(found),
        links=[to_board("Grader", GRADER)],
    )


def oldest(policy: Policy) -> Any:
    """The figure a student feels."""
    found = limit(policy, "GradingQueueStalled")
    return stat(
        "Longest wait",
        f"Age of the oldest submission not graded yet.{sentence(found, 's')} Then look at the workers and "
        "the database.",
        unit="s",
        decimals=1,
        targets=q(f"max({series(GRADER_QUEUE_OLDEST_AGE_SECONDS, state='waiting')})", instant=True),
        thresholds=judged(found),
        links=[to_board("Grader", GRADER)],
    )


def burning(policy: Policy) -> Any:
    """How many alerts somebody has to look at."""
    return stat(
        "Alerts firing",
        "Alerts of priority P1 to P4 that fire, each counted once however far it was escalated. The table "
        "below names them and links to what to do.",
        unit="locale",
        targets=q(number_firing(policy), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        links=[link("Alertmanager", policy.links.alertmanager)],
    )
