"""Rasch calibration of 50,000 × 30 from the raw matrix, against marginal-likelihood peers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import girth
import mirt
import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Measure
from pipelines.psychometrics import calibrate, counts_from_matrix

STUDENTS, ITEMS = 50_000, 30
AGREE_LOGIT = 0.01
ROUNDS = 3


def responses(seed: int = 1) -> NDArray[np.int64]:
    """Students × items of 0/1 by the Rasch model, abilities standard normal."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (STUDENTS, 1)) - np.linspace(-2, 2, ITEMS)
    return (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(np.int64)


def _ours(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(calibrate(counts_from_matrix(matrix)).difficulty, float)


def _girth(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """One slope for all items and abilities of variance 1: the Rasch difficulty is slope × difficulty."""
    found = girth.onepl_mml(matrix.T)
    return np.asarray(found["Difficulty"]) * found["Discrimination"]


def _mirt(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Its 1PL fixes the slope and the variance at 1, which the data here have."""
    fitted = mirt.fit_mirt(matrix, model="1PL", compute_standard_errors=False)
    return np.asarray(fitted.model.parameters["difficulty"])


def calibration() -> Measure:
    """How many times faster than the fastest peer, ours with all standard errors and gates.

    Raises AssertionError when estimates differ by more than ``AGREE_LOGIT``.
    """
    matrix = responses()
    peers: dict[str, Callable[[NDArray[np.int64]], NDArray[np.float64]]] = {"girth": _girth, "mirt": _mirt}
    ours, difficulty = _median_of(_ours, matrix)
    raw: dict[str, float] = {"ours_s": ours}
    for name, peer in peers.items():
        raw[f"{name}_s"], theirs = _median_of(peer, matrix)
        apart = float(np.abs((difficulty - difficulty.mean()) - (theirs - theirs.mean())).max())
        if apart > AGREE_LOGIT:
            raise AssertionError(f"{name}: difficulties differ by {apart:.4f} logit")
        raw[f"{name}_apart_logit"] = round(apart, 5)
    raw["bare_s"] = min(raw[f"{name}_s"] for name in peers)
    return Measure("calibration", raw["bare_s"] / ours, 20, "higher", raw)


def _median_of(
    work: Callable[[NDArray[np.int64]], NDArray[np.float64]], matrix: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """The median of some rounds, and the estimates."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        estimates = work(matrix)
        times.append(time.perf_counter() - began)
    return statistics.median(times), estimates
