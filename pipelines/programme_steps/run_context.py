"""The context step: social index, expected results given context, and each school's result of the year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pipelines.programme import ContextFit, IndexRule, OutcomeSet, fit_context, social_index, yearly_results
from pipelines.programme_steps.tables import ensure_tables, parameters, reading, table_of, write_table

_COMPONENTS = """
    select school_id, school_year, component, cast(value as double) as value, orientation, weight,
        cast(index_version as varchar) as index_version, weighting, least_components, z_limit
    from int_context_component
    order by school_year, index_version, component, school_id
"""
_RESULTS = """
    select r.*, y.locality_group
    from int_context_result as r
    left join int_school_year as y using (school_id, school_year)
    order by assessment_id, school_id
"""
Frames = dict[str, pd.DataFrame]


def run(warehouse: Path, folder: Path) -> dict[str, int]:
    """Write the tables of context; returns their numbers of rows."""
    ensure_tables(folder)
    with reading(warehouse) as db:
        settings = parameters(db)
        components, results = db.execute(_COMPONENTS).df(), db.execute(_RESULTS).df()
        outcomes = OutcomeSet(db.execute("select kind, subject, preference from context_outcome").df())
    found = _indices(components)
    found |= _models(results, found["social_index"], settings)
    found["year_result"] = yearly_results(_in_student_sds(results, found["expected_result"]), outcomes)
    return {name: write_table(folder, name, table) for name, table in found.items()}


def _indices(components: pd.DataFrame) -> Frames:
    """The index of each school year by the version that holds in it."""
    schools, weights = [], []
    for _, part in components.groupby(["school_year", "index_version"]):
        first = part.iloc[0]
        rule = IndexRule(str(first["weighting"]), int(first["least_components"]), float(first["z_limit"]))
        own = {name: first[name] for name in ("school_year", "index_version")}
        values = part.pivot(index="school_id", columns="component", values="value")
        facts = part.drop_duplicates("component").set_index("component")[["orientation", "weight"]]
        index, weight = social_index(values, facts["orientation"], facts["weight"], rule)
        schools.append(index.rename_axis("school_id").reset_index().assign(**own))
        weight = weight.join(facts["orientation"]).rename_axis("component").reset_index()
        weights.append(weight.assign(weighting=rule.weighting, **own))
    return {
        "social_index": table_of("social_index", schools),
        "index_weight": table_of("index_weight", weights),
    }


def _models(results: pd.DataFrame, index: pd.DataFrame, settings: dict[str, float]) -> Frames:
    """The regression of each assessment on the index and locality, where there are enough schools."""
    joined = results.merge(
        index[["school_id", "school_year", "social_index"]], on=["school_id", "school_year"], how="left"
    )
    models, coefficients, schools = [], [], []
    for assessment, part in joined.groupby("assessment_id"):
        weight, basis = _weight(part)
        held = part.assign(weight=weight).set_index("school_id")
        fit = fit_context(
            held["mean_scale_score"], _covariates(held), held["weight"], held["scale_se"],
            int(settings["least_schools"]),
        )  # fmt: skip
        if fit is None:
            continue
        models.append(_model_row(fit, settings["low_r_squared"]).assign(weighting=basis))
        coefficients.append(fit.coefficients.rename_axis("term").reset_index())
        schools.append(fit.schools.rename_axis("school_id").reset_index())
        for rows in (models, coefficients, schools):
            rows[-1]["assessment_id"] = assessment
    return {
        "context_model": table_of("context_model", models),
        "context_coefficient": table_of("context_coefficient", coefficients),
        "expected_result": table_of("expected_result", schools),
    }


def _model_row(fit: ContextFit, low: float) -> pd.DataFrame:
    return pd.DataFrame([fit.model]).assign(is_low_r_squared=fit.model["r_squared"] < low)


def _weight(part: pd.DataFrame) -> tuple[pd.Series, str]:
    """Reliabilities; where they are unknown or zero, the numbers of students (λ ∝ n as τ² goes to 0)."""
    reliability = part["reliability"].astype(float)
    if reliability.notna().all() and (reliability > 0).any():
        return reliability, "reliability"
    return part["scored_n"].astype(float), "scored_n"


def _covariates(part: pd.DataFrame) -> pd.DataFrame:
    """The index, and 1 for rural schools; a school of unknown locality is out of the regression."""
    rural = part["locality_group"].map({"rural": 1.0, "urban": 0.0})
    table = pd.DataFrame({"social_index": part["social_index"].astype(float), "rural": rural})
    return table.drop(columns="rural") if rural.isna().all() else table


def _in_student_sds(results: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Results and residuals less the region's mean, over the sd of its students (of schools' means where no
    spread of students is known)."""
    out = results.merge(
        expected[["school_id", "assessment_id", "residual", "residual_se"]],
        on=["school_id", "assessment_id"],
        how="left",
    )
    by = out.groupby("assessment_id")
    total = by["scored_n"].transform("sum")
    weighted = out["scored_n"] * out["mean_scale_score"]
    center = weighted.groupby(out["assessment_id"]).transform("sum") / total
    gap = out["mean_scale_score"] - center
    between = (out["scored_n"] * gap**2).groupby(out["assessment_id"]).transform("sum") / total
    sd = out["student_sd"].fillna(between.pow(0.5)).where(lambda s: s > 0)
    out = out.assign(z=gap / sd, residual_z=out["residual"] / sd, residual_z_se=out["residual_se"] / sd)
    return out[out["z"].notna()]
