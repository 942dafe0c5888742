"""Prometheus' own configuration, and the flags with which it must be started."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from policy.model import Job, Policy
from rules import layout
from typedyaml.units import Duration

LONGEST_GRACE = Duration(60)


def grace_period(policy: Policy) -> Duration:
    """What --rules.alert.for-grace-period must be: at most the smallest `for`.

    After a restart a pending alert waits at least this long. The default of 10m would make a 15m step up to
    25m late; alerts whose `for` is shorter than the grace period lose their clock altogether.
    """
    waits = [alert.for_ for alert in policy.alerts.values()] + [t.for_ for t in policy.burn_tiers.values()]
    waits += [step.after for row in policy.priorities.values() for step in row.steps]
    return min([LONGEST_GRACE, *(wait for wait in waits if wait)])


def flags(policy: Policy) -> tuple[str, ...]:
    """Flags beyond --config.file that the rules rely on."""
    return (
        f"--rules.alert.for-grace-period={grace_period(policy)}",
        f"--storage.tsdb.retention.time={policy.retention}",
    )


def config(policy: Policy, header: str) -> str:
    """prometheus.yml: scrape jobs, rule files beside it, Alertmanager."""
    return shared_config([policy], header)


def shared_config(policies: Sequence[Policy], header: str) -> str:
    """The same for one Prometheus that watches several systems; a job that two policies name is there once.

    The first policy's rhythm is the server's; other jobs say their own.
    """
    flags = shared_flags(policies)
    notes = (
        f"{header}\n\nStart Prometheus with:\n"
        + "\n".join(f"  {flag}" for flag in flags)
        + "\n  --web.external-url=<the address people open>   (links in messages)"
        "\nA pair of servers: give each an external label `replica`, drop it with alert_relabel_configs,"
        "\nand let both send to every Alertmanager."
    )
    return layout.document(notes, _config(policies))


def shared_flags(policies: Sequence[Policy]) -> tuple[str, ...]:
    """Flags that suit every policy: the shortest grace period, the longest retention."""
    shortest = min(policies, key=grace_period)
    longest = max(policies, key=lambda policy: policy.retention)
    return flags(dataclasses.replace(shortest, retention=longest.retention))


def rhythm(policy: Policy, job: Job) -> Duration:
    """How often a job is scraped."""
    return job.interval or policy.scrape.interval


def _config(policies: Sequence[Policy]) -> dict[str, Any]:
    scrape = policies[0].scrape
    alertmanagers = (policy.scrape.jobs.get("alertmanager") for policy in policies)
    targets = list(dict.fromkeys(target for job in alertmanagers if job for target in job.targets))
    alerting = {"alertmanagers": [{"static_configs": [{"targets": targets}]}]} if targets else {}
    jobs = {job.job: (policy, job) for policy in reversed(policies) for job in policy.scrape.jobs.values()}
    order = dict.fromkeys(job.job for policy in policies for job in policy.scrape.jobs.values())
    return {
        "global": {"scrape_interval": str(scrape.interval), "evaluation_interval": str(scrape.evaluation)},
        "rule_files": ["*.rules.yaml"],
        **({"alerting": alerting} if alerting else {}),
        "scrape_configs": [_job(*jobs[name], scrape.interval) for name in order],
    }


def _job(policy: Policy, job: Job, usual: Duration) -> dict[str, Any]:
    interval = rhythm(policy, job)
    return {
        "job_name": job.job,
        **({"scrape_interval": str(interval)} if interval != usual else {}),
        "static_configs": [{"targets": list(job.targets)}],
    }
