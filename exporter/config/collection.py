"""`collection:` how long a collection may take, and what of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from typedyaml.faults import Fault
from typedyaml.load import Document
from typedyaml.units import Duration

_OFF = Duration(0)
_SCRAPE = Duration(10)  # Prometheus' own default
_MARGIN = Duration(0.5)


@dataclass(frozen=True, slots=True)
class Collection:
    """Bounds of one collection.

    A collector has until `timeout`, or until `margin` before the scrape itself times out, if that is earlier.
    A good answer is served again for `min_interval`, and after an error for `stale_if_error`. A label has at
    most `max_label_values` values; the rest is counted as `other`.
    """

    timeout: Duration = _SCRAPE
    margin: Duration = _MARGIN
    min_interval: Duration = _OFF
    stale_if_error: Duration = _OFF
    max_label_values: Annotated[int, Meta(ge=1, le=10_000)] = 50


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    bounds = document.value.collection
    if not bounds.timeout:
        yield document.fault(("collection", "timeout"), "a timeout of 0s lets no collector answer")
    elif bounds.margin >= bounds.timeout:
        message = f"a margin of {bounds.margin} leaves nothing of the timeout of {bounds.timeout}"
        yield document.fault(("collection", "margin"), message)
