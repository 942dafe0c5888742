"""`gradewatch route`: who is told of an alert, when, and by which channel."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gradewatch import exits
from gradewatch.tables import paragraph, table

if TYPE_CHECKING:
    from alertmanager.table import Row
    from policy.model import Policy
    from policy.scalars import Priority
    from typedyaml.units import Duration

SUMMARY = "Show who is told of an alert, when and how."
EXAMPLE = "gradewatch route --alert ServiceDown --at 16m"


_TIED = "\N{NO-BREAK SPACE}"
"""Between a time and a contact, so that no line ends there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "labels",
        nargs="*",
        metavar="LABEL=VALUE",
        help="labels of an alert, also of one written by hand; without any: the whole matrix",
    )
    parser.add_argument("--alert", metavar="NAME", help="an alert of the policy, with its own labels")
    parser.add_argument(
        "--at", metavar="TIME", help="also say who was told by then, e.g. 16m after the alert fired"
    )
    parser.add_argument(
        "--when", metavar="ISO", help="when the alert fired: show times of day, e.g. 2026-11-21T03:00"
    )
    parser.add_argument("--policy", default="auto-grader", help="a policy file or shipped name (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Print the matrix, or one table for each way the alert can be routed."""
    from policy.load import load_policy

    policy = load_policy(args.policy).value
    labels = labels_of(args.labels)
    if args.alert:
        labels["alertname"] = args.alert
    at, when = _at(args.at), _when(args.when)
    if not labels:
        if at or when:
            raise exits.UsageError("--at and --when need an alert: add --alert NAME or labels")
        print(_matrix(policy))
        return exits.GOOD
    known = _known(policy, labels, must=bool(args.alert))
    print("\n\n".join(_answer(policy, one, at, when) for one in known))
    return exits.GOOD


def labels_of(words: Sequence[str]) -> dict[str, str]:
    """LABEL=VALUE words as labels; raises UsageError for a word of another form."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name and value):
            raise exits.UsageError(f'"{word}" is not LABEL=VALUE, such as alertname=ServiceDown')
        found[name] = value.strip('"')
    return found


def _at(text: str | None) -> Duration | None:
    from typedyaml.units import Duration

    try:
        return Duration.parse(text) if text else None
    except ValueError as error:
        raise exits.UsageError(f"--at: {error}") from None


def _when(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise exits.UsageError(f'--when: "{text}" is not a time such as 2026-11-21T03:00') from None


def _known(policy: Policy, labels: Mapping[str, str], *, must: bool) -> list[dict[str, str]]:
    """The policy's label sets for an alert of that name, narrowed by what was given; else what was given."""
    from alertmanager.table import alert_labels
    from typedyaml.faults import unknown

    alerts = list(alert_labels(policy))
    same_name = [found for found in alerts if found["alertname"] == labels.get("alertname")]
    if must and not same_name:
        names = {found["alertname"] for found in alerts}
        raise exits.UsageError(unknown("alert", labels["alertname"], names))
    fitting = [
        found for found in same_name if all(found.get(name, value) == value for name, value in labels.items())
    ]
    return [{**found, **labels} for found in fitting] or [dict(labels)]


def _matrix(policy: Policy) -> str:
    from alertmanager.table import alert_labels, rows

    lines = []
    for labels in sorted(alert_labels(policy), key=lambda found: found["priority"]):
        steps = rows(policy, labels["priority"])  # type: ignore[arg-type]  # it came from a priority
        chain = ", ".join(f"{_after(row.after)}{_TIED}{row.to}" for row in steps)
        lines.append((labels["alertname"], labels["priority"], chain))
    return table(("ALERT", "P", "WHO IS TOLD WHEN NOBODY ACKNOWLEDGES"), lines).replace(_TIED, " ")


def _answer(policy: Policy, labels: Mapping[str, str], at: Duration | None, when: datetime | None) -> str:
    from alertmanager.inhibition import silencers
    from alertmanager.table import receiver_for, row_for, rows

    reached = row_for(policy, labels)
    if reached is None:
        return _without_priority(policy, receiver_for(policy, labels), labels)
    steps = rows(policy, reached.priority)
    matrix = policy.priorities[reached.priority]
    head = f"{_name(labels)}  {reached.priority} {matrix.name}  grouped by {', '.join(policy.identity)}"
    lines = []
    if matrix.copy:
        copied = ", ".join(channel for channel, _ in steps[0].copied)
        lines.append(f"With step 0 a copy goes to {matrix.copy.to} by {copied}, for information.")
    lines += _waiting(policy, reached.priority, steps)
    if "escalation" in labels:
        lines.append(f"escalation={labels['escalation']} reaches {reached.receiver}.")
    if at is not None:
        lines.append(_told_by(steps, at))
    lines.append(_acknowledged(steps))
    if quiet := silencers(policy, labels):
        lines.append(f"Nobody is told while this fires: {', '.join(quiet)}.")
    return "\n".join([head, _steps(policy, steps, when), *map(paragraph, lines)])


def _waiting(policy: Policy, priority: Priority, steps: Sequence[Row]) -> Iterator[str]:
    """Hours, digests, repeats and who escalates when it is not us: one sentence each."""
    row = policy.priorities[priority]
    if row.hours:
        yield f"Messages keep to {row.hours} and wait over holidays; the time of the steps runs on."
    if row.digest and row.digest.every:
        yield f"One message for all {priority} alerts of the service, again every {row.digest.every}."
    if row.digest and row.digest.at:
        yield f"One message a day for all {priority} alerts of the service, at {row.digest.at}."
    for step in steps:
        if step.repeat != row.repeat_interval:
            yield f"Step {step.step} is told again every {step.repeat} while it fires."
    if row.handover:
        schedules = [
            contact.pagerduty.schedule
            for role in steps[0].contacts
            if (contact := policy.contacts[role]).pagerduty and contact.pagerduty.schedule
        ]
        yield f"PagerDuty escalates, by its own {_all_of(schedules)}; an acknowledgement belongs there."


def _steps(policy: Policy, steps: Sequence[Row], when: datetime | None) -> str:
    """With a start the time of day stands where the receiver stood, and why it is not at once."""
    if when is None:
        lines = [
            (str(row.step), _after(row.after), row.to, ", ".join(row.channels), row.receiver) for row in steps
        ]
        return table(("STEP", "AFTER", "WHO", "HOW", "RECEIVER"), lines)
    from alertmanager.calendar import goes_out

    told = [goes_out(policy, row.priority, when + timedelta(seconds=row.after.seconds)) for row in steps]
    timed = [
        (str(row.step), _after(row.after), _clock(time, when), row.to, ", ".join(row.channels), why)
        for row, (time, why) in zip(steps, told, strict=True)
    ]
    if any(why for _, why in told):
        return table(("STEP", "AFTER", "TIME", "WHO", "HOW", "WHY THEN"), timed)
    return table(("STEP", "AFTER", "TIME", "WHO", "HOW"), [line[:5] for line in timed])


def _told_by(steps: tuple[Row, ...], at: Duration) -> str:
    from alertmanager.table import due
    from typedyaml.units import Duration

    told, following = due(steps, at)
    who = _all_of([row.to for row in told])
    text = f"{at} after it fired {who} {'was' if len(told) == 1 else 'were'} told"
    if following is None:
        return f"{text}; there is no further step."
    left = Duration(following.after.seconds - at.seconds)
    return f"{text}; {following.to} follows in {left}."


def _acknowledged(steps: Sequence[Row]) -> str:
    later = [str(row.step) for row in steps[1:]]
    if not later:
        return "There is no later step to stop; an acknowledgement only says that somebody is on it."
    stay = "step {} stays silent" if len(later) == 1 else "steps {} stay silent"
    return (
        f"After an acknowledgement {stay.format(_all_of(later))}; {steps[0].to} still hears of the recovery."
    )


def _without_priority(policy: Policy, receiver: str, labels: Mapping[str, str]) -> str:
    from alertmanager.table import HEARTBEAT

    if receiver == HEARTBEAT:
        return f"{_name(labels)} goes to {receiver}: it always fires, and its absence is the alarm."
    contact = policy.contacts[policy.unrouted]
    known = ", ".join(sorted(policy.priorities))
    return (
        f"{_name(labels)} goes to {receiver}: {policy.unrouted} by {contact.channels()[0]}, no escalation.\n"
        f"To be escalated an alert needs a label priority: {known}."
    )


def _name(labels: Mapping[str, str]) -> str:
    """Alert and burn tier, which tells alerts of one name apart."""
    return " ".join(filter(None, (labels.get("alertname", "(any alert)"), labels.get("burn_tier"))))


def _after(duration: Duration) -> str:
    return str(duration) if duration else "0m"


def _clock(time: datetime, start: datetime) -> str:
    return time.strftime("%H:%M" if time.date() == start.date() else "%d %b %H:%M")


def _all_of(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
