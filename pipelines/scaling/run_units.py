"""The units step: means of classes, schools, municipalities and the region on the scale, and their errors.

Means of classes and schools are those of their students (WLE, test scores, or standing within the region);
their interval rests on the spread pooled within units. The mean, sd and level shares of municipalities and
of the region on a calibrated scale come from the posterior of each unit, never from WLE or EAP.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import norm

from pipelines.parallel import each
from pipelines.psychometrics import (
    MixedModel,
    ReferenceCohort,
    UnitDistributions,
    critical,
    pooled_sd,
    reml,
    scale_error,
    scale_score,
    shrunken_means,
    t_scores,
    unit_distributions,
)
from pipelines.scaling import warehouse as w
from pipelines.scaling.bank import stored_bank
from pipelines.scaling.cells import UNIT, all_cells, memberships, unit_moments
from pipelines.scaling.tables import table_of, table_path, write_table

KEY = [*UNIT, "assessment_id"]
#: Under so many schools an error clustered by school is not trusted alone [local].
FEW_SCHOOLS = 10
Rows = list[dict[str, Any]]


def run(warehouse: Path, scales: Path, region: str, workers: int = 1) -> dict[str, int]:
    """Write the tables of units; returns their numbers of rows. Many rows are shared by the ``workers``."""
    with w.reading(warehouse) as db:
        tasks = [partial(_of_batch, warehouse, scales, region, batch) for batch in w.batches(db, workers)]
    found = each(tasks, workers)
    return {
        "unit": write_table(scales, "unit", [table for units, _ in found for table in units]),
        "variance": write_table(scales, "variance", [row for _, variances in found for row in variances]),
    }


def _of_batch(
    warehouse: Path, scales: Path, region: str, batch: dict[str, Any]
) -> tuple[list[pa.Table], Rows]:
    """Units and variance components of some assessments."""
    assessments = pd.read_parquet(table_path(scales, "assessment")).set_index("assessment_id", drop=False)
    paths = {name: str(table_path(scales, name)) for name in ("assessment", "score_scale", "result_scale")}
    relative = set(assessments.index[assessments["scale_type"] == "relative"])
    units: list[pa.Table] = []
    variances: Rows = []
    with w.reading(warehouse) as db:
        students = w.frame(db, w.STUDENT_CELLS, paths | batch)
        totals = w.frame(db, w.TOTAL_CELLS, batch)
        scaled = w.frame(db, w.SCALED_STUDENTS, {"score_scale": paths["score_scale"], **batch})
    moments = unit_moments(all_cells(students, totals, assessments["scale_type"]), region)
    posterior = _posterior(scaled, scales, assessments, region)
    for assessment, part in moments.groupby("assessment_id", sort=True):
        table, model = _units(part, region)
        own = posterior[posterior["assessment_id"] == assessment]
        units.append(table_of("unit", _finished(table, own, relative)))
        variances.append({"assessment_id": assessment, **model})
    return units, variances


def _finished(units: pd.DataFrame, posterior: pd.DataFrame, relative: set[str]) -> pd.DataFrame:
    """The posterior in place of the WLE's mean where there is one, intervals, standing in the region."""
    out = units.merge(posterior, on=KEY, how="left", suffixes=("", "_posterior"))
    if "mean_scale_score_posterior" in out:
        out["mean_scale_score"] = out["mean_scale_score_posterior"].fillna(out["mean_scale_score"])
    half = critical() * out["scale_se"].astype(float)
    out["scale_ci_low"], out["scale_ci_high"] = out["mean_scale_score"] - half, out["mean_scale_score"] + half
    z = ((out["mean_scale_score"].astype(float) - 500) / 100).where(out["assessment_id"].isin(relative))
    return out.assign(z_score=z, t_score=t_scores(z), percentile=100 * norm.cdf(z))


def _units(part: pd.DataFrame, region: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Means, errors and shrunken means of one assessment's units, and its variance components."""
    schools = part[(part["unit_type"] == "school") & (part["subgroup"] == "all")]
    within = {kind: _pooled(part, kind) for kind in ("class", "school")}
    clustered = _clustered(part, region)
    table = part.copy()
    pooled = table["unit_type"].map(lambda kind: within["class" if kind == "class" else "school"])
    own = pooled / np.sqrt(table["n"])
    keys = pd.MultiIndex.from_frame(table[["unit_type", "unit_id", "subgroup"]])
    found = clustered.reindex(keys)
    se, schools_n = found["se"].to_numpy(), found["schools_n"].to_numpy()
    # between a few schools the spread says little: their error is never under that of as many students
    few = np.fmax(se, own) if len(own) else own
    table["scale_se"] = np.where(np.isnan(se), own, np.where(schools_n < FEW_SCHOOLS, few, se))
    model, status = _model(schools, within["school"])
    figures: dict[str, Any] = {
        "status": status,
        "schools_n": len(schools),
        "scored_n": int(schools["n"].sum()),
        "within_sd": within["school"],
    }
    if model is not None:
        figures |= {
            name: getattr(model, name) for name in ("tau2", "tau2_se", "sigma2", "sigma2_se", "icc", "icc_se")
        }
        shrunk = shrunken_means(model, schools["n"], schools["mean"])
        for name, values in (
            ("shrunken_mean", shrunk.value),
            ("shrunken_ci_low", shrunk.low),
            ("shrunken_ci_high", shrunk.high),
            ("reliability", shrunk.reliability),
        ):
            table.loc[schools.index, name] = values
    table = table.rename(columns={"n": "scored_n", "mean": "mean_scale_score"})
    return table.drop(columns=["variance", "municipality_id", "locality_group"]), figures


def _pooled(part: pd.DataFrame, kind: str) -> float:
    chosen = part[(part["unit_type"] == kind) & (part["subgroup"] == "all") & part["variance"].notna()]
    try:
        return pooled_sd(chosen["n"], chosen["variance"])
    except ValueError:
        return float("nan")


def _model(schools: pd.DataFrame, within_sd: float) -> tuple[MixedModel | None, str]:
    """Variance components; a few schools that told no spread are given that of the others."""
    several = schools[schools["n"] > 1]
    told = several["n"].where(several["variance"].notna(), 0).sum()
    if told <= several["n"].sum() / 2:
        return None, "no_variance_known" if len(several) else "too_few_schools"
    try:
        found = reml(schools["n"], schools["mean"], schools["variance"].fillna(within_sd**2))
    except ValueError:
        return None, "too_few_schools"
    return found, found.status


def _clustered(part: pd.DataFrame, region: str) -> pd.DataFrame:
    """Errors of municipalities and the region by the differences between their schools: se, schools_n.

    Index: unit_type, unit_id, subgroup. A unit of one school has no se.
    """
    schools = part[part["unit_type"] == "school"]
    locality = schools[(schools["subgroup"] == "all") & schools["locality_group"].notna()]
    both = pd.concat([schools, locality.assign(subgroup="locality:" + locality["locality_group"])])
    pieces = pd.concat([
        both.assign(unit_type="municipality", unit_id=both["municipality_id"]),
        both.assign(unit_type="region", unit_id=region),
    ]).dropna(subset=["unit_id"])  # fmt: skip
    keys = ["unit_type", "unit_id", "subgroup"]
    groups = pieces.assign(first=pieces["n"] * pieces["mean"]).groupby(keys)
    total = groups[["n", "first"]].sum()
    pieces = pieces.join((total["first"] / total["n"]).rename("center"), on=keys)
    square = (pieces["n"] * (pieces["mean"] - pieces["center"])) ** 2
    summed = square.groupby([pieces[k] for k in keys]).agg(["sum", "count"])
    g = summed["count"].where(summed["count"] > 1)
    se = np.sqrt(summed["sum"] * g / (g - 1)) / total["n"]
    return pd.DataFrame({"se": se, "schools_n": summed["count"]})


def _posterior(counts: pd.DataFrame, scales: Path, assessments: pd.DataFrame, region: str) -> pd.DataFrame:
    """Mean, sd and level shares of municipalities and the region, with their subgroups, in points."""
    items = pd.read_parquet(table_path(scales, "item"))
    parts: list[pd.DataFrame] = []
    for assessment, part in counts.groupby("assessment_id", sort=True):
        facts: dict[str, Any] = assessments.loc[[assessment]].to_dict("records")[0]  # type: ignore[assignment]
        bank, forms = stored_bank(items[items["assessment_id"] == assessment])
        members = memberships(part, region, ("municipality", "region"))
        units = members.groupby([*UNIT, "form", "raw_score"])["n"].sum().reset_index()
        labels = units[UNIT].drop_duplicates(ignore_index=True)
        code = units.groupby(UNIT, sort=False).ngroup()
        cuts = [c for c in (facts["cut_3"], facts["cut_4"], facts["cut_5"]) if np.isfinite(c)]
        if cuts != sorted(cuts):
            cuts = []
        found = unit_distributions(
            bank,
            forms,
            unit=code,
            form=units["form"].to_numpy(str),
            raw=units["raw_score"],
            n=units["n"],
            center=float(facts["latent_mean"]),
            spread=float(facts["latent_sd"]),
            cuts=cuts,
        )
        cohort = ReferenceCohort(float(facts["reference_mean"]), float(facts["reference_sd"]))
        parts.append(labels.assign(assessment_id=assessment, **_points(found, cohort, len(cuts))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=KEY)


def _points(found: UnitDistributions, cohort: ReferenceCohort, cuts_n: int) -> dict[str, Any]:
    """The figures of all units, NaN where they could not be found."""
    columns: dict[str, Any] = {
        "posterior_status": np.asarray(found.status, object),
        "mean_scale_score": scale_score(found.mean, cohort),
        "scale_sd": scale_error(found.sd, cohort),
        "scale_sd_se": scale_error(found.sd_se, cohort),
    }
    known = np.isfinite(found.mean)
    for name in ("scale_sd", "scale_sd_se"):
        columns[name] = np.where(known, columns[name], np.nan)
    if cuts_n == 3:
        for place, mark in enumerate((2, 3, 4, 5)):
            columns[f"level_{mark}_share"] = np.where(known, found.shares[:, place], np.nan)
        columns["level_2_se"] = np.where(known, found.share_se[:, 0], np.nan)
    return columns
