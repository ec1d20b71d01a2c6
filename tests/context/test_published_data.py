"""CASchools and PISA 2003 Russia through the whole run: context models equal an ordinary computation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.conftest import Home
from tests.published_inbox import CALIFORNIA, RUSSIA, california, russia
from tests.scaling.works import locality

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def db(published_build: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(
        str(published_build.path / "build" / "warehouse.duckdb"), read_only=True
    ) as connection:
        yield connection


def ordinary(
    rows: list[dict[str, Any]], signs: dict[str, int], weight: np.ndarray, rural: np.ndarray | None = None
) -> dict[str, Any]:
    """The index and the weighted regression of results on it, and on locality, by plain formulas."""
    table = pd.DataFrame(rows).set_index("school_id")
    shares = pd.DataFrame({name: 100 * table[name] / table["students_n"] for name in signs})
    z = ((shares - shares.mean()) / shares.std(ddof=0)).clip(-3, 3) * pd.Series(signs)
    raw = z.mean(axis=1)
    index = 50 + 10 * (raw - raw.mean()) / raw.std(ddof=0)
    terms = [np.ones(len(index)), index] + ([] if rural is None else [rural])
    x, root = np.column_stack(terms), np.sqrt(weight)
    y = table["mean_score"].to_numpy()
    beta = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
    residual = y - x @ beta
    spread = y - np.average(y, weights=weight)
    unexplained = (weight * residual**2).sum()
    covariance = np.linalg.inv((x.T * weight) @ x) * unexplained / (len(y) - x.shape[1])
    return {
        "index": index, "slope": beta[1], "se": np.sqrt(covariance[1, 1]), "residual": residual,
        "r_squared": 1 - unexplained / (weight * spread**2).sum(),
        "line": np.einsum("ij,jk,ik->i", x, covariance, x), "mean": y, "n": table["tested_n"].to_numpy(float),
    }  # fmt: skip


def ours(db: duckdb.DuckDBPyConnection, assessment: str) -> tuple[dict[str, Any], pd.DataFrame]:
    query = """
        select m.r_squared, m.weighting, m.schools_n, c.estimate, c.se
        from fct_context_model as m inner join fct_context_coefficient as c using (assessment_id)
        where assessment_id = ? and term = 'social_index'
    """
    (model,) = db.execute(query, [assessment]).df().to_dict("records")
    schools = db.execute(
        "from fct_school_expected_result where assessment_id = ? order by school_id", [assessment]
    ).df()
    return {str(k): v for k, v in model.items()}, schools


def points(db: duckdb.DuckDBPyConnection, assessment: str) -> float:
    """Points of the published scale in one raw point: 100 over the sd it was standardised with."""
    query = """
        select (max(mean_scale_score) - min(mean_scale_score)) / (max(mean_score) - min(mean_score))
        from fct_assessment_aggregate where assessment_id = ? and unit_type = 'school' and subgroup = 'all'
    """
    (value,) = db.execute(query, [assessment]).fetchall()
    return float(value[0])


def test_california_slope_r_squared_and_residuals(db: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    rows, assessment = california(real_data), f"РДР-Математика-9-{CALIFORNIA}"
    signs = {"subsidised_meals_n": -1, "low_income_n": -1, "not_native_n": -1}
    rural = np.array([locality(i) == "village" for i in range(len(rows))], float)
    expected = ordinary(rows, signs, np.array([row["tested_n"] for row in rows], float), rural)
    model, schools = ours(db, assessment)
    unit = points(db, assessment)
    assert (model["weighting"], model["schools_n"]) == ("scored_n", len(rows))
    assert model["r_squared"] == pytest.approx(expected["r_squared"], abs=1e-9)
    assert model["r_squared"] > 0.5
    assert model["estimate"] == pytest.approx(unit * expected["slope"], rel=1e-7)
    assert model["se"] == pytest.approx(unit * expected["se"], rel=1e-7)
    np.testing.assert_allclose(schools["residual"], unit * expected["residual"], atol=1e-6)


def test_russia_slope_r_squared_residuals_and_intervals(
    db: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    rows, assessment = russia(real_data), f"МСИ-Математика-9-{RUSSIA}"
    (reliability,) = zip(
        *db.execute(
            """select reliability from fct_assessment_aggregate
               where assessment_id = ? and unit_type = 'school' and subgroup = 'all' order by school_id""",
            [assessment],
        ).fetchall(),
        strict=True,
    )
    signs = {"both_parents_higher_n": 1, "low_income_n": -1}
    expected = ordinary(rows, signs, np.array(reliability, float))
    model, schools = ours(db, assessment)
    unit = points(db, assessment)
    assert model["weighting"] == "reliability"
    assert model["r_squared"] == pytest.approx(expected["r_squared"], abs=1e-7)
    assert model["estimate"] == pytest.approx(unit * expected["slope"], rel=1e-5)
    np.testing.assert_allclose(schools["residual"], unit * expected["residual"], atol=1e-3)
    table = pd.DataFrame(rows)
    within = np.average(table["sd"] ** 2, weights=table["tested_n"] - 1)
    se = np.sqrt(within / expected["n"] + expected["line"])
    np.testing.assert_allclose(schools["residual_se"], unit * se, rtol=1e-4)


def test_russian_schools_that_hold_up_are_named_with_their_interval(
    db: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    rows = russia(real_data)
    expected_index = ordinary(rows, {"both_parents_higher_n": 1, "low_income_n": -1}, np.ones(len(rows)))[
        "index"
    ]
    found = db.execute("from fct_resilience where school_year = ? order by school_id", [RUSSIA]).df()
    schools = db.execute(
        "select * from fct_school_expected_result where school_year = ? order by school_id", [RUSSIA]
    ).df()
    mean = np.average([r["mean_score"] for r in rows], weights=[r["tested_n"] for r in rows])
    low = (expected_index.rank() - 0.5).to_numpy() / len(rows) <= 1 / 3
    high = np.array([r["mean_score"] for r in rows]) > mean
    named = np.array([r["school_id"] for r in rows])[low & high & (schools["ci_low"] > 0).to_numpy()]
    held = found[found["is_met"]]
    assert sorted(held["school_id"]) == sorted(named)
    assert len(named) >= 3
    assert ((held["ci_low"] > 0) & (held["ci_low"] < held["residual_z"])).all()
    assert found["is_resilient"].isna().all()  # one year says nothing of two in three
    by_chance = db.execute(
        "select met_n, met_by_chance_n from fct_resilience_summary where school_year = ?", [RUSSIA]
    ).fetchone()
    assert by_chance is not None and by_chance[0] == len(named)
    assert 0 < by_chance[1] < low.sum() * 0.025 + 1e-9


def test_without_members_and_labels_pairing_and_effect_are_empty(db: duckdb.DuckDBPyConnection) -> None:
    assert db.execute("select count(*) from fct_school_peer_match").fetchall() == [(0,)]
    assert db.execute("select count(*) from msr_programme_effect").fetchall() == [(0,)]
