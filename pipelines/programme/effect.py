"""Programme effect: change of supported schools against matched unsupported ones.

Nearest-neighbour matching with regression adjustment of what differs within matches (Abadie & Imbens 2011).
Schools are chosen for low results that are partly chance, so they rise by themselves: regression to the mean.
Unsupported schools of the same baseline rise as much, which is what the comparison takes away.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class EffectRule:
    """`caliper`: largest difference of baselines within a match, in sds of all schools' baselines;
    `controls_n`: matched schools for each supported one; `least_schools`: supported schools with a match,
    under which the effect rests on the regression alone.
    """

    caliper: float = 0.5
    controls_n: int = 3
    least_schools: int = 5


@dataclass(frozen=True)
class ProgrammeEffect:
    """All figures in the units of the results; intervals at 95 %.

    `naive_change` is what supported schools changed by; `regression_to_mean` what unsupported schools of
    their baseline are predicted to change by; `effect` the change beyond that of the matched schools.
    `method`: matched; regression (too few matches: unsupported schools' regression carried to the supported
    ones' baselines); none (too few schools, NaN figures). `largest_imbalance`: of the means of covariates
    after matching, in sds.
    """

    method: str
    supported_n: int
    matched_n: int
    controls_n: int
    unsupported_n: int
    baseline_supported: float
    baseline_controls: float
    naive_change: float
    naive_ci_low: float
    naive_ci_high: float
    regression_to_mean: float
    controls_change: float
    effect: float
    effect_se: float
    ci_low: float
    ci_high: float
    p_value: float
    largest_imbalance: float


def programme_effect(
    supported: BoolArray,
    baseline: FloatArray,
    outcome: FloatArray,
    covariates: pd.DataFrame,
    rule: EffectRule,
) -> ProgrammeEffect:
    """Compare supported schools (`supported` true) with the others; arrays with one value per school.

    `covariates`: what schools are matched on besides the baseline; a missing value counts as the mean, a
    column that doesn't vary is left out.
    """
    treated = np.asarray(supported, bool)
    before, after = np.asarray(baseline, float), np.asarray(outcome, float)
    x = _design(before, covariates)
    enough = (~treated).sum() > x.shape[1] + 2 and treated.sum() > 1
    if not enough or not before[~treated].std():
        return _nothing(treated, before, after)
    matches = _matches(x, treated, rule)
    matched = np.array([len(m) > 0 for m in matches], bool)
    by_match = int(matched.sum()) >= rule.least_schools
    weight = np.zeros(len(before))  # +1/n for supported schools, −share in the matches for the others
    held = np.flatnonzero(treated)[matched] if by_match else np.flatnonzero(treated)
    weight[held] = 1 / len(held)
    if by_match:
        for own in (m for m in matches if len(m)):
            weight[own] -= 1 / (len(own) * len(held))
    figures = _estimate(x, after, treated, held, weight)
    controls = ~treated & (weight != 0)
    share = np.where(controls, -weight, 0.0)
    change = after - before
    z = x[:, 1:] / x[:, 1:].std(axis=0)
    naive = _mean_interval(change[held])
    return ProgrammeEffect(
        method="matched" if by_match else "regression",
        supported_n=int(treated.sum()),
        matched_n=int(matched.sum()),
        controls_n=int(controls.sum()),
        unsupported_n=int((~treated).sum()),
        baseline_supported=float(before[held].mean()),
        baseline_controls=float(share @ before) if by_match else float("nan"),
        naive_change=float(change[held].mean()),
        naive_ci_low=naive[0],
        naive_ci_high=naive[1],
        regression_to_mean=_regression_to_mean(before, change, treated, held),
        controls_change=float(share @ change) if by_match else float("nan"),
        **figures,
        largest_imbalance=float(np.abs(weight @ z).max()) if by_match else float("nan"),
    )


def _design(before: FloatArray, covariates: pd.DataFrame) -> FloatArray:
    """Constant, baseline, and the covariates that vary."""
    filled = covariates.astype(float)
    filled = filled.fillna(filled.mean())
    filled = filled.loc[:, filled.std(ddof=0) > 0]
    return np.column_stack([np.ones(len(before)), before, filled.to_numpy(float)])


def _matches(x: FloatArray, treated: BoolArray, rule: EffectRule) -> list[NDArray[np.intp]]:
    """For each supported school the nearest unsupported ones (with replacement) within the caliper."""
    z = x[:, 1:] / x[:, 1:].std(axis=0)
    pool = np.flatnonzero(~treated)
    found = []
    for i in np.flatnonzero(treated):
        near = pool[np.abs(z[pool, 0] - z[i, 0]) <= rule.caliper]
        distance = ((z[near] - z[i]) ** 2).sum(axis=1)
        found.append(near[np.argsort(distance, kind="stable")[: rule.controls_n]])
    return found


def _estimate(
    x: FloatArray,
    after: FloatArray,
    treated: BoolArray,
    held: NDArray[np.intp],
    weight: FloatArray,
) -> dict[str, float]:
    """Effect, se, interval and p: Σ weight·outcome less the regression's share of what is not balanced.

    The effect is linear in outcomes, so its variance is Σ l²e² with residuals e of the unsupported schools'
    regression (HC3), of supported schools about the effect; degrees of freedom by Satterthwaite.
    """
    controls = np.flatnonzero(~treated)
    inverse = np.linalg.pinv(x[controls].T @ x[controls])
    beta = inverse @ (x[controls].T @ after[controls])
    imbalance = weight @ x
    effect = float(weight @ after - imbalance @ beta)
    linear = weight.copy()
    linear[controls] -= x[controls] @ inverse @ imbalance
    leverage = np.einsum("ij,jk,ik->i", x[controls], inverse, x[controls])
    residual = (after[controls] - x[controls] @ beta) / np.maximum(1 - leverage, 1e-6)
    own = after[held] - x[held] @ beta
    own = (own - own.mean()) * np.sqrt(len(held) / max(len(held) - 1, 1))
    parts = np.array([(linear[held] ** 2) @ own**2, (linear[controls] ** 2) @ residual**2])
    freedom = np.array([max(len(held) - 1, 1), len(controls) - np.linalg.matrix_rank(x[controls])])
    se = float(np.sqrt(parts.sum()))
    df = float(parts.sum() ** 2 / (parts**2 / freedom).sum())
    half = float(student.ppf(0.975, df)) * se
    return {
        "effect": effect,
        "effect_se": se,
        "ci_low": effect - half,
        "ci_high": effect + half,
        "p_value": float(2 * student.sf(abs(effect) / se, df)),
    }


def _regression_to_mean(
    before: FloatArray, change: FloatArray, treated: BoolArray, held: NDArray[np.intp]
) -> float:
    """The change that the unsupported schools' line of change on baseline predicts for the supported."""
    slope, intercept = np.polyfit(before[~treated], change[~treated], 1)
    return float(intercept + slope * before[held].mean())


def _mean_interval(values: FloatArray) -> tuple[float, float]:
    half = float(student.ppf(0.975, len(values) - 1)) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _nothing(treated: BoolArray, before: FloatArray, after: FloatArray) -> ProgrammeEffect:
    """Counts, and the supported schools' own baseline and change where there are any."""
    figures = dict.fromkeys((f.name for f in fields(ProgrammeEffect) if f.type == "float"), float("nan"))
    if treated.any():
        figures["baseline_supported"] = float(before[treated].mean())
        figures["naive_change"] = float((after - before)[treated].mean())
    return ProgrammeEffect(
        method="none",
        supported_n=int(treated.sum()),
        matched_n=0,
        controls_n=0,
        unsupported_n=int((~treated).sum()),
        **figures,
    )
