"""Grafana dashboards from a policy and the catalogue of metrics."""
