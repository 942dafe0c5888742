"""Grafana's own types as a JSON schema, and its list of units."""
