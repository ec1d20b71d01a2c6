"""Estimates for students: Warm's weighted likelihood (WLE) and the posterior mean (EAP), by raw score.

In a Rasch model all students with one form and one raw score share their estimate, so a table of
(form, raw score) is everything. Never take a sd or a level share from these estimates: see units.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .arrays import FloatArray, IntArray
from .counts import ScoreCounts
from .messages import Message, message
from .model import ItemBank, item_cumulants, probabilities
from .rasch import Calibration

_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class ScoreTable:
    """WLE by form and raw score: `form` indexes `forms`; `theta`, `se` in logits, always finite.

    `left_out` names, by form, items the bank doesn't know: `raw` counts the other items only.
    `unscored` names forms without a single calibrated item.
    """

    forms: tuple[str, ...]
    form: IntArray
    raw: IntArray
    theta: FloatArray
    se: FloatArray
    left_out: dict[str, tuple[str, ...]]
    unscored: tuple[str, ...]

    def at(self, form: str, raw: int) -> tuple[float, float]:
        """(θ, SE) of one row; KeyError when there is none."""
        row = np.flatnonzero((self.form == self.forms.index(form)) & (self.raw == raw))
        if not row.size:
            raise KeyError((form, raw))
        return float(self.theta[row[0]]), float(self.se[row[0]])


@dataclass(frozen=True)
class PosteriorTable:
    """EAP by group, form and raw score (codes of the calibration's counts), logits; n students."""

    group: IntArray
    form: IntArray
    raw: IntArray
    n: IntArray
    mean: FloatArray
    sd: FloatArray


@dataclass(frozen=True)
class Reliability:
    """A reliability; below zero it is a finding, told by `messages`, not an error."""

    value: float
    messages: tuple[Message, ...] = ()


def form_items(counts: ScoreCounts) -> dict[str, tuple[str, ...]]:
    """The items of each form."""
    names = np.array(counts.items)
    return {form: tuple(names[held]) for form, held in zip(counts.forms, counts.administered, strict=True)}


def wle_table(bank: ItemBank, forms: Mapping[str, Sequence[str]]) -> ScoreTable:
    """WLE and SE = I^(−1/2) for every raw score that each form allows (Warm 1989).

    Solves r − ΣE_j(θ) + J(θ)/(2I(θ)) = 0, which has a finite root at zero and at the maximum too.
    """
    place = {name: j for j, name in enumerate(bank.items)}
    usable = bank.active.sum(axis=1) > 1
    names, left_out, unscored, held, raws = [], {}, [], [], []
    for form, items in forms.items():
        known = [place[name] for name in items if name in place]
        strange = tuple(name for name in items if name not in place)
        if not usable[known].any():
            unscored.append(form)
            continue
        if strange:
            left_out[form] = strange
        names.append(form)
        mask = np.zeros(len(bank.items), bool)
        mask[known] = True
        held.append(mask)
        raws.append(np.arange(bank.lowest[known].sum(), bank.highest[known].sum() + 1))
    form_code = np.repeat(np.arange(len(names)), [len(r) for r in raws]).astype(np.int64)
    raw = np.concatenate(raws).astype(np.int64) if raws else np.zeros(0, np.int64)
    masks = np.array(held, dtype=float).reshape(len(names), len(bank.items))
    theta, se = _first_guess(bank.intercept, masks, raws), np.empty(len(raw))
    for start in range(0, len(raw), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        theta[rows], se[rows] = _warm(bank.intercept, masks[form_code[rows]], raw[rows], theta[rows])
    return ScoreTable(tuple(names), form_code, raw, theta, se, left_out, tuple(unscored))


def _bound(intercept: FloatArray) -> float:
    """No WLE is further out than this, in logits."""
    return float(np.abs(intercept[np.isfinite(intercept)]).max()) + 10 + float(np.log(len(intercept) + 1))


def _first_guess(intercept: FloatArray, masks: FloatArray, raws: list[IntArray]) -> FloatArray:
    """WLEs to about a hundredth: Warm's expected score of each form on a grid, read backwards."""
    grid = np.linspace(-_bound(intercept), _bound(intercept), 401)
    mean, variance, third, _ = (masks @ cumulant for cumulant in item_cumulants(intercept, grid))
    expected = mean - third / (2 * np.maximum(variance, 1e-300))
    guesses = [np.interp(raw, own, grid) for raw, own in zip(raws, expected, strict=True)]
    return np.concatenate([np.zeros(0), *guesses])


def _warm(
    intercept: FloatArray, held: FloatArray, raw: IntArray, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton on Warm's equation for many (items held, raw score) rows, kept inside a shrinking bracket."""
    low, high = np.full(len(raw), -_bound(intercept)), np.full(len(raw), _bound(intercept))
    for _ in range(200):
        mean, variance, third, fourth = (
            np.einsum("rj,jr->r", held, cumulant) for cumulant in item_cumulants(intercept, theta)
        )
        safe = np.maximum(variance, 1e-300)
        value = raw - mean + third / (2 * safe)
        slope = -variance + fourth / (2 * safe) - third**2 / (2 * safe**2)
        low, high = np.where(value > 0, theta, low), np.where(value > 0, high, theta)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = theta - value / slope
        inside = (step >= low) & (step <= high) & (slope < 0)
        new = np.where(inside, step, (low + high) / 2)
        if np.abs(new - theta).max(initial=0) < 1e-10:
            break
        theta = new
    return theta, 1 / np.sqrt(np.maximum(variance, 1e-300))


def eap_table(calibration: Calibration) -> PosteriorTable:
    """Posterior mean and sd of θ given the group's own normal, for every cell of the calibrated counts.

    ValueError when nothing was calibrated.
    """
    if calibration.bank is None or calibration.counts is None:
        raise ValueError("nothing was calibrated")
    cells = calibration.counts.students
    held = calibration.counts.administered.astype(float)
    z = np.linspace(-6, 6, calibration.nodes)
    mean, sd = np.empty(len(cells.n)), np.empty(len(cells.n))
    for g in range(len(calibration.groups)):
        own = cells.group == g
        theta = calibration.mean[g] + calibration.sd[g] * z
        log_d = held @ probabilities(calibration.bank.intercept, theta)[1]
        exponent = cells.raw[own, None] * theta - log_d[cells.form[own]] - 0.5 * z**2
        weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        mean[own] = weight @ theta
        sd[own] = np.sqrt((weight * (theta - mean[own, None]) ** 2).sum(axis=1))
    return PosteriorTable(cells.group, cells.form, cells.raw, cells.n, mean, sd)


def wle_reliability(theta: ArrayLike, se: ArrayLike, n: ArrayLike) -> Reliability:
    """1 − mean(SE²) / var(WLE) over students; arrays by (form, raw score) with n students each."""
    value, error, weight = (np.asarray(a, float) for a in (theta, se, n))
    variance = weight @ (value - np.average(value, weights=weight)) ** 2 / (weight.sum() - 1)
    if variance <= 0:
        raise ValueError("all students have the same estimate")
    return _reliability(1 - np.average(error**2, weights=weight) / variance)


def eap_reliability(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Reliability:
    """var(EAP) / (var(EAP) + mean posterior variance), the model's own ratio: variance over n, not n − 1."""
    value, spread, weight = (np.asarray(a, float) for a in (mean, sd, n))
    variance = np.average((value - np.average(value, weights=weight)) ** 2, weights=weight)
    return _reliability(variance / (variance + np.average(spread**2, weights=weight)))


def _reliability(value: float) -> Reliability:
    found = (message("negative_reliability", value=f"{value:.3f}"),) if value < 0 else ()
    return Reliability(float(value), found)
