"""The terminal view as lines of text: what fires, who was told, who is next, and the last messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from gradewatch.demo.clock import Clock
from gradewatch.demo.incidents import Incident, Pending, StepNow
from gradewatch.demo.messages import Message
from gradewatch.demo.story import Told
from typedyaml.units import Duration

Style = Literal["plain", "bold", "dim", "P1", "P2", "P3", "P4", "good", "link"]

_ANSI: dict[str, str] = {
    "bold": "1",
    "dim": "2",
    "P1": "1;31",
    "P2": "1;33",
    "P3": "33",
    "P4": "34",
    "good": "32",
    "link": "4",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some text in one style; the style never carries a meaning of its own."""

    text: str
    style: Style = "plain"


Line = Sequence[Span]
BLANK: Line = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """All that one screen shows."""

    title: str
    clock: Clock
    now: datetime
    addresses: Sequence[tuple[str, str]]
    """What is there, and its address."""
    figures: str
    story: Sequence[str]
    """What happened so far, the newest last; empty without a fault."""
    incidents: Sequence[Incident]
    pending: Sequence[Pending]
    messages: Sequence[Message]
    ack: str
    """The command that acknowledges; empty when nothing can be."""


def lines(picture: Picture, width: int, height: int) -> list[Line]:
    """At most `height` lines for a terminal of `width`; what is left over goes to the messages."""
    foot = _foot(picture, width)
    least = 4 if picture.messages else 2
    firing = _firing(picture)
    head = _head(picture, width)
    if len(head) + len(firing) + len(foot) + least > height:
        head = _head(picture, width, brief=True)
    room = height - len(head) - len(foot) - least
    if len(firing) > room:
        firing = _firing(picture, steps_of=1)
    if len(firing) > room:
        hidden = len(firing) - room + 1
        firing = [*firing[: room - 1], [Span(f"    {hidden} more in a taller terminal", "dim")]]
    body = [*head, *firing, BLANK]
    inbox = _inbox(picture, height - len(body) - len(foot))
    filler = [BLANK] * (height - len(body) - len(inbox) - len(foot))
    return [*body, *inbox, *filler, *foot][:height]


def paint(line: Line, width: int, *, colour: bool) -> str:
    """One line for a terminal, cut at `width`."""
    painted = []
    for span in line:
        text = span.text[:width] if len(span.text) <= width else f"{span.text[: max(width - 1, 0)]}…"
        width -= len(text)
        code = _ANSI.get(span.style)
        painted.append(f"\x1b[{code}m{text}\x1b[0m" if colour and code and text else text)
        if width <= 0:
            break
    return "".join(painted)


def _head(picture: Picture, width: int, *, brief: bool = False) -> list[Line]:
    stamp = picture.clock.stamp(picture.now)
    gap = " " * max(1, width - len(picture.title) - len(stamp) - 2)
    found: list[Line] = [[Span(f" {picture.title}", "bold"), Span(f"{gap}{stamp}", "dim")], BLANK]
    if brief:
        ports = ((what, urlsplit(address).port) for what, address in picture.addresses)
        places = ", ".join(f"{what} {port}" for what, port in ports if port)
        found.append([Span(f" Ports   {places}", "dim")])
    else:
        wide = max((len(what) for what, _ in picture.addresses), default=0)
        for index, (what, address) in enumerate(picture.addresses):
            label = " Open    " if index == 0 else " " * 9
            found.append([Span(f"{label}{what:<{wide}}  ", "dim"), Span(address, "link")])
    found.append([Span(" Grader  ", "dim"), Span(picture.figures)])
    for index, text in enumerate(picture.story[-2:]):
        label = " Story   " if index == 0 else " " * 9
        found.append([Span(label, "dim"), Span(text, "bold" if text == picture.story[-1] else "dim")])
    return [*found, BLANK]


def _firing(picture: Picture, steps_of: int = 99) -> list[Line]:
    """Incidents with the steps of the first `steps_of` of them; the others on a line of their own."""
    found: list[Line] = []
    if not picture.incidents and not picture.pending:
        found.append([Span(" Nothing fires.", "good")])
    for index, incident in enumerate(picture.incidents):
        found.append(_incident(incident, picture, brief=index >= steps_of))
        if index < steps_of and not incident.inhibited:
            found.extend(_step(step, incident, picture) for step in incident.steps)
    for one in picture.pending:
        left = picture.clock.since(picture.now, one.fires)
        found.append(
            [
                *_name(one.priority, one.name),
                Span(f"  not yet firing: in {left} unless it goes away", "dim"),
            ]
        )
    return found


def _incident(incident: Incident, picture: Picture, *, brief: bool) -> Line:
    name = incident.alertname + (f" {incident.apart}" if incident.apart else "")
    lasts = picture.clock.since(incident.since, picture.now)
    text = f"  for {lasts}"
    if incident.inhibited:
        return [
            *_name(incident.priority, name),
            Span(f"{text}, held back by a greater alert: nobody is told", "dim"),
        ]
    if brief and incident.next:
        left = picture.clock.since(picture.now, incident.next.due)
        text += f"  next: {incident.next.row.to} in {left}"
    if brief and incident.acknowledged_by:
        text += f"  acknowledged by {incident.acknowledged_by}"
    return [
        *_name(incident.priority, name),
        Span(text),
        Span("" if brief else f"  {incident.summary}", "dim"),
    ]


def _name(priority: str, name: str) -> list[Span]:
    style: Style = priority if priority in ("P1", "P2", "P3", "P4") else "plain"  # type: ignore[assignment]
    return [Span(f" {priority or '--'} ", style), Span(name, "bold")]


def _step(step: StepNow, incident: Incident, picture: Picture) -> Line:
    row = step.row
    left = picture.clock.since(picture.now, step.due)
    took = picture.clock.since(incident.since, step.told) if step.told else ""
    state = {
        "told": f"told after {took}" if took else "being told",
        "due": f"in {left}" if step.due > picture.now else "now",
        "stopped": f"silent: {incident.acknowledged_by} is on it",
    }[step.state]
    after = str(picture.clock.real(row.after)) if row.after else "at once"
    style: Style = {"told": "bold", "due": "plain", "stopped": "good"}[step.state]  # type: ignore[assignment]
    who = max(len(one.row.to) for one in incident.steps)
    how = max(len(_how(one)) for one in incident.steps)
    return [Span(f"    {row.step}  {after:<7}  {row.to:<{who}}  {_how(step):<{how}}  "), Span(state, style)]


def _how(step: StepNow) -> str:
    return ", ".join(step.row.channels)


def _inbox(picture: Picture, room: int) -> list[Line]:
    """The newest messages last, as many as there is room for."""
    if room < 2 or not picture.messages:
        return []
    shown = picture.messages[-(room - 1) :]
    who = max(len(message.contact) for message in shown)
    head = f" Messages, {len(picture.messages)} so far"
    return [[Span(head, "dim")], *(message_line(message, picture.clock, who) for message in shown)]


def message_line(message: Message, clock: Clock, who: int = 0) -> Line:
    """When, who (at least `who` wide), how, what."""
    style: Style = "good" if message.status == "resolved" else "plain"
    where = f" {clock.stamp(message.time)}  {message.contact:<{who}}  {message.channel:<9}  "
    return [Span(where, "dim"), Span(message.text, style)]


def _foot(picture: Picture, width: int) -> list[Line]:
    """How to end it, and the command to acknowledge; too long a command goes on in the next line."""
    ends = " Ctrl-C ends the demo."
    if not picture.ack:
        return [[Span(f"{ends} Nothing of it stays on this machine.", "dim")]]
    head: Line = [Span(f"{ends} To acknowledge, in another terminal:", "dim")]
    if len(picture.ack) < width:
        return [head, [Span(f" {picture.ack}")]]
    first, _, rest = picture.ack.partition(" --by ")
    return [head, [Span(f" {first} \\")], [Span(f"     --by {rest}")]]


def closing_table(told: Iterable[Told], clock: Clock, since: datetime) -> list[str]:
    """Who was told when, and when of the end, as plain lines."""
    rows = [("STEP", "WHO", "HOW", "TOLD", "RESOLVED")]
    rows += [
        (
            str(one.step),
            one.contact,
            one.channel,
            f"after {clock.since(since, one.fired)}",
            _cleared(one, clock, since),
        )
        for one in told
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        (
            "  "
            + "  ".join(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True))
            + "  "
            + row[4]
        )
        for row in rows
    ]


def _cleared(one: Told, clock: Clock, since: datetime) -> str:
    if one.resolved:
        return f"after {clock.since(since, one.resolved)}"
    return "calls are not made for good news" if one.channel == "call" else "not told"


def figures_line(found: Mapping[str, float], speed: float, heartbeats: int) -> str:
    """The grader in one line; ages and rates are in the demo's time."""
    if "waiting" not in found:
        return "its database does not answer" if found else "first figures in a moment"
    graded = found.get("graded", 0) * 60 / speed
    parts = [
        f"{found['waiting']:.0f} waiting",
        f"oldest {Duration(round(found.get('oldest', 0) * speed))}",
        f"{graded:.{0 if graded >= 10 else 1}f} graded/min",
        f"{found.get('errors', 0):.1%} errors",
        f"{heartbeats} heartbeat{'s' * (heartbeats != 1)}",
    ]
    return ", ".join(parts)
