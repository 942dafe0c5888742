"""The text of an SMS or of a spoken call: what an adapter makes of Alertmanager's webhook JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WAITED = re.compile(r" \(not acknowledged [^)]*\)")
"""What a later step adds to the summary; when it is over nobody needs it."""
LIMIT = 160
"""Characters of one text message; more would cost and split."""


def short_text(notification: Mapping[str, Any]) -> str:
    """One line of at most 160 characters: state, alert, system, what is broken.

    `notification` is the webhook's JSON (version 4): status, commonLabels, commonAnnotations, alerts.
    """
    labels = notification.get("commonLabels", {})
    summary = notification.get("commonAnnotations", {}).get("summary", "")
    state = [labels.get("priority", "")]
    if notification.get("status") == "resolved":
        state.append("resolved")
        summary = _WAITED.sub("", summary)
    elif labels.get("escalation", "0") != "0":
        state.append(f"ESCALATION {labels['escalation']}")
    words = (
        f"[{' '.join(filter(None, state))}]",
        labels.get("alertname", "alert"),
        labels.get("service", ""),
    )
    subject = " ".join(filter(None, words))
    text = f"{subject}: {summary}" if summary else subject
    return text if len(text) <= LIMIT else text[: LIMIT - 1].rstrip() + "…"
