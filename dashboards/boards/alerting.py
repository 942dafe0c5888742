"""What fires, who knows of it, what fired before, and does alerting itself work? For whoever is on call."""

from __future__ import annotations

from typing import Any

from dashboards.boards.delivery import (
    alertmanagers,
    evaluations,
    latencies,
    lost,
    notifications,
    rule_failures,
    targets_up,
    undelivered,
)
from dashboards.boards.hurt import PRIORITIES, named, priorities, what_fires
from dashboards.fields import colours, link, override
from dashboards.graphs import state_timeline, timeseries
from dashboards.grid import Grid
from dashboards.palette import BLUE, CRITICAL, INFO, OK, ORANGE, SKY, VERMILION, WARNING, steps, words
from dashboards.series import ALERTS, ALERTS_FOR_STATE, Like, quantile, series
from dashboards.shell import ALERTING, board, help_row
from dashboards.singles import stat
from dashboards.states import firing, heartbeat, number_firing
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    FOREIGN,
    GRADER_INCIDENT_ACKNOWLEDGE_SECONDS,
    GRADER_INCIDENT_RESOLVE_SECONDS,
)
from policy.model import Policy

ABOUT = (
    "What fires now, how far each alert was escalated, what fired before, and whether alerting itself works: "
    "rules, notifications, targets."
)
WORDS = """\
**Priority**: P1 is called at once, P2 within the hour, P3 within the working day, P4 is read.

**Step**: how far an alert was escalated. 0: those called first; each later step after its time without an
acknowledgement. An acknowledgement is a silence on the later steps: what is acknowledged stays at its step.

**Self-test**: the alert Watchdog, which always fires. When it is missing, alerting is broken.

**Grey, "No data"**: rules or Alertmanager are not seen. Then nobody is called: act as for a P1."""
ABOUT_US = ("monitoring",)
P = "P[1-4]"


def alerting(policy: Policy) -> Any:
    """The board `gradewatch-alerts`."""
    grid = (
        Grid()
        .row(
            "What burns?",
            (
                5,
                [
                    (burning(policy), 6),
                    oldest(policy),
                    escalated(policy),
                    silenced(),
                    undelivered(),
                    alive(policy),
                    alertmanagers(policy),
                ],
            ),
        )
        .row("Who knows of it?", (10, [what_fires(policy), steps_over_time(policy)]))
        .row(
            "What happened?",
            (12, [(over_time(policy), 14), (noisiest(policy), 10)]),
            (7, [by_priority(policy), incidents()]),
        )
        .row(
            "Does alerting work?",
            (7, [notifications(), latencies(), lost(policy)]),
            (10, [evaluations(), rule_failures(), targets_up()]),
        )
    )
    title = f"{policy.title}: alerts"
    return board(policy, ALERTING, title, ABOUT, help_row(policy, grid, ABOUT_US, WORDS), hours=24)


def burning(policy: Policy) -> Any:
    """One figure a priority."""
    return stat(
        "Firing by priority",
        "Alerts that fire, each counted once however far it was escalated. P1 and P2: somebody is being "
        "called; the table below says who knows and what to do.",
        unit="locale",
        targets=q(*((number_firing(policy, priority=p), p) for p in PRIORITIES), instant=True),
        thresholds=steps((WARNING, 1), base=OK),
        overrides=[
            override(name, thresholds={"mode": "absolute", "steps": steps((color, 1), base=OK)})
            for name, color in (("P1", CRITICAL), ("P3", INFO), ("P4", INFO))
        ],
        links=[link("Alertmanager", policy.links.alertmanager)],
    )


def oldest(policy: Policy) -> Any:
    """How long somebody has been waiting for help."""
    since = series(ALERTS_FOR_STATE, escalation="0", service=policy.service, priority=Like(P))
    now = firing(policy)
    return stat(
        "Longest firing",
        "How long the oldest alert has been there. Longer than the time its priority allows and still at "
        "step 0: nobody has taken it; acknowledge or mend it.",
        unit="s",
        decimals=1,
        targets=q(
            f"max(time() - {since} and ignoring (alertstate) {now}) or 0 * max({heartbeat(policy)})",
            instant=True,
        ),
        thresholds=steps((WARNING, 1), base=OK),
    )


def escalated(policy: Policy) -> Any:
    """What those called first did not take."""
    beyond = series(
        ALERTS, alertstate="firing", escalation=Like("[1-9]"), service=policy.service, priority=Like(P)
    )
    return stat(
        "Escalated",
        "Alerts that went past step 0 because nobody acknowledged them in time. Red from 1: take it now, "
        "then ask why the first call was not answered.",
        unit="locale",
        targets=q(f"count(count by (alertname) ({beyond})) or 0 * max({heartbeat(policy)})", instant=True),
        thresholds=steps((CRITICAL, 1), base=OK),
    )


def silenced() -> Any:
    """Acknowledgements and planned works."""
    return stat(
        "Silences",
        "Silences in force: acknowledgements, which stop later steps, and planned works. Many old ones hide "
        "alerts that should be mended or removed.",
        unit="locale",
        targets=q(f"max({series(FOREIGN['alertmanager_silences'], state='active')})", instant=True),
        thresholds=steps(base=INFO),
    )


def alive(policy: Policy) -> Any:
    """The dead man's switch, seen from inside."""
    return stat(
        "Self-test",
        "Whether the alert that always fires is there. Grey: rules are not evaluated and nobody will be "
        "called; look at Prometheus first. An outside service watches the same.",
        unit="none",
        targets=q(f"max({heartbeat(policy)})", instant=True),
        mappings=[words({1: ("Alive", OK)})],
    )


def steps_over_time(policy: Policy) -> Any:
    """When each step was reached."""
    of = series(ALERTS, alertstate="firing", service=policy.service)
    names: dict[float, tuple[str, str]] = {
        0: ("Step 0", INFO),
        1: ("Step 1", WARNING),
        2: ("Step 2", CRITICAL),
    }
    return state_timeline(
        "Steps of escalation",
        "When each alert reached which step: 0 those called first, then the policy's further steps. A long "
        "step 0 that never rises was acknowledged or mended.",
        targets=q((f"count by (alertname) (count by (alertname, escalation) ({of})) - 1", "{{alertname}}")),
        mappings=[words(names | {n: (f"Step {n}", CRITICAL) for n in range(3, 9)})],
    )


def over_time(policy: Policy) -> Any:
    """When what fired."""

    def of(priority: str, number: int) -> str:
        return f"{number} * max by (alertname) ({firing(policy, priority=priority)})"

    both = " or ".join(of(priority, int(priority[1])) for priority in PRIORITIES)
    return state_timeline(
        "Alerts over time",
        "When each alert fired, by its priority. What begins first is often the cause of what follows; what "
        "comes and goes all day needs a longer time or another threshold.",
        targets=q((f"{both} or 0 * max by (alertname) ({heartbeat(policy)})", "{{alertname}}")),
        mappings=[
            words(
                {
                    0: ("Self-test", OK),
                    1: ("P1", CRITICAL),
                    2: ("P2", WARNING),
                    3: ("P3", INFO),
                    4: ("P4", INFO),
                }
            )
        ],
    )


def noisiest(policy: Policy) -> Any:
    """What to mend first, or to remove."""
    interval = policy.scrape.evaluation.seconds
    fires = series(ALERTS, alertstate="firing", escalation="0", service=policy.service)
    begun = series(ALERTS_FOR_STATE, escalation="0", service=policy.service)
    by = "alertname, priority"
    return table(
        "Noisiest",
        "How long each alert fired in this time range, and how often it began, tries that did not hold "
        "included. Short and often: raise its time or its threshold in the policy.",
        targets=q(
            named(f"{interval:g} * sum by ({by}) (count_over_time({fires}[$__range]))"),
            named(f"sum by ({by}) (changes({begun}[$__range]) + 1)"),
        ),
        columns={"priority": "Priority", "alertname": "Alert", "Value #A": "Fired for", "Value #B": "Times"},
        overrides=[
            override("Priority", mappings=[priorities()], custom__width=90),
            override("Alert", links=[link("Runbook", f"{policy.links.runbooks}/${{__value.raw}}")]),
            override("Fired for", unit="s", decimals=1),
            override("Times", unit="locale", decimals=0, custom__width=80),
        ],
        sort_by="Fired for",
        descending=True,
    )


def by_priority(policy: Policy) -> Any:
    """How many at once."""
    return timeseries(
        "Alerts firing at once",
        "Alerts by priority. Many at once with one cause: inhibition is missing for them; a rising floor: "
        "alerts that nobody mends, which teach people to look away.",
        unit="locale",
        targets=q(*((number_firing(policy, priority=p), p) for p in PRIORITIES)),
        overrides=colours(P1=VERMILION, P2=ORANGE, P3=BLUE, P4=SKY),
        stacked=True,
        step_line=True,
    )


def incidents() -> Any:
    """From the operator's incident tool."""
    known, mended = GRADER_INCIDENT_ACKNOWLEDGE_SECONDS, GRADER_INCIDENT_RESOLVE_SECONDS
    return timeseries(
        "Incidents: time to acknowledge and to resolve",
        "Half of the incidents were acknowledged and resolved faster than this, as your incident tool counts "
        "them. Rising times to acknowledge: the rota or the channel has a gap.",
        unit="s",
        targets=q(
            (quantile(0.5, known, "$__range"), "Taken"),
            (quantile(0.5, mended, "$__range"), "Resolved"),
        ),
        overrides=colours(Taken=SKY, Resolved=BLUE),
    )
