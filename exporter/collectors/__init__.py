"""Questions asked of the grader: each collector answers one of them, alone, under a deadline."""

from __future__ import annotations

from exporter.collectors.build import build

__all__ = ["build"]
