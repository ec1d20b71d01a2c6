"""LSAT6 through the whole run: the numbers of R's TAM and psych come out of the release."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from tests.conftest import Home

LSAT6 = "РДР-Математика-9-2023"


def column(db: duckdb.DuckDBPyConnection, query: str, *values: object) -> list:
    return [row[0] for row in db.execute(query, list(values)).fetchall()]


def test_difficulties(works: duckdb.DuckDBPyConnection) -> None:
    rows = works.execute(
        """select difficulty_logit, p_correct, item_rest_correlation, calibration_status, classical_status
           from fct_item_statistic where assessment_id = ? order by item""",
        [LSAT6],
    ).fetchall()
    delta, p, rest, status, classical = zip(*rows, strict=True)
    np.testing.assert_allclose(delta, [-2.730013, -0.998606, -0.239854, -1.306451, -2.099404], atol=1e-4)
    np.testing.assert_allclose(p, [0.924, 0.709, 0.553, 0.763, 0.870], atol=1e-12)
    np.testing.assert_allclose(rest, [0.1128, 0.1532, 0.1728, 0.1444, 0.1216], atol=5e-5)
    assert set(status) == set(classical) == {"ok"}


def test_abilities_by_raw_score(works: duckdb.DuckDBPyConnection) -> None:
    rows = works.execute(
        """select theta_wle, theta_se, scale_score, scale_se, n from fct_score_scale
           where assessment_id = ? order by raw_score""",
        [LSAT6],
    ).fetchall()
    theta, se, score, score_se, n = map(np.array, zip(*rows, strict=True))
    np.testing.assert_allclose(theta, [-4.26513, -2.81241, -1.88634, -1.05292, -0.13919, 1.30136], atol=1e-4)
    np.testing.assert_allclose(se, [1.72097, 1.11434, 0.98551, 0.98356, 1.10944, 1.71405], atol=1e-4)
    assert n.tolist() == [3, 20, 85, 237, 357, 298]
    sd = np.sqrt(0.570228)
    np.testing.assert_allclose(score, 500 + 100 * theta / sd, atol=0.05)
    np.testing.assert_allclose(score_se, 100 * se / sd, atol=0.05)


def test_form_and_scale(works: duckdb.DuckDBPyConnection) -> None:
    alpha, status = works.execute(
        "select alpha, scale_status from fct_form_statistic where assessment_id = ?", [LSAT6]
    ).fetchone()
    assert (alpha, status) == (pytest.approx(0.2950, abs=5e-5), "scored")
    row = works.execute(
        """select scale_type, change_kind, model, n, log_likelihood, power(latent_sd, 2), eap_reliability,
                  wle_reliability, message_en
           from fct_assessment_scale where assessment_id = ?""",
        [LSAT6],
    ).fetchone()
    assert row[:4] == ("irt_unlinked", "none", "rasch", 1000)
    assert row[4] == pytest.approx(-2466.938, abs=1e-3)
    assert row[5] == pytest.approx(0.570228, abs=1e-4)
    assert row[6] == pytest.approx(0.29417, abs=1e-4)
    assert row[7] < 0 and "Reliability is negative" in row[8]


def test_every_gate_is_published_and_holds(works: duckdb.DuckDBPyConnection) -> None:
    gates = works.execute(
        "select gate, passed from fct_calibration_gate where assessment_id = ?", [LSAT6]
    ).fetchall()
    assert len(gates) == 6 and all(passed for _, passed in gates)


def test_intervals_of_schools_widen_as_schools_get_smaller(works_home: Home) -> None:
    """Before release control, which hides schools of a few students."""
    with duckdb.connect(str(works_home.path / "build" / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute(
            """select tested_n, scale_ci_high - scale_ci_low, reliability from fct_assessment_aggregate
               where assessment_id = ? and unit_type = 'school' and subgroup = 'all' order by tested_n""",
            [LSAT6],
        ).fetchall()
    n, width, reliability = map(np.array, zip(*rows, strict=True))
    assert n.tolist() == [2, 3, 5, 8, 12, 20, 30, 40, 60, 80, 100, 120, 140, 180, 200]
    np.testing.assert_allclose(width * np.sqrt(n), width[0] * np.sqrt(2), rtol=1e-9)
    assert (np.diff(reliability) >= 0).all()


@pytest.mark.parametrize(("dimension", "harder"), [("sex", "2"), ("locality", "5")])
def test_an_item_that_is_harder_for_one_group_is_named_and_no_other(
    works: duckdb.DuckDBPyConnection, dimension: str, harder: str
) -> None:
    rows = works.execute(
        """select item, dif_class, effect, status, method, is_matching, reference_n + focal_n
           from fct_item_dif where assessment_id = 'РДР-Литература-9-2023' and dimension = ?""",
        [dimension],
    ).fetchall()
    assert {row[3:5] + row[6:] for row in rows} == {("ok", "mantel_haenszel", 3000)} and len(rows) == 12
    found = {item: (letter, effect) for item, letter, effect, *_ in rows}
    # one logit is −2.35, with an error of 0.22
    assert found[harder][0] == "C" and found[harder][1] == pytest.approx(-2.35, abs=0.66)
    # once the item leaves the matching score the others stand free of it
    assert {letter for item, (letter, _) in found.items() if item != harder} == {"A"}
    assert [item for item, *_, matching, _ in rows if not matching] == [harder]


def test_an_item_shows_the_groups_that_differ_most(works: duckdb.DuckDBPyConnection) -> None:
    rows = works.execute(
        """select item, dif_class, dif_dimension, dif_n, dif_method from fct_item_statistic
           where assessment_id = 'РДР-Литература-9-2023' and dif_class <> 'A' order by item"""
    ).fetchall()
    assert rows == [
        ("2", "C", "sex", 3000, "mantel_haenszel"),
        ("5", "C", "locality", 3000, "mantel_haenszel"),
    ]
