"""Rows of a made-up region: a large school, a small one, and one whose results are suppressed."""

from __future__ import annotations

from typing import Any

from tests.published import Rows

LARGE, SMALL, HIDDEN = "990100", "990107", "990114"
#: A code that the register lacks.
UNKNOWN = "999999"
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


def result(
    unit_type: str, unit_id: str, n: int, below: int, year: int = 2023, mean: float = 500.0
) -> dict[str, Any]:
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
    keys = (
        "unit_type",
        "unit_id",
        "assessment_id",
        "subgroup",
        "school_year",
        "school_id",
        "municipality_id",
    )
    row = {k: v for k, v in result("school", school_id, 10, 1).items() if k in keys}
    return row | {
        "scale_type": "relative",
        "obs_status": "Q",
        "below_min_obs_status": "Q",
        "scale_obs_status": "Q",
    }


def labels() -> Rows:
    """The list of low results: the small school is on it, with the reason."""
    keys = {"rule_id": "ru_30x2", "rule_version": "2025.1", "school_year": 2023, "purpose": "low"}
    condition = {
        "rule_id": "ru_30x2",
        "rule_version": "2025.1",
        "school_year": 2023,
        "assessment_id": ASSESSMENT,
    }
    return {
        "dim_identification_rule": [
            {
                "rule_id": "ru_30x2",
                "purpose": "low",
                "basis": "official",
                "title_ru": "30 % дважды",
                "title_en": "30% twice",
            }
        ],
        "fct_school_identification": [
            {**keys, "school_id": SMALL, "status": "point", "probability": 0.62, "is_listed": True},
            {**keys, "school_id": LARGE, "status": "no", "probability": 0.001, "is_listed": False},
            {
                **keys,
                "school_id": HIDDEN,
                "status": "confirmed",
                "is_listed": False,
                "exclusion_reason_ru": "Вечерняя школа",
                "exclusion_reason_en": "Evening school",
            },
            {**keys, "school_id": UNKNOWN, "status": "near", "is_listed": False},
        ],
        "fct_school_identification_trace": [
            {
                **condition,
                "school_id": SMALL,
                "condition_year": 2023,
                "measure": "below_min_share",
                "observed": 41.7,
                "comparison": "ge",
                "threshold": 30.0,
                "n": 12,
                "is_known": True,
                "met": True,
                "met_confirmed": False,
            }
        ],
    }


def conditions() -> Rows:
    """Social context: the index of every school, and the results expected."""
    ids = [LARGE, SMALL, HIDDEN, *(f"99020{i}" for i in range(5))]
    return {
        "fct_school_context": [
            {"school_id": s, "school_year": 2023, "students_n": 300, "social_index": 40.0 + 4 * i}
            for i, s in enumerate(ids)
        ],
        "fct_context_model": [{"assessment_id": ASSESSMENT, "school_year": 2023, "r_squared": 0.31}],
        "fct_school_expected_result": [
            {
                "school_id": s,
                "assessment_id": ASSESSMENT,
                "school_year": 2023,
                "observed": None if s == HIDDEN else 490.0 + 10 * i,
                "expected": 495.0 + 5 * i,
                "residual": None if s == HIDDEN else -5.0 + 5 * i,
                "ci_low": None if s == HIDDEN else -25.0 + 5 * i,
                "ci_high": None if s == HIDDEN else 15.0 + 5 * i,
            }
            for i, s in enumerate(ids)
        ],
    }


def programme() -> Rows:
    """An indicator with a target, one whose file is missing, one suppressed; what was sent; a pair."""
    indicator = {"unit_type": "school", "unit_id": SMALL, "school_year": 2023, "period": "year"}
    sent = {
        "unit_type": "school",
        "unit_id": SMALL,
        "school_id": SMALL,
        "municipality_id": "101",
        "school_year": 2023,
    }
    return {
        "fct_programme_indicator": [
            {
                **indicator,
                "indicator_id": "success_rate",
                "numerator": 9,
                "denominator": 12,
                "value": 75.0,
                "ci_low": 46.8,
                "ci_high": 91.1,
                "target": 80.0,
                "verdict": "not_met",
                "is_confirmed": False,
                "obs_status": "A",
            },
            {**indicator, "indicator_id": "staffing", "missing_contract": "staffing", "obs_status": "O"},
            {**indicator, "indicator_id": "deficit", "obs_status": "Q"},
        ],
        "dq_completeness": [
            {**sent, "contract": "staffing", "period": "year", "due": "2022-10-01", "state": "missing"},
            {
                **sent,
                "contract": "social_passport",
                "period": "year",
                "due": "2022-10-01",
                "state": "received",
            },
        ],
        "fct_school_peer_match": [
            {
                "school_id": SMALL,
                "school_year": 2023,
                "status": "assigned",
                "rank": 1,
                "partner_school_id": LARGE,
                "distance": 0.8,
                "reason_ru": "тот же район",
                "reason_en": "the same district",
            }
        ],
        "msr_programme_effect": [
            {
                "cohort": "supported",
                "subject": "all",
                "baseline_year": 2021,
                "end_year": 2023,
                "supported_n": 7,
                "matched_n": 6,
                "naive_change": 0.2,
                "regression_to_mean": 0.1,
                "effect": 0.08,
                "ci_low": -0.1,
                "ci_high": 0.26,
                "verdict": "not_shown",
            }
        ],
    }


def region() -> Rows:
    """All of it."""
    return {**results(), **labels(), **conditions(), **programme(), **signs()}


def signs() -> Rows:
    """Objectivity signs: of the large school one found and one suppressed; of the region and its district."""
    sign = {"school_id": LARGE, "assessment_id": ASSESSMENT, "school_year": 2023, "status": "ok"}
    shares = {"unit_type": "region", "unit_id": "region", "school_year": 2023, "schools_n": 20}
    hidden = {"unit_type": "municipality", "unit_id": "101", "school_year": 2023, "schools_n": 8}
    return {
        "fct_objectivity_flag": [
            {**sign, "sign": "inflated_mean", "flagged": True, "basis": "official", "is_official": True},
            {**sign, "sign": "peak_at_mark_3", "flagged": False, "basis": "local", "is_official": False},
            {**sign, "sign": "peak_at_mark_4", "basis": "local", "is_official": False},
        ],
        "fct_objectivity_index": [
            {**shares, "sign": "any", "marked_n": 5, "marked_pct": 25.0, "objectivity_index": 75.0},
            {**shares, "sign": "inflated_mean", "marked_n": 5, "marked_pct": 25.0},
            {**shares, "sign": "sharp_rise", "marked_n": 0, "marked_pct": 0.0},
            {**hidden, "sign": "any"},
        ],
    }


def results() -> Rows:
    others = [school(f"99020{i}", f"МБОУ «СОШ № {i}»") for i in range(5)]
    return {
        "dim_assessment": [assessment(2022), assessment(2023)],
        "dim_municipality": [{"municipality_id": "101", "name": "Дальний район", "schools_n": 8}],
        "dim_school": [
            school(LARGE, "МБОУ «Лицей № 1»"),
            school(SMALL, "=HYPERLINK(1) & <b>школа</b>"),
            school(HIDDEN, "МБОУ «ООШ» с. Тихое"),
            {**school(UNKNOWN, UNKNOWN), "is_placeholder": True},
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
