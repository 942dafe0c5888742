"""`gradewatch exporter`: the sidecar, as `python -m exporter` runs it."""

from __future__ import annotations

from exporter.command import EXAMPLE, SUMMARY, add_arguments, run

__all__ = ["EXAMPLE", "SUMMARY", "add_arguments", "run"]
