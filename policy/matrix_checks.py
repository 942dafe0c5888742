"""What the escalation matrix means together: the order of steps, contacts and channels, hours, deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from zoneinfo import available_timezones

from policy.contacts import Channel
from policy.escalation import Copy, Digest, Hours, PriorityPolicy, Step
from policy.model import Policy
from policy.scalars import Priority
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

Doc = Document[Policy]
Faulty = Iterator[Fault]
Place = tuple[str | int, ...]

_DELIVERY = {"slack": "slack", "email": "smtp", "call": "webhook"}


def escalation_faults(doc: Doc) -> Faulty:
    """All faults of priorities, contacts, hours and of who reads what nobody knows."""
    for name, row in doc.value.priorities.items():
        yield from _row(doc, name, row)
    for role in doc.value.contacts:
        yield from _contact(doc, role)
    for label, hours in doc.value.hours.items():
        yield from _hours(doc, label, hours)
    yield from _zones(doc)
    yield from _unrouted(doc)


def _row(doc: Doc, name: Priority, row: PriorityPolicy) -> Faulty:
    at = ("priorities", name)
    yield from _repeat(doc, (*at, "repeat_interval"), "repeat_interval", row.repeat_interval, row)
    for i, step in enumerate(row.steps):
        where = (*at, "steps", i)
        if i == 0 and step.after:
            message = f"{name}, step 0 must be told at once (after: 0m), found {step.after}"
            yield doc.fault((*where, "after"), message)
        if i and step.after <= (before := row.steps[i - 1].after):
            message = f"{name}, step {i} is due after {step.after}, not later than step {i - 1} ({before})"
            yield doc.fault((*where, "after"), message)
        if i == 1 and step.after > row.respond:
            message = f"{name}, step 1 is due after {step.after}, later than respond ({row.respond})"
            yield doc.fault((*where, "after"), message)
        if step.repeat:
            yield from _repeat(doc, (*where, "repeat"), "repeat", step.repeat, row)
        yield from _step(doc, name, step, where)
        if not row.digest:
            yield from _in_time(doc, name, step, where)
    if row.copy:
        yield from _known(doc, row.copy.to, (*at, "copy", "to"))
        yield from _told(doc, None, row.copy.to, row.copy, (*at, "copy"))
    yield from _waiting(doc, name, row)
    yield from _handover(doc, name, row)


def _repeat(doc: Doc, where: Place, key: str, repeat: Duration, row: PriorityPolicy) -> Faulty:
    """A repeat goes out at a tick of group_interval, so it is rounded up to a multiple of it."""
    if repeat.seconds % max(row.group_interval.seconds, 1e-3):
        message = f"{key} {repeat} is not a multiple of group_interval {row.group_interval}"
        yield doc.fault(where, message)


def _step(doc: Doc, name: str, step: Step, where: Place) -> Faulty:
    if not step.contacts:
        yield doc.fault((*where, "to"), f"{name}: a step must tell somebody")
    for i, role in enumerate(step.contacts):
        if role in step.contacts[:i]:
            yield doc.fault((*where, "to", i), f'contact "{role}" is there twice')
        place = (*where, "to") if isinstance(step.to, str) else (*where, "to", i)
        yield from _known(doc, role, place)
        yield from _told(doc, name, role, step, where)


def _known(doc: Doc, role: str, place: Place) -> Faulty:
    if role not in doc.value.contacts and not doc.written("contacts", role):
        yield doc.fault(place, unknown("contact", role, doc.value.contacts))


def _told(doc: Doc, priority: str | None, role: str, step: Step | Copy, where: Place) -> Faulty:
    """A step's channels; a copy (priority None) may use any."""
    policy = doc.value
    for i, channel in enumerate(step.via):
        at = (*where, "via", i)
        if channel not in policy.channels:
            yield doc.fault(at, unknown("channel", channel, policy.channels))
        elif priority and priority not in (may := policy.channels[channel].priorities):
            message = f'channel "{channel}" is not for {priority}; it may be used by {", ".join(may)}'
            yield doc.fault(at, message)
        yield from _reachable(doc, role, channel, at)


def _reachable(doc: Doc, role: str, channel: Channel, place: Place) -> Faulty:
    contact = doc.value.contacts.get(role)
    if contact and channel not in contact.channels():
        have = ", ".join(contact.channels()) or "none"
        yield doc.fault(place, f'contact "{role}" has no "{channel}"; it has {have}')
    needed = ("sns" if contact and contact.sns else "webhook") if channel == "sms" else _DELIVERY.get(channel)
    if needed and getattr(doc.value.delivery, needed) is None:
        yield doc.fault(place, f'channel "{channel}" needs "{needed}" in delivery')


def _in_time(doc: Doc, name: str, step: Step, where: Place) -> Faulty:
    row = doc.value.priorities[name]  # type: ignore[index]
    latest = max(row.group_wait, row.group_interval)
    for i, channel in enumerate(step.via):
        limit = doc.value.channels.get(channel)
        if limit and latest > limit.within:
            message = f'{name} waits up to {latest} for its group, but "{channel}" promises {limit.within}'
            yield doc.fault((*where, "via", i), message)


def _waiting(doc: Doc, name: str, row: PriorityPolicy) -> Faulty:
    """Hours that exist, and a digest that is sent in one way only."""
    at = ("priorities", name)
    if row.hours and row.hours not in doc.value.hours:
        yield doc.fault((*at, "hours"), unknown("hours", row.hours, doc.value.hours))
    if row.hours and name == "P1":
        yield doc.fault((*at, "hours"), "P1 calls at any hour; hours are for what can wait")
    if row.digest is None:
        return
    if len(row.steps) > 1:
        message = f"{name} is a digest, which has no incident to escalate: keep step 0 only"
        yield doc.fault((*at, "steps", 1), message)
    if bool(row.digest.every) == bool(row.digest.at):
        yield doc.fault((*at, "digest"), 'a digest needs either "every" (1h) or "at" ("09:00")')
    if row.digest.at and row.hours:
        yield doc.fault((*at, "hours"), 'a digest "at" a time of day has its own weekdays: leave hours out')
    yield from _digest_time(doc, row.digest, (*at, "digest", "at"))


def _digest_time(doc: Doc, digest: Digest, where: Place) -> Faulty:
    if digest.at and digest.at > "23:45":
        yield doc.fault(where, "the window of a digest must end before midnight: at most 23:45")


def _handover(doc: Doc, name: str, row: PriorityPolicy) -> Faulty:
    if not row.handover:
        return
    at, first = ("priorities", name), row.steps[0]
    if len(row.steps) > 1:
        message = f"{name} is handed over to PagerDuty, which escalates itself: keep step 0 only"
        yield doc.fault((*at, "steps", 1), message)
    named = [
        contact.pagerduty.schedule
        for role in first.contacts
        if (contact := doc.value.contacts.get(role)) and contact.pagerduty and contact.pagerduty.schedule
    ]
    if "pagerduty" not in first.via or not named:
        message = f"{name} is handed over: step 0 must go by pagerduty to a contact whose schedule is named"
        yield doc.fault((*at, "handover"), message)


def _contact(doc: Doc, name: str) -> Faulty:
    contact = doc.value.contacts[name]
    at = ("contacts", name)
    if contact.sns and contact.sms:
        yield doc.fault((*at, "sns"), f'"{name}" has both sms (the adapter) and sns; choose one')
    if contact.sns and bool(contact.sns.topic_arn) == bool(contact.sns.phone_number):
        yield doc.fault((*at, "sns"), "sns needs either topic_arn or phone_number")
    if contact.webhook and bool(contact.webhook.url) == bool(contact.webhook.url_file):
        yield doc.fault((*at, "webhook"), "webhook needs either url or url_file (when it holds a secret)")


def _hours(doc: Doc, name: str, hours: Hours) -> Faulty:
    for i, span in enumerate(hours.times):
        if span.end <= span.start:
            message = f"{span.start} to {span.end} is not within one day; write a night as two spans"
            yield doc.fault(("hours", name, "times", i, "end"), message)


def _unrouted(doc: Doc) -> Faulty:
    policy = doc.value
    contact = policy.contacts.get(policy.unrouted)
    if contact is None:
        if doc.written("contacts", policy.unrouted):
            return
        yield doc.fault(("unrouted",), unknown("contact", policy.unrouted, policy.contacts))
    elif not contact.channels():
        yield doc.fault(("unrouted",), f'contact "{policy.unrouted}" has no channel')
    else:
        yield from _reachable(doc, policy.unrouted, contact.channels()[0], ("unrouted",))


def _zones(doc: Doc) -> Faulty:
    """Zones that exist: Alertmanager refuses the whole configuration for one that does not."""
    policy = doc.value
    named: dict[Place, str] = {("hours", n, "location"): hours.location for n, hours in policy.hours.items()}
    if policy.holidays:
        named["holidays", "location"] = policy.holidays.location
    for name, row in policy.priorities.items():
        if row.digest:
            named["priorities", name, "digest", "location"] = row.digest.location
    known = available_timezones()
    for at, zone in named.items():
        if known and zone not in known:
            near = get_close_matches(zone, sorted(known), n=1)
            way_out = f'did you mean "{near[0]}"?' if near else "it must be a name like Europe/Berlin"
            yield doc.fault(at, f'unknown time zone "{zone}"; {way_out}')
