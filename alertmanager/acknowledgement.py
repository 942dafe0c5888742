"""Acknowledging an incident: a silence on the steps that nobody was told of yet.

Silencing the whole alert would also swallow its "resolved" (prometheus/alertmanager#226). Silencing only what
lies above the highest step that fires stops the escalation, and all who were told hear of the recovery.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alertmanager.client import AlertmanagerError, Client, Firing, Matcher, Silence, equal, one_of
from alertmanager.table import WATCHDOG
from policy.model import Policy
from typedyaml.units import Duration

PREFIX = "ACK!"
"""How a comment begins that marks a silence as an acknowledgement; karma and kthxbye know it too."""
DEFAULT_LENGTH = Duration(12 * 3600)
SETTLE = Duration(180)
"""After a restart alerts are sent again within a minute or so; until then an incident only seems over."""
_STEP = "escalation"
_COMMENT = re.compile(rf"{PREFIX} by (?P<by>.+?) at step (?P<step>\d+)(?:: (?P<note>.*))?", re.DOTALL)


class NothingFiring(AlertmanagerError):  # noqa: N818  reads as what happened
    """No alert of the incident fires, so there is nothing to acknowledge."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One silence that stops the later steps of an incident."""

    id: str
    identity: Mapping[str, str]
    priority: str
    """Empty for an alert without one."""
    reached: int
    """The highest step that was told."""
    stopped: tuple[int, ...]
    """The steps that stay silent; the next index when none was left."""
    record_only: bool
    """No step was left to stop: it only says that somebody is on it. Known when it is made."""
    by: str
    note: str
    ends: datetime
    firing: bool = True


def acknowledge(
    client: Client,
    identity: Mapping[str, str],
    by: str,
    note: str = "",
    duration: Duration = DEFAULT_LENGTH,
    *,
    policy: Policy,
) -> tuple[Acknowledgement, ...]:
    """Stop the later steps of an incident for `duration`; one acknowledgement for each priority that fires.

    An error budget may burn at several priorities under one name, each with its own steps; usually it is one.
    Raises NothingFiring when no such alert fires, AlertmanagerError when Alertmanager does not answer.
    """
    alerts = client.firing(identity)
    if not alerts:
        wanted = " ".join(f"{name}={value}" for name, value in identity.items())
        raise NothingFiring(f"no such alert is firing: {wanted}")
    ends = datetime.now(UTC) + timedelta(seconds=duration.seconds)
    planned = []
    for priority in sorted({alert.labels.get("priority", "") for alert in alerts}):
        reached = max(_step(alert) for alert in alerts if alert.labels.get("priority", "") == priority)
        left = _steps_after(policy, priority, reached)
        stopped = left or (reached + 1,)
        planned.append(
            Acknowledgement("", dict(identity), priority, reached, stopped, not left, by, note, ends)
        )
    return tuple(dataclasses.replace(one, id=_send(client, one)) for one in planned)


def _steps_after(policy: Policy, priority: str, reached: int) -> tuple[int, ...]:
    """The steps that the policy has left; none for a priority that it does not know."""
    matrix = policy.priorities.get(priority)  # type: ignore[call-overload]  # any text may be asked for
    return tuple(range(reached + 1, len(matrix.steps) if matrix else 0))


def _send(client: Client, one: Acknowledgement) -> str:
    """Write the silence; returns its id."""
    matchers = [equal(name, value) for name, value in one.identity.items()]
    matchers += [equal("priority", one.priority)] if one.priority else []
    matchers.append(one_of(_STEP, map(str, one.stopped)))
    comment = f"{PREFIX} by {one.by} at step {one.reached}" + (f": {one.note}" if one.note else "")
    return client.silence(matchers, ends=one.ends, by=one.by, comment=comment)


def acknowledgements(client: Client) -> tuple[Acknowledgement, ...]:
    """Those that are in force, each with whether its incident still fires."""
    active = (silence for silence in client.silences() if silence.state == "active")
    found = (_read(client, silence) for silence in active if silence.comment.startswith(PREFIX))
    return tuple(sorted(found, key=lambda one: (sorted(one.identity.items()), one.priority)))


def end(client: Client, acknowledgement: str) -> Acknowledgement:
    """Let the steps go on: overdue ones come at once. An id may be shortened while it stays the only one.

    Only an acknowledgement is ended, never another silence; raises AlertmanagerError when there is none.
    """
    found = [one for one in acknowledgements(client) if one.id.startswith(acknowledgement)]
    if len(found) != 1:
        count = f"{len(found)} acknowledgements begin" if found else "no acknowledgement in force begins"
        raise AlertmanagerError(f'{count} with "{acknowledgement}"; see `gradewatch ack list`')
    client.expire(found[0].id)
    return found[0]


@dataclass(frozen=True, slots=True)
class Collected:
    """What `collect` did, or why it did nothing."""

    ended: tuple[Acknowledgement, ...] = ()
    waiting: str = ""


def collect(client: Client, *, settle: Duration = SETTLE) -> Collected:
    """End the acknowledgements whose incident is over, else its next occurrence would not escalate.

    Nothing is ended while Alertmanager does not hold the Watchdog alert, or only since `settle`: after a
    restart of Alertmanager or Prometheus a firing alert looks resolved until it is sent again.
    """
    watchdog = client.firing({"alertname": WATCHDOG})
    if not watchdog:
        return Collected(
            waiting=f"{WATCHDOG} is missing, so Prometheus is away and nothing is known to be over"
        )
    youngest = max(client.started(), *(alert.starts for alert in watchdog))
    age = (datetime.now(UTC) - youngest).total_seconds()
    if age < settle.seconds:
        return Collected(waiting=f"alerts come in only since {Duration(int(age))}; waiting until {settle}")
    over = tuple(one for one in acknowledgements(client) if not one.firing)
    for one in over:
        client.expire(one.id)
    return Collected(over)


def _read(client: Client, silence: Silence) -> Acknowledgement:
    """A silence as an acknowledgement; one made by the link in a message is read in the same way."""
    words = _COMMENT.fullmatch(silence.comment)
    labels = {m["name"]: m["value"] for m in silence.matchers if not m["isRegex"] and m["name"] != _STEP}
    stopped = _stopped(silence.matchers)
    reached = int(words["step"]) if words else max(min(stopped, default=1) - 1, 0)
    note = words["note"] or "" if words else silence.comment.removeprefix(PREFIX).strip()
    return Acknowledgement(
        silence.id,
        {name: value for name, value in labels.items() if name != "priority"},
        labels.get("priority", ""),
        reached,
        stopped,
        False,
        silence.by,
        note,
        silence.ends,
        firing=bool(client.firing(labels)),
    )


def _stopped(matchers: tuple[Matcher, ...]) -> tuple[int, ...]:
    values = [str(matcher["value"]).split("|") for matcher in matchers if matcher["name"] == _STEP]
    return tuple(int(value) for value in values[0] if value.isdigit()) if values else ()


def _step(alert: Firing) -> int:
    text = alert.labels.get(_STEP, "0")
    return int(text) if text.isdigit() else 0
