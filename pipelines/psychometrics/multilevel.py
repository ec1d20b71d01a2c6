"""Random-intercept model of schools from (n, mean, variance) per school: REML, ANOVA, shrunken means.

y_ij = x_jγ + u_j + e_ij, u ~ N(0, τ²), e ~ N(0, σ²) (Raudenbush & Bryk 2002). Students enter only
through their school's n, mean and sum of squares, so the cost does not depend on their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from .arrays import FloatArray
from .intervals import Interval, critical, normal_interval


@dataclass(frozen=True)
class VarianceComponents:
    """ANOVA estimator. `tau2` may not be below 0: `negative` tells that it would have been."""

    n0: float
    tau2: float
    sigma2: float
    icc: float
    negative: bool


@dataclass(frozen=True)
class MixedModel:
    """REML fit. `gamma`: intercept, then covariates, in the units of the outcome; ses beside them.

    status: ok, or no_between_variance (τ² is 0 at the bound). `icc_se` by the delta method.
    """

    gamma: FloatArray
    gamma_se: FloatArray
    gamma_covariance: FloatArray
    tau2: float
    tau2_se: float
    sigma2: float
    sigma2_se: float
    icc: float
    icc_se: float
    log_likelihood: float
    status: str


@dataclass(frozen=True)
class ShrunkenMeans:
    """Per school: reliability λ = τ²/(τ² + σ²/n), expected + λ(mean − expected), and its interval."""

    reliability: FloatArray
    value: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class _Schools:
    n: FloatArray
    mean: FloatArray
    within: float  # sum of squares within schools
    x: FloatArray  # schools × (1 + covariates)


def variance_components(n: ArrayLike, mean: ArrayLike, variance: ArrayLike) -> VarianceComponents:
    """One-way ANOVA: τ² = (MSB − MSW)/n₀. Arguments as for `reml`."""
    s = _schools(n, mean, variance, None)
    total, groups = s.n.sum(), len(s.n)
    between = s.n @ (s.mean - s.n @ s.mean / total) ** 2 / (groups - 1)
    within = s.within / (total - groups)
    n0 = (total - s.n @ s.n / total) / (groups - 1)
    raw = (between - within) / n0
    tau2 = max(raw, 0.0)
    icc = tau2 / (tau2 + within)
    return VarianceComponents(float(n0), float(tau2), float(within), float(icc), bool(raw < 0))


def reml(
    n: ArrayLike, mean: ArrayLike, variance: ArrayLike, covariates: ArrayLike | None = None
) -> MixedModel:
    """Restricted maximum likelihood. Per school: students, mean, variance (n − 1 in the denominator; any
    value, NaN too, where n = 1), and optionally covariates (schools or schools × k).

    ValueError for fewer than two schools, no school with two students, no variance at all, or covariates
    that depend on each other.
    """
    s = _schools(n, mean, variance, covariates)
    if np.linalg.matrix_rank(s.x) < s.x.shape[1] or len(s.n) <= s.x.shape[1]:
        raise ValueError("covariates depend on each other, or there are too few schools for them")
    ratio = _best_ratio(s)
    weight, gamma, inverse, residual = _gls(s, ratio)
    freedom = s.n.sum() - s.x.shape[1]
    sigma2 = (s.within + weight @ residual**2) / freedom
    tau2 = ratio * sigma2
    covariance = sigma2 * inverse
    spread = _variance_errors(s.n, tau2, sigma2)
    icc = tau2 / (tau2 + sigma2)
    slope = np.array([sigma2, -tau2]) / (tau2 + sigma2) ** 2
    log_likelihood = -0.5 * (
        freedom * (np.log(2 * np.pi * sigma2) + 1)
        + np.log1p(s.n * ratio).sum()
        - np.linalg.slogdet(inverse)[1]
    )
    return MixedModel(
        gamma=gamma,
        gamma_se=np.sqrt(np.diag(covariance)),
        gamma_covariance=covariance,
        tau2=float(tau2),
        tau2_se=float(np.sqrt(spread[0, 0])),
        sigma2=float(sigma2),
        sigma2_se=float(np.sqrt(spread[1, 1])),
        icc=float(icc),
        icc_se=float(np.sqrt(slope @ spread @ slope)),
        log_likelihood=float(log_likelihood),
        status="ok" if ratio > 0 else "no_between_variance",
    )


def shrunken_means(
    model: MixedModel,
    n: ArrayLike,
    mean: ArrayLike,
    covariates: ArrayLike | None = None,
    level: float = 0.95,
) -> ShrunkenMeans:
    """Empirical Bayes means of schools (for targeting), with the error of the expected value included."""
    size, value = np.asarray(n, float), np.asarray(mean, float)
    x = _design(len(size), covariates)
    reliability = model.tau2 / (model.tau2 + model.sigma2 / size)
    expected = x @ model.gamma
    fixed = np.einsum("ji,ik,jk->j", x, model.gamma_covariance, x)
    se = np.sqrt(model.tau2 * (1 - reliability) + (1 - reliability) ** 2 * fixed)
    shrunken = expected + reliability * (value - expected)
    half = critical(level) * se
    return ShrunkenMeans(reliability, shrunken, se, shrunken - half, shrunken + half)


def pooled_sd(n: ArrayLike, variance: ArrayLike) -> float:
    """Common within-school sd, weighted by n − 1. ValueError when no school has two students."""
    size, own = np.asarray(n, float), np.asarray(variance, float)
    several = size > 1
    if not several.any():
        raise ValueError("no school with two students")
    return float(np.sqrt((size[several] - 1) @ own[several] / (size[several] - 1).sum()))


def school_mean_interval(n: ArrayLike, mean: ArrayLike, sd_pooled: float, level: float = 0.95) -> Interval:
    """mean ± z·σ_pooled/√n: keeps its level at every n, which the school's own sd does not."""
    return normal_interval(mean, sd_pooled / np.sqrt(np.asarray(n, float)), level)


def clustered_mean(n: ArrayLike, mean: ArrayLike) -> tuple[float, float]:
    """Mean over students of a municipality or region, and its se clustered by school.

    ValueError for fewer than two schools: a cluster se does not exist then.
    """
    size, own = np.asarray(n, float), np.asarray(mean, float)
    if len(size) < 2:
        raise ValueError("a clustered se needs two schools")
    total, groups = size.sum(), len(size)
    value = size @ own / total
    return float(value), float(np.sqrt(groups / (groups - 1) * ((size * (own - value)) ** 2).sum()) / total)


def _schools(n: ArrayLike, mean: ArrayLike, variance: ArrayLike, covariates: ArrayLike | None) -> _Schools:
    size, value, own = (np.asarray(a, float) for a in (n, mean, variance))
    if len(size) < 2 or np.any(size < 1) or not np.isfinite(value).all():
        raise ValueError("need two schools with students and finite means")
    if not (size > 1).any():
        raise ValueError("no school with two students: between and within can't be told apart")
    own = np.where(size > 1, own, 0.0)
    if not np.isfinite(own).all() or np.any(own < 0):
        raise ValueError("variances must be finite and not negative")
    within = float((size - 1) @ own)
    if within <= 0:
        raise ValueError("no variance within schools")
    return _Schools(size, value, within, _design(len(size), covariates))


def _design(size: int, covariates: ArrayLike | None) -> FloatArray:
    ones = np.ones((size, 1))
    return ones if covariates is None else np.column_stack((ones, np.asarray(covariates, float)))


def _gls(s: _Schools, ratio: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Weights n/(1 + n·ratio), γ, (XᵀWX)⁻¹ and residuals of school means for τ²/σ² = ratio."""
    weight = s.n / (1 + s.n * ratio)
    inverse = np.linalg.inv((s.x.T * weight) @ s.x)
    gamma = inverse @ (s.x.T @ (weight * s.mean))
    return weight, gamma, inverse, s.mean - s.x @ gamma


def _best_ratio(s: _Schools) -> float:
    """τ²/σ² where the derivative of the profiled restricted likelihood is zero; 0 at the bound."""
    freedom = s.n.sum() - s.x.shape[1]

    def slope(ratio: float) -> float:  # of −2 log L
        weight, _, inverse, residual = _gls(s, ratio)
        quadratic = s.within + weight @ residual**2
        falling = -(weight**2) @ residual**2
        return float(
            freedom * falling / quadratic + weight.sum() - np.trace(inverse @ ((s.x.T * weight**2) @ s.x))
        )

    if slope(0.0) >= 0:
        return 0.0
    high = 1.0
    while slope(high) < 0:
        high *= 4
        if high > 1e12:
            raise ValueError("no variance within schools")
    return float(brentq(slope, 0.0, high, xtol=1e-14, rtol=1e-13))


def _variance_errors(n: FloatArray, tau2: float, sigma2: float) -> FloatArray:
    """Covariance of (τ², σ²) from the expected information of the likelihood."""
    own = 1 / (sigma2 + n * tau2)
    information = 0.5 * np.array(
        [
            [((n * own) ** 2).sum(), (n * own**2).sum()],
            [(n * own**2).sum(), ((n - 1) / sigma2**2 + own**2).sum()],
        ]
    )
    return np.linalg.inv(information)
