"""What can't be put on a scale: a named status and a message in the release, no wrong number, no crash."""

from __future__ import annotations

import duckdb
import pytest

from tests.scaling.conftest import BAD


def assessment(case: str, year: int = 2023) -> str:
    return f"РДР-{BAD[case]}-9-{year}"


def scale(db: duckdb.DuckDBPyConnection, case: str, year: int = 2023) -> tuple:
    row = db.execute(
        "select status, scale_type, message_ru, message_en from fct_assessment_scale where assessment_id = ?",
        [assessment(case, year)],
    ).fetchone()
    assert row is not None
    return row


def scores_n(db: duckdb.DuckDBPyConnection, case: str) -> int:
    query = "select count(*) from fct_score_scale where assessment_id = ?"
    return db.execute(query, [assessment(case)]).fetchall()[0][0]


def test_items_that_everyone_or_nobody_solved(works: duckdb.DuckDBPyConnection) -> None:
    rows = dict(
        works.execute(
            """select item, (calibration_status, difficulty_logit, item_rest_correlation)
               from fct_item_statistic where assessment_id = ?""",
            [assessment("all_right")],
        ).fetchall()
    )
    assert rows["3"] == ("item_all_right", None, None)
    assert rows["4"] == ("item_all_wrong", None, None)
    assert all(rows[item][0] == "ok" and rows[item][1] is not None for item in "1256")
    assert scale(works, "all_right")[:2] == ("ok", "irt_unlinked")
    codes = works.execute(
        "select code, subject from dq_scale_finding where assessment_id = ? order by code",
        [assessment("all_right")],
    ).fetchall()
    assert {("item_all_right", "3"), ("item_all_wrong", "4")} <= set(codes)


def test_disconnected_forms_are_refused_by_name(works: duckdb.DuckDBPyConnection) -> None:
    status, kind, ru, en = scale(works, "disconnected")
    assert (status, kind) == ("refused", "relative")
    assert "Варианты не связаны" in ru and "Forms share no items" in en
    assert scores_n(works, "disconnected") == 0


@pytest.mark.parametrize(
    ("case", "word"), [("constant_total", "same raw score"), ("few", "50 students, at least 100")]
)
def test_too_little_to_calibrate(works: duckdb.DuckDBPyConnection, case: str, word: str) -> None:
    status, kind, _, en = scale(works, case)
    assert (status, kind) == ("classical_only", "relative") and word in en
    assert scores_n(works, case) == 0
    items = works.execute(
        "select p_correct, difficulty_logit from fct_item_statistic where assessment_id = ?",
        [assessment(case)],
    ).fetchall()
    assert all(p is not None and delta is None for p, delta in items)


def test_standing_within_the_region_takes_the_place_of_a_scale(works: duckdb.DuckDBPyConnection) -> None:
    row = works.execute(
        """select scale_type, mean_scale_score, z_score from fct_assessment_aggregate
           where assessment_id = ? and unit_type = 'region' and subgroup = 'all'""",
        [assessment("few")],
    ).fetchone()
    assert row is not None and row[0] == "relative"
    assert row[1] == pytest.approx(500, abs=2) and row[2] == pytest.approx(0, abs=0.02)


def test_a_key_without_one_item(works: duckdb.DuckDBPyConnection) -> None:
    rows = works.execute(
        "select item, calibration_status from fct_item_statistic where assessment_id = ? order by item",
        [assessment("no_key")],
    ).fetchall()
    assert rows == [] or "3" not in [item for item, status in rows if status == "ok"]


def test_a_link_to_nothing_gives_a_scale_of_its_own(works: duckdb.DuckDBPyConnection) -> None:
    status, kind, ru, _ = scale(works, "link_missing")
    assert (status, kind) == ("ok", "irt_unlinked") and "РДР" in ru and "шкала своя" in ru


def test_years_are_linked_by_their_anchors(works: duckdb.DuckDBPyConnection) -> None:
    assert scale(works, "drifted", 2021)[:2] == ("ok", "irt_linked")
    assert scale(works, "drifted", 2022)[:2] == ("ok", "irt_linked")
    means = dict(
        works.execute(
            """select school_year, mean_scale_score from fct_assessment_aggregate
               where assessment_id like 'РДР-Химия%' and unit_type = 'region' and subgroup = 'all'"""
        ).fetchall()
    )
    assert means[2021] == pytest.approx(500, abs=1e-3)
    assert means[2022] == pytest.approx(530, abs=10)


def test_drifting_anchors_don_t_link(works: duckdb.DuckDBPyConnection) -> None:
    status, kind, _, en = scale(works, "drifted")
    assert (status, kind) == ("ok", "irt_unlinked") and "anchors" in en
    kept = works.execute(
        "select count(*) from fct_anchor_item where assessment_id = ? and is_kept", [assessment("drifted")]
    ).fetchall()[0][0]
    assert kept <= 6
    verdict = works.execute(
        """select scale_type, change_kind, slope, verdict, break_flag, break_reason from msr_dynamics
           where unit_type = 'region' and subject = 'Химия' and end_year = 2023"""
    ).fetchone()
    assert verdict == ("relative", "none", None, "not_comparable", True, "scale")


def test_one_form_in_small_years_carries_an_absolute_change(works: duckdb.DuckDBPyConnection) -> None:
    rows = works.execute(
        """select scales.school_year, status, results.scale_type, reference_assessment_id, change_kind,
               mean_scale_score
           from fct_assessment_aggregate as results
           inner join fct_assessment_scale using (assessment_id)
           inner join dim_assessment as scales using (assessment_id)
           where assessment_id like 'РДР-Русский язык%' and unit_type = 'region' and subgroup = 'all'
           order by 1"""
    ).fetchall()
    same = ("classical_only", "equated", "РДР-Русский язык-9-2021", "absolute")
    assert [row[:5] for row in rows] == [(year, *same) for year in (2021, 2022, 2023)]
    assert rows[0][5] == pytest.approx(500) and rows[2][5] == pytest.approx(550, abs=30)
    change = works.execute(
        """select scale_type, change_kind, slope, break_flag from msr_dynamics
           where unit_type = 'region' and subject = 'Русский язык' and end_year = 2023"""
    ).fetchone()
    assert change == ("equated", "absolute", pytest.approx((rows[2][5] - rows[0][5]) / 2, abs=2), False)
