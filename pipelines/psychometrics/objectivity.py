"""Signs that results may not be objective (federal method, with local definitions where it is silent).

A sign calls for further analysis and proves nothing; it excludes nobody by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from .arrays import BoolArray, FloatArray, IntArray
from .intervals import normal_interval, wilson

LEAST_N = 10  # local: below it neither a correlation nor a spread is looked at
PEAK_LEAST_N, PEAK_WINDOW, PEAK_Z, PEAK_RATIO = 50, 4, 3.0, 1.5  # local
SPREAD_PERCENTILE = 5  # local
RAISED_IQR, RAISED_LEAST, RAISED_SCHOOLS = 1.5, 0.1, 20  # local


@dataclass(frozen=True)
class Sign:
    """One sign for many schools: the statistic, the threshold it is held against, the flag.

    status: ok, or why there is no statistic (NaN, never flagged): too_few, constant, no_fit.
    """

    statistic: FloatArray
    threshold: FloatArray
    flagged: BoolArray
    status: tuple[str, ...]


@dataclass(frozen=True)
class SharpChange:
    """K of each school, fences Q25 − 3·IQR and Q75 + 3·IQR, and who is beyond them."""

    k: FloatArray
    low_fence: float
    high_fence: float
    fell: BoolArray
    rose: BoolArray
    status: tuple[str, ...]


@dataclass(frozen=True)
class JournalShares:
    """Shares 0–1 of students whose mark in the work fell, held or rose against the journal; NaN for n = 0."""

    n: IntArray
    fell: FloatArray
    held: FloatArray
    rose: FloatArray


@dataclass(frozen=True)
class BoundaryPeak:
    """Per school: students at the boundary, students expected, z and the flag; status as in Sign."""

    observed: FloatArray
    expected: FloatArray
    z: FloatArray
    flagged: BoolArray
    status: tuple[str, ...]


def inflated_mean(
    mean: ArrayLike, se: ArrayLike, region_mean: float, region_se: float, level: float = 0.95
) -> Sign:
    """(a) The school's lower limit is above the region's upper limit. Schools without a se: too_few."""
    school, region = normal_interval(mean, se, level), normal_interval(region_mean, region_se, level)
    known = np.isfinite(school.low)
    threshold = np.full(school.low.shape, float(region.high))
    status = np.where(known, "ok", "too_few")
    return Sign(school.low, threshold, known & (school.low > threshold), _text(status))


def mark_score_agreement(school: ArrayLike, mark: ArrayLike, score: ArrayLike) -> Sign:
    """(b) Spearman's correlation of school marks and work scores below 0, average ranks for ties.

    One entry per student; `school` codes are 0…S−1. Fewer than 10 students: too_few; marks or scores all
    alike: constant.
    """
    code = np.asarray(school, np.int64)
    size = np.bincount(code)
    first, second = (_ranks_within(code, np.asarray(v, float)) for v in (mark, score))
    # ranks within a school average (n + 1)/2 whatever the ties
    middle = (size + 1) / 2
    a, b = first - middle[code], second - middle[code]
    product, own_a, own_b = (np.bincount(code, v, len(size)) for v in (a * b, a * a, b * b))
    constant = (own_a <= 0) | (own_b <= 0)
    status = np.select([size < LEAST_N, constant], ["too_few", "constant"], "ok")
    rho = np.full(len(size), np.nan)
    ok = status == "ok"
    rho[ok] = product[ok] / np.sqrt(own_a[ok] * own_b[ok])
    return Sign(rho, np.zeros(len(size)), ok & (rho < 0), _text(status))


def sharp_change(percent_before: ArrayLike, percent_after: ArrayLike) -> SharpChange:
    """(c) K = mean % of the maximum in grade N / in grade N + 1 a year later, against the quartile fences.

    Schools without both means (NaN), or with 0 % after, have status too_few and don't make the fences.
    """
    before, after = np.asarray(percent_before, float), np.asarray(percent_after, float)
    known = np.isfinite(before) & np.isfinite(after) & (after > 0)
    k = np.full(before.shape, np.nan)
    k[known] = before[known] / after[known]
    status = _text(np.where(known, "ok", "too_few"))
    if not known.any():
        nobody = np.zeros(len(k), bool)
        return SharpChange(k, np.nan, np.nan, nobody, nobody.copy(), status)
    low, high = np.percentile(k[known], (25, 75))
    fences = low - 3 * (high - low), high + 3 * (high - low)
    return SharpChange(k, float(fences[0]), float(fences[1]), k > fences[1], k < fences[0], status)


def boundary_peak(counts: ArrayLike, boundary: int) -> BoundaryPeak:
    """Peak at the lowest score of a mark: z = (c − e)/√e > 3 and c > 1.5e.

    `counts` is schools × raw scores 0…max. e comes from a log-quadratic (Poisson) fit to the counts within
    ±4 points without boundary − 1 and boundary, between which students would be moved. Fewer than 50
    students: too_few; fewer than four scores or three non-empty ones to fit: no_fit.
    """
    table = np.atleast_2d(np.asarray(counts, float))
    if not 0 < boundary < table.shape[1]:
        raise ValueError("the boundary must be a score above zero")
    window = np.arange(max(boundary - PEAK_WINDOW, 0), min(boundary + PEAK_WINDOW, table.shape[1] - 1) + 1)
    window = window[(window != boundary - 1) & (window != boundary)]
    near = table[:, window]
    few = table.sum(axis=1) < PEAK_LEAST_N
    unfit = ((near > 0).sum(axis=1) < 3) | (len(window) < 4)
    expected = np.full(len(table), np.nan)
    fit = ~few & ~unfit
    if fit.any():
        expected[fit] = _log_quadratic_at(window - boundary, near[fit])
    unfit |= fit & ~np.isfinite(expected)
    status = np.select([few, unfit], ["too_few", "no_fit"], "ok")
    observed, ok = table[:, boundary], status == "ok"
    z = np.full(len(table), np.nan)
    z[ok] = (observed[ok] - expected[ok]) / np.sqrt(expected[ok])
    flagged = ok & (np.nan_to_num(z) > PEAK_Z) & (observed > PEAK_RATIO * np.nan_to_num(expected))
    return BoundaryPeak(observed, np.where(ok, expected, np.nan), z, flagged, _text(status))


def journal_shares(school: ArrayLike, journal: ArrayLike, work: ArrayLike, n: ArrayLike) -> JournalShares:
    """Marks of the work against the journal, rows of (school code, journal mark, work mark, students)."""
    code = np.asarray(school, np.int64)
    change = np.sign(np.asarray(work, np.int64) - np.asarray(journal, np.int64))
    weight = np.asarray(n, float)
    total = np.bincount(code, weight)

    def share(sign: int) -> FloatArray:
        found = np.bincount(code, weight * (change == sign), len(total))
        return np.where(total > 0, found / np.maximum(total, 1), np.nan)

    return JournalShares(total.astype(np.int64), share(-1), share(0), share(1))


def raised_against_journal(n: ArrayLike, raised_n: ArrayLike) -> Sign:
    """Students whose mark in the work is above the journal's: an outlying share in the region.

    Statistic: the lower limit of the share's 95 % Wilson interval; threshold: Tukey's fence Q75 + 1.5·IQR of
    the shares of schools with 10 students or more, and a tenth of the students at the least. Fewer than 10
    students: too_few; fewer than 20 such schools: too_few_schools.
    """
    size, raised = np.asarray(n, float), np.asarray(raised_n, float)
    known = size >= LEAST_N
    nothing = np.full(len(size), np.nan)
    if known.sum() < RAISED_SCHOOLS:
        status = _text(np.where(known, "too_few_schools", "too_few"))
        return Sign(nothing, nothing.copy(), np.zeros(len(size), bool), status)
    low, high = np.percentile(raised[known] / size[known], (25, 75))
    fence = max(high + RAISED_IQR * (high - low), RAISED_LEAST)
    statistic = np.where(known, wilson(raised, size).low, np.nan)
    flagged = known & (np.nan_to_num(statistic) > fence)
    return Sign(statistic, np.where(known, fence, np.nan), flagged, _text(np.where(known, "ok", "too_few")))


def small_spread(n: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Sign:
    """sd below the 5th percentile of the schools in the same tenth of the mean; fewer than 10: too_few.

    Near the maximum every spread is small, hence the comparison within tenths.
    """
    size, value, spread = (np.asarray(a, float) for a in (n, mean, sd))
    known = (size >= LEAST_N) & np.isfinite(value) & np.isfinite(spread)
    threshold = np.full(len(value), np.nan)
    if known.any():
        edges = np.percentile(value[known], np.arange(10, 100, 10))
        tenth = np.searchsorted(edges, value, side="right")
        for part in np.unique(tenth[known]):
            here = known & (tenth == part)
            threshold[here] = np.percentile(spread[here], SPREAD_PERCENTILE)
    flagged = known & (spread < np.where(known, threshold, -np.inf))
    statistic = np.where(known, spread, np.nan)
    return Sign(statistic, threshold, flagged, _text(np.where(known, "ok", "too_few")))


def _ranks_within(code: IntArray, value: FloatArray) -> FloatArray:
    """Average ranks of values within their school, counted from 1."""
    _, level = np.unique(value, return_inverse=True)
    overall = rankdata(code * (int(level.max(initial=0)) + 1.0) + level)
    before = np.concatenate(([0], np.cumsum(np.bincount(code))))
    return overall - before[code]


def _log_quadratic_at(distance: IntArray, counts: FloatArray) -> FloatArray:
    """Poisson fit of log e = a + b·d + c·d² for each school (schools × scores), and e at d = 0."""
    scaled = distance / PEAK_WINDOW
    x = np.stack((np.ones(len(scaled)), scaled, scaled**2), axis=1)
    beta = np.linalg.lstsq(x, np.log(counts.T + 0.5), rcond=None)[0].T
    for _ in range(50):
        fitted = np.exp(np.clip(beta @ x.T, -30, 30))
        gradient = (counts - fitted) @ x
        curvature = np.einsum("sk,ki,kj->sij", fitted, x, x) + 1e-9 * np.eye(3)
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        step /= np.maximum(np.abs(step).max(axis=1, keepdims=True), 1)
        beta = beta + step
        if np.abs(step).max(initial=0) < 1e-10:
            break
    settled = np.abs(step).max(axis=1) < 1e-6
    return np.where(settled, np.exp(np.clip(beta[:, 0], -30, 30)), np.nan)


def _text(values: np.ndarray) -> tuple[str, ...]:
    return tuple(str(v) for v in values)
