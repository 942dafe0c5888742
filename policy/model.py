"""The types of a policy: frozen values, no behaviour beyond look-ups. The YAML file has the same shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from msgspec import Meta

from policy.contacts import Channel, ChannelPolicy, Contact, Delivery, Heartbeat
from policy.escalation import Holidays, Hours, PriorityPolicy, ReadySet
from policy.outputs import Outputs
from policy.scalars import (
    Address,
    AlertName,
    LabelName,
    MetricName,
    Name,
    Positive,
    Ratio,
    Url,
    Version,
)
from policy.scalars import Priority as Priority  # noqa: PLC0414  read from here by all who read policies
from policy.scalars import Severity as Severity  # noqa: PLC0414
from typedyaml.units import Duration

AlertType = Literal["symptom", "cause", "heartbeat"]
Category = Literal[
    "availability",
    "latency",
    "errors",
    "throughput",
    "saturation",
    "grading",
    "database",
    "queue",
    "cache",
    "storage",
    "model",
    "security",
    "backup",
    "certificate",
    "support",
    "compliance",
    "capacity",
    "monitoring",
]


@dataclass(frozen=True, slots=True)
class Target:
    """The oldest servers that must understand what is built."""

    prometheus: Version = "2.53"
    alertmanager: Version = "0.28"


@dataclass(frozen=True, slots=True)
class Links:
    """Bases of the links in messages; a runbook is `<runbooks>/<AlertName>`."""

    runbooks: Url
    dashboards: Url
    alertmanager: Url


@dataclass(frozen=True, slots=True)
class Job:
    """A Prometheus scrape job; `interval` overrides the global one."""

    job: Name
    targets: Annotated[tuple[Address, ...], Meta(min_length=1)]
    interval: Duration | None = None
    series: Annotated[int, Meta(ge=1)] | None = None
    """How many a target exposes; only a budget needs it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much Prometheus may store; a sample takes 1 to 2 bytes on disk."""

    bytes_per_month: Positive
    bytes_per_sample: Positive = 2


@dataclass(frozen=True, slots=True)
class Scrape:
    interval: Duration
    evaluation: Duration
    jobs: dict[Name, Job]
    """By purpose: `application` and `exporter` are required, the rest are neighbours."""
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """Names of the watched application's own metrics: of HTTP, and counters of its errors inside."""

    requests: MetricName = "http_requests_total"
    status_label: LabelName = "status"
    duration: MetricName = "http_request_duration_seconds"
    errors: MetricName = "application_errors_total"
    database_queries: MetricName = "application_database_queries_total"
    database_errors: MetricName = "application_database_errors_total"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert's figures. Which of them it takes is the rule's affair."""

    priority: Priority
    category: Category
    type: AlertType
    for_: Duration
    keep_firing_for: Duration | None = None
    above: float | Duration | None = None
    below: float | Duration | None = None
    window: Duration | None = None
    minimum: Positive | None = None
    quantile: Ratio | None = None
    offset: Duration | None = None
    horizon: Duration | None = None
    limits: dict[str, float | Duration] = field(default_factory=dict)
    labels: dict[LabelName, str] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Sli:
    """What counts as a bad event; `job` is the purpose of the scrape job that has the series.

    request_errors: the application's 5xx answers among all answers. ratio: series of the counter `metric`
    that match `bad`. latency: observations of the histogram `metric` (the application's response times)
    longer than `within`, one of its buckets. availability: samples of the gauge `metric` (`up`) that are 0.
    freshness: samples of `metric`, an age in seconds, over `within`. `where` chooses series; a matcher's
    value may be a regular expression.
    """

    kind: Literal["request_errors", "ratio", "latency", "availability", "freshness"]
    job: Name = "application"
    metric: MetricName | None = None
    bad: dict[LabelName, str] | None = None
    where: dict[LabelName, str] | None = None
    within: Duration | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """A promise over a period: `target` is the least share of good events."""

    title: str
    alert: AlertName
    category: Category
    target: Ratio
    period: Duration
    sli: Sli
    minimum: Positive = 60
    tiers: tuple[Name, ...] | None = None
    """Names of `burn_tiers`; all of them when not given."""


@dataclass(frozen=True, slots=True)
class BurnTier:
    """One pair of windows of the SRE workbook; `budget` is the share of the error budget spent in `long`."""

    long: Duration
    short: Duration
    budget: Ratio
    for_: Duration
    priority: Priority = "P1"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Forecasts: a line through the samples of `window`, one every `step`, to each of the `horizons`."""

    window: Duration
    step: Duration
    horizons: Annotated[tuple[Duration, ...], Meta(min_length=1)]


HealthPartName = Literal["availability", "latency", "errors", "grading", "database", "cpu", "memory", "disk"]


@dataclass(frozen=True, slots=True)
class HealthPart:
    """A part of the health score: full up to `good`, nothing from `bad` on."""

    weight: Positive
    good: Positive | Duration | None = None
    bad: Positive | Duration | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The health score from 0 to 100: the weighted mean of its parts; rates are taken over `window`."""

    window: Duration
    parts: Annotated[dict[HealthPartName, HealthPart], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class InhibitTargets:
    """Either priorities or alert names."""

    priorities: tuple[Priority, ...] = ()
    alerts: tuple[AlertName, ...] = ()


@dataclass(frozen=True, slots=True)
class Inhibition:
    source: AlertName
    targets: InhibitTargets
    equal: Annotated[tuple[LabelName, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything promised about one watched system, and who is called when."""

    policy: Name
    title: str
    service: Name
    team: Name
    links: Links
    scrape: Scrape
    alerts: dict[AlertName, Alert]
    channels: dict[Channel, ChannelPolicy]
    contacts: dict[Name, Contact]
    delivery: Delivery
    unrouted: Name
    retention: Duration
    priorities: dict[Priority, PriorityPolicy] = field(default_factory=dict)
    matrix: ReadySet | None = None
    """A ready set in place of `priorities`."""
    hours: dict[Name, Hours] = field(default_factory=dict)
    holidays: Holidays | None = None
    target: Target = Target()
    application: Application = Application()
    objectives: dict[Name, Objective] = field(default_factory=dict)
    burn_tiers: dict[Name, BurnTier] = field(default_factory=dict)
    capacity: Capacity | None = None
    health: Health | None = None
    heartbeat: Heartbeat | None = None
    outputs: Outputs = field(default_factory=Outputs)
    notify_within: dict[AlertName, Duration] = field(default_factory=dict)
    """The latest that a message may leave after the fault, by alert; added up at build time."""
    identity: tuple[LabelName, ...] = ("alertname", "service")
    inhibit: tuple[Inhibition, ...] = ()

    def tiers(self, objective: Objective) -> tuple[str, ...]:
        """The burn tiers of an objective that can fire: an error ratio is never above 1. The others are not
        built (rules/burn.py names them)."""
        chosen = self.burn_tiers if objective.tiers is None else objective.tiers
        return tuple(
            name
            for name in chosen
            if (tier := self.burn_tiers[name])
            and tier.budget * objective.period.seconds / tier.long.seconds * (1 - objective.target) < 1
        )

    def inhibitions(self) -> tuple[Inhibition, ...]:
        """Those of `inhibit` between alerts that are switched on: what is not built silences nobody."""
        off = {name for name, alert in self.alerts.items() if not alert.enabled}
        kept = []
        for rule in self.inhibit:
            alerts = tuple(name for name in rule.targets.alerts if name not in off)
            if rule.source not in off and (alerts or rule.targets.priorities):
                kept.append(replace(rule, targets=replace(rule.targets, alerts=alerts)))
        return tuple(kept)

    def job(self, purpose: str) -> str:
        """The `job` label of a scrape job by purpose (`application`, `exporter`, ...)."""
        return self.scrape.jobs[purpose].job
