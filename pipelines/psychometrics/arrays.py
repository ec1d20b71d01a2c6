"""Array types, and the sum by group that most statistics here are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def group_sum(code: IntArray, values: ArrayLike, size: int) -> FloatArray:
    """Sum of values by code 0…size−1, as floats."""
    return np.bincount(code, np.asarray(values, float), size).astype(float)
