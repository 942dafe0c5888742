"""Names of the array types, so that signatures say what is in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]
