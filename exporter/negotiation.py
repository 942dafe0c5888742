"""What the client wants: exposition format and compression, from its request headers.

A scraper says the same each time, so the answers of the last headers are kept.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import lru_cache

from exporter.exposition import Format

_OPENMETRICS_VERSIONS = ("1.0.0", "0.0.1", None)
_TEXT_VERSIONS = ("0.0.4", None)
_SMALL = 64 * 1024


@lru_cache(maxsize=32)
def choose_format(accept: str | None) -> Format:
    """OpenMetrics if the client takes version 1.0.0 or 0.0.1 no less gladly than text 0.0.4; else text."""
    openmetrics, text, wildcard = 0.0, None, 0.0
    for media, parameters, quality in _entries(accept or ""):
        version = parameters.get("version")
        if media == "application/openmetrics-text" and version in _OPENMETRICS_VERSIONS:
            openmetrics = max(openmetrics, quality)
        elif media == "text/plain" and version in _TEXT_VERSIONS:
            text = max(text or 0.0, quality)
        elif media in ("*/*", "text/*"):
            wildcard = max(wildcard, quality)
    other = wildcard if text is None else text
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= other else Format.TEXT


@lru_cache(maxsize=32)
def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip is welcome: `gzip;q=0` refuses it, `*` includes it."""
    qualities = {coding: quality for coding, _, quality in _entries(accept_encoding or "")}
    quality = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return quality > 0 and quality >= qualities.get("identity", 0.0)


def compress(body: bytes) -> bytes:
    """gzip; large pages at level 1, which is twice as fast and a third larger."""
    return gzip.compress(body, 6 if len(body) <= _SMALL else 1, mtime=0)


def _entries(header: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """(name, parameters, q) of each element; an unreadable q counts as 0."""
    for element in header.split(","):
        name, *rest = (piece.strip() for piece in element.split(";"))
        pairs = (piece.partition("=") for piece in rest)
        parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
        if name:
            yield name.lower(), parameters, _quality(parameters.pop("q", "1"))


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
