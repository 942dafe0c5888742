"""`gradewatch ack`: say that somebody is on it, so that nobody further is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gradewatch import exits
from gradewatch.route import labels_of
from gradewatch.tables import paragraph, table

if TYPE_CHECKING:
    from alertmanager.acknowledgement import Acknowledgement
    from alertmanager.client import Client
    from policy.model import Policy
    from typedyaml.units import Duration

SUMMARY = "Acknowledge an incident: its later steps stay silent, its recovery is still told."
EXAMPLE = "gradewatch ack --by alice --note 'restarting the database' ServiceDown"

_WITHOUT_MORE = ("list", "gc")
_FIRING = {True: "fires", False: "over"}
_SHORT = 8
"""Characters of an id that tell acknowledgements apart; `ack end` takes them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "what",
        nargs="+",
        metavar="WHAT",
        help="the incident: an alert's name or LABEL=VALUE ... (service is the policy's unless given); "
        "or `list`: what is acknowledged; `end ID`: let the steps go on; "
        "`gc`: end those whose incident is over (run it every minute)",
    )
    parser.add_argument("--by", metavar="NAME", help="who is on it (required to acknowledge)")
    parser.add_argument(
        "--for", dest="length", default="12h", metavar="TIME", help="for how long (%(default)s)"
    )
    parser.add_argument("--note", default="", metavar="TEXT", help="what you know, for those who look later")
    parser.add_argument("--url", help="Alertmanager's address (default: the policy's links.alertmanager)")
    parser.add_argument("--policy", default="auto-grader", help="a policy file or shipped name (%(default)s)")


def run(args: argparse.Namespace) -> int:
    """Talk to Alertmanager once; it keeps the acknowledgement."""
    from alertmanager.client import AlertmanagerError, Client
    from policy.load import load_policy

    policy = load_policy(args.policy).value
    client = Client(args.url or policy.links.alertmanager)
    verb, *words = args.what
    try:
        if verb == "end":
            return _end(client, words)
        if verb in _WITHOUT_MORE:
            if words:
                raise exits.UsageError(f"`gradewatch ack {verb}` takes nothing further")
            return _list(client) if verb == "list" else _collect(client)
        return _acknowledge(client, policy, args)
    except AlertmanagerError as error:
        raise exits.UsageError(str(error)) from None


def _acknowledge(client: Client, policy: Policy, args: argparse.Namespace) -> int:
    from alertmanager.acknowledgement import NothingFiring, acknowledge

    identity = _identity(policy, args.what)
    length = _length(args.length)
    if not args.by:
        raise exits.UsageError("say who is on it: --by NAME")
    try:
        found = acknowledge(client, identity, args.by, args.note, length, policy=policy)
    except NothingFiring as error:
        print(error, file=sys.stderr)
        print(f"Firing now: {', '.join(_firing(client, policy)) or 'nothing'}", file=sys.stderr)
        return exits.FINDINGS
    for one in found:
        print(_sentence(policy, one))
    return exits.GOOD


def _firing(client: Client, policy: Policy) -> list[str]:
    """The incidents that could have been meant."""
    from alertmanager.table import WATCHDOG

    found = {tuple(alert.labels.get(name, "") for name in policy.identity) for alert in client.firing({})}
    return sorted(" ".join(identity) for identity in found if WATCHDOG not in identity)


def _identity(policy: Policy, words: Sequence[str]) -> dict[str, str]:
    """The labels that make an incident, all of them and nothing else."""
    first, *rest = words
    labels = labels_of([first if "=" in first else f"alertname={first}", *rest])
    labels = {"service": policy.service, **labels}
    for name in labels:
        if name not in policy.identity:
            raise exits.UsageError(
                f'an incident is known by {" and ".join(policy.identity)}, not by "{name}"'
            )
    for name in policy.identity:
        if name not in labels:
            raise exits.UsageError(f"which incident? add {name}=...")
    return {name: labels[name] for name in policy.identity}


def _length(text: str) -> Duration:
    from typedyaml.units import Duration

    try:
        length = Duration.parse(text)
    except ValueError as error:
        raise exits.UsageError(f"--for: {error}") from None
    if not length:
        raise exits.UsageError("--for must be longer than 0s")
    return length


def _sentence(policy: Policy, one: Acknowledgement) -> str:
    until = f"Acknowledged {_incident(one)} by {one.by} until {_local(one.ends)} (id {one.id[:_SHORT]})."
    told = f"{_steps(policy, one.priority, range(one.reached + 1))} told so far."
    if one.record_only:
        effect = "No later step is left to stop: this is the record that somebody is on it."
    else:
        stay = "stays" if len(one.stopped) == 1 else "stay"
        stopped = _steps(policy, one.priority, one.stopped)
        effect = f"{stopped} {stay} silent; who was told hears of the recovery."
    return paragraph(f"{until} {told} {effect}")


def _steps(policy: Policy, priority: str, steps: Sequence[int]) -> str:
    """Steps with their contacts, as far as the policy knows them, at the beginning of a sentence."""
    matrix = policy.priorities.get(priority)  # type: ignore[call-overload]  # any text
    told = [", ".join(step.contacts) for step in matrix.steps] if matrix else []
    names = [f"{step} ({told[step]})" if step < len(told) else str(step) for step in steps]
    return f"Step{'s' * (len(names) > 1)} {' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))}"


def _list(client: Client) -> int:
    from alertmanager.acknowledgement import acknowledgements

    found = acknowledgements(client)
    if not found:
        print("Nothing is acknowledged.")
        return exits.GOOD
    lines = [
        (
            one.id[:_SHORT],
            _incident(one),
            one.by,
            _local(one.ends),
            "fires" if one.firing else "over",
            one.note,
        )
        for one in found
    ]
    print(table(("ID", "INCIDENT", "BY", "UNTIL", "STATE", "NOTE"), lines))
    return exits.GOOD


def _end(client: Client, words: Sequence[str]) -> int:
    from alertmanager.acknowledgement import end

    if len(words) != 1:
        raise exits.UsageError(
            "which acknowledgement? `gradewatch ack end ID`; `gradewatch ack list` shows them"
        )
    ended = end(client, words[0])
    print(paragraph(f"Ended {ended.by}'s acknowledgement of {_incident(ended)}; overdue steps come at once."))
    return exits.GOOD


def _collect(client: Client) -> int:
    from alertmanager.acknowledgement import collect

    collected = collect(client)
    for one in collected.ended:
        print(f"{_incident(one)} is over: ended the acknowledgement of {one.by}.")
    if collected.waiting:
        print(f"Nothing ended: {collected.waiting}.", file=sys.stderr)
    return exits.GOOD


def _incident(one: Acknowledgement) -> str:
    return " ".join([*one.identity.values(), *filter(None, [one.priority])])


def _local(time: datetime) -> str:
    """Today's times without the date."""
    local = time.astimezone()
    today = datetime.now(UTC).astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%d %b %H:%M")
