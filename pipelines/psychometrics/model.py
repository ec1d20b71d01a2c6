"""The partial credit model: probabilities, normalisers and moments of items with known parameters.

P(X_j = k | θ) ∝ exp(kθ − b_jk), b_jk = Σ_{h≤k} δ_jh (Masters 1982). Working with b, a score that
nobody has simply gets b = ∞ (probability 0); all other scores keep their weight, so the raw score stays
sufficient. The lowest score in use has b = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class ItemBank:
    """Calibrated items: `intercept` is b, items × scores 0…largest maximum, in logits."""

    items: tuple[str, ...]
    intercept: FloatArray

    def __post_init__(self) -> None:
        if self.intercept.ndim != 2 or len(self.items) != len(self.intercept):
            raise ValueError("intercept must be items × scores")
        if np.isnan(self.intercept).any() or not np.isfinite(self.intercept).any(axis=1).all():
            raise ValueError("intercepts must be finite for one score at least and never NaN")

    @property
    def active(self) -> BoolArray:
        """Items × scores: the scores in use."""
        return np.isfinite(self.intercept)

    @property
    def lowest(self) -> IntArray:
        return np.argmax(self.active, axis=1)

    @property
    def highest(self) -> IntArray:
        return self.active.shape[1] - 1 - np.argmax(self.active[:, ::-1], axis=1)

    @property
    def difficulty(self) -> FloatArray:
        """Mean step difficulty, logits; the ordinary δ of a 0/1 item. NaN for an item with one score only."""
        rows, span = np.arange(len(self.items)), self.highest - self.lowest
        rise = self.intercept[rows, self.highest] - self.intercept[rows, self.lowest]
        return np.where(span > 0, rise / np.maximum(span, 1), np.nan)

    @property
    def steps(self) -> FloatArray:
        """Items × steps: δ_jk from the score in use below to k, per point; NaN where k is not in use."""
        found = np.full((len(self.items), self.intercept.shape[1] - 1), np.nan)
        for j, used in enumerate(self.active):
            scores = np.flatnonzero(used)
            found[j, scores[1:] - 1] = np.diff(self.intercept[j, scores]) / np.diff(scores)
        return found

    def take(self, items: Sequence[str]) -> ItemBank:
        """The same items in another order; KeyError for an unknown one."""
        place = {name: j for j, name in enumerate(self.items)}
        return ItemBank(tuple(items), self.intercept[[place[name] for name in items]])

    def shifted(self, by: float) -> ItemBank:
        """All difficulties moved by a constant (logits)."""
        rise = np.arange(self.intercept.shape[1]) - self.lowest[:, None]
        return ItemBank(self.items, self.intercept + by * rise)


def bank_from_difficulties(items: Sequence[str], difficulty: Sequence[float]) -> ItemBank:
    """A bank of 0/1 items."""
    return ItemBank(tuple(items), np.column_stack((np.zeros(len(items)), np.asarray(difficulty, float))))


def bank_from_steps(items: Sequence[str], steps: Sequence[Sequence[float]]) -> ItemBank:
    """A bank of items with 1…m steps each (lists may differ in length)."""
    intercept = np.full((len(items), 1 + max(len(s) for s in steps)), np.inf)
    intercept[:, 0] = 0
    for j, own in enumerate(steps):
        intercept[j, 1 : len(own) + 1] = np.cumsum(own)
    return ItemBank(tuple(items), intercept)


def probabilities(intercept: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P of every score (items × scores × nodes) and log D (items × nodes) at `theta` (nodes)."""
    if intercept.shape[1] == 2 and np.all(intercept[:, 0] == 0):
        return _probabilities_01(intercept[:, 1], theta)
    scores = np.arange(intercept.shape[1])
    exponent = scores[:, None] * theta - intercept[:, :, None]
    peak = exponent.max(axis=1)
    weight = np.exp(exponent - peak[:, None])
    total = weight.sum(axis=1)
    return weight / total[:, None], peak + np.log(total)


def _probabilities_01(difficulty: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The same for 0/1 items, where it costs a third of the general form."""
    exponent = theta - difficulty[:, None]
    small = np.exp(-np.abs(exponent))
    right = np.where(exponent > 0, 1, small) / (1 + small)
    return np.stack((1 - right, right), axis=1), np.maximum(exponent, 0) + np.log1p(small)


def item_cumulants(intercept: FloatArray, theta: FloatArray) -> tuple[FloatArray, ...]:
    """First four cumulants of each item's score (items × nodes each): mean, variance, third, fourth.

    The variance is the item's information, and each cumulant is the derivative in θ of the one before.
    """
    p, _ = probabilities(intercept, theta)
    if intercept.shape[1] == 2 and np.all(intercept[:, 0] == 0):
        wrong, right = p[:, 0], p[:, 1]
        variance = wrong * right
        return right, variance, variance * (wrong - right), variance * (1 - 6 * variance)
    scores = np.arange(intercept.shape[1])[:, None]
    mean = (scores * p).sum(axis=1)
    gap = scores - mean[:, None]
    variance, third, fourth = ((gap**power * p).sum(axis=1) for power in (2, 3, 4))
    return mean, variance, third, fourth - 3 * variance**2
