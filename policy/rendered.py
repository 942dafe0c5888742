"""What a renderer (rules, alertmanager, dashboards) makes of a policy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendered:
    """Files by their path below the output folder, and notes for the one who builds."""

    files: dict[str, str]
    notes: tuple[str, ...] = ()
