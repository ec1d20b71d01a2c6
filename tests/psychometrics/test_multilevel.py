import numpy as np
import pytest
from scipy.optimize import minimize

from pipelines.psychometrics import (
    clustered_mean,
    pooled_sd,
    reml,
    school_mean_interval,
    shrunken_means,
    variance_components,
)


def schools(rng, n_schools=60, tau=3.0, sigma=6.0):
    """(n, mean, variance, covariate, marks, true means) of simulated schools."""
    n = rng.integers(1, 40, n_schools)
    covariate = rng.normal(size=n_schools)
    truth = 50 + 2 * covariate + rng.normal(0, tau, n_schools)
    marks = [rng.normal(t, sigma, size) for t, size in zip(truth, n, strict=True)]
    mean = np.array([m.mean() for m in marks])
    variance = np.array([m.var(ddof=1) if len(m) > 1 else np.nan for m in marks])
    return n, mean, variance, covariate, marks, truth


@pytest.mark.parametrize("with_covariate", [False, True])
def test_reml_equals_the_dense_likelihood_over_students(rng, with_covariate):
    n, mean, variance, covariate, marks, _ = schools(rng, 12)
    y = np.concatenate(marks)
    z = np.repeat(np.eye(12), n, axis=0)
    together, identity = z @ z.T, np.eye(len(y))
    x = np.column_stack((np.ones(len(y)), z @ covariate)) if with_covariate else np.ones((len(y), 1))

    def loss(log_variances):
        tau2, sigma2 = np.exp(log_variances)
        v = tau2 * together + sigma2 * identity
        inverse = np.linalg.inv(v)
        information = x.T @ inverse @ x
        residual = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
        free = len(y) - x.shape[1]
        return 0.5 * (
            np.linalg.slogdet(v)[1]
            + np.linalg.slogdet(information)[1]
            + residual @ inverse @ residual
            + free * np.log(2 * np.pi)
        )

    best = minimize(loss, [2.0, 3.5], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    found = reml(n, mean, variance, covariate if with_covariate else None)
    np.testing.assert_allclose([found.tau2, found.sigma2], np.exp(best.x), rtol=1e-6)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-7)
    v = found.tau2 * together + found.sigma2 * identity
    information = x.T @ np.linalg.solve(v, x)
    np.testing.assert_allclose(found.gamma, np.linalg.solve(information, x.T @ np.linalg.solve(v, y)))
    np.testing.assert_allclose(found.gamma_covariance, np.linalg.inv(information), atol=1e-12)


def test_known_variances_come_back_with_honest_errors(rng):
    hits, icc_hits, values = [], [], []
    for _ in range(500):
        n, mean, variance, *_ = schools(rng, 150, tau=3, sigma=6)
        found = reml(n, mean, variance, None)
        values.append([found.tau2, found.sigma2])
        hits.append(abs(found.sigma2 - 36) < 1.96 * found.sigma2_se)
        true_tau2 = 9 + 4  # the covariate's share is between schools too
        icc_hits.append(abs(found.icc - true_tau2 / (true_tau2 + 36)) < 1.96 * found.icc_se)
    np.testing.assert_allclose(np.mean(values, axis=0), [13, 36], rtol=0.03)
    assert 0.925 < np.mean(hits) < 0.975 and 0.92 < np.mean(icc_hits) < 0.975


def test_no_variance_between_schools_is_a_status(rng):
    n = np.full(30, 20)
    mean = 10 + np.tile([0.01, -0.01], 15)
    found = reml(n, mean, np.full(30, 25.0))
    assert found.status == "no_between_variance" and found.tau2 == 0 and found.icc == 0
    components = variance_components(n, mean, np.full(30, 25.0))
    assert components.negative and components.tau2 == 0
    flat = shrunken_means(found, n, mean)
    np.testing.assert_allclose(flat.value, found.gamma[0])


def test_bad_input_is_named(rng):
    n, mean, variance, covariate, *_ = schools(rng, 10)
    cases = [
        ((n[:1], mean[:1], variance[:1]), "two schools"),
        (([1, 1], [3.0, 4.0], [np.nan, np.nan]), "no school with two students"),
        (([5, 5], [3.0, 4.0], [0.0, 0.0]), "no variance within"),
        (([5, 5], [3.0, np.nan], [1.0, 1.0]), "finite means"),
        (([5, 5], [3.0, 4.0], [1.0, np.nan]), "variances"),
        ((n, mean, variance, np.column_stack((covariate, 2 * covariate))), "depend on each other"),
        ((n, mean, variance, np.ones(10)), "depend on each other"),
    ]
    for arguments, words in cases:
        with pytest.raises(ValueError, match=words):
            reml(*arguments)


def test_shrunken_means_and_their_intervals(rng):
    hits, better = [], []
    for _ in range(40):
        n, mean, variance, covariate, _, truth = schools(rng, 120)
        model = reml(n, mean, variance, covariate)
        found = shrunken_means(model, n, mean, covariate)
        np.testing.assert_allclose(found.reliability, model.tau2 / (model.tau2 + model.sigma2 / n))
        expected = model.gamma[0] + model.gamma[1] * covariate
        np.testing.assert_allclose(found.value, expected + found.reliability * (mean - expected))
        hits.append((found.low < truth) & (truth < found.high))
        better.append(((found.value - truth) ** 2).mean() < ((mean - truth) ** 2).mean())
    assert 0.93 < np.mean(hits) < 0.97 and all(better)


def test_errors_of_shrunken_means_are_hendersons(rng):
    """Prediction error variance from the mixed model equations over students."""
    n, mean, variance, covariate, *_ = schools(rng, 12)
    model = reml(n, mean, variance, covariate)
    z = np.repeat(np.eye(12), n, axis=0)
    design = np.column_stack((np.ones(n.sum()), z @ covariate, z))
    penalty = np.diag(np.r_[0, 0, np.full(12, 1 / model.tau2)])
    covariance = np.linalg.inv(design.T @ design / model.sigma2 + penalty)
    each = np.column_stack((np.ones(12), covariate, np.eye(12)))
    expected = np.sqrt(np.einsum("si,ij,sj->s", each, covariance, each))
    np.testing.assert_allclose(shrunken_means(model, n, mean, covariate).se, expected)


def test_pooled_interval_keeps_its_level_in_small_schools(rng):
    n = np.full(4000, 5)
    marks = rng.normal(20, 6, (4000, 5))
    pooled = pooled_sd(n, marks.var(axis=1, ddof=1))
    assert pooled == pytest.approx(6, abs=0.15)
    found = school_mean_interval(n, marks.mean(axis=1), pooled)
    assert 0.94 < np.mean((found.low < 20) & (found.high > 20)) < 0.96
    own = 1.96 * marks.std(axis=1, ddof=1) / np.sqrt(5)
    assert np.mean(np.abs(marks.mean(axis=1) - 20) < own) < 0.92  # what it replaces
    with pytest.raises(ValueError, match="two students"):
        pooled_sd([1, 1], [0.0, 0.0])


def test_region_mean_pools_students(rng):
    value, se = clustered_mean([10, 30], [4.0, 8.0])
    assert value == 7.0 and se == pytest.approx(np.sqrt(2 * ((10 * 3) ** 2 + 30**2)) / 40)
    with pytest.raises(ValueError, match="two schools"):
        clustered_mean([10], [4.0])
    hits = []
    for _ in range(300):
        n, mean, *_ = schools(rng, 80)
        m, error = clustered_mean(n, mean)
        hits.append(abs(m - 50) < 1.96 * error)
    assert 0.90 < np.mean(hits) < 0.98
