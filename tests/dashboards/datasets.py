"""Four states of the watched system as samples: busy, outage, quiet, empty. The same bytes on every run."""

from __future__ import annotations

import math

from exporter.catalogue import (
    ATTEMPTS,
    GRADER_GRADING_DURATION_SECONDS,
    GRADER_QUEUE_WAIT_SECONDS,
    GRADER_TURNAROUND_SECONDS,
    OUTCOMES,
    QUEUE_STATES,
    TIMELINESS,
    USER_WINDOWS,
    WORKER_STATES,
)
from policy.model import Policy
from tests.dashboards.day import END, OUTAGE, STEP, Day
from tests.dashboards.models import model
from tests.dashboards.neighbours import neighbours
from tests.dashboards.openmetrics import Samples
from tests.dashboards.people import people

NAMES = ("busy", "outage", "quiet", "empty")
WORKERS = 8
ASSIGNMENTS = {
    ("algorithms", "sorting"): (0.38, 0.2),
    ("algorithms", "graphs"): (0.27, 0.2),
    ("databases", "joins"): (0.2, 3.2),
    ("databases", "indexes"): (0.1, 0.2),
    ("statistics", "regression"): (0.05, 0.9),
}
"""Course and assignment: its share of what is handed in, and how many times as much of it is spoiled."""
BACKENDS = ("10.0.0.5:5000", "10.0.0.6:5000")
RESPONSE_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def samples(name: str, policy: Policy, hours: float) -> Samples:
    """The set's last `hours`."""
    count = int(hours * 3600 / STEP) + 1
    times = [END - (count - 1 - index) * STEP for index in range(count)]
    data = Samples(times)
    if name != "empty":
        day = Day(times, name)
        _monitoring(data, policy, day)
        _application(data, policy, day)
        _grader(data, policy, day)
        _objectives(data, policy, day)
        _health(data, policy, day)
        _forecasts(data, policy)
        neighbours(data, policy, day)
        people(data, policy, day)
        model(data, policy, day)
    return data


def _monitoring(data: Samples, policy: Policy, day: Day) -> None:
    application, sidecar = policy.job("application"), policy.job("exporter")
    data.gauge("up", 1, job=application, instance=BACKENDS[0])
    data.gauge("up", day.over(1, 0), job=application, instance=BACKENDS[1])
    data.gauge("up", 1, job=sidecar, instance="localhost:11910")
    data.gauge("up", 1, job="prometheus", instance="localhost:9090")
    for collector, seconds in (("submissions", 0.04), ("database", 0.012)):
        own = {"job": sidecar, "instance": "localhost:11910", "collector": collector}
        data.gauge("grader_exporter_collector_success", 1, **own)
        data.gauge(
            "grader_exporter_collector_duration_seconds",
            day.by(lambda load, broken, s=seconds: s * (1 + load) * (8 if broken else 1)),  # type: ignore[misc]
            **own,
        )
    _alert(data, policy, "Watchdog", "none", "none", "monitoring", "heartbeat", len(day.times) * STEP, day)
    if day.name == "outage":
        _alert(data, policy, "ServiceDown", "P1", "critical", "availability", "symptom", OUTAGE - 120, day)
        _alert(data, policy, "HighErrorRate", "P1", "critical", "errors", "symptom", OUTAGE - 300, day)
        _alert(data, policy, "GradingQueueStalled", "P2", "critical", "queue", "symptom", OUTAGE - 900, day)
        _alert(data, policy, "SlowResponseTime", "P2", "critical", "latency", "symptom", OUTAGE - 600, day)


def _alert(
    data: Samples,
    policy: Policy,
    name: str,
    priority: str,
    severity: str,
    category: str,
    kind: str,
    ago: float,
    day: Day,
) -> None:
    """An alert that has fired for `ago` seconds, with the steps of escalation that are due by now."""
    begin = END - ago
    steps = policy.priorities[priority].steps if priority in policy.priorities else ()  # type: ignore[index]
    due = [index for index, step in enumerate(steps) if step.after.seconds <= ago] or [0]
    for index in due:
        labels = {
            "alertname": name,
            "priority": priority,
            "severity": severity,
            "category": category,
            "alert_type": kind,
            "service": policy.service,
            "team": policy.team,
            "escalation": str(index),
        }
        if category in ("availability", "errors", "latency"):
            labels["job"] = policy.job("application")
        after = steps[index].after.seconds if steps else 0
        fires = [1.0 if t >= begin + after else None for t in day.times]
        data.gauge("ALERTS", fires, alertstate="firing", **labels)
        data.gauge("ALERTS_FOR_STATE", [begin + after if value else None for value in fires], **labels)


def _application(data: Samples, policy: Policy, day: Day) -> None:
    names, job = policy.application, policy.job("application")
    shares = {"200": 0.93, "304": 0.05, "404": 0.015, "422": 0.0046, "500": 0.0003, "503": 0.0001}
    for index, instance in enumerate(BACKENDS):
        target = {"job": job, "instance": instance}

        def rate(load: float, broken: bool, second: int = index) -> float:
            return 0.0 if broken and second else 45 * load

        for status, share in shares.items():
            spoiled = share * (250 if status[0] == "5" else 1)
            data.counter(
                names.requests,
                day.by(lambda load, b, s=share, w=spoiled: rate(load, b) * (w if b else s)),  # type: ignore[misc]
                **target,
                **{names.status_label: status},
            )
        shape = [
            (
                bound,
                day.by(lambda load, b, x=bound: _lognormal(x, (0.9 if b else 0.07) * (1 + load / 2), 0.9)),
            )  # type: ignore[misc]
            for bound in RESPONSE_BOUNDS
        ]
        data.histogram(names.duration, day.by(rate), shape, **target)
        data.counter(names.errors, day.by(lambda load, b: 45 * load * (0.03 if b else 0.001)), **target)
        data.counter(names.database_queries, day.by(lambda load, _: 300 * load), **target)
        data.counter(names.database_errors, day.by(lambda load, b: load * (3 if b else 0.02)), **target)
        data.counter("process_cpu_seconds_total", day.by(lambda load, _: 0.05 + 0.45 * load), **target)
        data.gauge(
            "process_resident_memory_bytes", day.by(lambda load, _: (0.9 + 0.6 * load) * 1e9), **target
        )


def _grader(data: Samples, policy: Policy, day: Day) -> None:
    target = {"job": policy.job("exporter"), "instance": "localhost:11910"}
    coming = day.by(lambda load, _: 0.9 * load)
    done = day.by(lambda load, broken: 0.9 * load * (0.12 if broken else 1))
    for attempt, share in zip(ATTEMPTS, (0.38, 0.62), strict=True):
        part = [c * share for c in coming]
        _by_assignment(data, "grader_submissions_total", part, attempt=attempt, **target)
    for when, share in zip(TIMELINESS, (0.94, 0.06), strict=True):
        _by_assignment(
            data, "grader_deadline_submissions_total", [c * share for c in coming], timeliness=when, **target
        )
    shares = {
        "accepted": 0.41,
        "partial": 0.24,
        "rejected": 0.2,
        "compile_error": 0.07,
        "runtime_error": 0.05,
    }
    shares |= {"time_limit": 0.025, "internal_error": 0.004, "other": 0.001}
    for outcome in OUTCOMES:
        share = shares.get(outcome, 0.0)
        bad = 25 if outcome == "internal_error" else 1
        rates = [d * share * (bad if b else 1) for d, b in zip(done, day.broken, strict=True)]
        _by_assignment(data, "grader_gradings_total", rates, outcome=outcome, **target)
    slow = day.by(lambda load, broken: (1 + 0.6 * load) * (6 if broken else 1))
    for family, middle, spread, labels in (
        (GRADER_GRADING_DURATION_SECONDS, 6.0, 0.8, {}),
        (GRADER_QUEUE_WAIT_SECONDS, 2.5, 1.0, {}),
        (GRADER_TURNAROUND_SECONDS, 9.5, 0.8, {"basis": "recorded"}),
    ):
        shape = [(bound, [_lognormal(bound, middle * s, spread) for s in slow]) for bound in family.buckets]
        data.histogram(family.name, done, shape, **labels, **target)
    _backlog(data, day, target)


def _by_assignment(data: Samples, name: str, rates: list[float], **labels: str) -> None:
    spoils = labels.get("outcome") == "internal_error"
    for (course, assignment), (share, worse) in ASSIGNMENTS.items():
        factor = share * (worse if spoils else 1)
        data.counter(name, [factor * r for r in rates], course=course, assignment=assignment, **labels)


def _backlog(data: Samples, day: Day, target: dict[str, str]) -> None:
    since = day.since()
    waiting = [round(6 * load + 0.8 * s * load) for load, s in zip(day.load, since, strict=True)]
    busy = [min(WORKERS, math.ceil(WORKERS * load * 0.8)) for load in day.load]
    busy = [2 if b else n for b, n in zip(day.broken, busy, strict=True)]
    oldest = [
        float(s) if s else min(w, 1) * (2 + 9 * load)
        for w, s, load in zip(waiting, since, day.load, strict=True)
    ]
    depth = {"waiting": waiting, "running": busy}
    age = {
        "waiting": oldest,
        "running": [n and 7.0 * (1 + load) for n, load in zip(busy, day.load, strict=True)],
    }
    for state in QUEUE_STATES:
        data.gauge("grader_queue_depth", depth[state], queue="grading", state=state, **target)
        data.gauge("grader_queue_oldest_age_seconds", age[state], queue="grading", state=state, **target)
    gone = day.over(0, 5)
    idle = [WORKERS - n - g for n, g in zip(busy, gone, strict=True)]
    known = {"busy": busy, "online": idle, "stale": gone}
    for state in WORKER_STATES:
        data.gauge("grader_workers", known.get(state, 0), state=state, **target)
    for window, most in zip(USER_WINDOWS, (240, 900), strict=True):
        data.gauge("grader_active_users", [round(most * load) for load in day.load], window=window, **target)
    own = {"database": "grader"} | target
    data.gauge("grader_database_up", 1, **own)
    data.gauge(
        "grader_database_query_duration_seconds",
        day.by(lambda load, b: 0.002 * (1 + load) * (9 if b else 1)),
        **own,
    )
    data.gauge("grader_database_size_bytes", 48e6, **own)
    data.gauge("grader_manual_grading_pending", 3, **target)
    newer = [None if t < END - 4 * 3600 else 1.0 for t in day.times]
    older = [1.0 if value is None else None for value in newer]
    data.gauge("grader_build_info", older, version="4.1.2", **target)
    data.gauge("grader_build_info", newer, version="4.2.0", **target)


def _objectives(data: Samples, policy: Policy, day: Day) -> None:
    for name, objective in policy.objectives.items():
        own = {"slo": name, "service": policy.service, "job": policy.job("application")}
        allowed = 1 - objective.target
        bad = day.by(lambda load, broken: 0.1 if broken else 0.0004 * (load > 0))
        data.gauge("slo:objective:ratio", objective.target, **own)
        data.gauge("slo:error_budget:ratio", allowed, **own)
        if day.name != "quiet":
            data.gauge("slo:current_burn_rate:ratio", [b / allowed for b in bad], **own)
            spent = [0.38 + s / OUTAGE * 0.55 for s in day.since()]
            data.gauge("slo:period_error_budget_remaining:ratio", [1 - s for s in spent], **own)
            period = objective.period.seconds
            lasts = [(1 - s) * period * allowed / b if b else None for s, b in zip(spent, bad, strict=True)]
            data.gauge("slo:error_budget_exhaustion:seconds", lasts, **own)
            tiers = [policy.burn_tiers[tier] for tier in objective.tiers or policy.burn_tiers]
            for window in {w for tier in tiers for w in (tier.short, tier.long)}:
                data.gauge(f"slo:sli_error:ratio_rate{window}", bad, **own)


def _health(data: Samples, policy: Policy, day: Day) -> None:
    """The parts of the score: what the outage breaks is down, the rest is well."""
    own = {"service": policy.service, "job": policy.job("application")}
    assert policy.health
    broken = {"availability": 0.5, "latency": 0.0, "errors": 0.0, "grading": 0.0, "cpu": 0.6}
    usual = {"latency": 0.94, "cpu": 0.97}
    weights = policy.health.parts
    whole = sum(part.weight for part in weights.values())
    score = [0.0] * len(day.times)
    for name, part in weights.items():
        values = day.over(usual.get(name, 1.0), broken.get(name, 1.0))
        data.gauge("service:health_part:ratio", values, part=name, **own)
        score = [s + 100 * v * part.weight / whole for s, v in zip(score, values, strict=True)]
    data.gauge("service:health_score:points", score, **own)


def _forecasts(data: Samples, policy: Policy) -> None:
    """What the rules make of months that no data set has."""
    assert policy.capacity
    for index, horizon in enumerate(policy.capacity.horizons):
        own = {"service": policy.service, "horizon": str(horizon)}
        host = own | {"job": policy.job("node"), "instance": "localhost:9100"}
        data.gauge("instance:filesystem_avail_forecast:bytes", 6e10 - 9e10 * index, mountpoint="/srv", **host)
        data.gauge("instance:memory_used_forecast:ratio", 0.58 + 0.09 * index, **host)
        grader = own | {"job": policy.job("exporter"), "instance": "localhost:11910", "database": "grader"}
        data.gauge("instance:database_size_forecast:bytes", 9e7 + 5e7 * index, **grader)
        data.gauge("instance:database_connections_forecast:ratio", 0.52 + 0.21 * index, **grader)
        data.gauge("job:requests_forecast:rate", 61.0 + 14 * index, job=policy.job("application"), **own)


def _lognormal(bound: float, middle: float, spread: float) -> float:
    """The share at or below `bound`."""
    return 0.5 * (1 + math.erf(math.log(bound / middle) / (spread * math.sqrt(2))))
