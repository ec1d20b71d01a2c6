"""Linking years by common items, and equating randomly spread variants.

Common items: drift screen, then fixed anchors; mean–mean and concurrent calibration stand beside it
(Kolen & Brennan 2014, ch. 6). Variants: equipercentile under random groups (ibid., ch. 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from .arrays import BoolArray, FloatArray
from .counts import ScoreCounts, merge_counts
from .messages import Message, message
from .rasch import Calibration, CalibrationSettings, calibrate, mixture
from .scale import ReferenceCohort, scale_score

DROP_ABOVE = 0.5  # logits, whatever the spread
DROP_FROM, DROP_Z = 0.3, 2.7  # logits, if robustly outlying too
LEAST_ANCHORS, MOST_DROPPED = 6, 0.3
METHODS_DIFFER = 5.0  # points of the 500/100 scale


@dataclass(frozen=True)
class DriftScreen:
    """`drift` d = δ_new − δ_old − mean of the kept anchors, logits; `z` robust, (d − median)/(0.74·IQR).

    `shift` is that mean. `linked` is False when `reasons` says why. `link_error` is sd(d)/√L over the kept
    anchors, or over the means of their testlets; 0 when not linked.
    """

    items: tuple[str, ...]
    drift: FloatArray
    z: FloatArray
    kept: BoolArray
    shift: float
    link_error: float
    linked: bool
    reasons: tuple[Message, ...]

    @property
    def kept_items(self) -> tuple[str, ...]:
        return tuple(name for name, keep in zip(self.items, self.kept, strict=True) if keep)


@dataclass(frozen=True)
class Link:
    """A new year on the old year's scale.

    `calibration` has the kept anchors fixed (None when not linked). `mean` and `sd` give the new year's
    (μ, σ) in old logits by method: fixed_anchors, mean_mean, concurrent. `warnings` names methods whose
    means differ by more than 5 points.
    """

    linked: bool
    screen: DriftScreen | None
    calibration: Calibration | None
    link_error: float
    mean: dict[str, float]
    sd: dict[str, float]
    reasons: tuple[Message, ...]
    warnings: tuple[Message, ...]


@dataclass(frozen=True)
class Equating:
    """Equivalent scores: `equivalent[x]` on the reference variant's raw scale for x = 0…max.

    status: ok, or too_few with NaN scores and the reason in `messages`.
    """

    equivalent: FloatArray
    status: str
    messages: tuple[Message, ...] = ()


def drift_screen(
    items: Sequence[str],
    old: ArrayLike,
    new: ArrayLike,
    *,
    testlets: Sequence[str] | None = None,
) -> DriftScreen:
    """Which anchors keep their difficulty (logits, one per anchor, both years calibrated freely).

    Dropped: |d| > 0.5, or |d| > 0.3 with robust |z| > 2.7; the worst first, and the mean taken anew,
    so that one wild item doesn't accuse the others. Fewer than 6 left or over 30 % dropped: not linked.
    """
    difference = np.asarray(new, float) - np.asarray(old, float)
    kept = np.isfinite(difference)
    drift, z = _drift(difference, kept)
    while kept.any():
        bad = kept & ((np.abs(drift) > DROP_ABOVE) | ((np.abs(drift) > DROP_FROM) & (np.abs(z) > DROP_Z)))
        if not bad.any():
            break
        kept[np.argmax(np.where(bad, np.abs(drift), -1))] = False
        drift, z = _drift(difference, kept)
    reasons = _reasons(kept)
    linked = not reasons
    shift = float(difference[kept].mean()) if kept.any() else 0.0
    units = None if testlets is None else np.asarray(testlets)[kept]
    error = link_error(drift[kept], units) if linked else 0.0
    return DriftScreen(tuple(items), drift, z, kept, shift, error, linked, reasons)


def _drift(difference: FloatArray, kept: BoolArray) -> tuple[FloatArray, FloatArray]:
    if not kept.any():
        return np.zeros(len(difference)), np.zeros(len(difference))
    drift = np.where(np.isfinite(difference), difference - difference[kept].mean(), np.inf)
    low, middle, high = np.percentile(drift[np.isfinite(drift)], (25, 50, 75))
    spread = 0.74 * (high - low)
    # anchors that agree to the last digit have no spread to measure z with
    z = (drift - middle) / spread if spread > 1e-12 else np.where(np.abs(drift - middle) < 1e-12, 0.0, np.inf)
    return drift, z


def _reasons(kept: BoolArray) -> tuple[Message, ...]:
    left, dropped = int(kept.sum()), int((~kept).sum())
    found = []
    if left < LEAST_ANCHORS:
        found.append(message("few_anchors", value=left, limit=LEAST_ANCHORS))
    if dropped > MOST_DROPPED * len(kept):
        share = f"{dropped / len(kept):.0%}"
        found.append(message("many_dropped", value=share, limit=f"{MOST_DROPPED:.0%}"))
    return tuple(found)


def link_error(drift: ArrayLike, testlets: ArrayLike | None = None) -> float:
    """sd(d)/√L over the anchors kept, or over testlet means where items come in units (logits).

    ValueError with fewer than two units.
    """
    values = np.asarray(drift, float)
    if testlets is not None:
        code = np.unique(np.asarray(testlets), return_inverse=True)[1]
        values = np.bincount(code, values) / np.bincount(code)
    if len(values) < 2:
        raise ValueError("a link error needs two anchors")
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def accumulated_link_error(steps: ArrayLike) -> FloatArray:
    """Link error of each year against the first: √Σ of the steps so far; the first year has 0."""
    return np.sqrt(np.concatenate(([0.0], np.cumsum(np.asarray(steps, float) ** 2))))


def mean_mean(old: ArrayLike, new: ArrayLike) -> float:
    """What to add to new logits to reach the old scale: mean(δ_old) − mean(δ_new) over the anchors."""
    return float(np.mean(np.asarray(old, float)) - np.mean(np.asarray(new, float)))


def link_by_anchors(
    old: Calibration,
    new_counts: ScoreCounts,
    anchors: Sequence[str],
    *,
    reference: ReferenceCohort,
    old_counts: ScoreCounts | None = None,
    testlets: Mapping[str, str] | None = None,
    common_population: bool = False,
    settings: CalibrationSettings | None = None,
) -> Link:
    """Put a new year on the scale of `old`; its groups (cohorts) keep means and sds of their own.

    `anchors` are items that the registry names as common. `reference` turns logits into points for the
    5-point warning. With `old_counts` the concurrent calibration of both years stands beside it.
    A link that fails is no error: `linked` is False and `reasons` say why. DisconnectedFormsError as in
    `calibrate`; the gates of `calibration` are the caller's to require.
    """
    calibrate_as = partial(calibrate, common_population=common_population, settings=settings)
    free = calibrate_as(new_counts)
    missing = [name for name, c in (("old", old), ("new", free)) if not c.calibrated]
    if missing:
        return _not_linked(None, tuple(message("no_calibration", name) for name in missing))
    common = [name for name in anchors if name in old.items and name in free.items]
    old_delta, new_delta = _difficulties(old, common), _difficulties(free, common)
    units = None if testlets is None else [testlets[name] for name in common]
    screened = drift_screen(common, old_delta, new_delta, testlets=units)
    if not screened.linked:
        return _not_linked(screened, screened.reasons)
    assert old.bank is not None
    fixed = calibrate_as(new_counts, anchors=old.bank.take(screened.kept_items))
    held = fixed.item_status.count("anchored")
    if held < LEAST_ANCHORS:  # the bank may not know every score of the new year
        few = message("few_anchors", value=held, limit=LEAST_ANCHORS)
        return _not_linked(screened, (few, *fixed.messages))
    shift = mean_mean(old_delta[screened.kept], new_delta[screened.kept])
    mean = {"fixed_anchors": fixed.population.mean, "mean_mean": free.population.mean + shift}
    sd = {"fixed_anchors": fixed.population.sd, "mean_mean": free.population.sd}
    if old_counts is not None:
        mean["concurrent"], sd["concurrent"] = _concurrent(
            old, old_counts, new_counts, screened, calibrate_as
        )
    warnings = _method_warnings(mean, reference)
    return Link(True, screened, fixed, screened.link_error, mean, sd, (), warnings)


def _difficulties(calibration: Calibration, items: Sequence[str]) -> FloatArray:
    place = {name: j for j, name in enumerate(calibration.items)}
    return calibration.difficulty[[place[name] for name in items]]


def _concurrent(
    old: Calibration,
    old_counts: ScoreCounts,
    new_counts: ScoreCounts,
    screened: DriftScreen,
    calibrate_as: Callable[..., Calibration],
) -> tuple[float, float]:
    """New year's (μ, σ) from one calibration of both years, moved to old logits by the old items.

    Items that are not kept anchors are different items in each year, whatever their names.
    """
    kept = set(screened.kept_items)
    years = {"old": _renamed(old_counts, kept, "old"), "new": _renamed(new_counts, kept, "new")}
    both = calibrate_as(merge_counts(years))
    names = [name for name in old.items if name in kept]
    shift = mean_mean(_difficulties(old, names), _difficulties(both, names))
    new = [g for g, name in enumerate(both.groups) if name.startswith("new/")]
    mean, sd = mixture(both.group_n[new], both.mean[new], both.sd[new])
    return mean + shift, sd


def _renamed(counts: ScoreCounts, kept: set[str], year: str) -> ScoreCounts:
    return replace(counts, items=tuple(n if n in kept else f"{year}:{n}" for n in counts.items))


def _method_warnings(mean: dict[str, float], reference: ReferenceCohort) -> tuple[Message, ...]:
    points = {method: float(scale_score(value, reference)) for method, value in mean.items()}
    gap = max(points.values()) - min(points.values())
    if gap <= METHODS_DIFFER:
        return ()
    detail = ", ".join(f"{method} {value:.1f}" for method, value in points.items())
    return (message("methods_differ", value=f"{gap:.1f}", limit=METHODS_DIFFER, detail=detail),)


def _not_linked(screened: DriftScreen | None, reasons: tuple[Message, ...]) -> Link:
    return Link(False, screened, None, 0.0, {}, {}, reasons, ())


def equipercentile(x: ArrayLike, y: ArrayLike) -> FloatArray:
    """e_Y(x) for x = 0…max: the score of y with x's percentile rank (percentile rank at half).

    `x`, `y`: students by score 0…max of two randomly spread variants, both without gaps in the index.
    Scores x above everybody reach max(y) + 0.5, below everybody −0.5. ValueError for no students.
    """
    of_x, of_y = np.asarray(x, float), np.asarray(y, float)
    if not (of_x.sum() > 0 and of_y.sum() > 0):
        raise ValueError("equating needs students in both variants")
    rank = (np.cumsum(of_x) - of_x / 2) / of_x.sum()
    share = of_y / of_y.sum()
    upto = np.cumsum(share)
    # the least score whose cumulated share exceeds the rank, so it is never an empty one
    above = np.minimum(np.searchsorted(upto, rank + 1e-12, side="right"), np.flatnonzero(share)[-1])
    equivalent = above - 0.5 + (rank - (upto[above] - share[above])) / share[above]
    lowest = np.flatnonzero(share)[0]
    return np.where(rank <= 0, lowest - 0.5, equivalent)


def equate_variants(
    variants: Mapping[str, ArrayLike], reference: str, *, least_n: int = 200
) -> dict[str, Equating]:
    """Every variant on the raw scale of `reference` under random groups; students by score 0…max.

    A variant (or a reference) with fewer than `least_n` students is not equated: status too_few.
    KeyError for an unknown reference.
    """
    size = {name: int(np.sum(np.asarray(n))) for name, n in variants.items()}
    found = {}
    for name, n in variants.items():
        small = [v for v in (name, reference) if size[v] < least_n]
        if name == reference:
            found[name] = Equating(np.arange(len(np.asarray(n)), dtype=float), "ok")
        elif small:
            why = tuple(message("too_few_students", v, value=size[v], limit=least_n) for v in small)
            found[name] = Equating(np.full(len(np.asarray(n)), np.nan), "too_few", why)
        else:
            found[name] = Equating(equipercentile(n, variants[reference]), "ok")
    return found
