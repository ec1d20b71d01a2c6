import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from pipelines.psychometrics import (
    bank_from_difficulties,
    bank_from_steps,
    calibrate,
    counts_from_matrix,
    eap_reliability,
    eap_table,
    form_items,
    item_fit,
    wle_reliability,
    wle_table,
)

from .helpers import codes, lsat6, simulate, simulate_01


@pytest.fixture(scope="module")
def lsat():
    counts = counts_from_matrix(lsat6())
    return counts, calibrate(counts)


def test_lsat6_published_person_estimates(lsat):
    counts, result = lsat
    table = wle_table(result.bank, form_items(counts))
    wle = [-4.26513, -2.81241, -1.88634, -1.05292, -0.13919, 1.30136]
    se = [1.72097, 1.11434, 0.98551, 0.98356, 1.10944, 1.71405]
    np.testing.assert_allclose(table.theta, wle, atol=1e-5)
    np.testing.assert_allclose(table.se, se, atol=1e-5)
    eap = eap_table(result)
    np.testing.assert_allclose(
        eap.mean, [-1.442397, -1.078943, -0.710250, -0.331252, 0.063076, 0.477402], atol=2e-6
    )
    assert eap_reliability(eap.mean, eap.sd, eap.n).value == pytest.approx(0.29417, abs=5e-6)


def test_negative_reliability_is_a_finding(lsat):
    counts, result = lsat
    table = wle_table(result.bank, form_items(counts))
    found = wle_reliability(table.theta, table.se, counts.students.n)
    assert found.value == pytest.approx(-0.306, abs=5e-4)
    assert codes(found.messages) == {"negative_reliability"}
    with pytest.raises(ValueError, match="same estimate"):
        wle_reliability([1.0, 1.0], [0.5, 0.5], [3, 4])


STEPS = [[-1.0], [0.7], [-0.5, 0.4], [0.3, -0.2, 0.9, 1.5]]


def plain_warm(raw, steps):
    def moments(theta):
        out = np.zeros(3)
        for own in steps:
            k = np.arange(len(own) + 1)
            p = np.exp(k * theta - np.r_[0, np.cumsum(own)])
            p /= p.sum()
            m = k @ p
            out += m, (k - m) ** 2 @ p, (k - m) ** 3 @ p
        return out

    def equation(theta):
        expected, information, third = moments(theta)
        return raw - expected + third / (2 * information)

    root = brentq(equation, -15, 15, xtol=1e-13)
    return root, 1 / np.sqrt(moments(root)[1])


def test_wle_solves_warms_equation_for_partial_credit_and_several_forms():
    names = ["a", "b", "c", "d"]
    bank = bank_from_steps(names, STEPS)
    forms = {"long": names, "short": ["a", "c"], "one": ["d"]}
    table = wle_table(bank, forms)
    for form, items in forms.items():
        steps = [STEPS[names.index(name)] for name in items]
        for raw in range(sum(map(len, steps)) + 1):
            np.testing.assert_allclose(table.at(form, raw), plain_warm(raw, steps), atol=1e-9)
    assert np.all(np.diff(table.theta[table.form == 0]) > 0)
    with pytest.raises(KeyError):
        table.at("short", 9)


def test_wle_is_finite_for_extreme_banks():
    bank = bank_from_difficulties([str(j) for j in range(120)], np.linspace(-9, 9, 120))
    table = wle_table(bank, {"f": bank.items})
    assert np.isfinite(table.theta).all() and np.all(np.diff(table.theta) > 0)
    assert np.isfinite(table.se).all() and len(table.raw) == 121


def test_eap_equals_integration(rng):
    names = [f"i{j}" for j in range(4)]
    group = np.repeat(["a", "b"], 700)
    theta = rng.normal(np.where(group == "a", 0, 1), 1)
    counts = counts_from_matrix(simulate(rng, theta, STEPS), items=names, group=group)
    result = calibrate(counts)
    eap = eap_table(result)
    for row in range(0, len(eap.raw), 3):
        g, raw = eap.group[row], eap.raw[row]

        def density(t, power, g=g, raw=raw):
            log_d = 0.0
            for b in result.bank.intercept:
                k = np.flatnonzero(np.isfinite(b))
                log_d += np.log(np.exp(k * t - b[k]).sum())
            z = (t - result.mean[g]) / result.sd[g]
            return t**power * np.exp(raw * t - log_d - 0.5 * z**2)

        total, first, second = (quad(density, -12, 12, args=(power,))[0] for power in range(3))
        assert eap.mean[row] == pytest.approx(first / total, abs=1e-6)
        assert eap.sd[row] == pytest.approx(np.sqrt(second / total - (first / total) ** 2), abs=1e-6)


def test_infit_and_outfit_equal_the_matrix_formulas(rng):
    matrix = simulate(rng, rng.normal(size=800), STEPS).astype(float)
    matrix[:300, 0] = np.nan
    counts = counts_from_matrix(matrix, form=["A"] * 300 + ["B"] * 500, max_score=[1, 1, 2, 4])
    result = calibrate(counts)
    table = wle_table(result.bank, form_items(counts))
    fit = item_fit(counts, result.bank, table)
    raw = np.nansum(matrix, axis=1).astype(int)
    theta = np.array([table.at("A" if i < 300 else "B", r)[0] for i, r in enumerate(raw)])
    for j in range(4):
        given = ~np.isnan(matrix[:, j])
        b = result.bank.intercept[j][np.isfinite(result.bank.intercept[j])]
        k = np.arange(len(b))
        p = np.exp(np.outer(theta[given], k) - b)
        p /= p.sum(axis=1, keepdims=True)
        expected = p @ k
        variance = (p * (k - expected[:, None]) ** 2).sum(axis=1)
        squared = (matrix[given, j] - expected) ** 2
        assert fit.infit[j] == pytest.approx(squared.sum() / variance.sum(), abs=1e-8)
        assert fit.outfit[j] == pytest.approx((squared / variance).mean(), abs=1e-8)
        assert fit.n[j] == given.sum()


def test_misfit_is_flagged(rng):
    theta = rng.normal(size=3000)
    matrix = simulate_01(rng, theta, np.linspace(-1.5, 1.5, 25))
    matrix[:, 4] = rng.integers(0, 2, 3000)  # guessed by everyone
    matrix[:, 9] = theta > 0  # a perfect cut
    counts = counts_from_matrix(matrix)
    result = calibrate(counts)
    fit = item_fit(counts, result.bank, wle_table(result.bank, form_items(counts)))
    assert fit.status[4] == "misfit" and fit.outfit[4] > 1.3
    assert fit.status[9] == "misfit" and fit.infit[9] < 0.7
    assert sum(s == "misfit" for s in fit.status) == 2
