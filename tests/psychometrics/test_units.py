import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from pipelines.psychometrics import (
    bank_from_difficulties,
    bank_from_steps,
    calibrate,
    counts_from_matrix,
    eap_table,
    form_items,
    unit_distributions,
    wle_table,
)

from .helpers import simulate, simulate_01


def unit_rows(unit, form, raw):
    """Count students by unit, form and raw score."""
    labels, code = np.unique(form, return_inverse=True)
    key, n = np.unique(np.column_stack((unit, code, raw)), axis=0, return_counts=True)
    return {"unit": key[:, 0], "form": labels[key[:, 1]], "raw": key[:, 2], "n": n}


def test_spread_and_level_share_are_those_of_the_truth_not_of_point_estimates():
    """20 items, sd 1, 15.9 % below −1: WLE spreads too far, EAP too little, the posterior sum is right."""
    rng = np.random.default_rng(8)
    theta = rng.normal(0, 1, 60000)
    matrix = simulate_01(rng, theta, np.linspace(-2, 2, 20))
    counts = counts_from_matrix(matrix)
    result = calibrate(counts)
    raw = matrix.sum(axis=1)
    units = unit_distributions(
        result.bank,
        form_items(counts),
        **unit_rows(np.zeros(60000, int), np.repeat("1", 60000), raw),
        center=0,
        spread=float(result.sd[0]),
        cuts=(-1.0,),
    )
    assert units.sd[0] == pytest.approx(theta.std(), abs=0.02)
    assert units.shares[0, 0] == pytest.approx((theta < -1).mean(), abs=0.004)
    wle = wle_table(result.bank, form_items(counts)).theta[raw]
    eap = eap_table(result).mean[raw]
    assert wle.std() > 1.1 and (wle < -1).mean() > 0.18
    assert eap.std() < 0.9 and (eap < -1).mean() < 0.14


@pytest.fixture(scope="module")
def design():
    rng = np.random.default_rng(9)
    steps = [[d] for d in np.linspace(-1.5, 1.5, 10)] + [[-0.5, 0.5], [0, 0.4, 1]]
    names = [f"i{j}" for j in range(12)]
    bank = bank_from_steps(names, steps)
    forms = {"A": names[:10], "B": names[2:]}
    means, sds = np.array([-0.8, 0.1, 1.2, 0.4]), np.array([0.7, 1.0, 1.3, 0.9])
    unit = np.repeat(np.arange(4), [400, 250, 900, 120])
    theta = rng.normal(means[unit], sds[unit])
    matrix = simulate(rng, theta, steps)
    form = rng.choice(["A", "B"], len(unit))
    raw = np.where(form == "A", matrix[:, :10].sum(axis=1), matrix[:, 2:].sum(axis=1))
    return bank, forms, unit, form, raw


def test_each_unit_gets_its_own_maximum(design):
    bank, forms, unit, form, raw = design
    cuts = (-0.5, 0.7)
    found = unit_distributions(bank, forms, **unit_rows(unit, form, raw), center=0.3, spread=1.1, cuts=cuts)
    theta = np.linspace(-9, 9, 2001)
    log_d = np.zeros((len(bank.items), len(theta)))
    for j, b in enumerate(bank.intercept):
        k = np.flatnonzero(np.isfinite(b))
        log_d[j] = np.log(np.exp(np.outer(k, theta) - b[k, None]).sum(axis=0))
    held = {f: [bank.items.index(name) for name in items] for f, items in forms.items()}
    for u in range(4):
        own = unit == u
        likelihood = np.exp(
            np.array(
                [r * theta - log_d[held[f]].sum(axis=0) for f, r in zip(form[own], raw[own], strict=True)]
            )
        )

        def loss(x, likelihood=likelihood):
            weight = norm.pdf(theta, x[0], np.exp(x[1]))
            return -np.log(likelihood @ weight).sum()

        best = minimize(loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10}).x
        assert found.mean[u] == pytest.approx(best[0], abs=1e-6)
        assert found.sd[u] == pytest.approx(np.exp(best[1]), abs=1e-6)
        posterior = likelihood * norm.pdf(theta, best[0], np.exp(best[1]))
        density = (posterior / posterior.sum(axis=1, keepdims=True)).sum(axis=0) / own.sum()
        edges = [density[theta < cut].sum() for cut in cuts]
        np.testing.assert_allclose(found.shares[u], [edges[0], edges[1] - edges[0], 1 - edges[1]], atol=3e-3)
        step = 1e-3
        hessian = np.array(
            [
                [
                    sum(
                        a
                        * c
                        * loss(
                            [
                                best[0] + step * (a if i == 0 else 0) + step * (c if j == 0 else 0),
                                best[1] + step * (a if i == 1 else 0) + step * (c if j == 1 else 0),
                            ]
                        )
                        for a in (1, -1)
                        for c in (1, -1)
                    )
                    / (4 * step**2)
                    for j in range(2)
                ]
                for i in range(2)
            ]
        )
        errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
        assert found.mean_se[u] == pytest.approx(errors[0], rel=1e-3)
        assert found.sd_se[u] == pytest.approx(errors[1] * found.sd[u], rel=1e-3)
    assert set(found.status) == {"ok"}
    np.testing.assert_allclose(found.shares.sum(axis=1), 1, atol=1e-9)


def test_shares_are_exact_between_nodes(design):
    """Half the nodes give the same shares: cuts needn't fall on nodes."""
    bank, forms, unit, form, raw = design
    rows = unit_rows(unit, form, raw)
    fine = unit_distributions(bank, forms, **rows, center=0.3, spread=1.1, cuts=(-0.37, 0.61), nodes=481)
    plain = unit_distributions(bank, forms, **rows, center=0.3, spread=1.1, cuts=(-0.37, 0.61), nodes=81)
    np.testing.assert_allclose(plain.shares, fine.shares, atol=1e-4)
    np.testing.assert_allclose(plain.mean, fine.mean, atol=1e-6)


def test_units_are_not_pulled_to_the_region(rng):
    """Unit means are unbiased for units far from the centre, small ones too; se's are honest."""
    bank = bank_from_difficulties([str(j) for j in range(25)], np.linspace(-2, 2, 25))
    n_units, size = 600, 40
    truth = np.repeat([-1.5, 1.5], n_units // 2)
    unit = np.repeat(np.arange(n_units), size)
    raw = simulate_01(rng, rng.normal(truth[unit], 0.8), np.linspace(-2, 2, 25)).sum(axis=1)
    found = unit_distributions(
        bank,
        {"f": bank.items},
        **unit_rows(unit, np.repeat("f", len(unit)), raw),
        center=0,
        spread=1.7,
        cuts=(-1.0, 1.0),
    )
    good = np.array(found.status) == "ok"
    assert good.mean() > 0.98
    for side in (-1.5, 1.5):
        own = good & (truth == side)
        assert found.mean[own].mean() == pytest.approx(side, abs=0.03)
    inside = np.abs(found.mean - truth)[good] < 1.96 * found.mean_se[good]
    assert 0.92 < inside.mean() < 0.97  # 40 students: normal intervals are a little short
    below = norm.cdf((-1.0 - truth) / 0.8)
    low = good & (truth < 0)  # the others have hardly anyone below the cut
    hit = np.abs(found.shares[low, 0] - below[low]) < 1.96 * found.share_se[low, 0]
    assert 0.90 < hit.mean() < 0.98


def test_units_without_information_are_named():
    bank = bank_from_difficulties([str(j) for j in range(6)], np.linspace(-1, 1, 6))
    rows = {
        "unit": [0, 1, 2, 3, 3, 4],
        "form": ["f"] * 6,
        "raw": [6, 0, 3, 2, 4, 5],
        "n": [30, 30, 30, 20, 20, 3],
    }
    found = unit_distributions(bank, {"f": bank.items}, **rows, center=0, spread=1, cuts=(0,))
    assert found.status == ("at_bound", "at_bound", "sd_at_floor", "sd_at_floor", "too_few")
    assert np.isnan(found.mean[[0, 1, 4]]).all() and np.isfinite(found.mean[[2, 3]]).all()
    assert found.mean[2] == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="unknown form"):
        unit_distributions(bank, {"g": bank.items}, **rows, center=0, spread=1)
    with pytest.raises(ValueError, match="outside 0…2"):
        unit_distributions(bank, {"f": bank.items[:2]}, **rows, center=0, spread=1)


def test_hundreds_of_units_at_once(rng):
    bank = bank_from_difficulties([str(j) for j in range(30)], np.linspace(-2, 2, 30))
    unit = rng.integers(0, 700, 50000)
    theta = rng.normal(rng.normal(0, 0.4, 700)[unit], 0.9)
    form = rng.choice(["A", "B"], 50000)
    matrix = simulate_01(rng, theta, np.linspace(-2, 2, 30))
    raw = np.where(form == "A", matrix[:, :20].sum(axis=1), matrix[:, 10:].sum(axis=1))
    rows = unit_rows(unit, form, raw)
    found = unit_distributions(
        bank, {"A": bank.items[:20], "B": bank.items[10:]}, **rows, center=0, spread=1, cuts=(-1, 0, 1)
    )
    assert np.mean([s == "ok" for s in found.status]) > 0.99
