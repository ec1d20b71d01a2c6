"""The dynamics step: change of schools, municipalities and the region over three years.

A series is a kind × subject × grade × window. Change is absolute on a linked scale, nominal on an official
one (shown as «not equated»), and otherwise only against the region, on standardised scores. A year that was
not held is a gap and is never filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.optimize import nnls

from pipelines.psychometrics import Slopes, change_kind, cohort_variance, trends
from pipelines.scaling import warehouse as w
from pipelines.scaling.tables import table_of, table_path, write_table

YEARS = 3
#: Schools with all three years that an estimate of an unknown spread needs [local].
LEAST_SCHOOLS = 30
#: Scales that hang on the one of a reference year.
LINKED = {"irt_linked", "equated"}
SERIES = ["kind", "subject", "grade", "testing_window"]

#: A variant that fewer students were given is a slip of the pen, not a change of the set [local].
LEAST_FORM_N = 10


@dataclass(frozen=True)
class Window:
    """One series up to one year: the years held, their assessments in order, the scale that they share."""

    years: np.ndarray
    held: pd.DataFrame
    scale_type: str
    reasons: tuple[str, ...]

    @property
    def comparable(self) -> bool:
        """Whether the scores of the years may be compared as they are."""
        broken = {"scale", "maximum"} if self.scale_type == "official" else {"scale"}
        return not broken & set(self.reasons)


def run(warehouse: Path, scales: Path) -> dict[str, int]:
    """Write the table of dynamics; returns its number of rows."""
    with w.reading(warehouse) as db:
        facts, forms = w.frame(db, w.ASSESSMENTS), w.frame(db, w.FORMS, [LEAST_FORM_N])
    made = pd.read_parquet(table_path(scales, "assessment"))
    columns = ["assessment_id", "scale_type", "reference_assessment_id", "link_error", "reference_sd"]
    facts = facts.drop(columns="scale_type").merge(made[columns], on="assessment_id").merge(
        forms, on="assessment_id", how="left"
    )  # fmt: skip
    units = pd.read_parquet(
        table_path(scales, "unit"),
        columns=["unit_type", "unit_id", "assessment_id", "scored_n", "mean_scale_score", "scale_se"],
        filters=[("subgroup", "=", "all"), ("unit_type", "!=", "class")],
    )
    scored = units[np.isfinite(units["mean_scale_score"])]
    parts: list[pa.Table] = []
    for key, series in facts.groupby(SERIES, sort=True):
        own = scored[scored["assessment_id"].isin(series["assessment_id"])]
        held = series[series["assessment_id"].isin(own["assessment_id"])].sort_values("school_year")
        for end in held["school_year"]:
            window = window_of(held, int(end))
            facts_of: dict[str, Any] = dict(zip(SERIES, key, strict=True)) | {"end_year": int(end)}
            parts += [table_of("dynamics", r.assign(**facts_of)) for r in _window_rows(own, window)]
    return {"dynamics": write_table(scales, "dynamics", parts)}


def window_of(held: pd.DataFrame, end: int) -> Window:
    """The assessments of a series in the years up to `end`, and what broke between them.

    `held` has school_year, scale_type, reference_assessment_id, min_score, max_score, forms of each year.
    """
    part = held[held["school_year"].between(end - YEARS + 1, end)]
    types = set(part["scale_type"])
    same_reference = part["reference_assessment_id"].fillna("").nunique() == 1
    reasons = []
    if len(types) > 1 or (types & LINKED and not same_reference):
        reasons.append("scale")
    for name, reason in (("min_score", "minimum"), ("max_score", "maximum"), ("forms", "forms")):
        if part[name].fillna(-1).astype(str).nunique() > 1:
            reasons.append(reason)
    scale = types.pop() if len(types) == 1 else "relative"
    return Window(np.arange(end - YEARS + 1, end + 1), part, scale, tuple(reasons))


def _window_rows(scored: pd.DataFrame, window: Window) -> list[pd.DataFrame]:
    """The rows of each kind of unit."""
    year_of = dict(zip(window.held["assessment_id"], window.held["school_year"], strict=True))
    part = scored[scored["assessment_id"].isin(year_of)].copy()
    part["year"] = part["assessment_id"].map(year_of)
    part["scale_se"] = _errors(part, window.years)
    score, se = (
        part.pivot(index=["unit_type", "unit_id"], columns="year", values=v).reindex(columns=window.years)
        for v in ("mean_scale_score", "scale_se")
    )
    if score.empty:
        return []
    held = score.notna()
    score = score.where(se > 0)  # without an error a mean can't be tested
    region = score.index.get_level_values("unit_type") == "region"
    line = _row(score, region), _row(se, region)
    kinds = score.index.get_level_values("unit_type")
    return [
        _unit_rows(kind, score[chosen], se[chosen], held[chosen].to_numpy(), line, window)
        for kind in ("school", "municipality", "region")
        if (chosen := kinds == kind).any()
    ]


def _row(table: pd.DataFrame, region: np.ndarray) -> np.ndarray:
    return table[region].to_numpy(float)[0] if region.any() else np.full(table.shape[1], np.nan)


def _errors(part: pd.DataFrame, years: np.ndarray) -> pd.Series:
    """Errors of the means; where no spread was sent, σ/√n with σ² from how schools bend over three years.

    A school's S₁ − 2S₂ + S₃ has the variance 6κ² + σ²(1/n₁ + 4/n₂ + 1/n₃): what shrinks with the number of
    students is sampling, the rest is cohorts. A steady change of a school doesn't enter.
    """
    se = part["scale_se"].copy()
    if se.notna().all():
        return se
    schools = part[part["unit_type"] == "school"]
    score, n = (
        schools.pivot(index="unit_id", columns="year", values=v).reindex(columns=years).to_numpy(float)
        for v in ("mean_scale_score", "scored_n")
    )
    bend = np.array([1.0, -2.0, 1.0])
    whole = np.isfinite(score).all(axis=1)
    if whole.sum() < LEAST_SCHOOLS:
        return se
    size = (bend**2 / n[whole]).sum(axis=1)
    x = np.column_stack((np.full(len(size), (bend**2).sum()), size)) / size[:, None]
    within = nnls(x, (score[whole] @ bend) ** 2 / size)[0][1]
    return se.fillna(np.sqrt(within / part["scored_n"]))


def _unit_rows(
    kind: str,
    score: pd.DataFrame,
    se: pd.DataFrame,
    held: np.ndarray,
    line: tuple[np.ndarray, np.ndarray],
    window: Window,
) -> pd.DataFrame:
    s, error = score.to_numpy(float), se.to_numpy(float)
    region_score, region_se = line
    against_region = kind != "region" and bool(np.isfinite(region_score).any())
    kappa2 = 0.0
    if kind == "school" and against_region:
        kappa2 = _cohort_variance(window.years, s - region_score, error)
    errors = link_errors(window)
    common: dict[str, Any] = {"cohort_variance": kappa2}
    absolute = trends(
        window.years, s, error, scale_type=window.scale_type, link_errors=errors, **common,
        comparable=np.full(len(s), window.comparable),
    )  # fmt: skip
    relative = None
    if against_region:
        relative = trends(
            window.years, s, error, scale_type="relative", region_score=region_score, region_se=region_se,
            **common,
        ).relative  # fmt: skip
    change = change_kind(window.scale_type)
    years_n = held.sum(axis=1)
    first = np.where(years_n > 0, window.years[held.argmax(axis=1)], 0)
    rows = pd.DataFrame(
        {
            "unit_type": score.index.get_level_values("unit_type"),
            "unit_id": score.index.get_level_values("unit_id"),
            "scale_type": window.scale_type,
            "change_kind": change,
            "years_n": years_n,
            "first_year": pd.array(first, "Int64"),
            "break_flag": bool(window.reasons),
            "break_reason": ", ".join(window.reasons) or None,
            "link_error": float(np.sqrt((errors**2).sum())) if change == "absolute" else np.nan,
            "cohort_variance": kappa2 if kind == "school" else np.nan,
            **_figures(absolute.absolute),
            **_relative(relative),
        }
    )
    rows.loc[years_n == 0, "first_year"] = pd.NA
    return rows.assign(**_verdicts(change, years_n, absolute.absolute, relative))


def _verdicts(change: str, years_n: np.ndarray, absolute: Slopes, relative: Slopes | None) -> dict[str, Any]:
    """Of the change that the scale carries, absolute or nominal, else of the change against the region."""
    against = None if relative is None else np.asarray(relative.verdict, object)
    if change != "none":
        return {
            "verdict": np.where(years_n < YEARS, "too_few", np.asarray(absolute.verdict, object)),
            "verdict_basis": change,
            "relative_verdict": against,
        }
    return {
        "verdict": "not_comparable" if against is None else against,
        "verdict_basis": "none" if against is None else "relative",
        "relative_verdict": against,
    }


def _figures(found: Slopes) -> dict[str, Any]:
    return {
        "slope": found.slope,
        "slope_se": found.se,
        "p_value": found.p,
        "p_adjusted": found.p_adjusted,
        "q_value": found.q,
        "q_p_value": found.q_p,
    }


def _relative(found: Slopes | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "relative_slope": found.slope,
        "relative_slope_se": found.se,
        "relative_p_value": found.p,
        "relative_p_adjusted": found.p_adjusted,
    }


def _cohort_variance(years: np.ndarray, score: np.ndarray, se: np.ndarray) -> float:
    try:
        return cohort_variance(years, score, se)
    except ValueError:
        return 0.0  # no school with three years


def link_errors(window: Window) -> np.ndarray:
    """The error of the link into each year after the first, in points; 0 where nothing was linked.

    Each year hangs on the reference by its own link. Counted from the first year, as if each were linked to
    the year before; the first step carries the first year's own link too, unless that is the reference.
    """
    by_year = dict(zip(window.held["school_year"], window.held["link_error"].fillna(0.0), strict=True))
    if window.scale_type not in LINKED:
        return np.zeros(len(window.years) - 1)
    own = np.array([float(by_year.get(int(year), 0.0)) for year in window.years])
    steps = own[1:].copy()
    if len(steps):
        steps[0] = np.hypot(own[0], own[1])
    return steps
