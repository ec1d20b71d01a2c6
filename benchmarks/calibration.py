"""Rasch calibration of 50,000 × 30 from the raw matrix, against peers in Python and in R."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import girth
import mirt
import numpy as np
import pandas as pd
import raschpy
from numpy.typing import NDArray

from benchmarks import in_r
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


def _raschpy(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pairwise: from how often of two items the one was right and the other wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = raschpy.SLM(pd.DataFrame(matrix))
        peer.calibrate()
    return np.asarray(peer.items, float)


Peer = Callable[[NDArray[np.int64]], NDArray[np.float64]]
#: By the likelihood that they maximise: the limit is held against the marginal one, which is ours too.
PYTHON: dict[str, tuple[str, Peer]] = {
    "girth": ("marginal", _girth),
    "mirt": ("marginal", _mirt),
    "raschpy": ("pairwise", _raschpy),
}
#: R's peers: package, likelihood, code.
IN_R = {
    "r_mirt": ("mirt", "marginal", """
        fit <- mirt::mirt(as.data.frame(data), 1, "Rasch", verbose = FALSE)
        estimates <- -mirt::coef(fit, simplify = TRUE)$items[, "d"]"""),
    "r_tam": ("TAM", "marginal", """
        estimates <- TAM::tam.mml(data, verbose = FALSE)$xsi$xsi"""),
    "r_psychotools": ("psychotools", "conditional", """
        estimates <- as.numeric(psychotools::itempar(psychotools::raschmodel(data), vcov = FALSE))"""),
    "r_erm": ("eRm", "conditional", """
        estimates <- -as.numeric(eRm::RM(data)$betapar)"""),
}  # fmt: skip


def calibration() -> Measure:
    """How many times faster than the fastest marginal peer, ours with all standard errors and gates.

    Raises AssertionError when a marginal peer's estimates differ by more than ``AGREE_LOGIT``. Peers that use
    another likelihood stand beside: how far they are apart is theirs to tell.
    """
    matrix = responses()
    ours, difficulty = _median_of(_ours, matrix)
    raw: dict[str, Any] = {"ours_s": ours}
    found: dict[str, tuple[str, float, NDArray[np.float64]]] = {}
    for name, (likelihood, peer) in PYTHON.items():
        found[name] = (likelihood, *_median_of(peer, matrix))
    items = [f"i{j + 1}" for j in range(ITEMS)]
    absent = []
    for name, (package, likelihood, code) in IN_R.items():
        if in_r.version(package) is None:
            absent.append(name)
        elif (timed := in_r.timed(code, matrix, items, 1)) is None:
            raw[f"{name}_s"] = f"over {in_r.LONGEST_SECONDS}"
        else:
            found[name] = (likelihood, *timed)
    for name, (likelihood, seconds, theirs) in found.items():
        apart = float(np.abs((difficulty - difficulty.mean()) - (theirs - theirs.mean())).max())
        if likelihood == "marginal" and apart > AGREE_LOGIT:
            raise AssertionError(f"{name}: difficulties differ by {apart:.4f} logit")
        raw |= {
            f"{name}_s": seconds,
            f"{name}_likelihood": likelihood,
            f"{name}_apart_logit": round(apart, 5),
        }
    raw["bare_s"] = min(seconds for likelihood, seconds, _ in found.values() if likelihood == "marginal")
    raw["not_found"] = absent
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
