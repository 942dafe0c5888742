"""What stands beside the grader: host, MySQL, Redis, broker, backups, Prometheus, Alertmanager."""

from __future__ import annotations

import math

from exporter.catalogue import ERROR_REASONS, HEARTBEAT_STATS
from policy.model import Policy
from tests.dashboards.day import END, Day
from tests.dashboards.openmetrics import Samples

QUEUES = ("grading-cpu", "grading-gpu", "feedback")
CHANNELS = {"pagerduty": 0.0002, "email": 0.002, "slack": 0.001, "webhook": 0.0004}
HOUR, DAY = 3600, 86400
GB = 1e9


def neighbours(data: Samples, policy: Policy, day: Day) -> None:
    """Their series, as their exporters name them."""
    target = {"job": policy.job("exporter"), "instance": "localhost:11910"}
    _database(data, day, target)
    _broker(data, day, target)
    _backups(data, day, target)
    _probes(data, day, target)
    for purpose, write in (("node", _host), ("mysql", _mysql), ("redis", _redis)):
        if purpose in policy.scrape.jobs:
            own = _target(policy, purpose)
            data.gauge("up", 1, **own)
            write(data, day, own)
    _prometheus(data, day, {"job": policy.job("prometheus"), "instance": "localhost:9090"})
    own = _target(policy, "alertmanager")
    data.gauge("up", 1, **own)
    _alertmanager(data, day, own)


def _target(policy: Policy, purpose: str) -> dict[str, str]:
    job = policy.scrape.jobs[purpose]
    return {"job": job.job, "instance": job.targets[0]}


def _database(data: Samples, day: Day, target: dict[str, str]) -> None:
    own = {"database": "grader"} | target
    busy = day.by(lambda load, broken: round(12 + 55 * load + (70 if broken else 0)))
    data.gauge("grader_database_connections", busy, **own)
    data.gauge("grader_database_connections_max", 151, **own)
    data.gauge("grader_database_long_queries", day.over(0, 3), **own)
    longest = [0.4 + 0.9 * load + s * 0.6 for load, s in zip(day.load, day.since(), strict=True)]
    data.gauge("grader_database_longest_query_seconds", longest, **own)
    data.gauge("grader_database_replication_lag_seconds", day.by(lambda load, b: 0.3 * load + 40 * b), **own)
    for reason in ERROR_REASONS:
        bad = 0.05 if reason == "timeout" else 0.0
        data.counter("grader_database_connect_errors_total", day.over(0, bad), reason=reason, **own)


def _broker(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.gauge("grader_broker_up", 1, broker="jobs", **target)
    data.gauge("grader_queue_scan_truncated", 0, broker="jobs", **target)
    for index, queue in enumerate(QUEUES):
        own = {"queue": queue} | target
        share = (0.6, 0.3, 0.1)[index]
        since = [s * (index == 0) for s in day.since()]
        depth = [round(14 * load * share + 0.3 * s) for load, s in zip(day.load, since, strict=True)]
        for state, values in (("waiting", depth), ("running", [min(n, 6) for n in depth])):
            data.gauge("grader_queue_depth", values, state=state, **own)
            age = [
                float(s) or 2.0 * (n > 0) * (state == "waiting") for n, s in zip(values, since, strict=True)
            ]
            data.gauge("grader_queue_oldest_age_seconds", age, state=state, **own)
        data.gauge("grader_queue_consumers", day.over(4 - index, 0 if index == 0 else 4 - index), **own)
        data.gauge("grader_queue_jobs_failed", day.over(0, 7 if index == 0 else 0), **own)
        data.gauge("grader_queue_capacity", 1000, **own)
        rate = day.by(lambda load, broken, s=share: 0.9 * load * s * (0.12 if broken else 1))  # type: ignore[misc]
        data.counter("grader_queue_processed_total", rate, **own)
        data.counter("grader_queue_failed_total", day.over(0, 0.02 * share), **own)
    for stat, normal in zip(HEARTBEAT_STATS, (1.0, 6.0), strict=True):
        ages = [normal + (s if stat == "max" else 0) for s in day.since()]
        data.gauge("grader_worker_heartbeat_age_seconds", ages, stat=stat, **target)


def _backups(data: Samples, day: Day, target: dict[str, str]) -> None:
    late = 33.0 if day.name == "outage" else 9.2
    for name, hours, size in (("database", 9.5, 2.1), ("submissions", late, 14.0)):
        own = {"backup": name} | target
        data.gauge("grader_backup_last_success_timestamp_seconds", END - hours * HOUR, **own)
        data.gauge("grader_backup_last_attempt_timestamp_seconds", END - 9.5 * HOUR, **own)
        data.gauge("grader_backup_last_success", float(hours < 24), **own)
        data.gauge("grader_backup_size_bytes", size * GB, **own)


def _probes(data: Samples, day: Day, target: dict[str, str]) -> None:
    for index, (probe, usual) in enumerate((("page", 0.7), ("submission", 0.9), ("login", 0.3))):
        own = {"probe": probe} | target
        data.gauge("grader_probe_up", day.over(1, float(probe == "login")), **own)
        seconds = day.by(lambda load, broken, u=usual: u * (1 + load / 2) * (6 if broken else 1))  # type: ignore[misc]
        data.gauge("grader_probe_duration_seconds", seconds, **own)
        ends = END + (38 + 20 * index) * DAY
        data.gauge("grader_probe_certificate_not_after_timestamp_seconds", ends, **own)
    for check in ("orphans", "grade-sums"):
        data.gauge("grader_check_failures", 0, check=check, **target)


def _host(data: Samples, day: Day, target: dict[str, str]) -> None:
    for cpu in range(4):
        work = day.by(lambda load, broken: min(0.95, 0.08 + 0.5 * load + 0.3 * broken))
        own = {"cpu": str(cpu)} | target
        data.counter("node_cpu_seconds_total", [1 - w for w in work], mode="idle", **own)
        data.counter("node_cpu_seconds_total", [w * 0.8 for w in work], mode="user", **own)
        data.counter("node_cpu_seconds_total", [w * 0.2 for w in work], mode="system", **own)
    data.gauge("node_memory_MemTotal_bytes", 32 * GB, **target)
    free = day.by(lambda load, broken: (32 - 11 - 6 * load - 4 * broken) * GB)
    data.gauge("node_memory_MemAvailable_bytes", free, **target)
    for device, mount, whole, used, grows in (("sda1", "/", 80, 31, 0.01), ("sdb1", "/srv", 500, 290, 0.05)):
        own = {"device": f"/dev/{device}", "fstype": "ext4", "mountpoint": mount} | target
        data.gauge("node_filesystem_size_bytes", whole * GB, **own)
        left = [(whole - used - grows * (t - day.times[0]) / HOUR) * GB for t in day.times]
        data.gauge("node_filesystem_avail_bytes", left, **own)
    own = {"device": "eth0"} | target
    data.counter("node_vmstat_oom_kill", day.over(0, 1 / 1800), **target)
    data.gauge("node_network_speed_bytes", 125e6, **own)
    data.counter("node_network_receive_bytes_total", day.by(lambda load, _: 2e5 + 9e6 * load), **own)
    data.counter("node_network_transmit_bytes_total", day.by(lambda load, _: 3e5 + 2.5e7 * load), **own)


def _mysql(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.gauge("mysql_up", 1, **target)
    data.counter("mysql_global_status_queries", day.by(lambda load, _: 20 + 700 * load), **target)
    slow = day.by(lambda load, broken: 0.02 * load + (4 if broken else 0))
    data.counter("mysql_global_status_slow_queries", slow, **target)


def _redis(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.gauge("redis_up", 1, **target)
    data.counter(
        "redis_keyspace_hits_total", day.by(lambda load, b: 900 * load * (0.6 if b else 0.93)), **target
    )
    data.counter(
        "redis_keyspace_misses_total", day.by(lambda load, b: 900 * load * (0.4 if b else 0.07)), **target
    )
    data.gauge("redis_memory_used_bytes", day.by(lambda load, _: (0.4 + 0.9 * load) * GB), **target)
    data.gauge("redis_memory_max_bytes", 4 * GB, **target)


def _prometheus(data: Samples, day: Day, target: dict[str, str]) -> None:
    for group in ("gradewatch-queue", "slo-availability"):
        own = {"rule_group": group} | target
        data.gauge(
            "prometheus_rule_group_last_duration_seconds", day.by(lambda load, _: 0.02 + 0.1 * load), **own
        )
        data.gauge("prometheus_rule_group_interval_seconds", 15, **own)
        data.counter("prometheus_rule_evaluation_failures_total", 0.0, **own)
        data.counter("prometheus_rule_group_iterations_missed_total", 0.0, **own)
    data.counter("prometheus_notifications_dropped_total", 0.0, **target)
    data.gauge("prometheus_notifications_alertmanagers_discovered", 1, **target)
    to = {"alertmanager": "http://localhost:9093/api/v2/alerts"} | target
    sent = 0.0 if day.name == "quiet" else day.over(0.03, 0.3)
    data.counter("prometheus_notifications_sent_total", sent, **to)
    data.counter("prometheus_notifications_errors_total", day.over(0, 0.01), **to)


def _alertmanager(data: Samples, day: Day, target: dict[str, str]) -> None:
    data.gauge("alertmanager_silences", day.over(1, 2), state="active", **target)
    for integration, usual in CHANNELS.items():
        own = {"integration": integration} | target
        rates = day.by(lambda load, broken, u=usual: 0.0 if not load else u * (20 if broken else 1))  # type: ignore[misc]
        data.counter("alertmanager_notifications_total", rates, **own)
        refused = [r * 0.2 * (integration == "slack") for r in day.over(0, 0.01)]
        data.counter("alertmanager_notifications_failed_total", refused, reason="other", **own)
        shape = [(bound, 1 - math.exp(-bound / 0.4)) for bound in (1.0, 5.0, 10.0, 15.0, 20.0)]
        data.histogram("alertmanager_notification_latency_seconds", rates, shape, **own)
