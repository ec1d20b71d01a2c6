"""The social index against an ordinary computation, and at its edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.programme import IndexRule, social_index

UP = pd.Series({"educated": 1, "poor": -1})
ONE = pd.Series({"educated": 1.0, "poor": 1.0})


def table(educated: list[float], poor: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"educated": educated, "poor": poor}, index=[f"s{i}" for i in range(len(poor))])


def test_index_is_the_t_score_of_the_mean_of_oriented_z_scores() -> None:
    values = table([10, 20, 30, 60], [40, 30, 35, 5])
    found, weights = social_index(values, UP, ONE, IndexRule())
    z = (values - values.mean()) / values.std(ddof=0)
    raw = (z["educated"] - z["poor"]) / 2
    expected = 50 + 10 * (raw - raw.mean()) / raw.std(ddof=0)
    np.testing.assert_allclose(found["social_index"], expected)
    assert found["social_index"].idxmax() == "s3"
    assert found["quantile"].tolist() == [1, 2, 3, 4]
    assert found["social_index_percentile"].tolist() == [12.5, 37.5, 62.5, 87.5]
    assert weights["weight"].tolist() == [0.5, 0.5]
    assert weights["mean"].tolist() == [30, 27.5]


def test_given_weights_count() -> None:
    values = table([10, 20, 30, 60], [40, 35, 50, 5])
    found, weights = social_index(values, UP, pd.Series({"educated": 3.0, "poor": 1.0}), IndexRule("given"))
    z = (values - values.mean()) / values.std(ddof=0)
    raw = 0.75 * z["educated"] - 0.25 * z["poor"]
    np.testing.assert_allclose(found["social_index"], 50 + 10 * raw / raw.std(ddof=0))
    assert weights["weight"].to_dict() == {"educated": 0.75, "poor": 0.25}


def test_first_principal_component_is_that_of_the_correlations_and_points_up() -> None:
    rng = np.random.default_rng(3)
    wealth = rng.normal(size=300)
    values = pd.DataFrame(
        {"a": wealth + rng.normal(size=300), "b": -wealth, "c": wealth + 2 * rng.normal(size=300)}
    )
    orientation = pd.Series({"a": 1, "b": -1, "c": 1})
    found, weights = social_index(
        values, orientation, pd.Series(1.0, index=["a", "b", "c"]), IndexRule("pca", 2, 99)
    )
    vector = np.linalg.eigh(np.corrcoef((values * orientation).T))[1][:, -1]
    expected = vector * np.sign(vector.sum())
    np.testing.assert_allclose(weights["weight"], expected / np.abs(expected).sum(), atol=1e-12)
    assert np.corrcoef(found["social_index"], wealth)[0, 1] > 0.85


def test_a_school_with_too_few_components_has_no_index() -> None:
    values = table([10, 20, np.nan, 60], [40, 30, 35, np.nan])
    found, weights = social_index(values, UP, ONE, IndexRule(least_components=2))
    assert found["social_index"].isna().tolist() == [False, False, True, True]
    assert found["n_components"].tolist() == [2, 2, 1, 1]
    assert weights["schools_n"].tolist() == [3, 3]
    one, _ = social_index(values, UP, ONE, IndexRule(least_components=1))
    assert one["social_index"].notna().all()


def test_one_extreme_component_counts_no_more_than_its_limit() -> None:
    values = table([50.0] * 19 + [50.1], [10.0] * 10 + [20.0] * 10)
    _, weights = social_index(values, UP, ONE, IndexRule(z_limit=3))
    free, _ = social_index(values, UP, ONE, IndexRule(z_limit=99))
    held, _ = social_index(values, UP, ONE, IndexRule(z_limit=3))
    assert held["social_index"].iloc[-1] < free["social_index"].iloc[-1]
    assert (weights["weight"] == 0.5).all()


def test_a_component_that_does_not_vary_has_no_weight() -> None:
    found, weights = social_index(
        table([10, 20, 30, 60], [5, 5, 5, 5]), UP, ONE, IndexRule(least_components=1)
    )
    assert weights["weight"].to_dict() == {"educated": 1.0, "poor": 0.0}
    assert (found["n_components"] == 1).all()


def test_schools_alike_in_everything_have_no_index() -> None:
    found, weights = social_index(table([10, 10], [5, 5]), UP, ONE, IndexRule())
    assert found["social_index"].isna().all()
    assert (weights["weight"] == 0).all()


def test_ties_share_their_percentile_and_quarter() -> None:
    found, _ = social_index(table([10, 10, 60, 60], [40, 40, 5, 5]), UP, ONE, IndexRule())
    assert found["social_index_percentile"].tolist() == [25, 25, 75, 75]
    assert found["quantile"].tolist() == [2, 2, 4, 4]


def test_an_unknown_weighting_is_an_error() -> None:
    with pytest.raises(ValueError, match="median"):
        IndexRule("median")
