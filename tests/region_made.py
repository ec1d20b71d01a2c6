"""Rows of a made-up region: a large school, a small one, and one whose results are suppressed."""

from __future__ import annotations

from typing import Any

from tests.published import Rows

LARGE, SMALL, HIDDEN = "990100", "990107", "990114"
ASSESSMENT = "ВПР-Математика-5-2023"
EARLIER = "ВПР-Математика-5-2022"


def assessment(year: int) -> dict[str, Any]:
    return {
        "assessment_id": f"ВПР-Математика-5-{year}",
        "k_assessment": f"k{year}",
        "kind": "ВПР",
        "subject": "Математика",
        "grade": 5,
        "school_year": year,
        "title_ru": "Всероссийская проверочная работа (ВПР), математика, 5 класс",
        "title_en": "National monitoring test (ВПР), mathematics, grade 5",
        "max_score": 20,
        "mark_3_from": 7,
        "mark_4_from": 11,
        "mark_5_from": 15,
        "scale_type": "relative",
    }


def school(school_id: str, name: str, municipality: str = "101") -> dict[str, Any]:
    return {
        "k_school": f"k{school_id}",
        "school_id": school_id,
        "name": name,
        "short_name": name,
        "municipality_id": municipality,
        "municipality_name": "Дальний район",
        "locality_type": "village",
        "is_latest": True,
    }


def result(unit_type: str, unit_id: str, n: int, below: int, year: int = 2023, mean: float = 500.0) -> dict[str, Any]:
    share = 100 * below / n
    return {
        "unit_type": unit_type,
        "unit_id": unit_id,
        "assessment_id": f"ВПР-Математика-5-{year}",
        "subgroup": "all",
        "school_year": year,
        "school_id": unit_id if unit_type == "school" else None,
        "municipality_id": None if unit_type == "region" else "101",
        "tested_n": n,
        "participation_pct": 95.0,
        "scale_type": "relative",
        "mean_score": 11.5,
        "mean_scale_score": mean,
        "scale_ci_low": mean - 300 / n**0.5,
        "scale_ci_high": mean + 300 / n**0.5,
        "judged_n": n,
        "below_min_n": below,
        "below_min_pct": share,
        "below_min_ci_low": max(0.0, share - 100 / n**0.5),
        "below_min_ci_high": min(100.0, share + 100 / n**0.5),
        "mark_2_n": below if n >= 30 or unit_type != "school" else None,
        "mark_3_n": n - below if n >= 30 or unit_type != "school" else None,
        "mark_4_n": 0 if n >= 30 or unit_type != "school" else None,
        "mark_5_n": 0 if n >= 30 or unit_type != "school" else None,
        "obs_status": "A",
        "below_min_obs_status": "A",
        "scale_obs_status": "A",
    }


def suppressed(school_id: str) -> dict[str, Any]:
    """A result with nothing but its keys and the status Q."""
    keys = ("unit_type", "unit_id", "assessment_id", "subgroup", "school_year", "school_id", "municipality_id")
    row = {k: v for k, v in result("school", school_id, 10, 1).items() if k in keys}
    return row | {"scale_type": "relative", "obs_status": "Q", "below_min_obs_status": "Q", "scale_obs_status": "Q"}


def region() -> Rows:
    others = [school(f"99020{i}", f"МБОУ «СОШ № {i}»") for i in range(5)]
    return {
        "dim_assessment": [assessment(2022), assessment(2023)],
        "dim_municipality": [{"municipality_id": "101", "name": "Дальний район", "schools_n": 8}],
        "dim_school": [
            school(LARGE, "МБОУ «Лицей № 1»"),
            school(SMALL, "=HYPERLINK(1) & <b>школа</b>"),
            school(HIDDEN, "МБОУ «ООШ» с. Тихое"),
            *others,
        ],
        "fct_assessment_aggregate": [
            result("region", "region", 1234, 210),
            result("region", "region", 1200, 200, 2022),
            result("municipality", "101", 400, 80, mean=489.0),
            result("school", LARGE, 120, 6, mean=561.4),
            result("school", LARGE, 110, 8, 2022, mean=540.0),
            result("school", SMALL, 12, 5, mean=470.0),
            suppressed(HIDDEN),
            *(result("school", s["school_id"], 25 + 5 * i, 4 + i) for i, s in enumerate(others)),
        ],
        "msr_dynamics": [
            {
                "unit_type": "school",
                "unit_id": LARGE,
                "kind": "ВПР",
                "subject": "Математика",
                "grade": 5,
                "testing_window": "",
                "end_year": 2023,
                "scale_type": "relative",
                "change_kind": "none",
                "years_n": 2,
                "verdict": "too_few",
                "verdict_basis": "relative",
                "break_flag": True,
                "break_reason": "minimum",
            }
        ],
        "dq_submission": [
            {
                "submission_id": 1,
                "file_id": "f1",
                "file_name": "=cmd|' /C calc'!A0.xlsx",
                "contract": "student_results",
                "rows_read": 1300,
                "rows_accepted": 1290,
                "rows_rejected": 10,
                "verdict": "accepted",
            }
        ],
    }
