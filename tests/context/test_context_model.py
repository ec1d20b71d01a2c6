"""Expected results given context against formulas written out; chance against simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.programme import OutcomeSet, fit_context, yearly_results


def world(n: int = 120, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    index, rural, size = rng.normal(50, 10, n), rng.random(n) < 0.4, rng.integers(5, 80, n)
    se = 60 / np.sqrt(size)
    mean = 400 + 2 * index - 8 * rural + rng.normal(0, 20, n) + rng.normal(0, se)
    frame = pd.DataFrame({"index": index, "rural": rural.astype(float), "mean": mean, "se": se})
    return frame.assign(weight=20**2 / (20**2 + se**2)).rename(index=lambda i: f"s{i:03d}")


def test_estimates_r_squared_and_residuals_are_those_of_weighted_least_squares() -> None:
    w = world()
    fit = fit_context(w["mean"], w[["index", "rural"]], w["weight"], w["se"], 20)
    assert fit is not None
    x = np.column_stack([np.ones(len(w)), w["index"], w["rural"]])
    root = np.sqrt(w["weight"].to_numpy())
    beta = np.linalg.lstsq(x * root[:, None], w["mean"].to_numpy() * root, rcond=None)[0]
    residual = w["mean"] - x @ beta
    center = np.average(w["mean"], weights=w["weight"])
    unexplained = (w["weight"] * residual**2).sum()
    r_squared = 1 - unexplained / (w["weight"] * (w["mean"] - center) ** 2).sum()
    np.testing.assert_allclose(fit.coefficients["estimate"], beta)
    np.testing.assert_allclose(fit.schools["residual"], residual, atol=1e-9)
    assert fit.model["r_squared"] == pytest.approx(r_squared)
    inverse = np.linalg.inv((x.T * w["weight"].to_numpy()) @ x)
    covariance = inverse * unexplained / (len(w) - 3)
    np.testing.assert_allclose(fit.coefficients["se"], np.sqrt(np.diag(covariance)))
    line = np.einsum("ij,jk,ik->i", x, covariance, x)
    np.testing.assert_allclose(fit.schools["residual_se"], np.sqrt(w["se"] ** 2 + line))
    half = (fit.schools["ci_high"] - fit.schools["ci_low"]) / 2
    np.testing.assert_allclose(half, 1.959964 * fit.schools["residual_se"], rtol=1e-6)
    slope = np.polyfit(w["rural"], w["index"], 1)
    explained = (
        1
        - ((w["index"] - np.polyval(slope, w["rural"])) ** 2).sum()
        / ((w["index"] - w["index"].mean()) ** 2).sum()
    )
    assert fit.coefficients.loc["index", "vif"] == pytest.approx(1 / (1 - explained))
    assert np.isnan(fit.coefficients.loc["const", "vif"])


def test_diagnostics_find_what_is_wrong() -> None:
    clean, w = world(), world()
    w.iloc[0, w.columns.get_loc("index")], w.iloc[0, w.columns.get_loc("mean")] = 150.0, 300.0
    good = fit_context(clean["mean"], clean[["index"]], clean["weight"], clean["se"], 20)
    bad = fit_context(w["mean"], w[["index"]], w["weight"], w["se"], 20)
    assert good is not None and bad is not None
    assert good.model["normality_p_value"] > 0.05 > bad.model["normality_p_value"]
    assert bad.schools["cook"].idxmax() == bad.schools["leverage"].idxmax() == "s000"
    assert bad.model["largest_cook"] > 1 > good.model["largest_cook"]
    uneven = clean.assign(mean=400 + (clean["index"] - 20) * np.random.default_rng(1).normal(size=len(clean)))
    found = fit_context(uneven["mean"], uneven[["index"]], pd.Series(1.0, uneven.index), uneven["se"], 20)
    assert found is not None and found.model["heteroscedasticity_p_value"] < 0.05


def test_without_sampling_errors_the_residual_error_of_the_regression_is_used() -> None:
    w = world()
    fit = fit_context(w["mean"], w[["index"]], w["weight"], w["se"] * np.nan, 20)
    known = fit_context(w["mean"], w[["index"]], w["weight"], w["se"], 20)
    assert fit is not None and known is not None
    assert set(fit.schools["se_basis"]) == {"residual"} and set(known.schools["se_basis"]) == {"sampling"}
    assert (fit.schools["residual_se"] > 0).all()
    assert fit.schools["residual_se"].median() > known.schools["residual_se"].median()


def test_too_few_schools_or_context_that_does_not_vary_give_no_model() -> None:
    w = world(30)
    assert fit_context(w["mean"], w[["index"]], w["weight"], w["se"], 31) is None
    assert fit_context(w["mean"], w[["index"]] * 0 + 50, w["weight"], w["se"], 20) is None
    twice = pd.DataFrame({"a": w["index"], "b": 2 * w["index"]})
    assert fit_context(w["mean"], twice, w["weight"], w["se"], 20) is None
    gaps = w["index"].where(np.arange(30) % 2 == 0)
    assert fit_context(w["mean"], gaps.to_frame(), w["weight"], w["se"], 16) is None


OUTCOMES = OutcomeSet(
    pd.DataFrame(
        [
            ("ОГЭ", "Математика", 1),
            ("ОГЭ", "Русский язык", 1),
            ("ЕГЭ", "Русский язык", 1),
            ("ВПР", "Математика", 2),
        ],
        columns=["kind", "subject", "preference"],
    )
)


def result(
    kind: str, subject: str, grade: int, z: float, residual: float, se: float, **facts: object
) -> dict:
    own = {"kind": kind, "subject": subject, "grade": grade, "z": z}
    errors = {"residual_z": residual, "residual_z_se": se}
    return {"school_id": "990001", "school_year": 2023} | own | errors | facts


def test_a_years_result_pools_works_and_takes_one_cohorts_errors_as_correlated() -> None:
    rows = [
        result("ОГЭ", "Математика", 9, 0.4, 0.3, 0.1),
        result("ОГЭ", "Русский язык", 9, 0.2, 0.1, 0.2),
        result("ЕГЭ", "Русский язык", 11, 0.6, 0.5, 0.4),
        result("ВПР", "Математика", 5, -9.0, -9.0, 0.1),
        result("ОГЭ", "Химия", 9, -9.0, -9.0, 0.1),
    ]
    found = yearly_results(pd.DataFrame(rows), OUTCOMES).set_index("subject")
    whole = found.loc["all"]
    assert whole["results_n"] == 3
    assert whole["z_score"] == pytest.approx(0.4)
    assert whole["residual_z"] == pytest.approx(0.3)
    assert whole["residual_z_se"] == pytest.approx(np.hypot(0.1 + 0.2, 0.4) / 3)
    assert found.loc["Математика", "z_score"] == pytest.approx(0.4)
    assert set(found.index) == {"all", "Математика", "Русский язык"}


def test_the_second_preference_counts_where_a_year_has_nothing_better() -> None:
    rows = [
        result("ВПР", "Математика", 5, 0.2, 0.1, 0.1, school_year=2021),
        result("ОГЭ", "Математика", 9, 1, 1, 1),
    ]
    found = yearly_results(pd.DataFrame(rows), OUTCOMES)
    assert found[found["subject"] == "all"].set_index("school_year")["preference"].to_dict() == {
        2021: 2,
        2023: 1,
    }


def test_results_without_a_model_count_in_the_result_but_not_in_the_residual() -> None:
    rows = [
        result("ОГЭ", "Математика", 9, 0.4, 0.3, 0.1),
        result("ЕГЭ", "Русский язык", 11, 0.0, np.nan, np.nan),
    ]
    whole = yearly_results(pd.DataFrame(rows), OUTCOMES).set_index("subject").loc["all"]
    assert (whole["results_n"], whole["modelled_n"]) == (2, 1)
    assert (whole["z_score"], whole["modelled_z"], whole["residual_z"]) == pytest.approx((0.2, 0.4, 0.3))


@pytest.mark.parametrize("expected", [-0.8, -0.3, 0.0, 0.5])
def test_chance_is_how_often_a_school_exactly_as_expected_would_be_named(expected: float) -> None:
    rng, se = np.random.default_rng(8), 0.2
    error = rng.normal(0, se, 200_000)
    named = ((expected + error > 0) & (error > 1.959964 * se)).mean()
    rows = [result("ОГЭ", "Математика", 9, expected + 0.1, 0.1, se)]
    found = yearly_results(pd.DataFrame(rows), OUTCOMES)["chance_share"].iloc[0]
    assert found == pytest.approx(named, abs=0.002)
