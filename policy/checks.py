"""What the parts of a policy mean together: references, the order of steps, deadlines of channels.

Each check yields the faults of one subject, with the place in the file. What only a renderer can know (a
rule's parameters, a feature that Alertmanager lacks) is refused there.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy import objectives
from policy.matrix_checks import escalation_faults
from policy.model import Policy, Priority
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

REQUIRED_JOBS = ("application", "exporter")
OWN_LABELS = frozenset(
    {"alertname", "priority", "severity", "service", "team", "category", "alert_type", "escalation"}
    | {"slo", "burn_tier", "long", "short"}
)
"""Labels that gradewatch sets; a policy must not set them by hand."""
PROMETHEUS_LABELS = frozenset({"alertstate"})
OLDEST = {"prometheus": (2, 42), "alertmanager": (0, 25)}
INHIBITED_WAIT = Duration(30)
"""A target must wait until its source has had time to arrive (prometheus/alertmanager#4064)."""

Doc = Document[Policy]
Faulty = Iterator[Fault]


def faults_of(doc: Doc) -> Faulty:
    """All faults of a policy whose types are right."""
    yield from _target(doc)
    yield from _lengths(doc)
    yield from _jobs(doc)
    yield from _alerts(doc)
    yield from objectives.faults_of(doc)
    yield from escalation_faults(doc)
    yield from _identity(doc)
    yield from _inhibit(doc)


def _target(doc: Doc) -> Faulty:
    for server, oldest in OLDEST.items():
        version = getattr(doc.value.target, server)
        if tuple(int(part) for part in version.split(".")) < oldest:
            need = ".".join(map(str, oldest))
            yield doc.fault(("target", server), f"{server} {version} is not supported; the oldest is {need}")


def _lengths(doc: Doc) -> Faulty:
    """Times that something happens in or after: of no length nothing could be built."""
    policy = doc.value
    lengths: dict[tuple[str | int, ...], Duration | None] = {
        ("retention",): policy.retention,
        ("scrape", "interval"): policy.scrape.interval,
        ("scrape", "evaluation"): policy.scrape.evaluation,
    }
    lengths |= {
        ("scrape", "jobs", name, "interval"): job.interval for name, job in policy.scrape.jobs.items()
    }
    for name, alert in policy.alerts.items():
        lengths |= {("alerts", name, key): getattr(alert, key) for key in ("window", "offset", "horizon")}
    for name, row in policy.priorities.items():
        at = ("priorities", name)
        lengths |= {(*at, key): getattr(row, key) for key in ("group_interval", "repeat_interval")}
        lengths |= {(*at, "steps", i, "repeat"): step.repeat for i, step in enumerate(row.steps)}
    for name, objective in policy.objectives.items():
        lengths["objectives", name, "sli", "within"] = objective.sli.within
    for name, tier in policy.burn_tiers.items():
        lengths |= {("burn_tiers", name, key): getattr(tier, key) for key in ("long", "short")}
    if policy.capacity:
        lengths |= {("capacity", key): getattr(policy.capacity, key) for key in ("window", "step")}
        lengths |= {("capacity", "horizons", i): h for i, h in enumerate(policy.capacity.horizons)}
    if policy.health:
        lengths["health", "window"] = policy.health.window
    for path, length in lengths.items():
        if length is not None and not length:
            key = next(part for part in reversed(path) if isinstance(part, str))
            yield doc.fault(path, f"{key} must be longer than 0s")


def _jobs(doc: Doc) -> Faulty:
    jobs = doc.value.scrape.jobs
    for purpose in REQUIRED_JOBS:
        if purpose not in jobs:
            yield doc.fault(("scrape", "jobs"), f'required job "{purpose}" is missing')
    seen: dict[str, str] = {}
    for purpose, job in jobs.items():
        if job.job in seen:
            where = ("scrape", "jobs", purpose, "job")
            yield doc.fault(where, f'job "{job.job}" is already the name of "{seen[job.job]}"')
        seen.setdefault(job.job, purpose)


def _alerts(doc: Doc) -> Faulty:
    for name, alert in doc.value.alerts.items():
        if alert.priority not in doc.value.priorities and not doc.written("priorities", alert.priority):
            where = ("alerts", name, "priority")
            yield doc.fault(where, unknown("priority", alert.priority, doc.value.priorities))
        if alert.above is not None and alert.below is not None:
            yield doc.fault(("alerts", name, "below"), f"{name} has both above and below; choose one")
        for label in alert.labels:
            if label in OWN_LABELS:
                message = f'label "{label}" is set by gradewatch itself'
            elif label in PROMETHEUS_LABELS or label.startswith("__"):
                message = f'label "{label}" is Prometheus\' own'
            else:
                continue
            yield doc.fault(("alerts", name, "labels", label), message)


def _identity(doc: Doc) -> Faulty:
    for label in ("alertname", "service"):
        if label not in doc.value.identity:
            yield doc.fault(("identity",), f'identity must contain "{label}": acknowledgements go by it')


def _inhibit(doc: Doc) -> Faulty:
    policy = doc.value
    alerts = {*policy.alerts, *(objective.alert for objective in policy.objectives.values())}
    for i, rule in enumerate(policy.inhibit):
        at = ("inhibit", i)
        for place, name in (
            (("source",), rule.source),
            *((("targets", "alerts", j), n) for j, n in enumerate(rule.targets.alerts)),
        ):
            if name not in alerts and not doc.written("alerts", name):
                yield doc.fault((*at, *place), unknown("alert", name, alerts))
        if bool(rule.targets.priorities) == bool(rule.targets.alerts):
            yield doc.fault((*at, "targets"), "targets must name either priorities or alerts")
        if rule.source in rule.targets.alerts:
            yield doc.fault((*at, "targets"), f"{rule.source} must not silence itself")
        if "service" not in rule.equal:
            yield doc.fault((*at, "equal"), 'equal must contain "service", or one system silences another')
        yield from _inhibited_priorities(doc, i)


def _inhibited_priorities(doc: Doc, i: int) -> Faulty:
    """No rule silences a more urgent priority, or one that is sent before its source can arrive.

    A target whose `for` is longer than its source's by that time needs no wait: the source is there already.
    """
    policy, rule = doc.value, doc.value.inhibit[i]
    sources = _grades(policy, rule.source)
    listed = [grade for name in rule.targets.alerts for grade in _grades(policy, name)]
    least = max((priority for priority, _ in sources), default=None)
    soon = max((for_.seconds for _, for_ in sources), default=0.0) + INHIBITED_WAIT.seconds
    late = {priority for priority, _ in listed} - {p for p, for_ in listed if for_.seconds < soon}
    targets = {*rule.targets.priorities, *(priority for priority, _ in listed)}
    for priority in sorted(targets & policy.priorities.keys()):
        if least and priority < least:
            message = f"{rule.source} ({least}) must not silence {priority}, which is more urgent"
            yield doc.fault(("inhibit", i, "targets"), message)
        wait = policy.priorities[priority].group_wait
        if wait < INHIBITED_WAIT and priority not in late:
            message = f"{rule.source} can silence {priority}: wait at least {INHIBITED_WAIT}, found {wait}"
            yield doc.fault(("priorities", priority, "group_wait"), message)


def _grades(policy: Policy, name: str) -> list[tuple[Priority, Duration]]:
    """Priority and `for` of an alert; an objective's has one a tier."""
    if alert := policy.alerts.get(name):
        return [(alert.priority, alert.for_)]
    promises = [promise for promise in policy.objectives.values() if promise.alert == name]
    tiers = {tier for found in promises for tier in found.tiers or policy.burn_tiers}
    return [(t.priority, t.for_) for name, t in policy.burn_tiers.items() if name in tiers]
