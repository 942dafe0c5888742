"""Whether alerting itself works: rules are evaluated, messages leave, targets answer."""

from __future__ import annotations

from typing import Any

from dashboards.fields import colours, colours_where_found, override
from dashboards.graphs import timeseries
from dashboards.limits import judged, limit, line, sentence
from dashboards.palette import BLUE, CRITICAL, GREEN, OK, ORANGE, SKY, VERMILION, steps
from dashboards.series import UP, quantile, rate, series
from dashboards.singles import stat
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import FOREIGN
from policy.model import Policy

SENT = FOREIGN["alertmanager_notifications_total"]
FAILED = FOREIGN["alertmanager_notifications_failed_total"]
LATENCY = FOREIGN["alertmanager_notification_latency_seconds"]
PERCENT = "percentunit"
COLOURED = {"custom__cellOptions": {"type": "color-text"}}


def undelivered() -> Any:
    """Messages that nobody got."""
    return stat(
        "Failed messages",
        "Messages of the time range that a channel refused. Red from 1: some person was not told; the graph "
        "below names the channel, Alertmanager's log the reason.",
        unit="locale",
        decimals=0,
        targets=q(f"sum(increase({series(FAILED)}[$__range]))", instant=True),
        thresholds=steps((CRITICAL, 1), base=OK),
    )


def notifications() -> Any:
    """By channel; Alertmanager counts for every kind of channel that there is, mostly nothing."""
    unused = f"sum by (integration) (increase({series(SENT)}[$__range])) == 0"
    return timeseries(
        "Messages per minute by channel",
        "Messages that Alertmanager sent, by channel. Silence while alerts fire: routes or the channel are "
        "broken; a flood: grouping is missing.",
        unit="short",
        targets=q((f"60 * sum by (integration) ({rate(SENT)}) unless {unused}", "{{integration}}")),
        overrides=colours_where_found(
            pagerduty=VERMILION, webhook=ORANGE, slack=SKY, msteams=GREEN, msteamsv2=GREEN, email=BLUE
        ),
        stacked=True,
        narrow=True,
    )


def latencies() -> Any:
    """A call that comes late."""
    return timeseries(
        "Time to deliver p99",
        "How long a channel took to accept a message; 1 of 100 took longer. Several seconds: the channel's "
        "service or the way to it is slow, and calls come late.",
        unit="s",
        targets=q((quantile(0.99, LATENCY), "p99")),
        color=BLUE,
    )


def lost(policy: Policy) -> Any:
    """On both ways."""
    refused, unsent = limit(policy, "NotificationsFailing"), limit(policy, "AlertsNotSent")
    sent = rate(FOREIGN["prometheus_notifications_sent_total"])
    errors = rate(FOREIGN["prometheus_notifications_errors_total"])
    return timeseries(
        "Share of messages lost",
        f"Refused: by a channel.{sentence(refused, PERCENT)} Not sent: Prometheus did not reach Alertmanager."
        f"{sentence(unsent, PERCENT)} Look at that program's log.",
        unit=PERCENT,
        targets=q(
            (f"sum({rate(FAILED)}) / (sum({rate(SENT)}) > 0)", "Refused"),
            (f"sum({errors}) / (sum({sent}) > 0)", "Not sent"),
        ),
        lines=line(*(found for found in (refused, unsent) if found)),
        overrides=colours(Refused=ORANGE, Not_sent=BLUE),
        narrow=True,
    )


def alertmanagers(policy: Policy) -> Any:
    """To whom alerts go."""
    found = limit(policy, "AlertmanagerMissing")
    return stat(
        "Alertmanagers",
        f"Alertmanagers that Prometheus knows.{sentence(found)} Without one nobody is called: look at its "
        "address in Prometheus' configuration.",
        unit="locale",
        targets=q(
            f"min({series(FOREIGN['prometheus_notifications_alertmanagers_discovered'])})", instant=True
        ),
        thresholds=judged(found),
    )


def evaluations() -> Any:
    """Rules that take longer than their interval come late."""
    last = series(FOREIGN["prometheus_rule_group_last_duration_seconds"])
    interval = series(FOREIGN["prometheus_rule_group_interval_seconds"])
    return timeseries(
        "Slowest group of rules",
        "How much of its interval the slowest group of rules needs. Near 100 % alerts come late: split the "
        "group, or give Prometheus a faster machine.",
        unit="percentunit",
        targets=q(f"max(max by (rule_group) ({last}) / (max by (rule_group) ({interval}) > 0))"),
        color=BLUE,
    )


def rule_failures() -> Any:
    """A rule that fails never fires."""
    return timeseries(
        "Failed and missed evaluations per minute",
        "Evaluations that ended with an error, and those that were left out because the one before still "
        "ran. Anything but 0: an alert may be blind; Prometheus' page of rules names it.",
        unit="short",
        targets=q(
            (f"60 * sum({rate(FOREIGN['prometheus_rule_evaluation_failures_total'])})", "Failed"),
            (f"60 * sum({rate(FOREIGN['prometheus_rule_group_iterations_missed_total'])})", "Missed"),
        ),
        overrides=colours(Failed=VERMILION, Missed=ORANGE),
        narrow=True,
    )


def targets_up() -> Any:
    """What is watched at all."""
    none_down = {"mode": "absolute", "steps": steps((CRITICAL, 1), base=OK)}
    down = f"count by (job) ({series(UP)} == 0) or 0 * count by (job) ({series(UP)})"
    return table(
        "Targets",
        "What Prometheus watches, by job, those that do not answer first. What is down is not watched: "
        "its panels are grey and its alerts blind.",
        targets=q(f"count by (job) ({series(UP)} == 1) or 0 * count by (job) ({series(UP)})", down),
        columns={"job": "Job", "Value #A": "Up", "Value #B": "Down"},
        overrides=[
            override("Up", unit="locale", custom__width=80),
            override("Down", unit="locale", thresholds=none_down, **COLOURED, custom__width=80),
        ],
        sort_by="Down",
        descending=True,
    )
