"""The effect step: supported schools against matched ones, by baseline year, end year and subject."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.programme import EffectRule, programme_effect
from pipelines.programme_steps.tables import ensure_tables, parameters, reading, table_of, write_table

#: Years of support after which the change is looked at.
YEARS = 2
#: Only membership is support: a label alone helps nobody.
_SUPPORTED = "select school_id, school_year from int_supported_school where basis = 'membership'"
_SCHOOLS = """
    select school_id, school_year, social_index, students_n,
        cast(locality_group = 'rural' as integer) as rural
    from int_peer_candidate
"""
_RESULTS = "select school_id, school_year, subject, preference, z_score from read_parquet(?)"
COVARIATES = ["social_index", "rural", "size"]


def run(warehouse: Path, folder: Path) -> dict[str, int]:
    """Write the effects; returns their number."""
    ensure_tables(folder)
    with reading(warehouse) as db:
        settings = parameters(db)
        supported, schools = db.execute(_SUPPORTED).df(), db.execute(_SCHOOLS).df()
        results = db.execute(_RESULTS, [str(folder / "year_result" / "part.parquet")]).df()
    rule = EffectRule(
        caliper=settings["effect_caliper"],
        controls_n=int(settings["effect_controls_n"]),
        least_schools=int(settings["effect_least_schools"]),
    )
    schools = schools.assign(size=np.log2(schools["students_n"].astype(float)))
    members = {year: set(part["school_id"]) for year, part in supported.groupby("school_year")}
    rows = []
    years = sorted(set(results["school_year"]))
    for baseline in years:
        for end in (year for year in years if baseline < year <= baseline + YEARS):
            both = _changes(results, schools, int(baseline), int(end))
            for subject, part in both.groupby("subject"):
                rows += _effects(part, members, (int(baseline), int(end)), str(subject), rule)
    found = table_of("effect", [pd.DataFrame(rows)] if rows else [])
    return {"effect": write_table(folder, "effect", found)}


def _changes(results: pd.DataFrame, schools: pd.DataFrame, baseline: int, end: int) -> pd.DataFrame:
    """Schools with a result of both years from the same kinds of assessments, conditions of the first."""
    before, after = (results[results["school_year"] == year] for year in (baseline, end))
    both = before.merge(after, on=["school_id", "subject", "preference"], suffixes=("_before", "_after"))
    own = schools[schools["school_year"] == baseline].drop(columns="school_year")
    return both.merge(own, on="school_id", how="left").sort_values("school_id")


def _effects(
    part: pd.DataFrame, members: dict[Any, set[str]], years: tuple[int, int], subject: str, rule: EffectRule
) -> list[dict[str, object]]:
    """For schools supported in all years after the baseline, and for those of them that entered then.

    They are compared with schools that had no support from the baseline to the end.
    """
    baseline, end = years
    after = [members.get(year, set()) for year in range(baseline + 1, end + 1)]
    throughout, before = set.intersection(*after), members.get(baseline, set())
    ever = before.union(*after)
    rows: list[dict[str, object]] = []
    for cohort, chosen in (("supported", throughout), ("entrants", throughout - before)):
        held = part[part["school_id"].isin(chosen) | ~part["school_id"].isin(ever)]
        supported = held["school_id"].isin(chosen).to_numpy()
        if not supported.any():
            continue
        found = programme_effect(
            supported,
            held["z_score_before"].to_numpy(float),
            held["z_score_after"].to_numpy(float),
            held[COVARIATES],
            rule,
        )
        key = {"cohort": cohort, "subject": subject, "baseline_year": baseline, "end_year": end}
        rows.append(key | asdict(found))
    return rows
