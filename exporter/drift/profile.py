"""A reference in a file of its own, so that the rows it was made of need not be at hand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from exporter.drift.reference import Categorical, Numeric, Part, Reference, UnusableReference
from exporter.state import replace_file

FORMAT = 1


def save_profile(path: Path, reference: Reference) -> None:
    """Write it in one step; raises OSError."""
    arrays: dict[str, Any] = {}
    parts = []
    for index, part in enumerate(reference.parts):
        arrays[f"counts{index}"] = part.counts
        common: dict[str, Any] = {"name": part.name, "missing": part.missing}
        if isinstance(part, Numeric):
            arrays[f"edges{index}"] = part.edges
            ends = {"minimum": part.minimum, "maximum": part.maximum}
            parts.append({**common, **ends, "clip": part.clip, "deviation": part.deviation})
        else:
            parts.append({**common, "categories": part.categories, "rare": sorted(part.rare)})
    meta = {"format": FORMAT, "parts": parts, "prediction": reference.prediction is not None}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)

    def write(file: BinaryIO) -> None:
        np.savez_compressed(file, **arrays)

    replace_file(path, write)


def load_profile(path: Path) -> Reference:
    """Read it; UnusableReference for a file that is none, OSError for one that cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(file["meta"].tobytes())
            if meta["format"] != FORMAT:
                raise UnusableReference(f"{path} was made by another release; make it again")
            parts = [_part(saved, file, index) for index, saved in enumerate(meta["parts"])]
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise UnusableReference(f"{path} is no profile of `gradewatch drift profile`") from None
    last = parts.pop() if meta["prediction"] else None
    return Reference(tuple(parts), last)


def _part(saved: dict[str, Any], file: Any, index: int) -> Part:
    counts = file[f"counts{index}"]
    if "categories" in saved:
        names, rare = tuple(saved["categories"]), frozenset(saved["rare"])
        return Categorical(saved["name"], names, rare, counts, saved["missing"])
    return Numeric(
        saved["name"],
        file[f"edges{index}"],
        counts,
        saved["missing"],
        saved["minimum"],
        saved["maximum"],
        (saved["clip"][0], saved["clip"][1]),
        saved["deviation"],
    )
