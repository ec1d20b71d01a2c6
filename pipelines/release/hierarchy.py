"""Suppression of the results of units: class → school → municipality → region, subgroups, and marks.

Three layers, each hiding no less than the one before:

- ``row``: a unit's results of fewer than ten students, with everything in the row. Hidden rows are chosen so
  that no group of students whose results follow from the published rows is under ten either.
- ``below``: who is below the minimum. Also hidden where it is nobody or everybody of a small group.
- ``marks``: the counts of marks of a class or school under thirty, which is shown as below or not below only.

Numbers of students are not the secret (the status of a hidden row alone tells that they are few), so against
the layers ``below`` and ``marks`` the attacker is given all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from pipelines.release import attack
from pipelines.release.suppression import Bools, Cells, Floats, Ints, Sums, additive, protect

KEYS = ["unit_type", "unit_id", "assessment_id", "subgroup"]
LAYERS = ("row", "below", "marks")
MARKS = (2, 3, 4, 5)
#: What hiding a student's result loses, by level: rather a class than a school, rather any than the region.
_COST = {"class": 1.0, "school": 3.0, "municipality": 30.0, "region": 3000.0}


@dataclass(frozen=True)
class Limits:
    """The settings of release control [local, but for the ten].

    least_n: students under a statistic. small_group: a group whose shares of 0 % and 100 % are masked and whose
    marks are shown as below or not below. margin: how wide the interval of a hidden number must stay, in
    students, where the size of its group allows: one more than the largest number that counts as small.
    """

    least_n: int = 10
    small_group: int = 30
    margin: int = 3


def sums_of(rows: pd.DataFrame) -> Sums:
    """Which rows make which, by position. ``rows``: KEYS, school_id, municipality_id, locality_group."""
    rows = rows.reset_index(drop=True).assign(row=np.arange(len(rows)))
    place = rows.set_index(KEYS)["row"]
    of = dict(tuple(rows.groupby("unit_type")))
    empty = rows.iloc[:0]
    classes, schools, municipal = (of.get(k, empty) for k in ("class", "school", "municipality"))
    region = of["region"]["unit_id"].iloc[0] if "region" in of else ""
    whole = schools[schools["subgroup"] == "all"]
    found = [
        _pairs(place, "classes", classes, "school", classes["school_id"], classes["subgroup"]),
        _pairs(place, "schools", schools, "municipality", schools["municipality_id"], schools["subgroup"]),
        _pairs(place, "schools", whole, "municipality", whole["municipality_id"],
               "locality:" + whole["locality_group"].astype("string")),
        _pairs(place, "units", municipal, "region", region, municipal["subgroup"]),
    ]  # fmt: skip
    placed = set(found[1]["part"])
    homeless = schools[~schools["row"].isin(placed)]
    found.append(_pairs(place, "units", homeless, "region", region, homeless["subgroup"]))
    for dimension in ("sex", "locality"):
        for kind in ("school", "municipality", "region"):
            parts = of.get(kind, empty)
            parts = parts[parts["subgroup"].str.startswith(f"{dimension}:")]
            found.append(_pairs(place, dimension, parts, kind, parts["unit_id"], "all"))
    every = pd.concat(found, ignore_index=True)
    number = every.groupby(["total", "name"]).ngroup().to_numpy(np.int64)
    return Sums(number, every["total"].to_numpy(int), every["part"].to_numpy(int))


def _pairs(
    place: pd.Series, name: str, parts: pd.DataFrame, kind: str, unit: object, subgroup: object
) -> pd.DataFrame:
    """The parts beside the row of their total, where there is one."""
    wanted = pd.DataFrame(
        {"unit_type": kind, "unit_id": unit, "assessment_id": parts["assessment_id"], "subgroup": subgroup},
        index=parts.index,
    ).astype(object)
    total = place.reindex(pd.MultiIndex.from_frame(wanted)).to_numpy(float)
    made = pd.DataFrame({"total": total, "part": parts["row"].to_numpy(), "name": name})
    return made.dropna(subset=["total"]).astype({"total": int})


def cost_of(rows: pd.DataFrame) -> Floats:
    """What hiding a row loses; an empty one protects nobody. (n,)"""
    n = rows["tested_n"].to_numpy(float)
    part = np.where(rows["subgroup"] == "all", 1.0, 0.05)  # rather a part of a unit than the whole
    return np.where(n > 0, n * part * rows["unit_type"].map(_COST).to_numpy(float), np.inf)


def student_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> Cells:
    """Students of each row; nothing is known of a hidden number but that it is not negative."""
    n = rows["tested_n"].to_numpy(float)
    upper = np.full_like(n, n.sum() + limits.least_n)
    return additive(n, upper, limits.least_n, cost_of(rows), sums)


def below_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> Cells:
    """Students below the minimum, of a known number of judged ones."""
    below, judged = (rows[c].fillna(0).to_numpy(float) for c in ("below_min_n", "judged_n"))
    return additive(below, judged, limits.margin, cost_of(rows), sums)


def mark_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> Cells:
    """Marks of each row: cells row + k·n for marks 2 … 5 (k = 0 … 3), then the row's marked students (k = 4).

    Marks 3 to 5 of a row are hidden together. Its mark 2 is no partner: it is (nearly) the number below the
    minimum, and goes with that; the marked students are known.
    """
    size = len(rows)
    marks = rows[[f"mark_{m}_n" for m in MARKS]].fillna(0).to_numpy(float)
    marked = marks.sum(axis=1)
    row = np.arange(size)
    apart = np.full(size, np.inf)
    sums_n = int(sums.number.max(initial=-1)) + 1
    return additive(
        values=np.concatenate([marks.T.ravel(), marked]),
        upper=np.tile(marked, 5),
        width=limits.margin,
        cost=np.concatenate([apart, np.tile(cost_of(rows), 3), apart]),
        sums=Sums(
            np.concatenate([*(sums.number + k * sums_n for k in range(4)), np.tile(4 * sums_n + row, 4)]),
            np.concatenate([*(sums.total + k * size for k in range(4)), np.tile(4 * size + row, 4)]),
            np.concatenate([*(sums.part + k * size for k in range(4)), np.arange(4 * size)]),
        ),
        group=np.concatenate([row, np.tile(size + row, 3), 2 * size + row]),
    )


def primary_rows(rows: pd.DataFrame, limits: Limits) -> Bools:
    n = rows["tested_n"].to_numpy(float)
    return (n > 0) & (n < limits.least_n)


def primary_below(rows: pd.DataFrame, limits: Limits) -> Bools:
    """Few judged, or nobody or everybody of a small group."""
    below, judged = (rows[c].fillna(0).to_numpy(float) for c in ("below_min_n", "judged_n"))
    few = judged < limits.least_n
    uniform = (judged < limits.small_group) & ((below == 0) | (below == judged))
    return (judged > 0) & (few | uniform)


def primary_marks(rows: pd.DataFrame, limits: Limits) -> Bools:
    marked = rows[[f"mark_{m}_n" for m in MARKS]].fillna(0).to_numpy(float).sum(axis=1)
    least = np.where(rows["unit_type"].isin(["class", "school"]), limits.small_group, limits.least_n)
    return (marked > 0) & (marked < least)


#: What the attack found out, by layer: it need not look twice at the same hidden cells.
Memos = dict[str, attack.Memo]


def suppress(rows: pd.DataFrame, limits: Limits, memos: Memos | None = None) -> pd.DataFrame:
    """What is hidden of each row, by layer: A primary, D to protect others, F shown.

    ``rows``: KEYS, school_id, municipality_id, locality_group (of schools), tested_n, judged_n, below_min_n,
    mark_2_n … mark_5_n. Returns KEYS and a column for each layer, in the order of ``rows``.
    """
    rows = rows.reset_index(drop=True)
    sums, size = sums_of(rows), len(rows)
    memo = {layer: (memos if memos is not None else {}).setdefault(layer, {}) for layer in LAYERS}
    few = primary_rows(rows, limits)
    row = _hide(student_cells(rows, sums, limits), few, memo["row"])[:size]
    uniform = primary_below(rows, limits)
    below = _hide(below_cells(rows, sums, limits), row | uniform, memo["below"])[:size]
    scarce = primary_marks(rows, limits)
    cells = mark_cells(rows, sums, limits)
    mask = _mark_mask(cells, size, below, below | scarce)
    marks = protect(cells, mask, partial(attack.recovered, memo=memo["marks"]))[size : 2 * size]
    out = rows[KEYS].copy()
    out["row"] = _status(row, few)
    out["below"] = _status(below, few | uniform)
    out["marks"] = _status(marks, few | uniform | scarce)
    return out


def findings(
    rows: pd.DataFrame, status: pd.DataFrame, limits: Limits, memos: Memos | None = None
) -> pd.DataFrame:
    """What the attack recovers from the rows when the layers are hidden as ``status`` says; empty when safe.

    What should be hidden and stands open is recovered too.
    """
    rows = rows.reset_index(drop=True)
    sums, size = sums_of(rows), len(rows)
    memo = {layer: (memos if memos is not None else {}).setdefault(layer, {}) for layer in LAYERS}
    row, below, marks = (status[layer].to_numpy() != "F" for layer in LAYERS)
    of_marks = mark_cells(rows, sums, limits)
    mask = _mark_mask(of_marks, size, below, marks)
    of_mark = _as_mask(of_marks, attack.recovered(of_marks, mask, memo["marks"]))
    hit = {
        "row": _attacked(student_cells(rows, sums, limits), row, memo["row"])[:size],
        "below": _attacked(below_cells(rows, sums, limits), below, memo["below"])[:size],
        "marks": of_mark[: 4 * size].reshape(4, size).any(axis=0),
    }
    hit["row"] |= primary_rows(rows, limits) & ~row
    hit["below"] |= primary_below(rows, limits) & ~below
    hit["marks"] |= primary_marks(rows, limits) & ~marks
    return pd.concat([rows.loc[h, KEYS].assign(layer=layer) for layer, h in hit.items()], ignore_index=True)


def _padded(cells: Cells, hidden: Bools) -> Bools:
    """With the cells that nobody publishes."""
    out = cells.unpublished.copy()
    out[: len(hidden)] |= hidden
    return out


def _hide(cells: Cells, primary: Bools, memo: attack.Memo) -> Bools:
    return protect(cells, _padded(cells, primary), partial(attack.recovered, memo=memo))


def _attacked(cells: Cells, hidden: Bools, memo: attack.Memo) -> Bools:
    return _as_mask(cells, attack.recovered(cells, _padded(cells, hidden), memo))


def _as_mask(cells: Cells, found: Iterable[int]) -> Bools:
    out = np.zeros(len(cells.values), bool)
    out[list(found)] = True
    return out


def _mark_mask(cells: Cells, size: int, below: Bools, marks: Bools) -> Bools:
    hidden = cells.unpublished.copy()
    hidden[: 4 * size] = np.concatenate([below, marks, marks, marks])
    return hidden


def _status(hidden: Bools, primary: Bools) -> np.ndarray:
    return np.select([hidden & primary, hidden], ["A", "D"], "F")


__all__ = ["KEYS", "LAYERS", "Ints", "Limits", "findings", "suppress"]
