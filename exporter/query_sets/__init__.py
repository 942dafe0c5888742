"""Ready statements for portals and help desks whose tables are public: data, one YAML file a system."""

from __future__ import annotations

from exporter.query_sets.load import QuerySet, load_query_set, query_set_names

__all__ = ["QuerySet", "load_query_set", "query_set_names"]
