"""Variance components of schools by REML, against statsmodels and lme4, on a sample as large as HSB."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray

from benchmarks import in_r
from benchmarks.measure import Measure
from pipelines.psychometrics import reml

SCHOOLS, STUDENTS = 160, 7_185
MEAN, TAU2, SIGMA2 = 12.64, 8.61, 39.15
#: How far the intercept and the variances may be apart, of themselves: where peers stop to look.
AGREE = 1e-3
ROUNDS = 5
Data = tuple[NDArray[np.int64], NDArray[np.float64]]
_LME4 = """
    fit <- lme4::lmer(y ~ 1 + (1 | school), as.data.frame(data), REML = TRUE)
    estimates <- c(lme4::fixef(fit)[[1]], lme4::VarCorr(fit)$school[1], sigma(fit)^2)
"""


def sample(seed: int = 1) -> Data:
    """The school and the outcome of each student."""
    rng = np.random.default_rng(seed)
    size = rng.multinomial(STUDENTS - 2 * SCHOOLS, rng.dirichlet(np.full(SCHOOLS, 12.0))) + 2
    school = np.repeat(np.arange(SCHOOLS), size)
    effect = rng.normal(0, np.sqrt(TAU2), SCHOOLS)
    return school, MEAN + effect[school] + rng.normal(0, np.sqrt(SIGMA2), STUDENTS)


def _ours(school: NDArray[np.int64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the students to their schools' n, mean and variance, and from these to the model."""
    n = np.bincount(school)
    mean = np.bincount(school, y) / n
    variance = np.bincount(school, (y - mean[school]) ** 2) / (n - 1)
    found = reml(n, mean, variance)
    return np.array([found.gamma[0], found.tau2, found.sigma2])


def _statsmodels(school: NDArray[np.int64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sm.MixedLM(y, np.ones((len(y), 1)), groups=school).fit(reml=True)
    return np.array([found.fe_params[0], np.asarray(found.cov_re)[0, 0], found.scale])


def _median_of(work: Callable[..., NDArray[np.float64]], data: Data) -> tuple[float, NDArray[np.float64]]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        estimates = work(*data)
        times.append(time.perf_counter() - began)
    return statistics.median(times), estimates


def multilevel() -> Measure:
    """How many times faster than the fastest peer; raises AssertionError when estimates are apart."""
    school, y = sample()
    ours, estimates = _median_of(_ours, (school, y))
    raw: dict[str, Any] = {"ours_s": ours, "not_found": []}
    peers = {"statsmodels": _median_of(_statsmodels, (school, y))}
    if in_r.version("lme4") is None:
        raw["not_found"].append("r_lme4")
    elif timed := in_r.timed(_LME4, np.column_stack((school, y)), ["school", "y"], ROUNDS):
        peers["r_lme4"] = timed
    for name, (seconds, theirs) in peers.items():
        apart = np.abs(theirs / estimates - 1)
        if apart.max() > AGREE:
            raise AssertionError(f"{name}: {theirs} against {estimates}")
        raw |= {f"{name}_s": seconds} | {
            f"{name}_{part}_apart": float(f"{gap:.1e}")
            for part, gap in zip(("intercept", "tau2", "sigma2"), apart, strict=True)
        }
    raw["bare_s"] = min(seconds for seconds, _ in peers.values())
    return Measure("reml", raw["bare_s"] / ours, 5, "higher", raw)
