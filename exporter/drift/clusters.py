"""How many clusters (students, say) a window's rows are of, from counts that add up like all others."""

from __future__ import annotations

import numpy as np

from exporter.drift.arrays import Counts, Keys

CLUSTER_CELLS = 4096
"""Linear counting: within 3 % up to 15,000 clusters; more than 34,000 count as 34,000."""


def cluster_cells(keys: Keys) -> Counts:
    """A cell for each key; a mixed hash, for keys are often numbers in a row."""
    mixed = keys.astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) % np.uint64(CLUSTER_CELLS)).astype(np.int64)


def distinct(cells: Counts) -> float:
    """The number of keys that such cells were filled by, from the share that stayed empty."""
    empty = max(1, int((cells == 0).sum()))
    return float(CLUSTER_CELLS * np.log(CLUSTER_CELLS / empty))
