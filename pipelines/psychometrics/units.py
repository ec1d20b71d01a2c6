"""Mean, sd and level shares of units (municipalities, regions) on the latent scale, without drawing.

Items are fixed. Each unit gets its own μ and σ by marginal maximum likelihood on its counts, then its
posterior on common nodes is summed over (form, raw score) with the counts. Plausible values estimate the
same by drawing (Mislevy 1991); summing is exact, and no unit is pulled towards the region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.stats import norm

from .arrays import BoolArray, FloatArray, IntArray
from .model import ItemBank, probabilities

SPAN = 8.0
_STEPS = 100
_TOLERANCE = 1e-8


@dataclass(frozen=True)
class UnitDistributions:
    """One row per unit, in the order 0…n_units−1; logits.

    `shares` is units × (cuts + 1): the share below the first cut, between cuts, above the last;
    `share_se` follows from the errors of μ and σ. status: ok, sd_at_floor (spread can't be told from
    measurement error; it is set to the floor), and, with NaN figures, too_few, at_bound (everyone at zero or
    at the maximum), not_converged (also: a mean off the nodes).
    """

    n: IntArray
    mean: FloatArray
    mean_se: FloatArray
    sd: FloatArray
    sd_se: FloatArray
    shares: FloatArray
    share_se: FloatArray
    status: tuple[str, ...]


@dataclass(frozen=True)
class _Block:
    """Units that took one form: likelihood of its raw scores (scores × nodes), students (units × scores)."""

    units: IntArray
    likelihood: FloatArray
    n: FloatArray


@dataclass(frozen=True)
class _Rows:
    """The input, row by row: unit code, form name, raw score, students."""

    unit: IntArray
    form: np.ndarray
    raw: IntArray
    n: IntArray


@dataclass(frozen=True)
class _State:
    """Current μ and log σ of all units, with likelihood, moments and the EM step from them."""

    mean: FloatArray
    log_sd: FloatArray
    value: FloatArray
    gradient: FloatArray  # units × 2
    curvature: FloatArray  # units × 2 × 2, observed information
    em: FloatArray  # units × 2


def unit_distributions(
    bank: ItemBank,
    forms: Mapping[str, Sequence[str]],
    *,
    unit: ArrayLike,
    form: ArrayLike,
    raw: ArrayLike,
    n: ArrayLike,
    center: float,
    spread: float,
    cuts: Sequence[float] = (),
    nodes: int = 161,
    least_n: int = 10,
) -> UnitDistributions:
    """Latent distribution of every unit from its counts (unit code, form name, raw score, n).

    `center` and `spread` are the whole population's μ and σ; nodes cover center ± 8·spread, so that units
    far from the centre keep their tails. Raw scores must count the items of `forms[form]` that the bank
    knows. ValueError for an unknown form or a raw score that the form can't give.
    """
    unit_code, raws, students = (np.asarray(a, np.int64) for a in (unit, raw, n))
    rows = _Rows(unit_code, np.asarray(form).astype(str), raws, students)
    n_units = int(unit_code.max()) + 1
    theta = np.linspace(center - SPAN * spread, center + SPAN * spread, nodes)
    blocks, floor_n, top_n = _blocks(bank, forms, rows, theta)
    size = np.bincount(unit_code, students, n_units)
    status = np.full(n_units, "ok", dtype=object)
    status[(floor_n == size) | (top_n == size)] = "at_bound"
    status[size < least_n] = "too_few"
    usable = status == "ok"
    grid = (theta - center) / spread
    state, at_floor, moved = _fit(blocks, grid, n_units, usable)
    status[usable & at_floor] = "sd_at_floor"
    mass = _summed_posterior(blocks, grid, state) / np.maximum(size, 1)[:, None]
    lost = (moved > 1e-5) | (mass[:, [0, -1]].sum(axis=1) > 1e-4)
    status[usable & lost] = "not_converged"
    shown = (status == "ok") | (status == "sd_at_floor")
    mean, sd = center + spread * state.mean, spread * np.exp(state.log_sd)
    covariance = _covariance(state, at_floor)
    shares = _shares(mass, theta, cuts)
    share_se = _share_errors(mean, sd, covariance, np.asarray(cuts, float), spread)

    def keep(values: FloatArray) -> FloatArray:
        return np.where(shown.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)

    return UnitDistributions(
        n=size.astype(np.int64),
        mean=keep(mean),
        mean_se=keep(spread * np.sqrt(covariance[:, 0, 0])),
        sd=keep(sd),
        sd_se=keep(sd * np.sqrt(covariance[:, 1, 1])),
        shares=keep(shares),
        share_se=keep(share_se),
        status=tuple(status),
    )


def _blocks(
    bank: ItemBank,
    forms: Mapping[str, Sequence[str]],
    given: _Rows,
    theta: FloatArray,
) -> tuple[list[_Block], FloatArray, FloatArray]:
    """A block per form, and students at the lowest and highest raw score of each unit."""
    log_d = probabilities(bank.intercept, theta)[1]
    place = {name: j for j, name in enumerate(bank.items)}
    unit, raw, n = given.unit, given.raw, given.n
    blocks, n_units = [], int(unit.max()) + 1
    floor_n, top_n = np.zeros(n_units), np.zeros(n_units)
    labels, code = np.unique(given.form, return_inverse=True)
    order = np.argsort(code, kind="stable")
    for label, rows in zip(labels, np.split(order, np.cumsum(np.bincount(code))[:-1]), strict=True):
        if label not in forms:
            raise ValueError(f"unknown form {label!r}")
        items = [place[name] for name in forms[label] if name in place]
        low, high = int(bank.lowest[items].sum()), int(bank.highest[items].sum())
        if not items or raw[rows].min() < low or raw[rows].max() > high:
            raise ValueError(f"form {label!r}: raw scores outside {low}…{high}")
        units, at = np.unique(unit[rows], return_inverse=True)
        scores, column = np.unique(raw[rows], return_inverse=True)
        table = np.zeros((len(units), len(scores)))
        np.add.at(table, (at, column), n[rows])
        exponent = scores[:, None] * theta - log_d[items].sum(axis=0)
        blocks.append(_Block(units, np.exp(exponent - exponent.max(axis=1, keepdims=True)), table))
        np.add.at(floor_n, unit[rows], n[rows] * (raw[rows] == low))
        np.add.at(top_n, unit[rows], n[rows] * (raw[rows] == high))
    return blocks, floor_n, top_n


def _weights(grid: FloatArray, mean: FloatArray, log_sd: FloatArray) -> FloatArray:
    """Normal density of each unit at the nodes (units × nodes), times the node distance."""
    z = (grid - mean[:, None]) / np.exp(log_sd)[:, None]
    return np.exp(-0.5 * z**2 - log_sd[:, None]) * ((grid[1] - grid[0]) / np.sqrt(2 * np.pi))


def _evaluate(blocks: list[_Block], grid: FloatArray, mean: FloatArray, log_sd: FloatArray) -> _State:
    """Log-likelihood, gradient and observed information of (μ, log σ) for all units at once."""
    weight = _weights(grid, mean, log_sd)
    z = (grid - mean[:, None]) / np.exp(log_sd)[:, None]
    size = len(mean)
    value, total = np.zeros(size), np.zeros(size)
    moment = np.zeros((size, 2))  # Σ n E[z], Σ n E[z²]
    spread = np.zeros((size, 3))  # Σ n of var z, cov(z, z²), var z²
    for block in blocks:
        u = block.units
        own, step, powers = weight[u], z[u], []
        for _ in range(5):  # w, wz, wz² and so on: powers of an array take ten times as long as products
            powers.append(own @ block.likelihood.T)
            own = own * step
        density = np.maximum(powers[0], 1e-300)
        e1, e2, e3, e4 = (power / density for power in powers[1:])
        value[u] += (block.n * np.log(density)).sum(axis=1)
        total[u] += block.n.sum(axis=1)
        for column, part in enumerate((e1, e2)):
            moment[u, column] += (block.n * part).sum(axis=1)
        for column, part in enumerate((e2 - e1**2, e3 - e1 * e2, e4 - e2**2)):
            spread[u, column] += (block.n * part).sum(axis=1)
    sd, safe = np.exp(log_sd), np.maximum(total, 1)
    gradient = np.column_stack((moment[:, 0] / sd, moment[:, 1] - total))
    curvature = np.empty((size, 2, 2))
    curvature[:, 0, 0] = (total - spread[:, 0]) / sd**2
    curvature[:, 0, 1] = curvature[:, 1, 0] = (2 * moment[:, 0] - spread[:, 1]) / sd
    curvature[:, 1, 1] = 2 * moment[:, 1] - spread[:, 2]
    new_mean = mean + sd * moment[:, 0] / safe
    variance = sd**2 * moment[:, 1] / safe - (new_mean - mean) ** 2
    em = np.column_stack((new_mean, 0.5 * np.log(np.maximum(variance, 1e-8))))
    return _State(mean, log_sd, value, gradient, curvature, em)


def _fit(
    blocks: list[_Block], grid: FloatArray, n_units: int, usable: BoolArray
) -> tuple[_State, BoolArray, FloatArray]:
    """Newton with EM as the fallback, every unit for itself; the last change of each is returned too."""
    floor = np.log(grid[1] - grid[0])  # narrower normals fall between the nodes
    state = _evaluate(blocks, grid, np.zeros(n_units), np.zeros(n_units))
    moved = np.full(n_units, np.inf)
    for _ in range(_STEPS):
        target = _next(state, floor, grid)
        new = _evaluate(blocks, grid, target[:, 0], target[:, 1])
        worse = new.value < state.value - 1e-9 * np.abs(state.value)
        if worse.any():
            em = np.column_stack((state.em[:, 0], np.maximum(state.em[:, 1], floor)))
            target = np.where(worse[:, None], em, target)
            new = _evaluate(blocks, grid, target[:, 0], target[:, 1])
        moved = np.abs(target - np.column_stack((state.mean, state.log_sd))).max(axis=1)
        state = new
        if moved[usable].max(initial=0) < _TOLERANCE:
            break
    return state, state.log_sd <= floor + 1e-9, moved


def _next(state: _State, floor: float, grid: FloatArray) -> FloatArray:
    """Newton's target where the information is positive definite, else the EM step; inside the bounds."""
    a, b, d = state.curvature[:, 0, 0], state.curvature[:, 0, 1], state.curvature[:, 1, 1]
    g0, g1 = state.gradient.T
    determinant = a * d - b**2
    held = (state.log_sd <= floor + 1e-9) & (g1 <= 0)  # at the floor only the mean moves
    good = (a > 0) & (determinant > 0) & ~held
    safe = np.where(good, determinant, 1)
    step = np.column_stack((d * g0 - b * g1, a * g1 - b * g0)) / safe[:, None]
    step = np.clip(step, -1, 1)
    now = np.column_stack((state.mean, state.log_sd))
    target = np.where(good[:, None], now + step, state.em)
    mean_only = np.clip(g0 / np.maximum(a, 1e-12), -1, 1)
    target[held] = np.column_stack((state.mean + mean_only, np.full(len(held), floor)))[held]
    target[:, 0] = np.clip(target[:, 0], grid[0], grid[-1])
    target[:, 1] = np.clip(target[:, 1], floor, np.log(-grid[0]))
    return target


def _summed_posterior(blocks: list[_Block], grid: FloatArray, state: _State) -> FloatArray:
    """Units × nodes: expected number of the unit's students at each node."""
    weight = _weights(grid, state.mean, state.log_sd)
    total = np.zeros_like(weight)
    for block in blocks:
        own = weight[block.units]
        density = np.maximum(own @ block.likelihood.T, 1e-300)
        total[block.units] += own * ((block.n / density) @ block.likelihood)
    return total


def _covariance(state: _State, at_floor: BoolArray) -> FloatArray:
    """Inverse information of (μ, log σ); at the floor that of μ alone."""
    a, b, d = state.curvature[:, 0, 0], state.curvature[:, 0, 1], state.curvature[:, 1, 1]
    determinant = np.maximum(a * d - b**2, 1e-12)
    full = np.stack((np.stack((d, -b), 1), np.stack((-b, a), 1)), 1) / determinant[:, None, None]
    alone = np.zeros_like(full)
    alone[:, 0, 0] = 1 / np.maximum(a, 1e-12)
    found = np.where(at_floor[:, None, None], alone, full)
    diagonal = np.arange(2)
    found[:, diagonal, diagonal] = np.maximum(found[:, diagonal, diagonal], 0)
    return found


def _shares(mass: FloatArray, theta: FloatArray, cuts: Sequence[float]) -> FloatArray:
    """Shares between cuts: the integral of a cubic spline through the density, exact to the fourth order."""
    step = theta[1] - theta[0]
    below = CubicSpline(theta, np.eye(len(theta))).antiderivative()
    limits = np.clip(np.asarray(cuts, float), theta[0], theta[-1])
    reached = mass @ (below(limits) / step).T if len(limits) else np.zeros((len(mass), 0))
    edges = np.column_stack((np.zeros(len(mass)), reached, np.ones(len(mass))))
    return np.clip(np.diff(edges, axis=1), 0, 1)


def _share_errors(
    mean: FloatArray, sd: FloatArray, covariance: FloatArray, cuts: FloatArray, spread: float
) -> FloatArray:
    """Delta method on Φ((cut − μ)/σ): how the errors of μ and σ move the shares."""
    z = (cuts - mean[:, None]) / sd[:, None]
    by_mean, by_log_sd = -norm.pdf(z) * spread / sd[:, None], -norm.pdf(z) * z
    none = np.zeros((len(mean), 1))
    slope = np.stack(
        [np.diff(np.column_stack((none, part, none)), axis=1) for part in (by_mean, by_log_sd)], axis=-1
    )
    return np.sqrt(np.maximum(np.einsum("usi,uij,usj->us", slope, covariance, slope), 0))
