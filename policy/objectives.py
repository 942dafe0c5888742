"""What objectives, forecasts and the health score mean together with the rest of a policy."""

from __future__ import annotations

from collections.abc import Iterator

from policy.model import Policy, Sli
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

_TAKES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "request_errors": ((), ()),
    "ratio": (("metric", "bad"), ("where",)),
    "latency": (("within",), ("metric", "where")),
    "availability": ((), ("metric", "where")),
    "freshness": (("metric", "within"), ("where",)),
}
"""Keys that an sli needs and may have, by its kind."""
WITHOUT_LIMITS = ("availability", "database")
"""Parts of the health score that are ratios by themselves."""

Doc = Document[Policy]
Faulty = Iterator[Fault]


def faults_of(doc: Doc) -> Faulty:
    """All faults of objectives, burn tiers, capacity and health."""
    yield from _objectives(doc)
    yield from _tiers(doc)
    yield from _capacity(doc)
    yield from _health(doc)


def _objectives(doc: Doc) -> Faulty:
    policy = doc.value
    names = dict.fromkeys(policy.alerts, "an alert")
    for name, objective in policy.objectives.items():
        at = ("objectives", name)
        if objective.alert in names:
            yield doc.fault(
                (*at, "alert"), f'"{objective.alert}" is already the name of {names[objective.alert]}'
            )
        names[objective.alert] = "another objective's alert"
        if objective.period > policy.retention:
            message = (
                f"period {objective.period} is longer than Prometheus keeps samples ({policy.retention})"
            )
            yield doc.fault((*at, "period"), message)
        yield from _sli(doc, name, objective.sli)
        if objective.tiers == ():
            yield doc.fault((*at, "tiers"), '"tiers" names no burn tier; without the key all of them count')
        for i, chosen in enumerate(objective.tiers or ()):
            if chosen not in policy.burn_tiers:
                yield doc.fault((*at, "tiers", i), unknown("burn tier", chosen, policy.burn_tiers))
        for tier in policy.burn_tiers.values():
            if tier.long >= objective.period:
                message = (
                    f"period {objective.period} is not longer than the window {tier.long} of a burn tier"
                )
                yield doc.fault((*at, "period"), message)
                break


def _tiers(doc: Doc) -> Faulty:
    longer: tuple[str, Duration] | None = None
    for name, tier in doc.value.burn_tiers.items():
        at = ("burn_tiers", name)
        if tier.priority not in doc.value.priorities and not doc.written("priorities", tier.priority):
            yield doc.fault((*at, "priority"), unknown("priority", tier.priority, doc.value.priorities))
        if tier.long.seconds != 12 * tier.short.seconds:
            message = f"short must be a twelfth of long ({tier.long / 12}), found {tier.short}"
            yield doc.fault((*at, "short"), message)
        if longer and tier.long <= longer[1]:
            yield doc.fault(
                (*at, "long"), f"tiers go from fast to slow: {name} must be longer than {longer[0]}"
            )
        longer = (name, tier.long)


def _sli(doc: Doc, name: str, sli: Sli) -> Faulty:
    at = ("objectives", name, "sli")
    jobs = doc.value.scrape.jobs
    if sli.job not in jobs and not doc.written("scrape", "jobs", sli.job):
        yield doc.fault((*at, "job"), unknown("job", sli.job, jobs))
    if sli.kind == "request_errors" and sli.job != "application":
        yield doc.fault((*at, "job"), "request_errors are the application's: choose ratio for another job")
    needed, allowed = _TAKES[sli.kind]
    for key in ("metric", "bad", "where", "within"):
        value = getattr(sli, key)
        if value is None and key in needed:
            yield doc.fault(at, f'kind {sli.kind} needs "{key}"')
        elif value is not None and key not in (*needed, *allowed):
            yield doc.fault((*at, key), f'kind {sli.kind} takes no "{key}"')
        elif value == {}:
            yield doc.fault((*at, key), f'"{key}" names no label')


def _capacity(doc: Doc) -> Faulty:
    capacity = doc.value.capacity
    if capacity is None:
        return
    if capacity.window > doc.value.retention:
        message = f"{capacity.window} is longer than Prometheus keeps samples ({doc.value.retention})"
        yield doc.fault(("capacity", "window"), message)
    if capacity.step > capacity.window / 10:
        message = (
            f"a line needs ten points: step may be at most {capacity.window / 10}, found {capacity.step}"
        )
        yield doc.fault(("capacity", "step"), message)
    for i, horizon in enumerate(capacity.horizons):
        if horizon in capacity.horizons[:i]:
            yield doc.fault(("capacity", "horizons", i), f"horizon {horizon} is there twice")


def _health(doc: Doc) -> Faulty:
    parts = doc.value.health.parts if doc.value.health else {}
    for name, part in parts.items():
        at = ("health", "parts", name)
        for key in ("good", "bad"):
            value = getattr(part, key)
            if value is None and name not in WITHOUT_LIMITS:
                yield doc.fault(at, f'{name} needs "good" and "bad"')
                break
            if value is not None and name in WITHOUT_LIMITS:
                yield doc.fault((*at, key), f'{name} is a ratio by itself and takes no "{key}"')
        if part.good and part.bad and _seconds(part.good) >= _seconds(part.bad):
            yield doc.fault((*at, "bad"), f"bad must be above good ({part.good}), found {part.bad}")


def _seconds(value: float | Duration) -> float:
    return value.seconds if isinstance(value, Duration) else value
