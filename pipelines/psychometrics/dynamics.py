"""Change over years: weighted slopes with link error and cohort variance, tests and verdicts.

Slope b = Σw(t − t̄)S / Σw(t − t̄)², w = 1/(SE² + κ²). κ² is the variance of school × year effects: without
it cohorts of ordinary luck pass for change. Link error is common to all schools, so it enters the
absolute change and cancels in the change against the region.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from .arrays import BoolArray, FloatArray, IntArray
from .intervals import benjamini_hochberg

# which change a scale can carry
CHANGE_KINDS = {
    "irt_linked": "absolute",
    "equated": "absolute",
    "official": "nominal",  # shown with the label «not equated»
    "irt_unlinked": "none",
    "relative": "none",
}


@dataclass(frozen=True)
class Slopes:
    """One row per unit, per unit of time. `p_adjusted` is Benjamini–Hochberg over the units tested.

    `q`, `q_p`: χ² of non-linearity with years_n − 2 df, NaN below three years.
    verdict: rising, stable, falling, and, with NaN figures, not_comparable, too_few.
    """

    years_n: IntArray
    slope: FloatArray
    se: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    q: FloatArray
    q_p: FloatArray
    verdict: tuple[str, ...]


@dataclass(frozen=True)
class Trends:
    """Absolute (or nominal: see `change_kind`) slopes, and slopes against the region when it was given."""

    change_kind: str
    absolute: Slopes
    relative: Slopes | None


def change_kind(scale_type: str) -> str:
    """'absolute', 'nominal' or 'none' for a scale type; KeyError for an unknown one."""
    return CHANGE_KINDS[scale_type]


def trends(
    years: ArrayLike,
    score: ArrayLike,
    se: ArrayLike,
    *,
    scale_type: str,
    cohort_variance: float = 0.0,
    link_errors: ArrayLike | None = None,
    region_score: ArrayLike | None = None,
    region_se: ArrayLike | None = None,
    comparable: ArrayLike | None = None,
    least_years: int = 3,
    level: float = 0.05,
) -> Trends:
    """Slopes of units over years.

    `years` has T entries, `score` and `se` are units × T; a NaN score is a year that was not held or not
    published: a gap, never filled in. `link_errors` has T − 1 entries, the error of the link from each
    year to the next; a window counts them from its own first year. `region_score`, `region_se` have T
    entries. `comparable` (units, bool) is False where a break of form, minimum or scale forbids it.
    ValueError for arrays that don't fit or a se that isn't positive.
    """
    t, s, error = (np.asarray(a, float) for a in (years, score, se))
    if s.ndim != 2 or s.shape != error.shape or s.shape[1] != len(t):
        raise ValueError("score and se must be units × years")
    seen = ~np.isnan(s)
    if not (error[seen] > 0).all():
        raise ValueError("every score needs a positive se")
    usable = np.ones(len(s), bool) if comparable is None else np.asarray(comparable, bool)
    kind = change_kind(scale_type)
    steps = np.zeros(len(t) - 1) if link_errors is None else np.asarray(link_errors, float)
    if kind == "nominal":
        steps = np.zeros(len(t) - 1)
    variance = error**2 + cohort_variance
    slopes = partial(_slopes, least_years=least_years, level=level)
    absolute = slopes(t, s, variance, usable=usable & (kind != "none"), steps=steps)
    relative = None
    if region_score is not None:
        region = np.asarray(region_score, float)
        noise = 0.0 if region_se is None else np.asarray(region_se, float) ** 2
        none = np.zeros(len(t) - 1)
        relative = slopes(t, s - region, variance + noise, usable=usable, steps=none)
    return Trends(kind, absolute, relative)


def cohort_variance(years: ArrayLike, score: ArrayLike, se: ArrayLike) -> float:
    """κ² by moments: what the residuals from each unit's own line have beyond their sampling variance.

    Arrays as in `trends`; give scores less the region's of the year, so that common shifts are no
    cohort effect. Never below 0. ValueError when no unit has three years.
    """
    t, s, error = (np.asarray(a, float) for a in (years, score, se))
    seen = ~np.isnan(s)
    s, error, seen = (a[seen.sum(axis=1) >= 3] for a in (s, error, seen))
    if not len(s):
        raise ValueError("cohort variance needs units with three years")
    n = seen.sum(axis=1)
    gap = np.where(seen, t - (seen * t).sum(axis=1)[:, None] / n[:, None], 0)
    filled = np.where(seen, s, 0)
    square = (gap**2).sum(axis=1)
    slope = (gap * filled).sum(axis=1) / square
    fit = filled.sum(axis=1)[:, None] / n[:, None] + slope[:, None] * gap
    residual = np.where(seen, s - fit, 0)
    leverage = np.where(seen, 1 / n[:, None] + gap**2 / square[:, None], 1)
    sampling = ((1 - leverage) * np.where(seen, error, 0) ** 2).sum()
    return float(max(((residual**2).sum() - sampling) / (n - 2).sum(), 0.0))


def failing_share_rose(
    below_before: ArrayLike, n_before: ArrayLike, below_now: ArrayLike, n_now: ArrayLike, points: int = 10
) -> BoolArray:
    """Share of mark «2» up by ≥ `points` percentage points: negative dynamics (federal method, 2026).

    Compared in integers. False where a year has no students.
    """
    b0, n0, b1, n1 = (np.asarray(a, np.int64) for a in (below_before, n_before, below_now, n_now))
    return (100 * (b1 * n0 - b0 * n1) >= points * n0 * n1) & (n0 > 0) & (n1 > 0)


def _slopes(
    t: FloatArray,
    score: FloatArray,
    variance: FloatArray,
    *,
    usable: BoolArray,
    steps: FloatArray,
    least_years: int,
    level: float,
) -> Slopes:
    seen = ~np.isnan(score)
    years_n = seen.sum(axis=1)
    tested = usable & (years_n >= max(least_years, 2))
    weight = np.where(seen, 1 / np.where(seen, variance, 1), 0)
    total = np.maximum(weight.sum(axis=1), 1e-300)
    gap = np.where(seen, t - (weight @ t / total)[:, None], 0)
    square = np.where(tested, (weight * gap**2).sum(axis=1), 1)
    share = weight * gap / square[:, None]  # b = Σ share·S
    filled = np.where(seen, score, 0)
    slope = (share * filled).sum(axis=1)
    # a link's error moves all years after it alike
    after = np.cumsum(share[:, ::-1], axis=1)[:, ::-1][:, 1:]
    se = np.sqrt(1 / square + (after**2) @ steps**2)
    mean = (weight * filled).sum(axis=1) / total
    residual = np.where(seen, filled - mean[:, None] - slope[:, None] * gap, 0)
    q = np.where(tested & (years_n > 2), (weight * residual**2).sum(axis=1), np.nan)
    slope, se = np.where(tested, slope, np.nan), np.where(tested, se, np.nan)
    p = 2 * norm.sf(np.abs(slope / se))
    adjusted = benjamini_hochberg(p)
    verdict = np.where(adjusted < level, np.where(slope > 0, "rising", "falling"), "stable")
    verdict = np.select([~usable, ~tested], ["not_comparable", "too_few"], verdict)
    return Slopes(
        years_n=years_n.astype(np.int64),
        slope=slope,
        se=se,
        p=p,
        p_adjusted=adjusted,
        q=q,
        q_p=chi2.sf(q, np.maximum(years_n - 2, 1)),
        verdict=tuple(str(v) for v in verdict),
    )
