"""`queries:` of the configuration: any SQL into gauges, counters and histograms."""

from __future__ import annotations

from exporter.queries.families import family_of, queryable

__all__ = ["family_of", "queryable"]
