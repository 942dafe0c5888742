"""Prometheus' own configuration, and the flags with which it must be started."""

from __future__ import annotations

from typing import Any

from policy.model import Policy
from rules import layout
from typedyaml.units import Duration

LONGEST_GRACE = Duration(60)


def grace_period(policy: Policy) -> Duration:
    """What --rules.alert.for-grace-period must be: at most the smallest `for`.

    After a restart a pending alert waits at least this long. The default of 10m would make a 15m step up to
    25m late; alerts whose `for` is shorter than the grace period lose their clock altogether.
    """
    waits = [alert.for_ for alert in policy.alerts.values()] + [t.for_ for t in policy.burn_tiers.values()]
    return min([LONGEST_GRACE, *(wait for wait in waits if wait)])


def flags(policy: Policy) -> tuple[str, ...]:
    """Flags beyond --config.file that the rules rely on."""
    return (
        f"--rules.alert.for-grace-period={grace_period(policy)}",
        f"--storage.tsdb.retention.time={policy.retention}",
    )


def config(policy: Policy, header: str) -> str:
    """prometheus.yml: scrape jobs, rule files beside it, Alertmanager."""
    notes = (
        f"{header}\n\nStart Prometheus with:\n"
        + "\n".join(f"  {flag}" for flag in flags(policy))
        + "\n  --web.external-url=<the address people open>   (links in messages)"
        "\nA pair of servers: give each an external label `replica`, drop it with alert_relabel_configs,"
        "\nand let both send to every Alertmanager."
    )
    return layout.document(notes, _config(policy))


def _config(policy: Policy) -> dict[str, Any]:
    scrape = policy.scrape
    alertmanager = scrape.jobs.get("alertmanager")
    targets = list(alertmanager.targets) if alertmanager else []
    alerting = {"alertmanagers": [{"static_configs": [{"targets": targets}]}]} if targets else {}
    return {
        "global": {"scrape_interval": str(scrape.interval), "evaluation_interval": str(scrape.evaluation)},
        "rule_files": ["*.rules.yaml"],
        **({"alerting": alerting} if alerting else {}),
        "scrape_configs": [
            {
                "job_name": job.job,
                **({"scrape_interval": str(job.interval)} if job.interval else {}),
                "static_configs": [{"targets": list(job.targets)}],
            }
            for job in scrape.jobs.values()
        ],
    }
