import numpy as np
import pytest
from scipy import stats

from pipelines.psychometrics import (
    ReferenceCohort,
    benjamini_hochberg,
    beta_prior,
    percentile_ranks,
    percentile_scale,
    probability_share_at_least,
    reaches_share,
    scale_error,
    scale_score,
    share_posterior,
    t_scores,
    theta_of,
    wilson,
    z_scores,
)


def test_scale_hangs_on_the_reference_cohort():
    reference = ReferenceCohort(0.3, 1.25)
    np.testing.assert_allclose(scale_score([0.3, 1.55, -0.95], reference), [500, 600, 400])
    assert scale_error(0.25, reference) == pytest.approx(20)
    np.testing.assert_allclose(theta_of(scale_score([-2.0, 1.1], reference), reference), [-2.0, 1.1])
    for mean, sd in ((0, 0), (0, -1), (np.nan, 1), (0, np.inf)):
        with pytest.raises(ValueError, match="reference cohort"):
            ReferenceCohort(mean, sd)


def test_relative_scales():
    np.testing.assert_allclose(t_scores(z_scores([10, 14], 12, 4)), [45, 55])
    with pytest.raises(ValueError, match="positive sd"):
        z_scores([1.0], 1.0, 0.0)
    np.testing.assert_allclose(percentile_ranks([2, 3, 2, 2, 1]), [0.1, 0.35, 0.6, 0.8, 0.95])
    np.testing.assert_allclose(
        percentile_scale([2, 3, 2, 2, 1]), 500 + 100 * stats.norm.ppf([0.1, 0.35, 0.6, 0.8, 0.95])
    )
    assert np.isfinite(percentile_scale([0, 5, 0, 5, 0])).all()
    with pytest.raises(ValueError, match="need students"):
        percentile_ranks([0, 0])


def test_wilson_published_and_extreme():
    found = wilson([81, 0, 10, 0], [263, 10, 10, 0])
    np.testing.assert_allclose(found.low[0], 0.2553, atol=5e-5)  # Newcombe 1998, table I
    np.testing.assert_allclose(found.high[0], 0.3662, atol=5e-5)
    np.testing.assert_allclose([found.low[1], found.high[1]], [0, 0.2775], atol=5e-5)
    np.testing.assert_allclose([found.low[2], found.high[2]], [1 - 0.2775, 1], atol=5e-5)
    assert np.isnan(found.value[3]) and (found.low[3], found.high[3]) == (0, 1)
    for x, n in ((3, 2), (-1, 4), (np.nan, 3)):
        with pytest.raises(ValueError, match="0 ≤ x ≤ n"):
            wilson(x, n)


@pytest.mark.parametrize("sizes", [(8, 60), (2, 5)])
def test_beta_prior_recovers_the_spread_of_schools(rng, sizes):
    n = rng.integers(*sizes, 30000)
    x = rng.binomial(n, rng.beta(3, 7, 30000))
    prior = beta_prior(x, n)
    assert prior.source == "moments"
    assert prior.a / (prior.a + prior.b) == pytest.approx(0.3, abs=0.01)
    assert prior.a + prior.b == pytest.approx(10, abs=1.5)


def test_jeffreys_where_moments_fail(rng):
    n = np.full(40, 20)
    for x in (np.zeros(40), np.full(40, 20), np.full(40, 7)):  # no spread at all, or less than chance
        assert beta_prior(x, n).source == "jeffreys"
    assert beta_prior([3], [10]).source == "jeffreys" and beta_prior([], []).source == "jeffreys"


def test_posteriors_of_shares():
    prior = beta_prior([3], [10])
    found = share_posterior([3, 0], [10, 0], prior)
    np.testing.assert_allclose(found.value, [3.5 / 11, 0.5])
    np.testing.assert_allclose(found.low[0], stats.beta.ppf(0.025, 3.5, 7.5))
    np.testing.assert_allclose(
        probability_share_at_least([3, 9], [10, 10], 0.3, prior), stats.beta.sf(0.3, [3.5, 9.5], [7.5, 1.5])
    )


def test_thresholds_are_compared_in_integers():
    np.testing.assert_array_equal(
        reaches_share([3, 29, 30, 0], [10, 100, 100, 0], 30), [True, False, True, False]
    )
    assert not np.any(reaches_share(np.arange(1, 400), 10 * np.arange(1, 400), 11))


def test_benjamini_hochberg_equals_scipy_and_skips_untested(rng):
    p = rng.random(40) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    holes = np.r_[p[:20], np.nan, p[20:]]
    adjusted = benjamini_hochberg(holes)
    assert np.isnan(adjusted[20])
    np.testing.assert_allclose(np.delete(adjusted, 20), stats.false_discovery_control(p))
    assert benjamini_hochberg([np.nan]).shape == (1,)
