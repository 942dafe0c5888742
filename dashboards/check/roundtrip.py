"""A second opinion: a key that Grafana's own SDK forgets on the way through is one that Grafana lacks.

The SDK is a development tool; without it there is no opinion.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from dashboards.finding import Finding, Json

RULE = "sdk"


def available() -> bool:
    """Whether the SDK is installed."""
    return find_spec("grafana_foundation_sdk") is not None


def roundtrip_findings(board: str, document: Json) -> Iterator[Finding]:
    """Every key that is lost or changed on the way through the SDK."""
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins

    with warnings.catch_warnings():
        # It advises the second form of boards, which Grafana 11 cannot read.
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    try:
        back = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(document)))
    except Exception as error:  # the SDK checks nothing and falls over whatever it did not expect
        yield Finding(board, "", RULE, f"the SDK cannot read it: {type(error).__name__}: {error}")
        return
    for path, message in _differences(document, back, ""):
        yield Finding(board, "", RULE, f"{path.lstrip('.')}: {message}")


def _differences(source: Any, back: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(source, dict) and isinstance(back, dict):
        for key, value in source.items():
            if key in back:
                yield from _differences(value, back[key], f"{path}.{key}")
            elif value is not None:
                yield f"{path}.{key}", "lost"
    elif isinstance(source, list) and isinstance(back, list):
        if len(source) != len(back):
            yield path, f"{len(source)} entries became {len(back)}"
        for index, (one, other) in enumerate(zip(source, back, strict=False)):
            yield from _differences(one, other, f"{path}.{index}")
    elif source != back:
        yield path, f"{source!r} became {back!r}"
