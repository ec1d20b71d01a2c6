"""Intervals of shares and means, Beta priors, and control of the false discovery rate. All vectorised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv
from scipy.stats import norm

from .arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Interval:
    """Estimate and limits, arrays of one shape."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class BetaPrior:
    """Beta(a, b); `source` is 'moments' (fitted to all schools) or 'jeffreys'."""

    a: float
    b: float
    source: str


def critical(level: float = 0.95) -> float:
    """Two-sided normal quantile: 1.96 at 95 %."""
    return float(norm.ppf(0.5 + level / 2))


def wilson(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    """Wilson's score interval of x of n (Wilson 1927). n = 0 tells nothing: value NaN, limits 0 and 1.

    ValueError unless 0 ≤ x ≤ n.
    """
    count, size = _checked(x, n)
    z = critical(level)
    safe = np.maximum(size, 1)
    share = count / safe
    center = (share + z**2 / (2 * safe)) / (1 + z**2 / safe)
    half = z / (1 + z**2 / safe) * np.sqrt(share * (1 - share) / safe + z**2 / (4 * safe**2))
    known = size > 0
    # at 0 of n and n of n the limit is 0 and 1 exactly; rounding must not move it
    low = np.where(known & (count > 0), center - half, 0.0)
    high = np.where(known & (count < size), center + half, 1.0)
    return Interval(np.where(known, share, np.nan), low, high)


def normal_interval(value: ArrayLike, se: ArrayLike, level: float = 0.95) -> Interval:
    """value ± z·se."""
    middle, half = np.asarray(value, float), critical(level) * np.asarray(se, float)
    return Interval(middle, middle - half, middle + half)


def beta_prior(x: ArrayLike, n: ArrayLike) -> BetaPrior:
    """Beta prior of the shares of all schools of one assessment by moments, Jeffreys where that fails.

    Between-school variance: the weighted variance of x/n less its binomial part (Kleinman 1973).
    """
    count, size = _checked(x, n)
    count, size = count[size > 0], size[size > 0]
    if len(size) > 1:
        total = size.sum()
        mean = count.sum() / total
        observed = size @ (count / size - mean) ** 2
        effective = total - (size @ size) / total
        binomial = mean * (1 - mean)
        between = (observed - binomial * (len(size) - 1)) / (effective - (len(size) - 1))
        if effective > len(size) - 1 and 0 < between < binomial:
            strength = binomial / between - 1
            return BetaPrior(mean * strength, (1 - mean) * strength, "moments")
    return BetaPrior(0.5, 0.5, "jeffreys")


def share_posterior(x: ArrayLike, n: ArrayLike, prior: BetaPrior, level: float = 0.95) -> Interval:
    """Posterior mean and equal-tailed interval of a share."""
    count, size = _checked(x, n)
    a, b = prior.a + count, prior.b + size - count
    tail = (1 - level) / 2
    return Interval(a / (a + b), betaincinv(a, b, tail), betaincinv(a, b, 1 - tail))


def probability_share_at_least(
    x: ArrayLike, n: ArrayLike, threshold: ArrayLike, prior: BetaPrior
) -> FloatArray:
    """P(share ≥ threshold | x of n)."""
    count, size = _checked(x, n)
    return 1 - betainc(prior.a + count, prior.b + size - count, np.asarray(threshold, float))


def reaches_share(x: ArrayLike, n: ArrayLike, percent: int) -> BoolArray:
    """x of n is at least `percent` %, compared in integers: 3 of 10 reaches 30 %. False for n = 0."""
    count, size = np.asarray(x, np.int64), np.asarray(n, np.int64)
    return (100 * count >= percent * size) & (size > 0)


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Adjusted p-values (Benjamini & Hochberg 1995); NaN (not tested) stays NaN and doesn't count."""
    values = np.asarray(p, float)
    adjusted = np.full(values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    scaled = values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def _checked(x: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    count, size = (np.asarray(a, float) for a in (x, n))
    if np.any(count < 0) or np.any(count > size) or np.isnan(count).any() or np.isnan(size).any():
        raise ValueError("need 0 ≤ x ≤ n")
    return count, size
