"""prometheus.yml: what is scraped how often, and how Prometheus must be started."""

from __future__ import annotations

import dataclasses

import yaml

from policy.compress import compress
from policy.model import Policy
from rules import prometheus
from typedyaml.load import Document
from typedyaml.units import Duration


def test_jobs_intervals_and_targets_are_those_of_the_policy(document: Document[Policy]) -> None:
    config = yaml.safe_load(prometheus.config(document.value, "header"))
    assert config["global"] == {"scrape_interval": "15s", "evaluation_interval": "15s"}
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert jobs["auto-grader-backend"] == {
        "job_name": "auto-grader-backend",
        "scrape_interval": "10s",
        "static_configs": [{"targets": ["localhost:5000"]}],
    }
    addresses = {name: job["static_configs"][0]["targets"][0] for name, job in jobs.items()}
    assert addresses["mysql"] == "localhost:9104"
    assert addresses["redis"] == "localhost:9121"
    assert addresses["nginx"] == "localhost:9113"
    assert addresses["gradewatch"] == "localhost:11910"
    assert config["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["localhost:9093"]}]}]
    assert config["rule_files"] == ["*.rules.yaml"]


def test_without_an_alertmanager_there_is_no_alerting(document: Document[Policy]) -> None:
    jobs = {name: job for name, job in document.value.scrape.jobs.items() if name != "alertmanager"}
    alone = dataclasses.replace(document.value, scrape=dataclasses.replace(document.value.scrape, jobs=jobs))
    assert "alerting" not in yaml.safe_load(prometheus.config(alone, "header"))


def test_the_flags_stand_at_the_head_of_the_file(document: Document[Policy]) -> None:
    text = prometheus.config(document.value, "header")
    assert prometheus.flags(document.value) == (
        "--rules.alert.for-grace-period=1m",
        "--storage.tsdb.retention.time=90d",
    )
    assert all(f"#   {flag}\n" in text for flag in prometheus.flags(document.value))


def test_the_grace_period_is_never_longer_than_the_shortest_for(document: Document[Policy]) -> None:
    fast = compress(document.value, 60)
    shortest = min(alert.for_ for alert in fast.alerts.values())
    assert prometheus.grace_period(fast) == shortest


def test_the_grace_period_is_never_longer_than_the_first_wait_of_an_escalation(
    document: Document[Policy],
) -> None:
    """Else a restart of Prometheus begins that step's clock anew."""
    rows = document.value.priorities
    first, second, *rest = rows["P1"].steps
    steps = (first, dataclasses.replace(second, after=Duration(20)), *rest)
    urgent = rows | {"P1": dataclasses.replace(rows["P1"], steps=steps)}
    assert prometheus.grace_period(dataclasses.replace(document.value, priorities=urgent)) == Duration(20)
