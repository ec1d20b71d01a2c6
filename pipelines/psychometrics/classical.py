"""Classical item and test statistics, exactly from score counts.

Variances and covariances with the raw score follow from Σn, Σkn, Σk²n and Σkrn per form and item, so
nothing needs student rows. All figures are per form: forms differ in items, so their totals don't mix.
Formulas: Lord & Novick 1968; Cronbach 1951.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, IntArray, group_sum
from .counts import ScoreCounts, weighted_quantile


@dataclass(frozen=True)
class ItemStatistics:
    """One row per form × item. Shares are 0–1; NaN only where `status` is not 'ok'.

    status: 'constant_item' or 'constant_rest' (no correlation), 'constant_total' (all students have one
    raw score), 'single_student', 'single_item' (no rest score).
    """

    form: IntArray
    item: IntArray
    n: IntArray
    mean: FloatArray
    p: FloatArray
    sd: FloatArray
    item_rest: FloatArray
    alpha_if_deleted: FloatArray
    omitted_share: FloatArray
    status: tuple[str, ...]


@dataclass(frozen=True)
class FormStatistics:
    """One row per form; raw score units. NaN only where `status` is not 'ok' (names as in ItemStatistics)."""

    form: IntArray
    n: IntArray
    n_items: IntArray
    max_score: IntArray
    mean: FloatArray
    sd: FloatArray
    skewness: FloatArray
    quartiles: FloatArray
    floor_share: FloatArray
    ceiling_share: FloatArray
    alpha: FloatArray
    sem: FloatArray
    omitted_share: FloatArray
    status: tuple[str, ...]


@dataclass(frozen=True)
class _Moments:
    """Population moments (forms × items): n, mean, variance, covariance with the raw score."""

    held: np.ndarray
    n: FloatArray
    mean: FloatArray
    variance: FloatArray
    covariance: FloatArray
    omitted: FloatArray


def item_statistics(counts: ScoreCounts) -> ItemStatistics:
    """p, item-rest correlation, alpha if deleted and omitted share, one row per form × item."""
    m = _moments(counts)
    total = _total_variance(counts)[:, None]
    rest = total + m.variance - 2 * m.covariance
    n_items = m.held.sum(axis=1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        item_rest = (m.covariance - m.variance) / np.sqrt(m.variance * rest)
        others = np.where(m.held, m.variance, 0).sum(axis=1)[:, None] - m.variance
        deleted = (n_items - 1) / (n_items - 2) * (1 - others / rest)
        sd = np.sqrt(m.variance * m.n / (m.n - 1))
    status = np.full(m.held.shape, "ok", dtype=object)
    status[_tiny(rest)] = "constant_rest"
    status[_tiny(m.variance)] = "constant_item"
    status[np.broadcast_to(_tiny(total), status.shape)] = "constant_total"
    status[np.broadcast_to(n_items == 1, status.shape)] = "single_item"
    status[m.n <= 1] = "single_student"
    item_rest = np.where(status == "ok", np.clip(item_rest, -1, 1), np.nan)
    deleted = np.where((n_items > 2) & ~_tiny(rest), deleted, np.nan)
    form, item = np.nonzero(m.held)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = m.mean / counts.max_score
    return ItemStatistics(
        form=form,
        item=item,
        n=m.n[form, item].astype(np.int64),
        mean=m.mean[form, item],
        p=p[form, item],
        sd=sd[form, item],
        item_rest=item_rest[form, item],
        alpha_if_deleted=deleted[form, item],
        omitted_share=(m.omitted / np.maximum(m.n, 1))[form, item],
        status=tuple(status[form, item]),
    )


def form_statistics(counts: ScoreCounts) -> FormStatistics:
    """Alpha, SEM = sd·√(1−alpha), mean, sd, skewness, quartiles, floor, ceiling, omitted share per form.

    sd divides by n − 1; skewness is the moment ratio m₃/m₂^1.5; quartiles are type 7.
    """
    m = _moments(counts)
    students = counts.students
    n_forms = len(counts.forms)
    n, mean, variance, third = _raw_moments(counts)
    n_items = m.held.sum(axis=1)
    item_variance = np.where(m.held, m.variance, 0).sum(axis=1)
    constant = _tiny(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha = np.where(constant, np.nan, n_items / (n_items - 1) * (1 - item_variance / variance))
        skewness = np.where(constant, np.nan, third / variance**1.5)
        sd = np.sqrt(variance * n / (n - 1))
    alpha = np.where(n_items > 1, alpha, np.nan)
    reasons = ["single_student", "constant_total", "single_item"]
    status = np.select([n <= 1, constant, n_items == 1], reasons, "ok")
    quartiles = np.empty((n_forms, 3))
    for f, (raw, cell_n) in enumerate(_by_form(counts)):
        quartiles[f] = weighted_quantile(raw, cell_n, (0.25, 0.5, 0.75))

    def share(at: np.ndarray) -> FloatArray:
        return group_sum(students.form[at], students.n[at], n_forms) / n

    return FormStatistics(
        form=np.arange(n_forms),
        n=n.astype(np.int64),
        n_items=n_items,
        max_score=counts.form_max,
        mean=mean,
        sd=sd,
        skewness=skewness,
        quartiles=quartiles,
        floor_share=share(students.raw == 0),
        ceiling_share=share(students.raw == counts.form_max[students.form]),
        alpha=alpha,
        sem=sd * np.sqrt(1 - alpha),
        omitted_share=m.omitted.sum(axis=1) / np.maximum(m.n.sum(axis=1), 1),
        status=tuple(str(s) for s in status),
    )


def _moments(counts: ScoreCounts) -> _Moments:
    shape = counts.administered.shape
    flat = counts.form * shape[1] + counts.item

    def total(weight: np.ndarray) -> FloatArray:
        return group_sum(flat, weight, shape[0] * shape[1]).reshape(shape)

    n = total(counts.n)
    safe_n = np.maximum(n, 1)
    mean = total(counts.n * counts.score) / safe_n
    raw_mean = _raw_moments(counts)[1]
    # deviations first, squares second: no cancellation on large counts
    item_gap = counts.score - mean[counts.form, counts.item]
    raw_gap = counts.raw - raw_mean[counts.form]
    return _Moments(
        held=counts.administered,
        n=n,
        mean=mean,
        variance=total(counts.n * item_gap**2) / safe_n,
        covariance=total(counts.n * item_gap * raw_gap) / safe_n,
        omitted=total(counts.omitted_n),
    )


def _raw_moments(counts: ScoreCounts) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """n, mean and central moments 2 and 3 of the raw score per form."""
    s = counts.students
    size = len(counts.forms)
    n = group_sum(s.form, s.n, size)
    mean = group_sum(s.form, s.n * s.raw, size) / n
    gap = s.raw - mean[s.form]
    second, third = (group_sum(s.form, s.n * gap**power, size) / n for power in (2, 3))
    return n, mean, second, third


def _total_variance(counts: ScoreCounts) -> FloatArray:
    return _raw_moments(counts)[2]


def _by_form(counts: ScoreCounts) -> list[tuple[IntArray, IntArray]]:
    """(raw scores sorted, students) of each form, groups together."""
    s = counts.students
    order = np.lexsort((s.raw, s.form))
    edges = np.searchsorted(s.form[order], np.arange(1, len(counts.forms)))
    pairs = zip(np.split(s.raw[order], edges), np.split(s.n[order], edges), strict=True)
    return list(pairs)


def _tiny(variance: FloatArray) -> np.ndarray:
    return variance < 1e-12
