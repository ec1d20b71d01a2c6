"""Reporting scales. The 500/100 scale hangs on a frozen reference cohort of the region's own assessment:
it looks like an international study's scale and is not one, so their cut scores don't apply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from .arrays import FloatArray

CENTER, UNIT = 500.0, 100.0


@dataclass(frozen=True)
class ReferenceCohort:
    """Latent mean and sd (logits) of the cohort that defines the scale; never re-based."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.mean) and np.isfinite(self.sd) and self.sd > 0):
            raise ValueError("the reference cohort needs a finite mean and a positive sd")


def scale_score(theta: ArrayLike, reference: ReferenceCohort) -> FloatArray:
    """500 + 100·(θ − μ)/σ."""
    return CENTER + UNIT * (np.asarray(theta, float) - reference.mean) / reference.sd


def scale_error(se: ArrayLike, reference: ReferenceCohort) -> FloatArray:
    """A standard error, sd or difference of logits in points."""
    return UNIT * np.asarray(se, float) / reference.sd


def theta_of(score: ArrayLike, reference: ReferenceCohort) -> FloatArray:
    """Back from points to logits."""
    return reference.mean + reference.sd * (np.asarray(score, float) - CENTER) / UNIT


def z_scores(value: ArrayLike, mean: float, sd: float) -> FloatArray:
    """(value − mean)/sd; ValueError for a sd of zero: nobody differs."""
    if not sd > 0:
        raise ValueError("z needs a positive sd")
    return (np.asarray(value, float) - mean) / sd


def t_scores(z: ArrayLike) -> FloatArray:
    """T = 50 + 10z."""
    return 50 + 10 * np.asarray(z, float)


def percentile_ranks(n: ArrayLike) -> FloatArray:
    """Share below plus half of the share at each score, 0–1; `n` students by score, in order.

    ValueError when there are no students.
    """
    counts = np.asarray(n, float)
    if not counts.sum() > 0:
        raise ValueError("percentile ranks need students")
    return (np.cumsum(counts) - counts / 2) / counts.sum()


def percentile_scale(n: ArrayLike) -> FloatArray:
    """500 + 100·Φ⁻¹(percentile rank) by score: a normal-shaped relative scale.

    Scores that nobody has beyond the ends take the value of the nearest score somebody has.
    """
    counts = np.asarray(n, float)
    ranks = percentile_ranks(counts)
    inside = ranks[counts > 0]
    return CENTER + UNIT * norm.ppf(np.clip(ranks, inside[0], inside[-1]))
