"""Known results of published data sets (skipped, with the reason, where the files are not)."""

import csv
from collections import defaultdict

import numpy as np
import pytest

from pipelines.psychometrics import (
    calibrate,
    counts_from_matrix,
    eap_reliability,
    eap_table,
    form_items,
    form_statistics,
    item_fit,
    reml,
    require_gates,
    shrunken_means,
    variance_components,
    wle_table,
)

from .helpers import lsat6

pytestmark = pytest.mark.real


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def scored(folder, name):
    """Answers scored with the key: (items, students × items of 0 and 1)."""
    key = {row["item"]: row["key"] for row in read(folder / "items" / f"{name}_key.csv")}
    answers = read(folder / "items" / f"{name}_raw.csv")
    return list(key), np.array([[int(row[item] == right) for item, right in key.items()] for row in answers])


def test_lsat6_file_is_the_pattern_table(real_data):
    rows = read(real_data / "items" / "LSAT6.csv")
    matrix = np.array([[int(row[f"Item_{j}"]) for j in range(1, 6)] for row in rows])
    np.testing.assert_array_equal(np.sort(matrix @ 2 ** np.arange(5)), np.sort(lsat6() @ 2 ** np.arange(5)))


@pytest.mark.parametrize(
    ("name", "alpha", "shape"), [("SAT12", 0.798, (600, 32)), ("HCI", 0.7155, (651, 20))]
)
def test_keyed_tests(real_data, name, alpha, shape):
    items, matrix = scored(real_data, name)
    assert matrix.shape == shape
    counts = counts_from_matrix(matrix, items=items)
    assert form_statistics(counts).alpha[0] == pytest.approx(alpha, abs=5 * 10.0 ** -(len(str(alpha)) - 1))
    result = calibrate(counts)
    require_gates(result.gates)
    assert result.status == "A" and set(result.item_status) == {"ok"}
    # the harder the item, the fewer solve it: for one form the order is exact
    np.testing.assert_array_equal(np.argsort(result.difficulty), np.argsort(-matrix.mean(axis=0)))
    eap = eap_table(result)
    assert eap_reliability(eap.mean, eap.sd, eap.n).value == pytest.approx(alpha, abs=0.05)
    fit = item_fit(counts, result.bank, wle_table(result.bank, form_items(counts)))
    assert np.isfinite(fit.infit).all() and 0.7 < np.median(fit.infit) < 1.3


def test_hci_scores_agree_with_the_scored_file(real_data):
    items, matrix = scored(real_data, "HCI")
    rows = read(real_data / "items" / "HCI_scored.csv")
    np.testing.assert_array_equal(matrix, [[int(row[item]) for item in items] for row in rows])


def test_high_school_and_beyond(real_data):
    marks, ses = defaultdict(list), {}
    for row in read(real_data / "multilevel" / "MathAchieve.csv"):
        marks[row["School"]].append(float(row["MathAch"]))
        ses[row["School"]] = float(row["MEANSES"])
    n = np.array([len(m) for m in marks.values()])
    mean = np.array([np.mean(m) for m in marks.values()])
    variance = np.array([np.var(m, ddof=1) for m in marks.values()])
    assert (len(n), n.sum()) == (160, 7185)

    plain = reml(n, mean, variance)
    np.testing.assert_allclose([plain.gamma[0], plain.gamma_se[0]], [12.636974, 0.244394], atol=1e-6)
    np.testing.assert_allclose([plain.tau2, plain.sigma2, plain.icc], [8.61402, 39.14832, 0.18035], atol=1e-5)

    context = reml(n, mean, variance, list(ses.values()))
    np.testing.assert_allclose(
        [*context.gamma, context.gamma_se[1]], [12.649435, 5.863539, 0.361458], atol=1e-6
    )
    np.testing.assert_allclose([context.tau2, context.sigma2], [2.63871, 39.15708], atol=1e-5)

    anova = variance_components(n, mean, variance)
    np.testing.assert_allclose([anova.n0, anova.tau2, anova.icc], [44.88669, 8.2224, 0.173601], atol=5e-5)

    shrunk = shrunken_means(plain, n, mean)
    assert shrunk.value.std() < mean.std() and (shrunk.reliability < 1).all()
