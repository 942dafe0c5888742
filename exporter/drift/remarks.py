"""What is odd about a version's window, in a sentence each for the log."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.drift.evaluate import VersionView
from exporter.drift.reference import Numeric, Part

_MUCH = 0.05


def remarks(view: VersionView, parts: tuple[Part, ...], min_rows: int) -> Iterator[tuple[str, str]]:
    """Kinds of remarks, each with its sentence; an empty one where there is nothing to say."""
    version = f'version "{view.version}"'
    few = f"{version} has fewer than {min_rows} rows in its window: nothing is decided"
    yield "rows", "" if view.sufficient else few
    small = view.reference_rows is not None and view.reference_rows < view.rows
    larger = (
        f"{version} has more rows in its window than in its reference, whose own error is then the larger"
    )
    yield "reference", larger if small else ""
    for part in parts:
        shown = f'"{part.name}"' if part.name else "the predictions"
        found = view.parts.get(part.name)
        empty = found is not None and found.missing == 1
        yield f"empty {part.name}", f"{version}: {shown} have no value in the window" if empty else ""
        outside = 0.0 if found is None else found.out_of_range or found.unseen or 0.0
        far = f"{version}: more than {_MUCH:.0%} of {shown} are outside of all that the reference has"
        yield f"outside {part.name}", far if outside > _MUCH else ""
        constant = isinstance(part, Numeric) and part.constant
        one = f"{version}: the reference of {shown} is constant, so there is a distance and nothing else"
        yield f"constant {part.name}", one if constant else ""
