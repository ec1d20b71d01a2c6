"""Rasch and partial credit calibration by marginal maximum likelihood, from score counts alone.

log L of a student of form f with raw score r: rθ − Σ_{j∈f} log D_j(θ) + const, θ | group ~ N(μ_g, σ_g²),
so (form, group, r, n) and (item, score, n) are all the data needed (Masters 1982; Bock & Aitkin 1981;
Adams, Wilson & Wang 1997). EM, accelerated by SQUAREM (Varadhan & Roland 2008) with a likelihood guard,
then Newton steps on the marginal likelihood with the observed information (Louis 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from .arrays import BoolArray, FloatArray, IntArray, group_sum
from .counts import ScoreCounts, require_connected
from .marginal import SD_FLOOR, CalibrationSettings, Expected, MarginalProblem, Solution, fall_of, rounding
from .messages import STATUS_LOW_RELIABILITY, STATUS_NORMAL, STATUS_PROVISIONAL, Gate, Message, message
from .model import ItemBank
from .screening import Screened, screen


@dataclass(frozen=True)
class Population:
    """Mean and sd of θ over all groups, each with its students as the weight; logits.

    Of one group these are its own μ and σ.
    """

    mean: float
    mean_se: float
    sd: float
    sd_se: float


@dataclass(frozen=True)
class Calibration:
    """Result of `calibrate`; difficulties, means and sds in logits.

    `status`: A normal, P provisional (fewer than 200 students on an item), U nothing calibrated
    (`bank` is None; `messages` say why). Item arrays follow `items`, all items of the input; NaN stands only
    where `item_status` is item_all_right, item_all_wrong, item_constant, item_too_few, set_aside or
    constant_total.
    `steps` are items × steps. `reference_group` has mean 0 by definition and `mean_se` 0; it is None when
    anchors hold the scale. `population` is all groups together.
    `sd_se` is 0 where `messages` has sd_at_floor. `counts` are the rows that
    entered; `gates` go to `require_gates`.
    """

    status: str
    items: tuple[str, ...]
    item_status: tuple[str, ...]
    item_n: IntArray
    difficulty: FloatArray
    difficulty_se: FloatArray
    steps: FloatArray
    steps_se: FloatArray
    bank: ItemBank | None
    groups: tuple[str, ...]
    reference_group: str | None
    group_n: IntArray
    mean: FloatArray
    mean_se: FloatArray
    sd: FloatArray
    sd_se: FloatArray
    population: Population
    log_likelihood: float
    iterations: int
    nodes: int
    gates: tuple[Gate, ...]
    messages: tuple[Message, ...]
    counts: ScoreCounts | None

    @property
    def calibrated(self) -> bool:
        return self.bank is not None

    @property
    def accepted(self) -> bool:
        """Calibrated, and every gate holds."""
        return self.calibrated and all(gate.passed for gate in self.gates)


def calibrate(
    counts: ScoreCounts,
    *,
    anchors: ItemBank | None = None,
    reference_group: str | None = None,
    common_population: bool = False,
    settings: CalibrationSettings | None = None,
) -> Calibration:
    """Calibrate all items on one scale, with a mean and a sd for each group.

    Without `anchors` the reference group (the first by default) has mean 0; with them the anchored items
    keep the bank's parameters and all means are free. `common_population=True` lets forms without common
    items be tied by a group that was spread over them at random.
    Raises DisconnectedFormsError naming the parts; anything else that can't be calibrated comes back as
    status U with messages. KeyError for an unknown reference group. Gates are returned, not raised: call
    `require_gates(result.gates)`.
    """
    if reference_group is not None and reference_group not in counts.groups:
        raise KeyError(reference_group)
    settings = settings or CalibrationSettings()
    usable, released = _usable_anchors(counts, anchors)
    screened = screen(counts, usable, settings.sizes)
    screened = screened.with_messages(*released)
    if screened.counts is None:
        return _not_calibrated(counts, screened)
    if anchors is not None and "anchored" not in map(screened.item_status.get, screened.counts.items):
        return _not_calibrated(counts, screened.with_messages(message("no_anchors")))
    _require_one_scale(screened.counts, screened.active, usable, common_population)
    problem = MarginalProblem(screened.counts, usable, reference_group, settings)
    if reference_group is not None and problem.reference not in {reference_group, None}:
        screened = screened.with_messages(message("reference_moved", str(problem.reference)))
    return _result(counts, screened, problem, problem.solve())


def _result(
    all_counts: ScoreCounts, screened: Screened, problem: MarginalProblem, solution: Solution
) -> Calibration:
    par = solution.parameters
    e = problem.expect(par, solution.nodes)
    info, _ = problem.information(par, e)
    covariance = np.linalg.pinv(info)
    bank = ItemBank(problem.counts.items, par.intercept)
    difficulty_se, steps_se = _item_errors(problem, covariance)
    mean_se, sd_se = _group_errors(problem, covariance)
    place = [all_counts.items.index(name) for name in bank.items]
    at_floor = np.flatnonzero(par.sd <= SD_FLOOR)
    status, groups = screened.item_status, problem.counts.groups
    return Calibration(
        status=STATUS_PROVISIONAL if "provisional" in status.values() else STATUS_NORMAL,
        items=all_counts.items,
        item_status=tuple(status[name] for name in all_counts.items),
        item_n=all_counts.item_n,
        difficulty=_spread(bank.difficulty, place, len(status)),
        difficulty_se=_spread(difficulty_se, place, len(status)),
        steps=_spread(bank.steps, place, len(status)),
        steps_se=_spread(steps_se, place, len(status)),
        bank=bank,
        groups=groups,
        reference_group=problem.reference,
        group_n=problem.group_n.astype(np.int64),
        mean=par.mean,
        mean_se=mean_se,
        sd=par.sd,
        sd_se=sd_se,
        population=_population(problem, covariance, par.mean, par.sd),
        log_likelihood=e.log_likelihood,
        iterations=len(solution.path),
        nodes=solution.nodes,
        gates=_gates(problem, solution, e, info),
        messages=(*screened.messages, *(message("sd_at_floor", groups[g]) for g in at_floor)),
        counts=problem.counts,
    )


def _gates(problem: MarginalProblem, solution: Solution, e: Expected, info: FloatArray) -> tuple[Gate, ...]:
    s, path = problem.settings, solution.path
    fall, slack = fall_of(path), rounding(e.log_likelihood)
    eigenvalue = float(np.linalg.eigvalsh(info).min(initial=np.inf))
    end_n = group_sum(problem.pair_group, e.pair_n[:, [0, -1]].sum(axis=1), len(problem.group_n))
    ends = float((end_n / problem.group_n).max())
    return (
        Gate("converged", solution.moved < s.tolerance, solution.moved, s.tolerance),
        Gate("likelihood_never_falls", fall <= slack, fall, slack),
        Gate("information_positive_definite", eigenvalue > 0, eigenvalue, 0.0),
        Gate("nodes_doubled", solution.doubled < s.node_tolerance, solution.doubled, s.node_tolerance),
        Gate("end_node_mass", ends < s.end_mass, ends, s.end_mass),
        Gate("iterations", len(path) <= s.max_iterations, float(len(path)), float(s.max_iterations)),
    )


def _item_errors(problem: MarginalProblem, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """SE of mean difficulties and of steps: linear in the intercepts, 0 for fixed items."""
    item, _ = np.nonzero(problem.free)
    usable = np.isfinite(problem.start.intercept)
    difficulty_se = np.where(usable.sum(axis=1) > 1, 0.0, np.nan)
    steps_se = np.full((len(usable), usable.shape[1] - 1), np.nan)
    for j in range(len(usable)):
        scores = np.flatnonzero(usable[j])
        steps_se[j, scores[1:] - 1] = 0.0
        own = np.flatnonzero(item == j)
        if not own.size:
            continue
        block = np.zeros((len(own) + 1, len(own) + 1))  # the lowest score's intercept is the constant 0
        block[1:, 1:] = covariance[np.ix_(own, own)]
        contrast = np.diff(np.eye(len(own) + 1), axis=0) / np.diff(scores)[:, None]
        steps_se[j, scores[1:] - 1] = _root(np.diag(contrast @ block @ contrast.T))
        difficulty_se[j] = _root(block[-1, -1]) / (scores[-1] - scores[0])
    return difficulty_se, steps_se


def _group_errors(problem: MarginalProblem, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    error = _root(np.diag(covariance))[int(problem.free.sum()) :]
    mean_se, sd_se = np.zeros(len(problem.group_n)), np.zeros(len(problem.group_n))
    mean_se[problem.free_mean] = error[: int(problem.free_mean.sum())]
    sd_se[problem.free_sd] = error[int(problem.free_mean.sum()) :]
    return mean_se, sd_se


def mixture(n: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> tuple[float, float]:
    """Mean and sd of groups of n students together."""
    weight, mu, sigma = (np.asarray(a, float) for a in (n, mean, sd))
    middle = float(np.average(mu, weights=weight))
    return middle, float(np.sqrt(np.average(sigma**2 + (mu - middle) ** 2, weights=weight)))


def _population(
    problem: MarginalProblem, covariance: FloatArray, mean: FloatArray, sd: FloatArray
) -> Population:
    """The groups together, with errors by the delta method."""
    weight = problem.group_n / problem.group_n.sum()
    middle, spread = mixture(weight, mean, sd)
    free_mean, free_sd = problem.free_mean, problem.free_sd
    by_mean, by_sd = weight[free_mean], (weight * sd / spread)[free_sd]
    slopes = np.array([
        np.r_[by_mean, np.zeros(len(by_sd))],
        np.r_[(weight * (mean - middle) / spread)[free_mean], by_sd],
    ])  # fmt: skip
    start = int(problem.free.sum())
    mean_se, sd_se = _root(np.diag(slopes @ covariance[start:, start:] @ slopes.T))
    return Population(middle, float(mean_se), spread, float(sd_se))


def _usable_anchors(counts: ScoreCounts, anchors: ItemBank | None) -> tuple[ItemBank | None, list[Message]]:
    """Anchors that occur here with scores the bank knows; the others are let go and named."""
    if anchors is None:
        return None, []
    keep, released = [], []
    for name, active in zip(anchors.items, anchors.active, strict=True):
        if name not in counts.items:
            continue
        seen = np.flatnonzero(counts.item_scores[counts.items.index(name)])
        unknown = [int(k) for k in seen if k >= len(active) or not active[k]]
        if unknown or active.sum() < 2:
            detail = f"нет параметров для баллов {unknown} / no parameters for scores {unknown}"
            released.append(message("anchor_released", name, detail=detail))
        else:
            keep.append(name)
    return (anchors.take(keep) if keep else None), released


def _require_one_scale(
    counts: ScoreCounts, active: BoolArray, anchors: ItemBank | None, common_population: bool
) -> None:
    informative = active.sum(axis=1) > 1
    if anchors is not None:
        # anchored items share the bank's scale, so one tie stands for all of them
        fixed = np.isin(np.array(counts.items), anchors.items)
        item = np.where(fixed[counts.item], int(np.argmax(fixed)), counts.item)
        counts, informative = replace(counts, item=item), informative | fixed
    require_connected(counts, informative=informative, common_population=common_population)


def _not_calibrated(counts: ScoreCounts, screened: Screened) -> Calibration:
    nothing, size = np.zeros(0), len(counts.items)
    blank = np.full(size, np.nan)
    steps = np.full((size, counts.item_scores.shape[1] - 1), np.nan)
    return Calibration(
        status=STATUS_LOW_RELIABILITY,
        items=counts.items,
        item_status=tuple(screened.item_status[name] for name in counts.items),
        item_n=counts.item_n,
        difficulty=blank,
        difficulty_se=blank,
        steps=steps,
        steps_se=steps,
        bank=None,
        groups=(),
        reference_group=None,
        group_n=np.zeros(0, np.int64),
        mean=nothing,
        mean_se=nothing,
        sd=nothing,
        sd_se=nothing,
        population=Population(*[float("nan")] * 4),
        log_likelihood=0.0,
        iterations=0,
        nodes=0,
        gates=(),
        messages=screened.messages,
        counts=None,
    )


def _spread(values: FloatArray, place: list[int], size: int) -> FloatArray:
    full = np.full((size, *values.shape[1:]), np.nan)
    full[place] = values
    return full


def _root(variance: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(variance, 0))
