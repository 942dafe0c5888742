"""Checks of dashboards that need no Grafana: structure, queries, links, colours, shipping."""

from dashboards.check.run import check
from dashboards.finding import Finding

__all__ = ["Finding", "check"]
