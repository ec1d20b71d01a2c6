"""Small helpers over arrays sorted by group."""

from __future__ import annotations

import numpy as np


def position(sorted_groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Within each run of a sorted array: the place from 0, and the length of the run."""
    starts = (
        np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
        if len(sorted_groups)
        else np.array([], int)
    )
    lengths = np.diff(np.r_[starts, len(sorted_groups)])
    return np.arange(len(sorted_groups)) - np.repeat(starts, lengths), np.repeat(lengths, lengths)
