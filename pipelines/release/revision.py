"""Two releases beside each other: what the earlier one, which readers keep, tells of what this one hides.

A warning and no suppression: hiding here can't take back what was published, and a release that depends on
the one before could not be made again from its files alone. Who releases can hold a late file back until more
have come, or remove the earlier release from readers' reach.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from pipelines.release import control
from pipelines.release.gate import Judgement
from pipelines.release.hierarchy import KEYS, LAYERS, Limits, sums_of
from pipelines.release.publish import DATABASE
from pipelines.release.shares import Shares
from pipelines.release.suppression import Floats, Sums

#: Of each layer a number that stands where the layer is shown.
NUMBERS = {"row": "tested_n", "below": "below_min_n", "marks": "mark_3_n"}
_MOST_NAMED = 3


def judge(db: duckdb.DuckDBPyConnection, previous: Path, limits: Limits, shares: Shares) -> list[Judgement]:
    """Warn of small groups that the aggregate in ``out`` gives away beside the release ``previous``."""
    rows, status = shares.rows, control.shown(db)
    old = _before(db, rows, previous)
    came = small_changes(rows, status, old, limits)
    given = given_away(shares, status, old, limits)
    return [
        _judgement(
            "small_change",
            came,
            f"разность с прежним выпуском — результаты менее чем {limits.least_n} учеников",
            f"the difference from the last release is the results of fewer than {limits.least_n} students",
        ),
        _judgement(
            "shown_before",
            given,
            "скрытое следует из чисел, которые прежний выпуск показывал",
            "hidden numbers follow from what the last release showed",
        ),
    ]


def _before(db: duckdb.DuckDBPyConnection, rows: pd.DataFrame, previous: Path) -> pd.DataFrame:
    """What the earlier release shows of the same rows, in their order; nulls where it shows nothing."""
    columns = ", ".join([*KEYS, *NUMBERS.values(), "mean_score"])
    db.execute(f"attach '{previous / DATABASE}' as before (read_only)")
    try:
        old = db.execute(f"select {columns} from before.main.fct_assessment_aggregate").df()  # noqa: S608
    finally:
        db.execute("detach before")
    return rows[KEYS].merge(old, how="left", on=KEYS, validate="one_to_one")


def small_changes(
    rows: pd.DataFrame, status: pd.DataFrame, old: pd.DataFrame, limits: Limits
) -> pd.DataFrame:
    """Rows of which anybody knows that a few students came or went: KEYS and ``students``.

    Their number is the difference of two shown ones, or follows from such differences: a total's less those
    of its shown parts is the difference of the hidden parts together.
    """
    shown = (status["row"] == "F") & old["tested_n"].notna()
    change = (rows["tested_n"] - old["tested_n"]).where(shown).to_numpy(float, na_value=np.nan)
    change = np.where(np.isnan(change), of_hidden(change, sums_of(rows)), change)
    few = (np.abs(change) >= 1) & (np.abs(change) < limits.least_n)
    return rows.loc[few, KEYS].assign(students=np.abs(change[few]).astype(int))


def of_hidden(values: Floats, sums: Sums) -> Floats:
    """What the cells without a value (NaN) come to together in a sum where all the others have one.

    Of several sums of a cell the least such number that is not 0, as far as its amount goes; NaN for a cell
    that has a value or is in no sum. What a total holds beside its parts is taken not to have changed.
    """
    each, first = np.unique(sums.number, return_index=True)
    number = np.concatenate([sums.number, each])
    cell = np.concatenate([sums.part, sums.total[first]])
    sign = np.concatenate([np.ones(len(sums.part)), -np.ones(len(each))])
    unknown = np.isnan(values[cell])
    together = np.abs(np.bincount(number, np.where(unknown, 0.0, sign * values[cell])))[number]
    out = np.full(len(values), np.inf)
    told = unknown & (together > 0)
    np.minimum.at(out, cell[told], together[told])
    return np.where(np.isfinite(out), out, np.nan)


def given_away(shares: Shares, status: pd.DataFrame, old: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """What the attack recovers when it takes what the earlier release showed for what is hidden now.

    Only numbers that did not change: others mislead whoever subtracts them.
    """
    rows = shares.rows
    known, same_mean = status.copy(), np.isclose(rows["mean_score"], old["mean_score"], rtol=0, atol=1e-9)
    for layer, number in NUMBERS.items():
        same = (rows[number] == old[number]).fillna(False).to_numpy(bool)
        known.loc[(known[layer] != "F") & same & (same_mean | (layer != "row")), layer] = "F"
    if (known[list(LAYERS)] == status[list(LAYERS)]).all(axis=None):
        return rows.loc[[], KEYS]
    found = shares.findings(known, limits)
    return found[KEYS].drop_duplicates().reset_index(drop=True)


def _judgement(name: str, found: pd.DataFrame, ru: str, en: str) -> Judgement:
    """One row of ``dq_gate_result``; the smallest units are named first."""
    order = ["class", "school", "municipality", "region"]
    found = found.sort_values("unit_type", key=lambda kinds: kinds.map(order.index), kind="stable")
    named = [f"{r.unit_id} {r.assessment_id} {r.subgroup}" for r in found.head(_MOST_NAMED).itertuples()]
    more = len(found) - len(named)
    where = (" — " + ", ".join(named) + (f" + {more}" if more else "")) if named else ""
    outcome = "warned" if len(found) else "passed"
    observed = json.dumps({"rows": len(found)})
    frame = "fct_assessment_aggregate"
    return Judgement(frame, "revision", name, "", outcome, observed, "{}", ru + where, en + where)
