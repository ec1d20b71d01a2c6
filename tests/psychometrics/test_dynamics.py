import numpy as np
import pytest
from scipy.stats import chi2

from pipelines.psychometrics import change_kind, cohort_variance, failing_share_rose, trends

YEARS = [2022, 2023, 2024]


def test_slope_equals_weighted_least_squares(rng):
    years = np.array([2020, 2021, 2023, 2024])
    score, se = rng.normal(500, 20, (5, 4)), rng.uniform(3, 9, (5, 4))
    score[2, 1] = np.nan  # a gap
    found = trends(years, score, se, scale_type="irt_linked", cohort_variance=25.0).absolute
    for u in range(5):
        seen = ~np.isnan(score[u])
        w = 1 / (se[u, seen] ** 2 + 25)
        x = np.column_stack((np.ones(seen.sum()), years[seen] - 2020))
        covariance = np.linalg.inv((x.T * w) @ x)
        beta = covariance @ (x.T * w) @ score[u, seen]
        assert found.slope[u] == pytest.approx(beta[1]) and found.se[u] == pytest.approx(
            np.sqrt(covariance[1, 1])
        )
        q = w @ (score[u, seen] - x @ beta) ** 2
        assert found.q[u] == pytest.approx(q) and found.q_p[u] == pytest.approx(chi2.sf(q, seen.sum() - 2))
        assert found.years_n[u] == seen.sum()


def test_link_error_is_that_of_errors_shared_after_each_link():
    """Monte Carlo: a link's error moves every later year; the slope's variance grows by what we add."""
    rng = np.random.default_rng(12)
    se, links = np.full((1, 3), 4.0), np.array([3.0, 5.0])
    slopes = []
    for _ in range(4000):
        shift = np.r_[0, np.cumsum(rng.normal(0, links))]
        one = trends(YEARS, 500 + rng.normal(0, 4, (1, 3)) + shift, se, scale_type="irt_linked")
        slopes.append(one.absolute.slope[0])
    found = trends(YEARS, np.full((1, 3), 500.0), se, scale_type="irt_linked", link_errors=links)
    assert np.std(slopes) == pytest.approx(found.absolute.se[0], rel=0.03)
    # equal weights: the slope is (last − first)/2, so only the sum of both links counts
    assert found.absolute.se[0] == pytest.approx(np.sqrt(16 / 2 + (9 + 25) / 4))


def test_a_window_counts_link_errors_from_its_own_first_year():
    years, links = [2021, 2022, 2023, 2024], [50.0, 3.0, 4.0]
    late = np.array([[np.nan, 500.0, 505.0, 510.0]])
    found = trends(years, late, np.full((1, 4), 5.0), scale_type="irt_linked", link_errors=links).absolute
    plain = trends(
        years[1:], late[:, 1:], np.full((1, 3), 5.0), scale_type="irt_linked", link_errors=links[1:]
    ).absolute
    assert found.se[0] == pytest.approx(plain.se[0])


def test_link_error_cancels_against_the_region():
    score = np.array([[500.0, 510.0, 520.0], [500.0, 505.0, 510.0]])
    found = trends(
        YEARS,
        score,
        np.full((2, 3), 2.0),
        scale_type="irt_linked",
        link_errors=[10.0, 10.0],
        region_score=[500.0, 505.0, 510.0],
        region_se=[0.5, 0.5, 0.5],
    )
    assert found.absolute.verdict == ("stable", "stable")  # 10 points a year is within the link error
    assert found.relative.verdict == ("rising", "stable")
    np.testing.assert_allclose(found.relative.slope, [5, 0], atol=1e-9)
    np.testing.assert_allclose(found.relative.se, np.sqrt((4 + 0.25) / 2))


def test_scale_types_decide_what_may_be_said():
    score, se = np.array([[500.0, 520.0, 540.0]]), np.full((1, 3), 2.0)
    expected = {
        "irt_linked": ("absolute", "rising"),
        "equated": ("absolute", "rising"),
        "official": ("nominal", "rising"),
        "irt_unlinked": ("none", "not_comparable"),
        "relative": ("none", "not_comparable"),
    }
    for scale_type, (kind, verdict) in expected.items():
        found = trends(YEARS, score, se, scale_type=scale_type, region_score=[500.0, 500.0, 500.0])
        assert (found.change_kind, found.absolute.verdict[0]) == (kind, verdict), scale_type
        assert np.isnan(found.absolute.slope[0]) == (kind == "none")
        assert found.relative.verdict == ("rising",)
    with pytest.raises(KeyError):
        change_kind("invented")


def test_breaks_gaps_and_bad_input():
    score = np.array([[500, 520, 540], [500, np.nan, 540], [540, 520, 500], [500, 520, 540]], float)
    found = trends(
        YEARS,
        score,
        np.full((4, 3), 2.0),
        scale_type="irt_linked",
        comparable=[True, True, True, False],
    ).absolute
    assert found.verdict == ("rising", "too_few", "falling", "not_comparable")
    assert np.isnan(found.slope[[1, 3]]).all() and np.isnan(found.p_adjusted[[1, 3]]).all()
    two = trends(YEARS, score, np.full((4, 3), 2.0), scale_type="equated", least_years=2).absolute
    assert two.verdict[1] == "rising" and np.isnan(two.q[1]) and two.slope[1] == pytest.approx(20)
    with pytest.raises(ValueError, match="units × years"):
        trends(YEARS, score[0], np.full(3, 2.0), scale_type="equated")
    with pytest.raises(ValueError, match="positive se"):
        trends(YEARS, score, np.zeros((4, 3)), scale_type="equated")


def test_ignoring_cohort_variance_raises_false_alarms():
    """κ = 12 points at n = 100 (within-school sd 90): 5 % become about 23 %."""
    rng = np.random.default_rng(13)
    level = rng.normal(500, 40, (6000, 1))
    se = np.full((6000, 3), 9.0)
    score = level + rng.normal(0, 12, (6000, 3)) + rng.normal(0, 9, (6000, 3))
    kappa2 = cohort_variance(YEARS, score, se)
    assert np.sqrt(kappa2) == pytest.approx(12, abs=0.5)
    ignored = trends(YEARS, score, se, scale_type="irt_linked").absolute
    counted = trends(YEARS, score, se, scale_type="irt_linked", cohort_variance=kappa2).absolute
    assert 0.20 < np.mean(ignored.p < 0.05) < 0.27
    assert 0.04 < np.mean(counted.p < 0.05) < 0.06
    assert np.mean([v != "stable" for v in counted.verdict]) < 0.005


def test_cohort_variance_with_gaps_trends_and_unequal_errors():
    rng = np.random.default_rng(14)
    years = np.arange(2019, 2025)
    se = rng.uniform(4, 20, (5000, 6))
    trend = rng.normal(0, 6, (5000, 1)) * (years - 2021)
    score = 500 + trend + rng.normal(0, 8, (5000, 6)) + rng.normal(0, se)
    score[rng.random(score.shape) < 0.25] = np.nan
    assert np.sqrt(cohort_variance(years, score, se)) == pytest.approx(8, abs=0.5)
    assert cohort_variance(YEARS, np.full((50, 3), 500.0), np.full((50, 3), 9.0)) == 0
    with pytest.raises(ValueError, match="three years"):
        cohort_variance(YEARS, [[1.0, np.nan, 2.0]], [[1.0, 1.0, 1.0]])


def test_federal_rule_on_the_share_of_twos():
    found = failing_share_rose(
        [10, 10, 10, 0, 5], [100, 100, 100, 0, 50], [20, 19, 40, 5, 10], [100, 100, 200, 9, 50]
    )
    np.testing.assert_array_equal(found, [True, False, True, False, True])
