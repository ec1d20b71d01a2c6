"""Item fit: infit and outfit mean squares at the WLE, from score counts (Wright & Masters 1982)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray, IntArray, group_sum
from .counts import ScoreCounts
from .model import ItemBank, item_cumulants
from .persons import ScoreTable

LOWER, UPPER = 0.7, 1.3


@dataclass(frozen=True)
class ItemFit:
    """One row per item of the counts. status: ok, misfit (a mean square outside 0.7–1.3), and, with NaN
    figures, not_calibrated (not in the bank, one score only, or no student with a WLE)."""

    items: tuple[str, ...]
    n: IntArray
    infit: FloatArray
    outfit: FloatArray
    status: tuple[str, ...]


def item_fit(counts: ScoreCounts, bank: ItemBank, table: ScoreTable) -> ItemFit:
    """Infit Σ(x−E)²/ΣVar and outfit mean((x−E)²/Var), each student at the WLE of form and raw score.

    t statistics are not given: at more than 1,000 students they flag everything.
    """
    cell, index = np.unique(np.column_stack((counts.form, counts.raw)), axis=0, return_inverse=True)
    theta = _wle_of(counts, table, cell)
    known = {name: j for j, name in enumerate(bank.items)}
    usable = bank.active.sum(axis=1) > 1
    place = np.array([known.get(name, -1) for name in counts.items])
    scored = (place >= 0) & np.append(usable, False)[place]
    at = index.ravel()
    rows = np.flatnonzero(scored[counts.item] & np.isfinite(theta)[at])
    item, n = counts.item[rows], counts.n[rows].astype(float)
    mean, variance = item_cumulants(bank.intercept, np.nan_to_num(theta))[:2]
    expected, information = (m[place[item], at[rows]] for m in (mean, variance))
    squared = (counts.score[rows] - expected) ** 2

    def total(weight: FloatArray) -> FloatArray:
        return group_sum(item, weight, len(counts.items))

    students = total(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        infit = total(n * squared) / total(n * information)
        outfit = total(n * squared / information) / students
    outside = (np.minimum(infit, outfit) < LOWER) | (np.maximum(infit, outfit) > UPPER)
    status = np.select([students == 0, outside], ["not_calibrated", "misfit"], "ok")
    return ItemFit(counts.items, students.astype(np.int64), infit, outfit, tuple(str(s) for s in status))


def _wle_of(counts: ScoreCounts, table: ScoreTable, cell: IntArray) -> FloatArray:
    """The WLE of each (form, raw score) cell; NaN where the table has none."""
    place = {name: f for f, name in enumerate(table.forms)}
    form = np.array([place.get(name, -1) for name in counts.forms])[cell[:, 0]]
    width = int(max(table.raw.max(initial=0), cell[:, 1].max(initial=0))) + 1
    dense = np.full((len(table.forms) + 1, width), np.nan)
    dense[table.form, table.raw] = table.theta
    return dense[form, cell[:, 1]]
