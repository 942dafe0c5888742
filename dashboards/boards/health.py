"""The health score from 0 to 100, and what it is made of."""

from __future__ import annotations

from typing import Any

from dashboards import records
from dashboards.fields import override
from dashboards.palette import CRITICAL, OK, WARNING, steps
from dashboards.series import series
from dashboards.singles import bars, stat
from dashboards.targets import q
from policy.model import Policy

# Points: promised is more than 85, so 85 is not yet good; below 60 several parts are ill at once.
HEALTHY, ILL = 85, 60
WHOLE = 100


def health(policy: Policy) -> Any:
    """One figure for those who want one."""
    return stat(
        "Health score",
        f"0 to 100, the weighted mean of the parts in the next row. Orange up to {HEALTHY}, red below {ILL}: "
        "the shortest bar below is what to mend first.",
        unit="none",
        decimals=0,
        targets=q(f"min({series(records.HEALTH_SCORE, service=policy.service)})", instant=True),
        thresholds=steps((WARNING, ILL), (OK, HEALTHY + 0.01), base=CRITICAL),
    )


def health_parts(policy: Policy) -> Any:
    """What pulls the score down."""
    assert policy.health
    counts = sum(part.weight for part in policy.health.parts.values())
    weights = ", ".join(f"{name} {part.weight / counts:.0%}" for name, part in policy.health.parts.items())
    return bars(
        "What the score is made of",
        f"How well each part is: full at its target, nothing from its alert on. They count: {weights}. The "
        "shortest bar is what to mend first; a part without data is not counted.",
        unit="percentunit",
        maximum=1,
        decimals=0,
        targets=q(
            (f"sort(min by (part) ({series(records.HEALTH_PART, service=policy.service)}))", "{{part}}"),
            instant=True,
        ),
        thresholds=steps((WARNING, ILL / WHOLE), (OK, HEALTHY / WHOLE), base=CRITICAL),
        overrides=[override("/^availability$/", displayName="uptime")],
    )
