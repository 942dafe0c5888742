"""Mutants that mean the same as their rule, so that no test can notice them; each with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Patterns of the rule's title and of the change, from the beginning, and why nothing is changed."""

    rule: str
    change: str
    why: str


_REQUESTS = "ClientErrorRateHigh|ErrorRateElevated|HighErrorRate|ServerErrorsOverTarget"
_PERCENTILES = (
    "PredictionLatencyHigh|SlowMedianResponse|SlowResponseTime|SlowTailResponse|VerySlowResponseTime"
)
_SCORES = "ModelAccuracyLow|ModelAucLow|ModelBrierHigh|ModelF1Low|ModelPrecisionLow|ModelRecallLow"
_DISKS = "DiskFullSoon|DiskSpaceCritical|DiskSpaceLow"
_TWO_SIDES = (
    "AlertsNotSent|ApplicationErrorRateHigh|AuditLogTruncated|BackupShrunk|CacheHitRatioLow|CacheMemoryFull|"
    "ConnectionPoolExhausted|DatabaseErrorRateHigh|GradesDisagree|GradingFailures|GradingStopped|HostMemoryHigh|"
    "IncidentReportLate|MeanResponseTimeHigh|ModelPredictionDrift|NetworkSaturated|NotificationsFailing|"
    "QueueJobsFailing|QueueNearCapacity|TrafficStopped"
)
_SUM_OR_MAX = (
    "it is compared with 0 and not told: a sum of what is not negative is 0 when the largest of it is"
)

EQUIVALENT: tuple[Equivalent, ...] = (
    Equivalent(
        rf"({_TWO_SIDES}|{_REQUESTS}|{_PERCENTILES}|{_SCORES}|{_DISKS}) 0$",
        r"matcher dropped: job=",
        "the other sides still select the job, and sides are matched by it",
    ),
    Equivalent(
        rf"({_DISKS}) 0$",
        r"matcher (dropped: , fstype|value \"tmpfs)",
        "the other sides still leave out the type, and sides are matched by it",
    ),
    Equivalent(
        r"BackupMissing 0$",
        r"(label of on\(\) dropped: job,|matcher dropped: job=\"gradewatch\" \(2\))",
        "both sides select the job, and sides are matched by it: either alone is enough",
    ),
    Equivalent(
        r"TrafficStopped 0$",
        r"label of on\(\) dropped: job",
        "each side selects one job and has one series",
    ),
    Equivalent(
        r"BackupShrunk 0$",
        r"(guard dropped: > 0|operator > -> >=)",
        "the mean holds the newest size: where it is 0 both are, and 0/0 is not under any limit",
    ),
    Equivalent(
        r"ErrorsAtLowVolume 0$",
        r"matcher dropped: (, )?(job|service|slo)=",
        "the other side still selects it, and sides are matched by all labels",
    ),
    Equivalent(
        r"(GradingStopped|ModelLogStalled|OutOfMemoryKill|SidecarCountingRestarted|TrafficStopped) 0$",
        r"function increase( \(1\))? -> rate",
        "it is compared with 0 and not told: a rate is 0 when its increase is",
    ),
    *(
        Equivalent(rf"{rule} 0$", rf"function sum{which} -> max", _SUM_OR_MAX)
        for rule, which in (
            ("GradingStopped", r" \(2\)"),
            ("RollbackRequired", r" \((1|7|8)\)"),
            ("(ModelLogStalled|TrafficStopped)", ""),
        )
    ),
    Equivalent(
        r"RollbackRequired 0$",
        r"(matcher dropped: job=\"auto-grader-backend\"( \([3-6]\)|,)|function rate \(3\) -> increase)",
        "as for the alerts on errors and on percentiles",
    ),
    Equivalent(
        r"\w+BudgetBurn \w+ 0$",
        r"matcher dropped: (, )?(job|service|slo)=",
        "the other sides still select it, and sides are matched by all labels",
    ),
    Equivalent(
        r"slo:(sli_error|current_burn_rate|period_error_budget_remaining|error_budget_exhaustion):",
        r"matcher dropped: (, )?(job|service|slo)=",
        "the other sides still select it, and sides are matched by all labels",
    ),
    Equivalent(
        r"slo:events_bad:increase\w+ (availability|grading-success)$",
        r"function (increase \(2\) -> rate|sum \(2\) -> max)",
        "0 times anything is 0",
    ),
    Equivalent(
        r"(instance:\w+|job:requests)_forecast:",
        r"matcher (dropped: (, )?(job|fstype)=|dropped: , fstype|value \"tmpfs)",
        "the other sides still select it, and sides are matched by it",
    ),
    Equivalent(
        r"job:requests_forecast:",
        r"function count -> sum",
        "it only matters whether the service was there then",
    ),
    Equivalent(
        r"ThroughputBelowDemand 0$",
        r"matcher dropped: job=\"nginx\"",
        "the other side still selects the job, and sides are matched by it",
    ),
    Equivalent(
        r"service_priority:incidents_(open|begun):",
        r"function count -> sum",
        "each incident is a 1: group by () makes it so",
    ),
    Equivalent(
        r"service_priority:incident_resolve_seconds:",
        r"matcher dropped: service=",
        "the other side still selects the service, and sides are matched by it",
    ),
    Equivalent(
        r"service:health_part:ratio (memory|disk)$",
        r"matcher (dropped: (job=|, fstype)|value \"tmpfs)",
        "the other side still selects it, and sides are matched by it",
    ),
    Equivalent(
        r"service:health_part:ratio latency$",
        r"(function max \(2\) -> min|label of by\(\) dropped: job,)",
        "one job is selected, which has one percentile",
    ),
    Equivalent(
        r"service:health_part:ratio latency$",
        r"function rate -> increase",
        "a percentile depends on the shares of the buckets, which a common factor leaves as they are",
    ),
    Equivalent(
        r"service:health_score:",
        r"matcher dropped: (, )?(job|service)=",
        "the other side still selects it, and sides are matched by all labels",
    ),
    Equivalent(
        r"service_priority:incidents_begun:",
        r"matcher (dropped: (, service=\"auto-grader\"|priority!=\"none\",)|value \"none\") \(2\)",
        "the first side still selects it, and sides are matched by it",
    ),
    Equivalent(
        r"service_priority:incidents_begun:",
        r"offset 15s -> 7s500ms",
        "half an evaluation ago the newest sample is that of one evaluation ago",
    ),
    Equivalent(
        r"service:health_part:ratio errors$",
        r"(function (rate|sum) \(2\)|matcher dropped: job=\S+ \(2\)|operator \*|window \S+ \(2\) -> \[25m\])",
        "0 times anything is 0, and where nobody asks the other side leaves the part out",
    ),
    Equivalent(
        r"slo:events_bad:increase\w+ latency$",
        r"matcher dropped: job=",
        "the other side still selects the job, and sides are matched by it",
    ),
    Equivalent(
        r"slo:samples_bad:count ",
        r"(function count \(2\) -> sum|operator \* -> /)",
        "0 times or through what is not 0 is 0",
    ),
    Equivalent(
        r"Watchdog 0$",
        r"figure",
        "it fires whatever its value",
    ),
    Equivalent(
        rf"({_PERCENTILES}) 0$",
        r"function rate -> increase",
        "a percentile depends on the shares of the buckets, which a common factor leaves as they are",
    ),
)


def entry(title: str, change: str) -> Equivalent | None:
    """The entry that says why no test can notice this change of this rule."""
    found = (e for e in EQUIVALENT if re.match(e.rule, title) and re.match(e.change, change))
    return next(found, None)
