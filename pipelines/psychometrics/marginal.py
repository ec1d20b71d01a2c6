"""The marginal likelihood of score counts: EM with SQUAREM, observed information, Newton steps.

Everything works on cells (form, group, raw score) and nodes placed on each group's own μ ± 6σ, so cost
and memory don't depend on the number of students. Sources: see rasch.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray, group_sum
from .counts import ScoreCounts
from .model import ItemBank, probabilities
from .screening import LeastSizes

SD_FLOOR = 0.05  # logits; below it a spread can't be told from measurement error
MAX_NODES = 500


@dataclass(frozen=True)
class CalibrationSettings:
    """Nodes per group on ± `span` sd, limits of the gates, and least sizes."""

    nodes: int = 61
    span: float = 6.0
    tolerance: float = 1e-5
    max_iterations: int = 500
    node_tolerance: float = 0.01
    end_mass: float = 1e-4
    sizes: LeastSizes = field(default_factory=LeastSizes)


@dataclass(frozen=True)
class Parameters:
    intercept: FloatArray
    mean: FloatArray
    sd: FloatArray


@dataclass(frozen=True)
class Expected:
    """Outcome of an E-step: log-likelihood, posterior of each cell, expected students at the nodes."""

    log_likelihood: float
    theta: FloatArray  # groups × nodes
    probability: FloatArray  # items × scores × (groups·nodes)
    posterior: FloatArray  # cells × nodes
    pair_n: FloatArray  # (form, group) pairs × nodes
    item_n: FloatArray  # items × (groups·nodes)


@dataclass(frozen=True)
class Solution:
    """Where the search ended: estimates, likelihood path, last change, effect of twice the nodes."""

    parameters: Parameters
    path: tuple[float, ...]
    nodes: int
    moved: float
    doubled: float


class MarginalProblem:
    """The arrays of one calibration, and the steps of its solution."""

    def __init__(
        self,
        counts: ScoreCounts,
        anchors: ItemBank | None,
        reference_group: str | None,
        settings: CalibrationSettings,
    ):
        self.counts, self.settings = counts, settings
        cells = self.counts.students
        self.n, self.raw = cells.n.astype(float), cells.raw
        new_pair = np.r_[True, (np.diff(cells.form) != 0) | (np.diff(cells.group) != 0)]
        self.pair_start = np.flatnonzero(new_pair)
        self.pair = np.cumsum(new_pair) - 1
        self.pair_form, self.pair_group = cells.form[new_pair], cells.group[new_pair]
        self.group = cells.group
        self.held = self.counts.administered.astype(float)
        self.group_n = group_sum(self.group, self.n, len(self.counts.groups))
        self.observed, self.fixed, start = self._start(anchors)
        active = np.isfinite(start)
        lowest = np.argmax(active, axis=1)
        self.free = active & ~self.fixed[:, None]
        self.free[np.arange(len(lowest)), lowest] = False
        self.free_mean = np.ones(len(self.counts.groups), bool)
        groups = self.counts.groups
        self.reference: str | None = None
        if not self.fixed.any():
            self.reference = reference_group if reference_group in groups else groups[0]
            self.free_mean[groups.index(self.reference)] = False
        self.free_sd = np.ones(len(self.counts.groups), bool)
        self.start = Parameters(start, np.zeros(len(self.group_n)), np.ones(len(self.group_n)))

    def _start(self, anchors: ItemBank | None) -> tuple[FloatArray, BoolArray, FloatArray]:
        """Observed students by item and score, which items are fixed, first intercepts."""
        observed, items = self.counts.item_scores.astype(float), self.counts.items
        width = observed.shape[1] if anchors is None else max(observed.shape[1], anchors.intercept.shape[1])
        observed = np.pad(observed, ((0, 0), (0, width - observed.shape[1])))
        with np.errstate(divide="ignore"):
            log_n = np.log(observed)
        lowest = np.argmax(observed > 0, axis=1)
        start = log_n[np.arange(len(items)), lowest][:, None] - log_n
        start = np.where(np.isfinite(start), np.clip(start, -4 * width, 4 * width), np.inf)
        known = {} if anchors is None else dict(zip(anchors.items, anchors.intercept, strict=True))
        fixed = np.array([name in known for name in items])
        for j in np.flatnonzero(fixed):
            own = known[items[j]]
            start[j] = np.r_[own, np.full(width - len(own), np.inf)]
        return observed, fixed, start

    # --- EM -----------------------------------------------------------------------------------------

    def expect(self, par: Parameters, nodes: int) -> Expected:
        z = np.linspace(-self.settings.span, self.settings.span, nodes)
        log_weight = -0.5 * z**2
        log_weight -= np.log(np.exp(log_weight).sum())
        theta = par.mean[:, None] + par.sd[:, None] * z
        probability, log_d = probabilities(par.intercept, theta.ravel())
        by_group = log_d.reshape(len(log_d), *theta.shape)
        pair_log_d = np.empty((len(self.pair_form), nodes))
        for g in range(len(theta)):
            own = self.pair_group == g
            pair_log_d[own] = self.held[self.pair_form[own]] @ by_group[:, g]
        exponent = self.raw[:, None] * theta[self.group] - pair_log_d[self.pair] + log_weight
        peak = exponent.max(axis=1, keepdims=True)
        posterior = np.exp(exponent - peak)
        total = posterior.sum(axis=1, keepdims=True)
        posterior /= total
        used = self.observed > 0
        log_likelihood = self.n @ (peak + np.log(total))[:, 0] - self.observed[used] @ par.intercept[used]
        pair_n = np.add.reduceat(posterior * self.n[:, None], self.pair_start, axis=0)
        item_n = np.empty((len(log_d), *theta.shape))
        for g in range(len(theta)):
            own = self.pair_group == g
            item_n[:, g] = self.held[self.pair_form[own]].T @ pair_n[own]
        return Expected(
            float(log_likelihood), theta, probability, posterior, pair_n, item_n.reshape(len(log_d), -1)
        )

    def maximise(self, par: Parameters, e: Expected) -> Parameters:
        """One Newton step for the items of each form, group means and sds by their moments."""
        weighted = e.probability * e.item_n[:, None]
        expected = weighted.sum(axis=2)
        gradient = np.where(self.free, expected - self.observed, 0)
        curvature = -weighted @ e.probability.transpose(0, 2, 1)
        diagonal = np.arange(gradient.shape[1])
        curvature[:, diagonal, diagonal] += expected
        curvature *= self.free[:, :, None] & self.free[:, None, :]
        curvature[:, diagonal, diagonal] += np.where(self.free, 1e-9, 1.0)
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        largest = float(np.abs(step).max())
        step = step if largest < 2 else step * (2 / largest)
        group_n = np.zeros_like(e.theta)
        np.add.at(group_n, self.pair_group, e.pair_n)
        first = (group_n * e.theta).sum(axis=1) / self.group_n
        mean = np.where(self.free_mean, first, par.mean)
        second = (group_n * (e.theta - mean[:, None]) ** 2).sum(axis=1) / self.group_n
        sd = np.where(self.free_sd, np.sqrt(second), par.sd)
        return Parameters(par.intercept + step, mean, np.maximum(sd, SD_FLOOR))

    def pack(self, par: Parameters) -> FloatArray:
        return np.r_[par.intercept[self.free], par.mean[self.free_mean], np.log(par.sd[self.free_sd])]

    def unpack(self, x: FloatArray, like: Parameters) -> Parameters:
        n_items, n_means = int(self.free.sum()), int(self.free_mean.sum())
        intercept, mean, sd = like.intercept.copy(), like.mean.copy(), like.sd.copy()
        intercept[self.free] = x[:n_items]
        mean[self.free_mean] = x[n_items : n_items + n_means]
        sd[self.free_sd] = np.maximum(np.exp(np.clip(x[n_items + n_means :], -20, 5)), SD_FLOOR)
        return Parameters(intercept, mean, sd)

    def squarem(self, par: Parameters, path: list[float], nodes: int, tolerance: float) -> Parameters:
        """Extrapolated EM until one EM step moves nothing by more than `tolerance`."""
        e0 = self.expect(par, nodes)
        while len(path) < self.settings.max_iterations:
            par1 = self.maximise(par, e0)
            x0, x1 = self.pack(par), self.pack(par1)
            path.append(e0.log_likelihood)
            if np.abs(x1 - x0).max(initial=0) < tolerance:
                return par1
            e1 = self.expect(par1, nodes)
            path.append(e1.log_likelihood)
            par2 = self.maximise(par1, e1)
            first, second = x1 - x0, self.pack(par2) - 2 * x1 + x0
            length = float(np.linalg.norm(first) / max(float(np.linalg.norm(second)), 1e-150))
            par = self.unpack(x0 + 2 * length * first + length**2 * second, par2) if length > 1 else par2
            e0 = self.expect(par, nodes)
            if not e0.log_likelihood >= e1.log_likelihood:  # the guard: a leap that loses is not taken
                par = par2
                e0 = self.expect(par, nodes)
        return par

    # --- the marginal likelihood --------------------------------------------------------------------

    def information(self, par: Parameters, e: Expected) -> tuple[FloatArray, FloatArray]:
        """Observed information and gradient for (free intercepts, free means, free sds)."""
        item, score = np.nonzero(self.free)
        means, sds = np.flatnonzero(self.free_mean), np.flatnonzero(self.free_sd)
        n_items, n_means, nodes = len(item), len(means), e.theta.shape[1]
        size = n_items + n_means + len(sds)
        info = np.zeros((size, size))
        gradient = np.zeros(size)
        weighted = e.probability * e.item_n[:, None]
        expected = weighted.sum(axis=2)
        gradient[:n_items] = (expected - self.observed)[self.free]
        block = -weighted @ e.probability.transpose(0, 2, 1)
        same = item[:, None] == item
        info[:n_items, :n_items][same] = block[item[:, None], score[:, None], score][same]
        info[np.arange(n_items), np.arange(n_items)] += expected[self.free]
        for g in range(len(e.theta)):
            mean_at, sd_at = np.flatnonzero(means == g), np.flatnonzero(sds == g)
            kinds = np.r_[np.zeros(len(mean_at), int), np.ones(len(sd_at), int)]  # 0 a mean, 1 a sd
            slots = np.r_[n_items + mean_at, n_items + n_means + sd_at]
            place = np.ix_(np.r_[np.arange(n_items), slots], np.r_[np.arange(n_items), slots])
            s_items = e.probability[:, :, g * nodes : (g + 1) * nodes][self.free]
            s_group, own_gradient, own_curvature = self._group_scores(par, e, g)
            gradient[slots] += own_gradient[kinds]
            info[np.ix_(slots, slots)] += own_curvature[np.ix_(kinds, kinds)]
            info[place] -= self._missing_information(e, g, s_items, s_group[kinds])
        return info, gradient

    def _group_scores(
        self, par: Parameters, e: Expected, g: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scores of (μ, σ) at the nodes, their sums over students, and their complete information."""
        students = e.pair_n[self.pair_group == g].sum(axis=0)
        gap, sd = e.theta[g] - par.mean[g], par.sd[g]
        scores = np.stack((gap / sd**2, (gap**2 / sd**2 - 1) / sd))
        across = (2 * gap / sd**3) @ students
        of_sd = (3 * gap**2 / sd**4 - 1 / sd**2) @ students
        return scores, scores @ students, np.array([[students.sum() / sd**2, across], [across, of_sd]])

    def _missing_information(
        self, e: Expected, g: int, s_items: FloatArray, s_group: FloatArray
    ) -> FloatArray:
        """Louis: variance of the complete scores given the raw score, summed over students of a group."""
        item = np.nonzero(self.free)[0]
        pairs, cells = self.pair_group == g, self.group == g
        square = self._score_products(
            s_items, s_group, e.pair_n[pairs], self.held[self.pair_form[pairs]], item
        )
        held = self.held[self.counts.students.form[cells]][:, item]
        mean = np.c_[(e.posterior[cells] @ s_items.T) * held, e.posterior[cells] @ s_group.T]
        mean *= np.sqrt(self.n[cells])[:, None]
        return square - mean.T @ mean

    @staticmethod
    def _score_products(
        s_items: FloatArray, s_group: FloatArray, at_nodes: FloatArray, held: FloatArray, item: IntArray
    ) -> FloatArray:
        """Σ over students of E[s sᵀ]: only items of one form are ever multiplied."""
        n_items, size = len(s_items), len(s_items) + len(s_group)
        total = np.zeros((size, size))
        if held.all():
            total[:n_items, :n_items] = (s_items * at_nodes.sum(axis=0)) @ s_items.T
        else:
            for q in range(at_nodes.shape[1]):
                together = (held * at_nodes[:, q, None]).T @ held
                s = s_items[:, q]
                total[:n_items, :n_items] += together[item[:, None], item] * np.outer(s, s)
        taken = (held.T @ at_nodes)[item]
        total[:n_items, n_items:] = (s_items * taken) @ s_group.T
        total[n_items:, :n_items] = total[:n_items, n_items:].T
        total[n_items:, n_items:] = (s_group * at_nodes.sum(axis=0)) @ s_group.T
        return total

    def newton(self, par: Parameters, path: list[float], nodes: int) -> tuple[Parameters, float]:
        """Newton steps on the marginal likelihood; returns the last step's largest change."""
        moved = np.inf
        e = self.expect(par, nodes)
        for _ in range(12):
            self.free_sd &= par.sd > SD_FLOOR
            info, gradient = self.information(par, e)
            step = _solve(info, gradient)
            if step is None:
                break
            new = self._moved(par, step)
            new_e = self.expect(new, nodes)
            if new_e.log_likelihood < e.log_likelihood - rounding(e.log_likelihood):
                break
            moved = float(np.abs(step).max(initial=0))
            par, e = new, new_e
            path.append(e.log_likelihood)
            if moved < 1e-9:
                break
        return par, moved

    def _moved(self, par: Parameters, step: FloatArray) -> Parameters:
        n_items, n_means = int(self.free.sum()), int(self.free_mean.sum())
        intercept, mean, sd = par.intercept.copy(), par.mean.copy(), par.sd.copy()
        intercept[self.free] += step[:n_items]
        mean[self.free_mean] += step[n_items : n_items + n_means]
        sd[self.free_sd] += step[n_items + n_means :]
        return Parameters(intercept, mean, np.maximum(sd, SD_FLOOR))

    def solve(self) -> Solution:
        """Alternate EM and Newton until nothing moves; more nodes when these were too few."""
        par, nodes = self.start, self.settings.nodes
        path: list[float] = []
        tolerance = 1e-3
        while True:
            par = self.squarem(par, path, nodes, tolerance)
            par, moved = self.newton(par, path, nodes)
            finished = moved < self.settings.tolerance
            if not finished and len(path) < self.settings.max_iterations:
                tolerance /= 10
                continue
            doubled = self.effect_of_doubling(par, nodes)
            # too few nodes show in either way; long tests need closer ones
            steady = fall_of(path) <= rounding(path[-1]) and doubled < self.settings.node_tolerance
            if not finished or steady or 2 * nodes > MAX_NODES:
                return Solution(par, tuple(path), nodes, moved, doubled)
            par, nodes, path, tolerance = self.start, 2 * nodes - 1, [], 1e-3
            self.free_sd[:] = True

    def effect_of_doubling(self, par: Parameters, nodes: int) -> float:
        """Largest change that twice as many nodes would make: one Newton step there."""
        info, gradient = self.information(par, self.expect(par, 2 * nodes - 1))
        step = _solve(info, gradient)
        return np.inf if step is None else float(np.abs(step).max(initial=0))


def _solve(info: FloatArray, gradient: FloatArray) -> FloatArray | None:
    """Newton's step, or None when the information is not positive definite."""
    try:
        root = np.linalg.cholesky(info)
    except np.linalg.LinAlgError:
        return None
    step = np.linalg.solve(root.T, np.linalg.solve(root, gradient))
    return step if np.isfinite(step).all() else None


def fall_of(path: Sequence[float]) -> float:
    """The largest loss of log-likelihood from one step to the next; 0 when it never fell."""
    return float(np.max(-np.diff(path), initial=0.0))


def rounding(log_likelihood: float) -> float:
    return 1e-10 * max(1.0, abs(log_likelihood))
