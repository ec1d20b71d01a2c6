"""Suppression of the results of units: class → school → municipality → region, subgroups, and marks.

Three layers, each hiding no less than the one before:

- ``row``: a unit's results of fewer than ten students, with everything in the row. Hidden rows are chosen so
  that no group of students whose results follow from the published rows is under ten either, and that no sum
  of scores (mean × students) or of their squares (from the deviation) gives a hidden mean away.
- ``below``: who is below the minimum. Also hidden where it is nobody or everybody of a small group.
- ``marks``: the counts of marks of a class or school under thirty, which is shown as below or not below only.

Numbers of students are not the secret (the status of a hidden row alone tells that they are few), so against
sums of scores and the layers ``below`` and ``marks`` the attacker is given all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from pipelines.release import attack
from pipelines.release.suppression import Bools, Cells, Floats, Ints, Sums, additive, protect, relieve

KEYS = ["unit_type", "unit_id", "assessment_id", "subgroup"]
LAYERS = ("row", "below", "marks")
MARKS = (2, 3, 4, 5)
#: What hiding a row loses, by level, of all students and of a part of them: readers come for schools,
#: municipalities and the region; a class or a subgroup goes first.
_COST = {"class": 1.0, "school": 25.0, "municipality": 600.0, "region": 60_000.0}
_COST_OF_PART = {"class": 1.0, "school": 1.0, "municipality": 4.0, "region": 40.0}


@dataclass(frozen=True)
class Limits:
    """The settings of release control [local, but for the ten].

    least_n: students under a statistic. small_group: a group whose shares of 0 % and 100 % are masked and
    whose marks are shown as below or not below, and that has no quartiles. margin: how wide the interval of a
    hidden number of such a group must stay, in students (or students' full scores): one student's whole
    result stays open.
    """

    least_n: int = 10
    small_group: int = 30
    margin: int = 1


#: A number about ten or more that is hidden for others' sake is no secret, but must not be known exactly
#: either (then it could as well be shown): students, or students' full scores.
EXACT = 0.01


def sums_of(rows: pd.DataFrame) -> Sums:
    """Which rows make which, by position. ``rows``: KEYS, school_id, municipality_id, locality_group."""
    rows = rows.reset_index(drop=True).assign(row=np.arange(len(rows)))
    place = _Places(rows)
    of = dict(tuple(rows.groupby("unit_type")))
    empty = rows.iloc[:0]
    classes, schools, municipal = (of.get(k, empty) for k in ("class", "school", "municipality"))
    region = of["region"]["unit_id"].iloc[0] if "region" in of else ""
    whole = schools[schools["subgroup"] == "all"]
    found = [
        place.pairs("classes", classes, "school", classes["school_id"], classes["subgroup"]),
        place.pairs("schools", schools, "municipality", schools["municipality_id"], schools["subgroup"]),
        place.pairs("schools", whole, "municipality", whole["municipality_id"],
                    "locality:" + whole["locality_group"].astype("string")),
        place.pairs("units", municipal, "region", region, municipal["subgroup"]),
    ]  # fmt: skip
    placed = set(found[1]["part"])
    homeless = schools[~schools["row"].isin(placed)]
    found.append(place.pairs("units", homeless, "region", region, homeless["subgroup"]))
    for dimension in ("sex", "locality"):
        for kind in ("school", "municipality", "region"):
            parts = of.get(kind, empty)
            parts = parts[parts["subgroup"].str.startswith(f"{dimension}:")]
            found.append(place.pairs(dimension, parts, kind, parts["unit_id"], "all"))
    every = pd.concat(found, ignore_index=True)
    number: Ints = every.groupby(["total", "name"]).ngroup().to_numpy().astype(np.int64)
    return Sums(number, every["total"].to_numpy(np.int64), every["part"].to_numpy(np.int64))


class _Places:
    """Where the row with given KEYS stands."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._levels = [pd.Index(rows[c].unique()) for c in KEYS]
        self._rows = pd.Index(self._code(*(rows[c] for c in KEYS)))

    def _code(self, *keys: object) -> Ints:
        """One number for the KEYS, given as columns or as one value for all rows; −1: of no row."""
        found = [
            level.get_indexer(key if isinstance(key, pd.Series) else [key])
            for level, key in zip(self._levels, keys, strict=True)
        ]
        code: Ints = np.zeros(1, np.int64)
        for level, number in zip(self._levels, found, strict=True):
            code = code * len(level) + number
        return np.where(np.all(np.broadcast_arrays(*(f >= 0 for f in found)), axis=0), code, -1)

    def pairs(
        self, name: str, parts: pd.DataFrame, kind: str, unit: object, subgroup: object
    ) -> pd.DataFrame:
        """The parts beside the row of their total, where there is one."""
        total = self._rows.get_indexer(pd.Index(self._code(kind, unit, parts["assessment_id"], subgroup)))
        made = pd.DataFrame({"total": total, "part": parts["row"].to_numpy(), "name": name})
        return made[total >= 0]


def cost_of(rows: pd.DataFrame) -> Floats:
    """What hiding a row loses; an empty one protects nobody, nor does one of no such unit. (n,)"""
    n = rows["tested_n"].to_numpy(float)
    code, kinds = pd.factorize(rows["unit_type"])
    of_all, of_part = (
        np.array([cost.get(k, np.nan) for k in kinds])[code] for cost in (_COST, _COST_OF_PART)
    )
    level = np.where(rows["subgroup"] == "all", of_all, of_part)
    return np.where(n > 0, np.log1p(n) * level, np.inf)


def student_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> Cells:
    """Students of each row; nothing is known of a hidden number but that it is not negative."""
    n = rows["tested_n"].to_numpy(float)
    width = np.where(primary_rows(rows, limits), limits.least_n, 0.0)
    no_limit = rows.groupby("assessment_id")["tested_n"].transform("sum").to_numpy(float) + limits.least_n
    return additive(n, no_limit, width, cost_of(rows), sums, bounded=False)


def score_cells(rows: pd.DataFrame, sums: Sums, limits: Limits, power: int) -> Cells:
    """Σ (score / greatest score)^power of each row, from its mean and deviation; of a known number of
    students.

    Between nobody's and everybody's full score, so that the widths of numbers of students hold here too. A
    row without a mean says nothing. ``rows``: also mean_score, sd, max_score.
    """
    columns = ("tested_n", "mean_score", "sd", "max_score")
    n, mean, sd, top = (rows[c].to_numpy(float, na_value=np.nan) for c in columns)
    top = np.fmax(
        top, rows.groupby("assessment_id")["mean_score"].transform("max").to_numpy(float, na_value=np.nan)
    )
    share = mean / top
    value = n * share
    if power == 2:
        value = n * share**2 + np.where(n > 1, (n - 1) * (sd / top) ** 2, 0.0)
    told = np.isfinite(value)
    value, upper = np.where(told, value, 0.0), np.where(told, n, 0.0)
    width = np.where(primary_rows(rows, limits), limits.margin, EXACT)
    return additive(value, np.maximum(upper, value), width, cost_of(rows), sums)


def below_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> Cells:
    """Students below the minimum, of a known number of judged ones."""
    below, judged = (rows[c].fillna(0).to_numpy(float) for c in ("below_min_n", "judged_n"))
    width = np.where(primary_below(rows, limits), limits.margin, EXACT)
    return additive(below, judged, width, cost_of(rows), sums)


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
    width = np.where(marked < limits.least_n, limits.margin, EXACT)
    sums_n = int(sums.number.max(initial=-1)) + 1
    return additive(
        values=np.concatenate([marks.T.ravel(), marked]),
        upper=np.tile(marked, 5),
        width=np.tile(width, 5),
        cost=np.concatenate([apart, np.tile(cost_of(rows), 3), apart]),
        sums=Sums(
            np.concatenate([*(sums.number + k * sums_n for k in range(4)), np.tile(4 * sums_n + row, 4)]),
            np.concatenate([*(sums.total + k * size for k in range(4)), np.tile(4 * size + row, 4)]),
            np.concatenate([*(sums.part + k * size for k in range(4)), np.arange(4 * size)]),
        ),
        group=np.concatenate([row, np.tile(size + row, 3), 2 * size + row]),
    )


def few_of(number: pd.Series, limits: Limits) -> Bools:
    """Somebody, but too few for a statistic."""
    n = number.fillna(0).to_numpy(float)
    return (n > 0) & (n < limits.least_n)


def primary_rows(rows: pd.DataFrame, limits: Limits) -> Bools:
    return few_of(rows["tested_n"], limits)


def primary_below(rows: pd.DataFrame, limits: Limits) -> Bools:
    """Few judged, or nobody or everybody of a small group."""
    below, judged = (rows[c].fillna(0).to_numpy(float) for c in ("below_min_n", "judged_n"))
    uniform = (judged > 0) & (judged < limits.small_group) & ((below == 0) | (below == judged))
    return few_of(rows["judged_n"], limits) | uniform


def primary_marks(rows: pd.DataFrame, limits: Limits) -> Bools:
    marked = rows[[f"mark_{m}_n" for m in MARKS]].fillna(0).to_numpy(float).sum(axis=1)
    least = np.where(rows["unit_type"].isin(["class", "school"]), limits.small_group, limits.least_n)
    return (marked > 0) & (marked < least)


#: What the attack found out, by layer: it need not look twice at the same hidden cells.
Memos = defaultdict[str, attack.Memo]


@dataclass(frozen=True)
class Known:
    """What is worked out once of some rows: their sums, and what the attack found out about them so far."""

    sums: Sums
    memos: Memos = field(default_factory=lambda: Memos(attack.Memo))

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Known:
        return cls(sums_of(rows))


def suppress(rows: pd.DataFrame, limits: Limits, known: Known | None = None) -> pd.DataFrame:
    """What is hidden of each row, by layer: A primary, D to protect others, F shown.

    ``rows``: KEYS, school_id, municipality_id, locality_group (of schools), tested_n, mean_score, sd,
    max_score, judged_n, below_min_n, mark_2_n … mark_5_n. Returns KEYS and a column for each layer, in the
    order of ``rows``. A share masked for being 0 % or 100 % is a D like its partners: A would tell it.
    """
    rows, size = rows.reset_index(drop=True), len(rows)
    known = known or Known.of(rows)
    few = primary_rows(rows, limits)
    row = _hide(_row_cells, rows, few, limits, known)
    below = _hide(_below_cells, rows, row | primary_below(rows, limits), limits, known)
    scarce = primary_marks(rows, limits)
    cells = mark_cells(rows, known.sums, limits)
    mask = _mark_mask(cells, size, below, below | scarce)
    seek = partial(attack.recovered, memo=known.memos["marks"])
    marks = protect(cells, mask, seek)[size : 2 * size]
    few_judged = few | few_of(rows["judged_n"], limits)
    out = rows[KEYS].copy()
    out["row"] = _status(row, few)
    out["below"] = _status(below, few_judged)
    out["marks"] = _status(marks, few_judged | scarce)
    return out


def findings(
    rows: pd.DataFrame, status: pd.DataFrame, limits: Limits, known: Known | None = None
) -> pd.DataFrame:
    """What the attack recovers from the rows when the layers are hidden as ``status`` says; empty when safe.

    What should be hidden and stands open is recovered too.
    """
    rows, size = rows.reset_index(drop=True), len(rows)
    known = known or Known.of(rows)
    sums, memos = known.sums, known.memos
    row, below, marks = (status[layer].to_numpy() != "F" for layer in LAYERS)
    of_marks = mark_cells(rows, sums, limits)
    mask = _mark_mask(of_marks, size, below, marks)
    of_mark = _as_mask(of_marks, attack.recovered(of_marks, mask, memos["marks"]))
    hit = {
        "row": _attacked(_row_cells(rows, sums, limits), row, memos),
        "below": _attacked(_below_cells(rows, sums, limits), below, memos),
        "marks": of_mark[: 4 * size].reshape(4, size).any(axis=0),
    }
    hit["row"] |= primary_rows(rows, limits) & ~row
    hit["below"] |= primary_below(rows, limits) & ~below
    hit["marks"] |= primary_marks(rows, limits) & ~marks
    return pd.concat([rows[h][KEYS].assign(layer=layer) for layer, h in hit.items()], ignore_index=True)


def _row_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> dict[str, Cells]:
    """All that a row's results are made of and that adds up: each must keep hidden rows hidden."""
    return {
        "students": student_cells(rows, sums, limits),
        "scores": score_cells(rows, sums, limits, 1),
        "squares": score_cells(rows, sums, limits, 2),
    }


def _below_cells(rows: pd.DataFrame, sums: Sums, limits: Limits) -> dict[str, Cells]:
    return {"below": below_cells(rows, sums, limits)}


def _padded(cells: Cells, hidden: Bools) -> Bools:
    """With the cells that nobody publishes."""
    out = cells.unpublished.copy()
    out[: len(hidden)] |= hidden
    return out


def _hide(
    tables_of: Callable[[pd.DataFrame, Sums, Limits], dict[str, Cells]],
    rows: pd.DataFrame,
    needed: Bools,
    limits: Limits,
    known: Known,
) -> Bools:
    """The rows to hide so that none of the tables of the rows gives a hidden one away.

    First the fewest whole units (schools, municipalities, the region), as if no part of them were published;
    they make a tree, where needless ones are found out. Then classes and subgroups are hidden until these
    give nothing away either: hiding all of them would do, so that no further unit is touched. A partner that
    can be worked out all the same is shown: that tells nothing new.
    """
    memos = known.memos
    whole: Bools = ((rows["subgroup"] == "all") & (rows["unit_type"] != "class")).to_numpy(bool)
    units = rows[whole].reset_index(drop=True)
    island: Ints = units.groupby("assessment_id").ngroup().to_numpy().astype(np.int64)
    tables = _asked_of(tables_of(units, known.sums.among(whole), limits), needed[whole])
    chosen = _protected(tables, needed[whole], Memos(attack.Memo))
    hidden = needed.copy()
    hidden[whole] = relieve(list(tables.values()), chosen, needed[whole], island)
    tables = tables_of(rows, known.sums, limits)
    sought, beside = _asked_of(tables, needed), _asked_of(tables, ~needed)
    spared = whole & ~hidden
    while True:
        hidden = _protected(_without(sought, spared), hidden, memos)
        given = _attacked(beside, hidden, memos)
        if not given.any():
            break
        hidden, spared = hidden & ~given, spared | given
        sought = _hopeful(sought, hidden, spared, memos)
    return _protected(tables, hidden, memos)


def _hopeful(sought: dict[str, Cells], hidden: Bools, spared: Bools, memos: Memos) -> dict[str, Cells]:
    """The tables without the widths that no partners that are left would give, not even all of them together.

    Hiding more only widens intervals, so that one look at all spares trying them one by one.
    """
    out = {}
    for name, cells in _without(sought, spared).items():
        wide = _padded(cells, hidden)
        while found := attack.recovered(cells, wide, memos[name]):
            near = np.zeros(int(cells.relation.max()) + 1, bool)
            near[np.concatenate([f.relations for f in found.values()])] = True
            more = np.zeros(len(wide), bool)
            more[cells.cell[near[cells.relation]]] = True
            more &= ~wide & np.isfinite(cells.cost)
            if not more.any():
                break
            wide |= more
        width = sought[name].width.copy()
        width[list(found)] = 0.0
        out[name] = replace(sought[name], width=width)
    return out


def _asked_of(tables: dict[str, Cells], rows: Bools) -> dict[str, Cells]:
    """The tables where only these rows ask for a width."""
    mask = {name: np.arange(len(c.values)) < len(rows) for name, c in tables.items()}
    for m in mask.values():
        m[: len(rows)] &= rows
    return {name: replace(c, width=np.where(mask[name], c.width, 0.0)) for name, c in tables.items()}


def _without(tables: dict[str, Cells], spared: Bools) -> dict[str, Cells]:
    """The tables of which the rows ``spared`` can't be chosen."""
    out = {}
    for name, cells in tables.items():
        cost = cells.cost.copy()
        cost[: len(spared)][spared] = np.inf
        out[name] = replace(cells, cost=cost)
    return out


def _protected(tables: dict[str, Cells], hidden: Bools, memos: Memos) -> Bools:
    before = ~hidden
    while (hidden != before).any():
        before = hidden
        for name, cells in tables.items():
            seek = partial(attack.recovered, memo=memos[name])
            hidden = protect(cells, _padded(cells, hidden), seek)[: len(hidden)]
    return hidden


def _attacked(tables: dict[str, Cells], hidden: Bools, memos: Memos) -> Bools:
    """The rows that any of the tables gives away."""
    hit = np.zeros(len(hidden), bool)
    for name, cells in tables.items():
        found = attack.recovered(cells, _padded(cells, hidden), memos[name])
        hit |= _as_mask(cells, found)[: len(hidden)]
    return hit


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
