"""What would be lost by a crash now."""

from __future__ import annotations

from typing import Any

from dashboards.fields import override
from dashboards.limits import judged, limit, sentence
from dashboards.palette import CRITICAL, OK, words
from dashboards.series import series
from dashboards.singles import stat
from dashboards.tables import table
from dashboards.targets import q
from exporter.catalogue import (
    GRADER_BACKUP_LAST_SUCCESS,
    GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS,
    GRADER_BACKUP_SIZE_BYTES,
)
from policy.model import Policy

COLOURED = {"custom__cellOptions": {"type": "color-text"}}
USUAL = "7d"


def backup_age(policy: Policy) -> Any:
    """The oldest of the newest."""
    found = limit(policy, "BackupOverdue")
    last = series(GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS)
    return stat(
        "Last good backup",
        f"The oldest of the newest good backups: what would be lost by a crash now.{sentence(found, 's')} "
        "Run the backup by hand and read its log.",
        unit="s",
        decimals=1,
        targets=q(f"time() - min({last})", instant=True),
        thresholds=judged(found),
    )


def backups(policy: Policy) -> Any:
    """Each set."""
    newest, size = series(GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS), series(GRADER_BACKUP_SIZE_BYTES)
    overdue, shrunk = limit(policy, "BackupOverdue"), limit(policy, "BackupShrunk")
    usual = f"max by (backup) (avg_over_time({size}[{USUAL}]))"
    return table(
        "Backups",
        "Each set of backups: how the newest attempt went, how old the last good one is."
        f"{sentence(overdue, 's')} How large it is, and compared with its mean of {USUAL}."
        f"{sentence(shrunk, 'percentunit')} A small one is not whole: try to restore it.",
        targets=q(
            f"min by (backup) ({series(GRADER_BACKUP_LAST_SUCCESS)})",
            f"time() - max by (backup) ({newest})",
            f"max by (backup) ({size})",
            f"max by (backup) ({size}) / ({usual} > 0)",
        ),
        columns={
            "backup": "Backup",
            "Value #A": "Last attempt",
            "Value #B": "Age",
            "Value #C": "Size",
            "Value #D": "Of usual size",
        },
        overrides=[
            override(
                "Last attempt", mappings=[words({1: ("Good", OK), 0: ("Failed", CRITICAL)})], **COLOURED
            ),
            override("Age", unit="s", decimals=1, thresholds=_absolute(overdue), **COLOURED),
            override("Size", unit="bytes"),
            override(
                "Of usual size", unit="percentunit", decimals=0, thresholds=_absolute(shrunk), **COLOURED
            ),
        ],
        sort_by="Backup",
    )


def _absolute(found: Any) -> Any:
    return {"mode": "absolute", "steps": judged(found)}
