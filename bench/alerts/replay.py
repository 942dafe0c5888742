"""What Prometheus makes of a true expression, from pending to resolved, and what Alertmanager sends of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.alerts.rhythm import STEP, Array
from bench.alerts.rulesets import Alert, Inhibition, RuleSet
from bench.alerts.world import Labels


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert of one series, from its first firing evaluation to the one at which it resolves (seconds)."""

    alert: Alert
    labels: Labels
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Notification:
    """One message at a moment (seconds): about the new alerts of a group; all, if repeated."""

    at: float
    priority: str
    about: frozenset[Firing]
    repeated: bool

    @property
    def names(self) -> frozenset[str]:
        """Names of the alerts that it tells."""
        return frozenset(firing.alert.name for firing in self.about)


def firings(alert: Alert, series: Mapping[Labels, Array]) -> Iterator[Firing]:
    """The firing periods of an alert; `series` holds its expression's values, NaN where it is not true.

    As in Prometheus' rules/alerting.go: `for` counts from the first evaluation with a result and starts anew
    after a gap; while `keep_firing_for` runs, a new result continues the alert without pending.
    """
    for labels, values in series.items():
        own = tuple(
            sorted(
                {
                    **{k: v for k, v in labels if k != "__name__"},
                    **dict(alert.labels),
                    "alertname": alert.name,
                }.items()
            )
        )
        fired: list[tuple[float, float]] = []
        for first, gone in _runs(~np.isnan(values)):
            start, end = first * STEP + alert.for_, gone * STEP
            if fired and first * STEP <= fired[-1][1]:
                fired[-1] = (fired[-1][0], end + alert.keep)
            elif start < end:
                fired.append((start, end + alert.keep))
        yield from (Firing(alert, own, start, end) for start, end in fired)


def _labels(alert: Alert, of_series: Labels) -> Labels:
    kept = {name: value for name, value in of_series if name != "__name__"}
    return tuple(sorted({**kept, **dict(alert.labels), "alertname": alert.name}.items()))


def _runs(true: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of each run of true evaluations."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], true, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def heard(rules: RuleSet, all_firings: Sequence[Firing]) -> list[Firing]:
    """The firings without the time in which they are inhibited."""
    left: list[Firing] = []
    for firing in all_firings:
        sources = _sources(rules.inhibitions, firing, all_firings)
        muted = sorted((source.start, source.end) for source in sources)
        left += _without(firing, muted)
    return left


def _sources(
    inhibitions: Iterable[Inhibition], target: Firing, candidates: Sequence[Firing]
) -> Iterator[Firing]:
    labels = dict(target.labels)
    for rule in inhibitions:
        if not _matches(rule.target, labels):
            continue
        for source in candidates:
            if source.end <= target.start or source.start >= target.end or source is target:
                continue
            theirs = dict(source.labels)
            same = all(theirs.get(label, "") == labels.get(label, "") for label in rule.equal)
            # As Alertmanager: an alert that matches both sides is not inhibited by another that does.
            if (
                same
                and _matches(rule.source, theirs)
                and not (_matches(rule.source, labels) and _matches(rule.target, theirs))
            ):
                yield source


def _matches(matchers: Iterable[tuple[str, str, str]], labels: Mapping[str, str]) -> bool:
    for name, operator, value in matchers:
        own = labels.get(name, "")
        good = own == value if operator in ("=", "!=") else re.fullmatch(value, own) is not None
        if good == operator.startswith("!"):
            return False
    return True


def _without(firing: Firing, muted: Sequence[tuple[float, float]]) -> Iterator[Firing]:
    start = firing.start
    for begin, end in muted:
        if begin > start:
            yield Firing(firing.alert, firing.labels, start, min(begin, firing.end))
        start = max(start, end)
        if start >= firing.end:
            return
    yield Firing(firing.alert, firing.labels, start, firing.end)


def notifications(rules: RuleSet, audible: Iterable[Firing]) -> list[Notification]:
    """Messages about firing alerts, per group: after the wait, when one joins, repeated while one fires."""
    groups: dict[tuple[str, ...], list[Firing]] = defaultdict(list)
    for firing in audible:
        labels = dict(firing.labels)
        groups[(firing.alert.priority, *(labels.get(name, "") for name in rules.grouped_by))].append(firing)
    sent = [
        note for members in groups.values() for note in _group(rules, sorted(members, key=lambda f: f.start))
    ]
    return sorted(sent, key=lambda note: note.at)


def _group(rules: RuleSet, members: Sequence[Firing]) -> Iterator[Notification]:
    """Alertmanager's dispatcher: flush `wait` after the first alert, then each `interval` while one fires."""
    priority = members[0].alert.priority
    wait, interval, repeat = rules.wait[priority], rules.interval[priority], rules.repeat[priority]
    left = list(members)
    while left:
        at, told, last = left[0].start + wait, set[Firing](), -np.inf
        while True:
            now = {firing for firing in members if firing.start <= at < firing.end}
            new = now - told
            if now and (new or at - last >= repeat):
                yield Notification(at, priority, frozenset(new or now), not new)
                told, last = told | now, at
            if not now:
                break
            at += interval
        left = [firing for firing in left if firing.start > at]
