"""The real region's files: numbers known from counting them by other means."""

from __future__ import annotations

import duckdb
import pytest

pytestmark = pytest.mark.real
MATHS = "ВПР-Математика-4-2021"


def test_mathematics_grade_4_of_2021(region: duckdb.DuckDBPyConnection) -> None:
    row = region.execute(
        """select tested_n, mark_2_n, mark_3_n, mark_4_n, mark_5_n, round(mean_score, 4)
           from fct_assessment_aggregate
           where unit_type = 'region' and subgroup = 'all' and assessment_id = ?""",
        [MATHS],
    ).fetchone()
    assert row == (24876, 826, 5888, 11503, 6659, 11.9988)


def test_its_rows_are_all_accounted_for(region: duckdb.DuckDBPyConnection) -> None:
    row = region.execute(
        """select rows_read, rows_accepted, rows_rejected from dq_submission
           where file_name like '%2021/ВПР 2021 Математика 4%'"""
    ).fetchone()
    assert row == (26666, 24876 + 1732, 58)
    differing = region.execute(
        """select sum(n) from dq_rule_count
           where rule_id = 'total_differs' and file_name like '%2021/ВПР 2021 Математика 4%'"""
    ).fetchone()
    assert differing == (27,)


def test_every_file_is_recognised(region: duckdb.DuckDBPyConnection) -> None:
    assert region.execute("from dq_submission where verdict = 'rejected'").fetchall() == []


def test_topics_not_taught_are_not_zeros(region_home: object) -> None:
    build = region_home.path / "build" / "warehouse.duckdb"  # type: ignore[attr-defined]
    with duckdb.connect(str(build), read_only=True) as db:
        forms = db.execute("select count(*) from int_student_result where form like '% без %'").fetchone()
    assert forms and forms[0] > 0
