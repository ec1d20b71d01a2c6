"""Published data through the whole run: keyed tests, a whole region, three years of a country's exam."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipelines.psychometrics import calibrate, counts_from_matrix
from tests.conftest import Home
from tests.published_inbox import KEYED, TREND, answers

pytestmark = pytest.mark.real
MEANS = {2021: (60, 47, 66), 2022: (60, 57, 67), 2023: (66, 53, 66)}


def opened(home: Home) -> duckdb.DuckDBPyConnection:
    """The build database: release control hides what tells of a few students."""
    return duckdb.connect(str(home.path / "build" / "warehouse.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def built(published_build: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened(published_build) as db:
        yield db


@pytest.mark.parametrize("name", KEYED)
def test_keyed_tests_are_scored_and_calibrated(
    built: duckdb.DuckDBPyConnection, real_data: Path, name: str
) -> None:
    subject, alpha = KEYED[name]
    assessment = f"РДР-{subject}-9-2023"
    rows, key = answers(real_data, name)
    matrix = np.array([[int(a == k) for a, k in zip(row, key, strict=True)] for row in rows])
    found = built.execute(
        "select n, items_n, alpha from fct_form_statistic where assessment_id = ?", [assessment]
    ).fetchall()
    assert found == [(*matrix.shape, pytest.approx(alpha, abs=5e-4))]
    items = built.execute(
        """select difficulty_logit, p_correct from fct_item_statistic
           where assessment_id = ? order by item_position""",
        [assessment],
    ).fetchall()
    delta, p = np.array(items).T
    np.testing.assert_allclose(p, matrix.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(delta, calibrate(counts_from_matrix(matrix)).difficulty, atol=1e-6)


def test_national_means_of_the_trend(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """select school_year, assessment_id, mean_score from fct_assessment_aggregate
           where unit_type = 'region' and subgroup = 'all' and assessment_id like 'МСИ-%-8-%'"""
    ).fetchall()
    means = {(year, assessment.split("-")[1]): mean for year, assessment, mean in rows}
    for year, expected in MEANS.items():
        for subject, mean in zip(TREND.values(), expected, strict=True):
            assert means[year, subject] == pytest.approx(mean, abs=1), (year, subject)


def test_verdicts_of_the_trend_are_of_standardised_scores(built: duckdb.DuckDBPyConnection) -> None:
    kinds = built.execute(
        """select distinct scale_type, change_kind, verdict_basis, slope is null from msr_dynamics
           where kind = 'МСИ' and grade = 8 and unit_type = 'school'"""
    ).fetchall()
    assert kinds == [("relative", "none", "relative", True)]
    verdicts = dict(
        built.execute(
            """select verdict, count(*) from msr_dynamics
               where kind = 'МСИ' and grade = 8 and unit_type = 'school' and end_year = 2023 group by 1"""
        ).fetchall()
    )
    tested = verdicts["rising"] + verdicts["falling"] + verdicts["stable"]
    assert tested > 25_000
    # most schools hold their place; cohorts of ordinary luck don't pass for change
    assert 0 < verdicts["rising"] + verdicts["falling"] < 0.1 * tested
    region = built.execute(
        "select distinct verdict from msr_dynamics where kind = 'МСИ' and grade = 8 and unit_type = 'region'"
    ).fetchall()
    assert region == [("not_comparable",)]


def test_both_works_of_the_region_are_on_a_scale(region: duckdb.DuckDBPyConnection) -> None:
    rows = region.execute(
        """select assessment_id, status, scale_type, n from fct_assessment_scale
           where assessment_id in ('ВПР-Математика-4-2021', 'ВПР-Русский язык-4-2021') order by 1"""
    ).fetchall()
    assert [row[1:3] for row in rows] == [("ok", "irt_unlinked")] * 2
    assert rows[0][3] == 24_876
    failed = region.execute("from fct_calibration_gate where not passed").fetchall()
    assert failed == []


def test_every_student_of_the_region_with_a_total_has_a_scale_score(region_home: Home) -> None:
    with opened(region_home) as db:
        rows = db.execute(
            """select count(*), count(scale_score) from fct_student_scale_score
               where assessment_id in ('ВПР-Математика-4-2021', 'ВПР-Русский язык-4-2021')"""
        ).fetchall()
    assert rows[0][0] == rows[0][1] > 49_000


def test_intervals_widen_and_reliability_falls_with_fewer_students(region: duckdb.DuckDBPyConnection) -> None:
    rows = region.execute(
        """select tested_n, scale_ci_high - scale_ci_low, reliability from fct_assessment_aggregate
           where assessment_id = 'ВПР-Математика-4-2021' and unit_type = 'school' and subgroup = 'all'
           and tested_n > 0 order by tested_n"""
    ).fetchall()
    n, width, reliability = np.array(rows).T
    assert (np.diff(width) <= 1e-9).all() and (np.diff(reliability) >= -1e-12).all() and len(set(n)) > 50


def test_signs_are_told_for_all_schools_with_their_n(region_home: Home) -> None:
    with opened(region_home) as db:
        missing = db.execute(
            """select results.unit_id, results.assessment_id from fct_assessment_aggregate as results
               where unit_type = 'school' and subgroup = 'all' and tested_n > 0 and not exists (
                   select * from fct_objectivity_flag as flags where flags.school_id = results.unit_id
                   and flags.assessment_id = results.assessment_id and sign = 'inflated_mean')"""
        ).fetchall()
        signs = {row[0] for row in db.execute("select distinct sign from fct_objectivity_flag").fetchall()}
        few = db.execute(
            """from fct_objectivity_flag
               where n is null or (n < 10 and flagged and sign <> 'inflated_mean')"""
        ).fetchall()
    assert {"inflated_mean", "marks_against_scores", "peak_at_mark_3", "small_spread"} <= signs
    # works of one school have no region to stand out of
    assert {assessment for _, assessment in missing} <= {"ВПР-Физика-8-2022"} and few == []
