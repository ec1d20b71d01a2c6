import numpy as np
import pytest
from scipy import stats

from pipelines.psychometrics import counts_from_matrix, form_statistics, item_statistics

from .helpers import lsat6, simulate


def test_lsat6_published_numbers():
    counts = counts_from_matrix(lsat6())
    items, form = item_statistics(counts), form_statistics(counts)
    assert form.alpha[0] == pytest.approx(0.2950, abs=5e-5)
    np.testing.assert_allclose(items.p, [0.924, 0.709, 0.553, 0.763, 0.870], atol=1e-12)
    np.testing.assert_allclose(items.item_rest, [0.1128, 0.1532, 0.1728, 0.1444, 0.1216], atol=5e-5)


def alpha_of(matrix):
    k = matrix.shape[1]
    return k / (k - 1) * (1 - matrix.var(axis=0, ddof=1).sum() / matrix.sum(axis=1).var(ddof=1))


def test_equals_plain_formulas_on_the_matrix_by_form(rng):
    theta = rng.normal(size=900)
    steps = [[-1], [0], [0.5], [-0.5, 0.5], [-1, 0, 0.3, 1]]
    matrix = simulate(rng, theta, steps).astype(float)
    matrix[:400, 4] = np.nan
    matrix[400:, 0] = np.nan
    omitted = (matrix == 0) & (rng.random(matrix.shape) < 0.3)
    counts = counts_from_matrix(
        matrix, form=["A"] * 400 + ["B"] * 500, omitted=omitted, max_score=[1, 1, 1, 2, 4]
    )
    items, forms = item_statistics(counts), form_statistics(counts)
    for f, part in enumerate((matrix[:400, :4], matrix[400:, 1:])):
        total = part.sum(axis=1)
        top = [1, 1, 1, 2] if f == 0 else [1, 1, 2, 4]
        own = items.form == f
        np.testing.assert_allclose(items.p[own], part.mean(axis=0) / top, atol=1e-8)
        np.testing.assert_allclose(items.sd[own], part.std(axis=0, ddof=1), atol=1e-8)
        rest = [np.corrcoef(part[:, j], total - part[:, j])[0, 1] for j in range(4)]
        np.testing.assert_allclose(items.item_rest[own], rest, atol=1e-8)
        deleted = [alpha_of(np.delete(part, j, axis=1)) for j in range(4)]
        np.testing.assert_allclose(items.alpha_if_deleted[own], deleted, atol=1e-8)
        columns = slice(0, 4) if f == 0 else slice(1, 5)
        rows = slice(0, 400) if f == 0 else slice(400, 900)
        np.testing.assert_allclose(items.omitted_share[own], omitted[rows, columns].mean(axis=0), atol=1e-8)
        alpha = alpha_of(part)
        expected = {
            "alpha": alpha,
            "mean": total.mean(),
            "sd": total.std(ddof=1),
            "sem": total.std(ddof=1) * np.sqrt(1 - alpha),
            "skewness": stats.skew(total),
            "floor_share": (total == 0).mean(),
            "ceiling_share": (total == sum(top)).mean(),
            "omitted_share": omitted[rows, columns].mean(),
        }
        for name, value in expected.items():
            assert getattr(forms, name)[f] == pytest.approx(value, abs=1e-8), name
        np.testing.assert_allclose(forms.quartiles[f], np.quantile(total, [0.25, 0.5, 0.75]), atol=1e-8)


def test_what_has_no_value_has_a_status():
    constant_total = counts_from_matrix([[1, 0], [0, 1], [1, 0]])
    assert form_statistics(constant_total).status == ("constant_total",)
    assert set(item_statistics(constant_total).status) == {"constant_total"}
    constant_item = counts_from_matrix([[1, 0, 1], [1, 1, 0], [1, 1, 1]], max_score=[1, 1, 1])
    found = item_statistics(constant_item)
    assert found.status == ("constant_item", "ok", "ok")
    assert np.isnan(found.item_rest[0]) and np.isfinite(found.item_rest[1:]).all()
    constant_rest = counts_from_matrix([[1, 0], [1, 1], [1, 1]])
    assert item_statistics(constant_rest).status == ("constant_item", "constant_rest")
    single = counts_from_matrix([[1], [0]])
    assert form_statistics(single).status == ("single_item",)
    assert form_statistics(counts_from_matrix([[1, 0]])).status == ("single_student",)


def test_negative_alpha_is_reported_not_hidden(rng):
    first = rng.integers(0, 2, 500)
    matrix = np.column_stack((first, 1 - first, rng.integers(0, 2, 500)))
    found = form_statistics(counts_from_matrix(matrix))
    assert found.status == ("ok",) and found.alpha[0] < 0
    assert found.sem[0] > found.sd[0]
