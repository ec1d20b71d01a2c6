"""Differential item functioning between two groups of students, matched on the raw score.

Mantel–Haenszel for 0/1 items with ETS classes (Holland & Thayer 1988; Zwick 2012), Mantel's test with
the standardised mean difference for longer items (Zwick & Thayer 1996). Strata are form × raw score.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc
from scipy.stats import norm

from .arrays import BoolArray, FloatArray, IntArray, group_sum
from .counts import ScoreCounts
from .intervals import benjamini_hochberg

ETS_SCALE = -2.35  # Δ = −2.35 ln α
LEAST_FOCAL, LEAST_ALL = 200, 500

Recount = Callable[[Collection[str]], ScoreCounts]


@dataclass(frozen=True)
class MantelHaenszel:
    """A 2 × 2 × strata table. odds_ratio: reference to focal (above 1: easier for the reference group).

    `se_log` after Robins, Breslow & Greenland (1986). status: ok; no_overlap (no stratum holds both groups
    and both outcomes: figures NaN); infinite (an odds ratio of 0 or ∞: its SE is NaN).
    """

    odds_ratio: float
    se_log: float
    chi2: float
    chi2_uncorrected: float
    p: float
    status: str


@dataclass(frozen=True)
class DifResult:
    """One row per item. `effect` is ETS Δ for 0/1 items and SMD / sd for longer ones; negative Δ and
    negative SMD both say harder for the focal group. `p_adjusted` is Benjamini–Hochberg over the items
    tested. `ets_class` is A, B, C, or '' where `status` is not ok.

    status: ok, too_few (less than 200 focal or 500 in all), no_overlap, infinite.
    `purified` names the items left out of the matching score in the last round.
    """

    items: tuple[str, ...]
    n_reference: IntArray
    n_focal: IntArray
    effect: FloatArray
    effect_se: FloatArray
    chi2: FloatArray
    p: FloatArray
    p_adjusted: FloatArray
    ets_class: tuple[str, ...]
    status: tuple[str, ...]
    purified: tuple[str, ...]


@dataclass(frozen=True)
class _Tested:
    effect: float
    se: float
    chi2: float
    p: float
    status: str


def mantel_haenszel(
    reference_right: ArrayLike, reference_wrong: ArrayLike, focal_right: ArrayLike, focal_wrong: ArrayLike
) -> MantelHaenszel:
    """Common odds ratio and χ² (with and without continuity correction) over strata (equal arrays)."""
    a, b, c, d = (np.asarray(x, float) for x in (reference_right, reference_wrong, focal_right, focal_wrong))
    n = a + b + c + d
    informative = (a + b > 0) & (c + d > 0) & (a + c > 0) & (b + d > 0)
    if not informative.any():
        return MantelHaenszel(np.nan, np.nan, np.nan, np.nan, np.nan, "no_overlap")
    a, b, c, d, n = (x[informative] for x in (a, b, c, d, n))
    expected = (a + b) * (a + c) / n
    variance = (a + b) * (c + d) * (a + c) * (b + d) / (n**2 * np.maximum(n - 1, 1))
    gap = abs(float((a - expected).sum()))
    corrected = (gap - (0.5 if gap >= 0.5 else 0.0)) ** 2 / variance.sum()
    r, s = a * d / n, b * c / n
    if s.sum() == 0 or r.sum() == 0:
        ratio, se, status = (np.inf if r.sum() > 0 else 0.0), np.nan, "infinite"
    else:
        ratio, status = r.sum() / s.sum(), "ok"
        p, q = (a + d) / n, (b + c) / n
        se = np.sqrt(
            (p * r).sum() / (2 * r.sum() ** 2)
            + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
            + (q * s).sum() / (2 * s.sum() ** 2)
        )
    return MantelHaenszel(
        odds_ratio=float(ratio),
        se_log=float(se),
        chi2=float(corrected),
        chi2_uncorrected=float(gap**2 / variance.sum()),
        p=float(chdtrc(1, corrected)),
        status=status,
    )


def mantel_test(reference: ArrayLike, focal: ArrayLike) -> tuple[float, float, float]:
    """Mantel's χ² (1 df), the standardised mean difference and the item's sd.

    `reference` and `focal` are strata × scores 0…m, numbers of students (Mantel 1963; Dorans & Schmitt
    1991: focal minus reference, weighted by the focal group). NaN when no stratum holds both groups.
    """
    ref, foc = np.asarray(reference, float), np.asarray(focal, float)
    both = (ref.sum(axis=1) > 0) & (foc.sum(axis=1) > 0)
    ref, foc = ref[both], foc[both]
    scores = np.arange(ref.shape[1])
    n_ref, n_foc, all_n = ref.sum(axis=1), foc.sum(axis=1), ref + foc
    n = n_ref + n_foc
    first, second = all_n @ scores, all_n @ scores**2
    expected = n_foc * first / np.maximum(n, 1)
    variance = n_ref * n_foc * (n * second - first**2) / (n**2 * np.maximum(n - 1, 1))
    if not both.any() or variance.sum() <= 0:
        return np.nan, np.nan, np.nan
    statistic = ((foc @ scores).sum() - expected.sum()) ** 2 / variance.sum()
    weight = n_foc / n_foc.sum()
    smd = weight @ ((foc @ scores) / n_foc - (ref @ scores) / n_ref)
    share = all_n.sum(axis=0) / all_n.sum()
    sd = np.sqrt(share @ (scores - share @ scores) ** 2)
    return float(statistic), float(smd), float(sd)


def ets_class(delta: float, se: float, p: float) -> str:
    """A: |Δ| < 1 or not significant; C: |Δ| ≥ 1.5 and significantly above 1 (one-sided 5 %); else B."""
    size = abs(delta)
    if p >= 0.05 or size < 1:
        return "A"
    return "C" if size >= 1.5 and (size - 1) / se > norm.ppf(0.95) else "B"


def smd_class(effect: float, p: float) -> str:
    """A: |SMD/sd| ≤ 0.17 or not significant; C: above 0.25; else B (NAEP)."""
    size = abs(effect)
    if p >= 0.05 or size <= 0.17:
        return "A"
    return "C" if size > 0.25 else "B"


def dif_analysis(
    counts: ScoreCounts,
    *,
    reference: str,
    focal: str,
    recount: Recount | None = None,
    rounds: int = 2,
) -> DifResult:
    """DIF of every item between two groups of `counts` (group = the comparison, such as sex).

    Purification: after each round the items of class B and C leave the matching score. That score can't
    be derived from counts alone, so `recount(names)` must return counts of the same students whose `raw`
    leaves these items out while their rows stay (`counts_from_matrix(total_over=…)`, or one more grouping
    in SQL); the studied item's own score is added back to its match here. Without `recount` there is
    one round. KeyError for an unknown group.
    """
    purified: frozenset[str] = frozenset()
    result = _one_round(counts, reference, focal, purified)
    for _ in range(rounds if recount is not None else 0):
        flagged = frozenset(
            name for name, letter in zip(result.items, result.ets_class, strict=True) if letter in {"B", "C"}
        )
        if flagged == purified or len(flagged) >= len(result.items):
            break
        assert recount is not None
        purified = flagged
        result = _one_round(recount(sorted(purified)), reference, focal, purified)
    return result


def _one_round(counts: ScoreCounts, reference: str, focal: str, purified: frozenset[str]) -> DifResult:
    for group in (reference, focal):
        if group not in counts.groups:
            raise KeyError(group)
    codes = counts.groups.index(reference), counts.groups.index(focal)
    n_items = len(counts.items)
    n_ref, n_foc = np.zeros(n_items, np.int64), np.zeros(n_items, np.int64)
    tested, letters = [], []
    own_score_missing = np.isin(counts.items, sorted(purified))
    for j, (ref, foc) in enumerate(_strata(counts, codes, own_score_missing)):
        n_ref[j], n_foc[j] = ref.sum(), foc.sum()
        if n_foc[j] < LEAST_FOCAL or n_ref[j] + n_foc[j] < LEAST_ALL:
            one = _Tested(np.nan, np.nan, np.nan, np.nan, "too_few")
        elif counts.max_score[j] == 1:
            one = _test_01(ref, foc)
        else:
            one = _test_longer(ref, foc)
        tested.append(one)
        letters.append(_letter(one, int(counts.max_score[j])))
    p = np.array([t.p for t in tested])
    return DifResult(
        items=counts.items,
        n_reference=n_ref,
        n_focal=n_foc,
        effect=np.array([t.effect for t in tested]),
        effect_se=np.array([t.se for t in tested]),
        chi2=np.array([t.chi2 for t in tested]),
        p=p,
        p_adjusted=benjamini_hochberg(p),
        ets_class=tuple(letters),
        status=tuple(t.status for t in tested),
        purified=tuple(sorted(purified)),
    )


def _strata(
    counts: ScoreCounts, codes: tuple[int, int], own_score_missing: BoolArray
) -> list[tuple[FloatArray, FloatArray]]:
    """Per item the students of both groups: strata (form × matching score, some empty) × scores."""
    rows = np.isin(counts.group, codes)
    item, form, score, group, n = (
        a[rows] for a in (counts.item, counts.form, counts.score, counts.group, counts.n)
    )
    match = counts.raw[rows] + np.where(own_score_missing[item], score, 0)
    width = int(match.max(initial=0)) + 1
    shape = (len(counts.items), 2, len(counts.forms) * width, int(counts.max_score.max(initial=0)) + 1)
    place = np.ravel_multi_index((item, (group == codes[1]).astype(int), form * width + match, score), shape)
    table = group_sum(place, n, int(np.prod(shape))).reshape(shape)
    tops = counts.max_score + 1
    return [(table[j, 0, :, :top], table[j, 1, :, :top]) for j, top in enumerate(tops)]


def _test_01(ref: FloatArray, foc: FloatArray) -> _Tested:
    mh = mantel_haenszel(ref[:, 1], ref[:, 0], foc[:, 1], foc[:, 0])
    with np.errstate(divide="ignore"):
        delta = ETS_SCALE * np.log(mh.odds_ratio)
    return _Tested(float(delta), abs(ETS_SCALE) * mh.se_log, mh.chi2, mh.p, mh.status)


def _test_longer(ref: FloatArray, foc: FloatArray) -> _Tested:
    statistic, smd, sd = mantel_test(ref, foc)
    if np.isnan(statistic):
        return _Tested(np.nan, np.nan, np.nan, np.nan, "no_overlap")
    effect = smd / sd
    # the SE that goes with the test: effect and √χ² vanish together
    se = abs(effect) / np.sqrt(statistic) if statistic > 0 else 0.0
    return _Tested(effect, se, statistic, float(chdtrc(1, statistic)), "ok")


def _letter(one: _Tested, top: int) -> str:
    if one.status == "infinite":
        return "C" if one.p < 0.05 else "A"
    if one.status != "ok":
        return ""
    return ets_class(one.effect, one.se, one.p) if top == 1 else smd_class(one.effect, one.p)
