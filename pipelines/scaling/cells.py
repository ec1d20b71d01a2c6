"""Sums of students by school, class and sex, and all units that they are added up to.

A cell is a row with assessment_id, municipality_id, locality_group, school_id, class_name, sex, n, first
(Σ of values) and second (Σ of their squares, NaN where a school's total told no spread).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

#: What names a unit and subgroup within an assessment.
UNIT = ["unit_type", "unit_id", "subgroup"]
#: Each kind of unit: the column that names it, and the columns that make its subgroups.
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "class": ("class_id", ()),
    "school": ("school_id", ("sex",)),
    "municipality": ("municipality_id", ("sex", "locality_group")),
    "region": ("region_id", ("sex", "locality_group")),
}
_PREFIX = {"sex": "sex:", "locality_group": "locality:"}


def all_cells(students: pd.DataFrame, totals: pd.DataFrame, types: pd.Series) -> pd.DataFrame:
    """The cells of students, and of schools that sent totals, on one scale an assessment.

    `types` is the scale type by assessment. Totals stand beside official scores as they are. Beside results
    without a scale both are standardised within the region. They can't stand on a scale made of items or
    forms: these schools have no scale score.
    """
    fitting = totals[totals["assessment_id"].map(types).isin(["official", "relative"])]
    both = pd.concat([students, fitting], ignore_index=True)
    relative = types.index[types == "relative"]
    raw = both["assessment_id"].isin(set(fitting["assessment_id"]) & set(relative))
    return pd.concat([both[~raw], standardised(both[raw])], ignore_index=True)


def standardised(cells: pd.DataFrame) -> pd.DataFrame:
    """Results as 500 + 100·(result − region's mean)/sd, assessment by assessment.

    The sd is that of students where each part tells its squares, else of the schools' means weighted by n.
    Results without any spread have no scale: NaN.
    """
    if cells.empty:
        return cells
    by = cells["assessment_id"]
    n, first, second = (cells[c].groupby(by).transform("sum", skipna=False) for c in ("n", "first", "second"))
    center = first / n
    schools = cells.groupby(["assessment_id", "school_id"])[["n", "first"]].transform("sum")
    between = cells["n"] * (schools["first"] / schools["n"] - center) ** 2
    spread = (second / n - center**2).fillna(between.groupby(by).transform("sum") / n)
    unit = 100 / np.sqrt(spread.where(spread > 0))
    shift = 500 - unit * center
    return cells.assign(
        first=shift * cells["n"] + unit * cells["first"],
        second=shift**2 * cells["n"] + 2 * shift * unit * cells["first"] + unit**2 * cells["second"],
    )


def memberships(cells: pd.DataFrame, region: str, kinds: Collection[str] = tuple(_KINDS)) -> pd.DataFrame:
    """The cells once more for each unit and subgroup that they belong to, with the columns of UNIT.

    A cell without the label of a unit or subgroup belongs to none of that kind.
    """
    labelled = cells.assign(region_id=region)
    if "class" in kinds:
        labelled["class_id"] = cells["school_id"] + "/" + cells["class_name"]
    pieces = []
    for kind in kinds:
        column, dimensions = _KINDS[kind]
        for dimension in (None, *dimensions):
            subgroup = "all" if dimension is None else _PREFIX[dimension] + labelled[dimension]
            piece = labelled.assign(unit_type=kind, unit_id=labelled[column], subgroup=subgroup)
            pieces.append(piece.dropna(subset=["unit_id", "subgroup"]))
    return pd.concat(pieces, ignore_index=True)


def unit_moments(cells: pd.DataFrame, region: str) -> pd.DataFrame:
    """n, mean and variance (n − 1) of every unit and subgroup; of schools also what they belong to.

    The variance is NaN where a part tells none, or there is one student.
    """
    keys = ["assessment_id", *UNIT]
    groups = memberships(cells, region).groupby(keys)
    sums = groups[["n", "first", "second"]].sum(skipna=False)
    several = sums["n"].where(sums["n"] > 1)
    mean = sums["first"] / sums["n"]
    variance = ((sums["second"] - sums["first"] * mean) / (several - 1)).clip(lower=0)
    of_school = groups[["municipality_id", "locality_group"]].first()
    found = pd.DataFrame({"n": sums["n"], "mean": mean, "variance": variance}).join(of_school)
    return found[found["mean"].notna()].reset_index()
