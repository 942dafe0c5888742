"""PrometheusRule and ServiceMonitor objects of the Prometheus Operator (monitoring.coreos.com/v1)."""

from __future__ import annotations

from typing import Any

from policy.model import Job, Policy
from policy.outputs import Operator

Content = dict[str, Any]

NAME_LABEL = "app.kubernetes.io/name"
"""The label of a Service that says which job it is; its value becomes the label `job`."""
PORT = "metrics"


def metadata(policy: Policy, target: Operator, name: str) -> Content:
    """Name, namespace and the labels that the operator's selectors ask for."""
    labels = {"app.kubernetes.io/part-of": "gradewatch", "gradewatch/policy": policy.policy}
    return {"name": name, "namespace": target.namespace, "labels": labels | target.labels}


def rule(policy: Policy, target: Operator, groups: list[Content]) -> Content:
    """All groups of a policy in one object."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata(policy, target, f"gradewatch-{policy.policy}"),
        "spec": {"groups": groups},
    }


def monitors(policy: Policy, target: Operator) -> Content:
    """A list of one object a job: every Service of that name, at its port `metrics`."""
    items = [_monitor(policy, target, purpose, job) for purpose, job in policy.scrape.jobs.items()]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _monitor(policy: Policy, target: Operator, purpose: str, job: Job) -> Content:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(policy, target, f"gradewatch-{policy.policy}-{purpose}"),
        "spec": {
            "jobLabel": NAME_LABEL,
            "selector": {"matchLabels": {NAME_LABEL: job.job}},
            "namespaceSelector": {"any": True},
            "endpoints": [{"port": PORT, "interval": str(job.interval or policy.scrape.interval)}],
        },
    }
