"""How much Prometheus would store in a month, against what the policy allows (30 days, samples on disk)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from policy.model import Policy
from typedyaml.faults import Fault
from typedyaml.load import Document
from typedyaml.units import Duration

MONTH = Duration(30 * 86400)
OWN_SERIES = 4
"""What Prometheus adds to each target: up, scrape_duration_seconds and two counts of samples."""

Groups = Sequence[dict[str, Any]]


def bytes_per_month(policy: Policy, groups: Groups) -> dict[str, float]:
    """By job, and for the records of the rules; a record is taken for one series. Jobs need `series`."""
    assert policy.scrape.budget
    size = policy.scrape.budget.bytes_per_sample
    found = {}
    for purpose, job in policy.scrape.jobs.items():
        series = len(job.targets) * ((job.series or 0) + OWN_SERIES)
        found[purpose] = series * size * _samples(job.interval or policy.scrape.interval)
    records = 0.0
    for group in groups:
        pace = Duration.parse(group["interval"]) if "interval" in group else policy.scrape.evaluation
        records += sum("record" in rule for rule in group["rules"]) * _samples(pace)
    return found | {"rules": records * size}


def checked(doc: Document[Policy], groups: Groups) -> tuple[list[str], list[Fault]]:
    """A note with the figure, and the faults: a job whose size is not known, or a budget that is exceeded."""
    budget = doc.value.scrape.budget
    if budget is None:
        return [], []
    unknown = [
        doc.fault(("scrape", "jobs", purpose), f'the budget needs "series": how many {job.job} exposes')
        for purpose, job in doc.value.scrape.jobs.items()
        if job.series is None
    ]
    if unknown:
        return [], unknown
    parts = bytes_per_month(doc.value, groups)
    total = sum(parts.values())
    text = f"about {_megabytes(total)} of samples a month, {_megabytes(budget.bytes_per_month)} are allowed"
    if total <= budget.bytes_per_month:
        return [text], []
    largest = ", ".join(f"{name} {_megabytes(size)}" for name, size in _by_size(parts))
    return [], [doc.fault(("scrape", "budget"), f"{text}: {largest}; scrape less often or drop series")]


def _by_size(parts: dict[str, float]) -> Iterator[tuple[str, float]]:
    yield from sorted(parts.items(), key=lambda item: -item[1])


def _samples(interval: Duration) -> float:
    return MONTH.seconds / interval.seconds


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.0f} MB"
