"""The units step: means of classes, schools, municipalities and the region on the scale, and their errors.

Means of classes and schools are those of their students (WLE, test scores, or standing within the region);
their interval rests on the spread pooled within units. The mean, sd and level shares of municipalities and
of the region on a calibrated scale come from the posterior of each unit, never from WLE or EAP.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from scipy.stats import norm

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
from pipelines.scaling.tables import SCHEMAS, table_path, write_table

KEY = ["unit_type", "unit_id", "assessment_id", "subgroup"]
#: Under so many schools an error clustered by school is not trusted alone [local].
FEW_SCHOOLS = 10
Rows = list[dict[str, Any]]

#: Students by unit and value on the assessment's scale: n, Σ, Σ². Each school's row also tells its larger
#: units, so that errors can be clustered.
_MOMENTS = """
with valued as (
    select
        c.assessment_id, c.school_id, c.municipality_id, c.locality_group, c.class_name, c.sex, c.n,
        case
            when a.scale_type like 'irt%' then s.scale_score
            when a.scale_type = 'official' then c.result_score
            else r.normal_score
        end as v
    from int_unit_score_count as c
    inner join read_parquet(?) as a using (assessment_id)
    left join read_parquet(?) as s
        on c.assessment_id = s.assessment_id and c.form = s.form and c.raw_score = s.raw_score
    left join read_parquet(?) as r
        on c.assessment_id = r.assessment_id and c.result_score = r.result_score
),
grouped as (
    select
        assessment_id, school_id, municipality_id, locality_group, class_name, sex,
        grouping(class_name) as no_class, grouping(school_id) as no_school,
        grouping(municipality_id) as no_municipality, grouping(sex) as no_sex,
        grouping(locality_group) as no_locality,
        -- in decimals, so that the order of rows decides no digit
        sum(n) as n, cast(sum(cast(n * v as decimal(38, 8))) as double) as first,
        cast(sum(cast(n * v * v as decimal(38, 8))) as double) as second
    from valued
    where v is not null
    group by grouping sets (
        (assessment_id, municipality_id, locality_group, school_id, class_name),
        (assessment_id, municipality_id, locality_group, school_id),
        (assessment_id, municipality_id, locality_group, school_id, sex),
        (assessment_id, municipality_id), (assessment_id, municipality_id, sex),
        (assessment_id, municipality_id, locality_group),
        (assessment_id), (assessment_id, sex), (assessment_id, locality_group)
    )
)
select
    assessment_id,
    case when no_class = 0 then 'class' when no_school = 0 then 'school'
        when no_municipality = 0 then 'municipality' else 'region' end as unit_type,
    case when no_class = 0 then school_id || '/' || class_name when no_school = 0 then school_id
        when no_municipality = 0 then municipality_id else ? end as unit_id,
    case when no_sex = 0 then 'sex:' || sex
        when no_locality = 0 and no_school = 1 then 'locality:' || locality_group else 'all' end as subgroup,
    municipality_id, locality_group, cast(n as bigint) as n,
    first / n as mean,
    case when n > 1 then greatest((second - first * first / n) / (n - 1), 0) end as variance
from grouped
order by all
"""

#: Totals of schools where there are no students' rows; their scale is made of the schools' own means.
_TOTALS = """
select assessment_id, unit_type, unit_id, subgroup, municipality_id, locality_group,
    cast(scored_n as bigint) as n, score_sum / scored_n as mean,
    case when scored_n > 1 and score_square_sum is not null
        then greatest(score_square_sum - score_sum * score_sum / scored_n, 0) / (scored_n - 1) end as variance
from int_assessment_unit
where source = 'school_totals' and scored_n > 0
order by all
"""

_POSTERIOR = """
select c.assessment_id, c.municipality_id, c.sex, c.locality_group, c.form, c.raw_score, sum(c.n) as n
from int_unit_score_count as c
inner join read_parquet(?) as s
    on c.assessment_id = s.assessment_id and c.form = s.form and c.raw_score = s.raw_score
where s.scale_score is not null
group by all
order by all
"""


def run(warehouse: Path, scales: Path, region: str = "region") -> dict[str, int]:
    """Write the tables of units; returns their numbers of rows."""
    assessments = pd.read_parquet(table_path(scales, "assessment")).set_index("assessment_id", drop=False)
    paths = [str(table_path(scales, name)) for name in ("assessment", "score_scale", "relative_scale")]
    with w.reading(warehouse) as db:
        moments = db.execute(_MOMENTS, [*paths, region]).df().dropna(subset=["unit_id", "subgroup"])
        totals = _standardised(w.frame(db, _TOTALS), assessments["scale_type"])
        posterior = _posterior(db, paths[1], scales, assessments, region)
    moments = pd.concat([_without(moments, totals), totals], ignore_index=True)
    units: list[pd.DataFrame] = []
    variances: Rows = []
    for assessment, part in moments.groupby("assessment_id", sort=True):
        table, model = _units(part, region)
        units.append(table)
        variances.append({"assessment_id": assessment, **model})
    built = pd.concat(units) if units else SCHEMAS["unit"].empty_table().to_pandas()
    relative = set(assessments.index[assessments["scale_type"] == "relative"])
    return {
        "unit": write_table(scales, "unit", _finished(built, posterior, relative)),
        "variance": write_table(scales, "variance", variances),
    }


def _finished(units: pd.DataFrame, posterior: pd.DataFrame, relative: set[str]) -> pd.DataFrame:
    """The posterior in place of the WLE's mean where there is one, intervals, standing in the region."""
    out = units.merge(posterior, on=KEY, how="left", suffixes=("", "_posterior"))
    if "mean_scale_score_posterior" in out:
        out["mean_scale_score"] = out["mean_scale_score_posterior"].fillna(out["mean_scale_score"])
    half = critical() * out["scale_se"].astype(float)
    out["scale_ci_low"], out["scale_ci_high"] = out["mean_scale_score"] - half, out["mean_scale_score"] + half
    z = ((out["mean_scale_score"].astype(float) - 500) / 100).where(out["assessment_id"].isin(relative))
    return out.assign(z_score=z, t_score=t_scores(z), percentile=100 * norm.cdf(z))


def _without(moments: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Students' rows of the assessments that totals of schools tell more of are left out, as everywhere."""
    return moments[~moments["assessment_id"].isin(set(totals["assessment_id"]))]


def _standardised(totals: pd.DataFrame, types: pd.Series) -> pd.DataFrame:
    """Totals on a relative scale: 500 + 100·(mean − region's)/sd of students, or of schools' means.

    The sd is the students' where each school sent one, else that of the means weighted by n.
    """
    out = totals.copy()
    for assessment, part in totals.groupby("assessment_id"):
        if types.get(assessment) == "official":
            continue
        region = part[(part["unit_type"] == "region") & (part["subgroup"] == "all")]
        schools = part[(part["unit_type"] == "school") & (part["subgroup"] == "all")]
        center, spread = float(region["mean"].iloc[0]), float(region["variance"].iloc[0])
        if not np.isfinite(spread):
            spread = float(np.average((schools["mean"] - center) ** 2, weights=schools["n"]))
        unit = 100 / np.sqrt(spread) if spread > 0 else np.nan
        rows = part.index
        out.loc[rows, "mean"] = 500 + unit * (part["mean"] - center)
        out.loc[rows, "variance"] = part["variance"] * unit**2
    return out


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
    model, status = _model(schools)
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


def _model(schools: pd.DataFrame) -> tuple[MixedModel | None, str]:
    if schools.loc[schools["n"] > 1, "variance"].isna().any():
        return None, "no_variance_known"
    try:
        found = reml(schools["n"], schools["mean"], schools["variance"])
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


def _posterior(
    db: duckdb.DuckDBPyConnection, score_scale: str, scales: Path, assessments: pd.DataFrame, region: str
) -> pd.DataFrame:
    """Mean, sd and level shares of municipalities and the region, with their subgroups, in points."""
    counts = db.execute(_POSTERIOR, [score_scale]).df()
    items = pd.read_parquet(table_path(scales, "item"))
    rows: Rows = []
    for assessment, part in counts.groupby("assessment_id", sort=True):
        facts: dict[str, Any] = assessments.loc[[assessment]].to_dict("records")[0]  # type: ignore[assignment]
        bank, forms = stored_bank(items[items["assessment_id"] == assessment])
        units = _memberships(part, region)
        labels, code = np.unique(units["unit"], return_inverse=True)
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
        for u, label in enumerate(labels):
            unit_type, unit_id, subgroup = label.split("\x1f")
            key = dict(zip(KEY, (unit_type, unit_id, str(assessment), subgroup), strict=True))
            rows.append(key | _points(found, u, cohort, len(cuts)))
    return pd.DataFrame(rows, columns=None if rows else KEY)


def _memberships(part: pd.DataFrame, region: str) -> pd.DataFrame:
    """Counts repeated for each unit and subgroup that the students belong to, added up."""
    pieces = []
    for kind, ids in (("municipality", part["municipality_id"]), ("region", region)):
        for prefix, value in (("all", None), ("sex:", part["sex"]), ("locality:", part["locality_group"])):
            piece = part.assign(unit_id=ids)
            piece["subgroup"] = prefix if value is None else prefix + value
            piece = piece.dropna(subset=["unit_id", "subgroup"])
            piece["unit"] = kind + "\x1f" + piece["unit_id"] + "\x1f" + piece["subgroup"]
            pieces.append(piece)
    return pd.concat(pieces).groupby(["unit", "form", "raw_score"])[["n"]].sum().reset_index()


def _points(found: UnitDistributions, u: int, cohort: ReferenceCohort, cuts_n: int) -> dict[str, Any]:
    row: dict[str, Any] = {"posterior_status": found.status[u]}
    if not np.isfinite(found.mean[u]):
        return row
    row |= {
        "mean_scale_score": float(scale_score(found.mean[u], cohort)),
        "scale_sd": float(scale_error(found.sd[u], cohort)),
        "scale_sd_se": float(scale_error(found.sd_se[u], cohort)),
    }
    if cuts_n == 3:
        row |= {
            f"level_{mark}_share": float(s) for mark, s in zip((2, 3, 4, 5), found.shares[u], strict=True)
        }
        row["level_2_se"] = float(found.share_se[u, 0])
    return row
