"""The attack by quartiles: what those of larger groups tell of how many of a hidden group lie below a score.

Quartiles don't add up, but the numbers of students at or below a score do, and each published quartile bounds
such a number. The bounds are passed along the sums of ``hierarchy``, for every score that is a published
quartile.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.release.hierarchy import KEYS, Limits, primary_rows
from pipelines.release.suppression import EPSILON, Bools, Floats, Ints, Sums

QUARTILES = {"p25": 0.25, "p50": 0.5, "p75": 0.75}
_ROUNDS = 30


def recovered(rows: pd.DataFrame, quartiles: pd.DataFrame, limits: Limits, sums: Sums) -> pd.DataFrame:
    """Rows under ``least_n`` of which it is known how many students lie at or below some score: KEYS.

    ``rows`` as for ``hierarchy.suppress``; ``quartiles``: p25, p50, p75 of the same rows as published, nulls
    where they are not; ``sums``: of the rows, by ``hierarchy.sums_of``. Known means to less than
    ``limits.margin`` students, where that was open beforehand.
    """
    found = np.zeros(len(rows), bool)
    for places, own in _works(rows, sums):
        found[places] = _known(rows.iloc[places], quartiles.iloc[places], limits, own)
    return rows.loc[found, KEYS].reset_index(drop=True)


def status(rows: pd.DataFrame, row_status: pd.Series, limits: Limits, sums: Sums) -> np.ndarray:
    """The status of each row's quartiles: A of few students, D where they tell of a small group beside.

    ``row_status``: of the layer ``row``, in the order of ``rows``.
    """
    few = (rows["tested_n"] < limits.small_group).to_numpy()
    shown = ~few & (row_status == "F").to_numpy()
    told = rows[list(QUARTILES)].where(pd.Series(shown, rows.index), axis=0)
    return np.where(few, "A", np.where(protecting(rows, told, limits, sums), "D", "F"))


def protecting(rows: pd.DataFrame, quartiles: pd.DataFrame, limits: Limits, sums: Sums) -> Bools:
    """Rows whose quartiles are to be hidden beside, so that ``recovered`` finds none, shape (rows,).

    What tells of a small group are quartiles of the groups it adds up with. Of those nearest to it the ones
    of few students go first; then each that was not needed is shown again.
    """
    hidden = np.zeros(len(rows), bool)
    for places, own in _works(rows, sums):
        work, all_told = rows.iloc[places], quartiles.iloc[places]
        n, told = work["tested_n"].to_numpy(float), all_told.copy()
        gone: list[int] = []
        while (reached := _known(work, told, limits, own)).any():
            shown = told.notna().any(axis=1).to_numpy()
            while not (reached & shown).any():  # ends: without any quartile nothing would be known
                reached = _beside(reached, own)
            gone.append(int(np.argmin(np.where(reached & shown, n, np.inf))))
            told.iloc[gone[-1]] = np.nan
        for place in sorted(gone, key=lambda i: -n[i]):
            told.iloc[place] = all_told.iloc[place]
            if _known(work, told, limits, own).any():
                told.iloc[place] = np.nan
                hidden[places[place]] = True
    return hidden


def _beside(reached: Bools, sums: Sums) -> Bools:
    """These rows, and those that stand in a sum with one of them."""
    touched = np.unique(sums.number[reached[sums.part] | reached[sums.total]])
    within = np.isin(sums.number, touched)
    out = reached.copy()
    out[sums.part[within]] = out[sums.total[within]] = True
    return out


def _works(rows: pd.DataFrame, sums: Sums) -> Iterator[tuple[Ints, Sums]]:
    """The rows' places of each assessment, and their sums."""
    code, _ = pd.factorize(rows["assessment_id"])
    for work in range(int(code.max(initial=-1)) + 1):
        yield np.flatnonzero(code == work), sums.among(code == work)


def _known(work: pd.DataFrame, told: pd.DataFrame, limits: Limits, sums: Sums) -> Bools:
    """Which rows of one assessment ``recovered`` finds."""
    few = primary_rows(work, limits)
    found = np.zeros(len(work), bool)
    if not few.any():
        return found
    n = work["tested_n"].to_numpy(float)
    top = work["max_score"].to_numpy(float)
    scores = np.unique(told.to_numpy(float))
    scores = scores[np.isfinite(scores) & ~(scores >= np.nanmax(top, initial=-np.inf))]
    whole = _whole(sums, n)
    for bounds in _bounds(told, n, scores):
        low, high = _passed_on(*bounds, *whole)
        found |= few & (high - low < np.minimum(limits.margin, n) - EPSILON)
    return found


def _bounds(quartiles: pd.DataFrame, n: Floats, scores: Floats) -> Iterator[tuple[Floats, Floats]]:
    """The least and most students of each row at or below each score, by the row's own quartiles.

    A quartile at p lies between the results number p·(n − 1) + 1, rounded down and up (linear interpolation).
    """
    own = np.flatnonzero(quartiles.notna().any(axis=1))
    value = quartiles[list(QUARTILES)].to_numpy(float)[own].T
    at = np.outer(list(QUARTILES.values()), n[own] - 1)
    first, last = np.floor(at) + 1, np.ceil(at)
    for score in scores:
        low, high = np.zeros(len(n)), n.copy()
        low[own] = np.where(value <= score, first, 0.0).max(axis=0)
        high[own] = np.where(value > score, last, n[own]).min(axis=0)
        yield low, high


def _whole(sums: Sums, n: Floats) -> tuple[Ints, Ints, Ints]:
    """The sums in which all students of the total are students of the parts.

    The sum of each part, and the part (e,); the total of each sum (m,).
    """
    total = np.zeros(int(sums.number.max(initial=-1)) + 1, np.int64)
    total[sums.number] = sums.total
    whole = np.abs(np.bincount(sums.number, n[sums.part], len(total)) - n[total]) < EPSILON
    kept = whole[sums.number]
    return (np.cumsum(whole) - 1)[sums.number[kept]], sums.part[kept], total[whole]


def _passed_on(low: Floats, high: Floats, number: Ints, part: Ints, total: Ints) -> tuple[Floats, Floats]:
    """With what follows along the sums of :func:`_whole`."""
    for _ in range(_ROUNDS):
        part_low, part_high = low[part], high[part]
        least, most = (np.bincount(number, x, len(total)) for x in (part_low, part_high))
        new_low, new_high = low.copy(), high.copy()
        np.maximum.at(new_low, total, least)
        np.minimum.at(new_high, total, most)
        np.maximum.at(new_low, part, (low[total] - most)[number] + part_high)
        np.minimum.at(new_high, part, (high[total] - least)[number] + part_low)
        if (new_low <= low + EPSILON).all() and (new_high >= high - EPSILON).all():
            break
        low, high = new_low, new_high
    return low, high
