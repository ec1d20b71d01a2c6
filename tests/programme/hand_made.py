"""A small region made by hand: seven schools of three municipalities, two years, every file kind.

Its indicators are worked out by hand in ``expected_indicators.csv``. The schools:

=======  ============  ==============================================
code     municipality  in 2023
=======  ============  ==============================================
100001   10            supported, low results (ШНОР)
100002   10            supported, difficult conditions (ШНСУ)
100003   10            not supported
200001   20            supported, low results (ШНОР)
200002   20            mentor
200003   20            not supported
300001   30            not supported, no results
=======  ============  ==============================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.programme_steps.tables import ensure_tables, write_table
from tests.warehouse.warehouse_lake import Lake, build

YEAR = 2023
Row = dict[str, Any]
#: Students below the minimum of the four who wrote each of the two works below.
BELOW = {"100001": 3, "100002": 2, "200001": 3, "100003": 1, "200002": 1, "200003": 2}
OGE = {"kind": "ОГЭ", "subject": "Математика", "grade": 9}
VPR = {"kind": "ВПР", "subject": "Русский язык", "grade": 5}
RUSSIAN_11 = {"kind": "ЕГЭ", "subject": "Русский язык", "grade": 11}
BASE_11 = {"kind": "ЕГЭ", "subject": "Математика базовая", "grade": 11}
GVE = {"kind": "ГВЭ", "subject": "Русский язык", "grade": 9}
DIAGNOSTIC = {"kind": "РДР", "subject": "Математика", "grade": 9}
STUDY = {"kind": "МСИ", "subject": "Математика", "grade": 9}


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _schools() -> list[Row]:
    return [
        {
            "school_id": code, "name": f"Школа {code}", "municipality_id": code[0] + "0",
            "municipality_name": f"Район {code[0]}0", "status": "active", "kind": "general",
            "valid_from": _date("2010-09-01"),
        }
        for code in (*BELOW, "300001")
    ]  # fmt: skip


def _student(school: str, key: str, work: Mapping[str, Any], **facts: Any) -> Row:
    return {"school_id": school, "student_key": key, "attendance": "present"} | dict(work) | facts


def _students() -> list[Row]:
    """Four students a school in mathematics 9 and Russian 5: 6 points are below the minimum, 18 are not.

    After grade 11 one of 100001 fails mathematics and passes the resit, one of 100003 passes Russian on
    appeal, another of 100003 never takes mathematics. The input and final diagnostic: three of 100001, one
    of 100003, one level lost.
    """
    rows = []
    for school, below in BELOW.items():
        for number in range(4):
            points = {"total": 6.0, "mark": 2} if number < below else {"total": 18.0, "mark": 4}
            rows.append(_student(school, f"{school}-9-{number}", OGE, **points))
            rows.append(_student(school, f"{school}-5-{number}", VPR, **points))
    rows.append(_student("200003", "gve", GVE, mark=3))
    for school, key, score in (
        ("100001", "a", 50.0), ("100001", "b", 50.0), ("100003", "c", 20.0), ("100003", "d", 50.0),
    ):  # fmt: skip
        rows.append(_student(school, key, RUSSIAN_11, score=score, exam_date=_date("2023-05-29")))
    june = {"exam_date": _date("2023-06-01")}
    rows += [
        _student("100001", "a", BASE_11, mark=3, **june),
        _student("100001", "b", BASE_11, mark=2, **june),
        _student("100001", "b", BASE_11, mark=4, exam_date=_date("2023-09-08")),
        _student("100003", "c", BASE_11, mark=5, **june),
    ]
    for school, key, before, after in (
        ("100001", "r1", 7.0, 12.0), ("100001", "r2", 12.0, 7.0), ("100001", "r3", 7.0, 7.0),
        ("100003", "r4", 3.0, 7.0),
    ):  # fmt: skip
        rows.append(_student(school, key, DIAGNOSTIC, window="input", total=before))
        rows.append(_student(school, key, DIAGNOSTIC, window="final", total=after))
    return rows


def _register() -> list[Row]:
    scale = {"max_score": 20.0, "mark_3_from": 5.0, "mark_4_from": 10.0, "mark_5_from": 15.0}
    return [
        OGE | {"max_score": 31.0, "min_score": 8.0},
        VPR | {"max_score": 45.0, "mark_3_from": 8.0, "mark_4_from": 15.0, "mark_5_from": 30.0},
        DIAGNOSTIC | scale | {"window": "input"},
        DIAGNOSTIC | scale | {"window": "final"},
    ]


def _marks(school: str, *counts: int, period: str = "year") -> Row:
    key = {"school_id": school, "class_name": "5А", "grade": 5, "subject": "Математика", "period": period}
    return key | {f"mark_{mark}_n": n for mark, n in zip((2, 3, 4, 5), counts, strict=True)}


def _members() -> list[Row]:
    """200001 stays to the first day of the school year 2023, 200003 left the day before."""
    supported = {"role": "supported", "valid_from": _date("2021-09-01")}
    low = supported | {"programme": "ШНОР"}
    return [
        low | {"school_id": "100001"},
        supported | {"school_id": "100002", "programme": "ШНСУ"},
        low | {"school_id": "200001", "valid_to": _date("2022-09-01")},
        low | {"school_id": "200003", "valid_to": _date("2022-08-31")},
        low | {"school_id": "200002", "role": "mentor"},
    ]


def _files() -> dict[tuple[str, int], list[Row]]:
    """Accepted rows by contract and school year."""
    key = {"class_name": "5А", "grade": 5, "subject": "Математика", "period": "year"}
    training = {"topic": "Методика", "kind": "course"}
    network = {"network": "С1", "kind": "methodological", "valid_from": _date("2021-09-01")}
    event = {"programme": "ШНОР", "planned": _date("2023-02-01")}
    deficit = {"subject": "Математика", "deficit": "methods"}
    school = "school_id"
    met = ("internet_speed", "distance_platform", "transport_or_boarding", "accessibility", "specialists")
    return {
        ("school_register", 2023): _schools(),
        ("assessment_register", 2023): _register(),
        ("student_results", 2023): _students(),
        ("appeals", 2023): [
            RUSSIAN_11 | {school: "100003", "student_key": "c", "state": "Удовлетворена",
                          "score_before": 20.0, "score": 50.0},
        ],
        ("school_results", 2023): [
            STUDY | {school: "100001", "tested_n": 10, "mean_score": 480.0, "sd": 50.0},
            STUDY | {school: "100003", "tested_n": 10, "mean_score": 520.0, "sd": 50.0},
        ],
        ("control_totals", 2023): [
            VPR | {"source": "marks", "unit_type": "country", "unit_name": "Вся выборка", "mark_2_pct": 25.0},
        ],
        ("programme_membership", 2022): _members(),
        ("programme_membership", 2023): _members(),
        ("social_passport", 2023): [{school: code, "students_n": 100} for code in BELOW],
        ("access_conditions", 2023): [
            *({school: "100001", "condition": c, "is_met": True} for c in met),
            *({school: "100002", "condition": c, "is_met": c != "specialists"} for c in met),
            *({school: "200001", "condition": c, "is_met": True} for c in met[:4]),
        ],
        ("staff", 2023): [
            {school: "100001", "staff_key": "t1", "position": "Учитель"},
            {school: "100001", "staff_key": "t2", "position": "Учитель начальных классов"},
            {school: "100001", "staff_key": "t3", "position": "Директор"},
            {school: "100001", "staff_key": "t6", "position": "Учитель", "is_main": False, "rate": 0.5},
            {school: "100002", "staff_key": "t4", "position": "Педагог-психолог"},
            {school: "100002", "staff_key": "t5", "position": "Учитель"},
            {school: "100002", "staff_key": "t7", "position": "Учитель", "left": _date("2022-08-25")},
            {school: "200001", "staff_key": "t6", "position": "Учитель", "is_main": True, "rate": 1.0},
        ],
        ("training", 2023): [
            training | {school: "100001", "staff_key": "t1", "document_key": "d1", "hours": 20.0,
                        "finished": _date("2022-10-01")},
            training | {school: "100001", "staff_key": "t1", "document_key": "d2", "hours": 36.0,
                        "finished": _date("2023-02-01")},
            training | {school: "100001", "staff_key": "t2", "document_key": "d3", "hours": 36.0,
                        "finished": _date("2020-08-31")},
            training | {school: "100001", "staff_key": "t3", "document_key": "d4", "hours": 72.0,
                        "finished": _date("2023-02-01")},
            training | {school: "100002", "staff_key": "t4", "document_key": "d5", "hours": 300.0,
                        "finished": _date("2021-01-01"), "kind": "retraining"},
            training | {school: "100002", "staff_key": "t5", "document_key": "d6", "hours": 72.0,
                        "finished": _date("2020-09-01")},
            training | {school: "200001", "staff_key": "t6", "document_key": "d7", "hours": 40.0,
                        "finished": _date("2023-02-01"), "kind": "internship"},
        ],
        ("staffing", 2023): [
            {school: "100001", "position_group": "teachers", "positions": 10.0, "filled": 11.0,
             "filled_qualified": 8.0, "headcount": 11},
            {school: "100001", "position_group": "psychologists", "positions": 1.0, "filled": 0.5,
             "filled_qualified": 0.5, "headcount": 1},
            {school: "100001", "position_group": "leaders", "positions": 2.0, "filled": 1.0,
             "filled_qualified": 1.0, "headcount": 1},
            {school: "100002", "position_group": "teachers", "positions": 5.0, "filled": 4.0,
             "filled_qualified": 4.0, "headcount": 4},
            {school: "200001", "position_group": "teachers", "positions": 4.0, "filled": 4.0,
             "filled_qualified": 3.5, "headcount": 4},
        ],
        ("school_marks", 2022): [
            _marks("100001", 20, 40, 30, 10),
            _marks("100002", 10, 40, 40, 10),
        ],
        ("school_marks", 2023): [
            _marks("100001", 5, 45, 35, 15),
            _marks("100001", 1, 1, 1, 1, period="q1"),
            _marks("100002", 10, 20, 40, 30),
            *(key | {school: "200001", "student_key": f"m{n}", "mark": mark}
              for n, mark in enumerate((2, 3, 5, 5))),
        ],
        ("organisations", 2023): [
            {"partner_id": "P1", "name": "Вуз", "kind": "university"},
            {"partner_id": "P2", "name": "Спортшкола", "kind": "sport"},
            {"partner_id": "P3", "name": "Колледж", "kind": "college"},
        ],
        ("partnerships", 2023): [
            network | {school: "100001", "partner_id": "P1", "coordinator_key": "k1"},
            network | {school: "100001", "partner_id": "P1", "network": "С2"},
            network | {school: "100001", "partner_id": "P2"},
            network | {school: "100002", "partner_id": "P3", "valid_to": _date("2022-08-31")},
        ],
        ("events", 2023): [
            event | {"event_id": "E1", school: "100001", "role": "supported", "held": _date("2023-02-02")},
            event | {"event_id": "E1", school: "200002", "role": "mentor", "held": _date("2023-02-02")},
            event | {"event_id": "E2", school: "100001", "role": "supported"},
            event | {"event_id": "E3", "held": _date("2023-03-01")},
        ],
        ("communities", 2023): [
            {"community": "Учителя математики", school: "100001", "teachers_n": 3},
            {"community": "Учителя математики", school: "100002", "teachers_n": 0},
        ],
        ("teacher_deficits", 2023): [
            deficit | {school: "100001", "wave": "2022-10", "surveyed_n": 10, "teachers_n": 4},
            deficit | {school: "100002", "wave": "2022-10", "surveyed_n": 5, "teachers_n": 3},
            deficit | {school: "100001", "wave": "2023-04", "surveyed_n": 10, "teachers_n": 2},
            deficit | {school: "100002", "wave": "2023-04", "surveyed_n": 5, "teachers_n": 8},
        ],
        ("programme_documents", 2023): [
            {school: "100001", "document": "Программа", "kind": "programme", "approved": _date("2022-09-01")},
            {school: "200001", "document": "Карта", "kind": "roadmap", "approved": _date("2022-09-01")},
            {"municipality_id": "20", "document": "Приказ", "kind": "order", "approved": _date("2022-09-01")},
        ],
        ("support_activities", 2023): [
            {school: "100001", "kind": "consultation", "participants_role": "students", "participants_n": 20},
            {school: "100001", "kind": "family", "participants_role": "families", "participants_n": 5},
            {school: "100002", "kind": "club", "participants_role": "students", "participants_n": 7},
            {school: "200001", "kind": "advanced_course", "participants_role": "teachers",
             "participants_n": 3},
        ],
    }  # fmt: skip


def _scales(folder: Path) -> None:
    """Variances and verdicts as the scaling step would give them."""

    def write(table: str, rows: Iterable[Row]) -> None:
        path = folder / table / "part.parquet"
        pq.write_table(pa.Table.from_pylist(list(rows), pq.read_schema(path)), path)

    known = {"status": "ok", "scored_n": 24, "icc_se": 0.1, "tau2_se": 2.0}
    write(
        "variance",
        [
            known | {"assessment_id": "ОГЭ-Математика-9-2023", "icc": 0.2, "tau2": 4.0},
            known | {"assessment_id": "ВПР-Русский язык-5-2023", "icc": 0.4, "tau2": 6.0},
        ],
    )
    change = {"end_year": YEAR, "years_n": 3, "testing_window": "", "break_flag": False}
    oge = {"kind": "ОГЭ", "subject": "Математика", "grade": 9} | change
    oge_russian = oge | {"subject": "Русский язык"}
    ege = {"kind": "ЕГЭ", "subject": "Русский язык", "grade": 11} | change
    ege_mathematics = ege | {"subject": "Математика профильная"}
    region = {"unit_type": "region", "unit_id": "region", "verdict": "stable"}
    write(
        "dynamics",
        [
            oge | region | {"slope": 1.0, "slope_se": 0.5},
            oge_russian | region | {"slope": -1.0, "slope_se": 0.5},
            ege | region | {"slope": 0.0, "slope_se": 1.0},
            ege_mathematics | region | {"slope": 2.0, "slope_se": 1.0},
            *(
                oge | {"unit_type": "school", "unit_id": unit, "verdict": verdict}
                for unit, verdict in (
                    ("100001", "rising"),
                    ("100002", "stable"),
                    ("100003", "not_comparable"),
                )
            ),
            ege | {"unit_type": "school", "unit_id": "100001", "verdict": "falling"},
        ],
    )


def write_lake(root: Path, without: Iterable[str] = ()) -> Path:
    """The lake of the region; ``without`` names contracts taken away."""
    lake = Lake(root)
    for (contract, year), rows in _files().items():
        if contract not in without:
            lake.accept(contract, year, rows)
    lake.close()
    _scales(root / "scales")
    ensure_tables(root / "programme")
    index = {"100001": -2.0, "100002": 0.0, "100003": 2.0, "200001": 0.0, "200002": 0.0, "200003": 0.0}
    facts = {"school_year": YEAR, "index_version": "1", "quantile": 2, "n_components": 3}
    rows = [
        {"school_id": s, "social_index": x, "social_index_percentile": 50.0} | facts for s, x in index.items()
    ]
    write_table(root / "programme", "social_index", pd.DataFrame(rows))
    return root


def build_indicators(root: Path, without: Iterable[str] = ()) -> Path:
    """The warehouse of the region up to the indicators."""
    return build(
        write_lake(root / "lake", without), root / "build", "--exclude-resource-type", "unit_test",
        select=("+fct_programme_indicator", "fct_exam_outcome", "fct_staff_training"),
    )  # fmt: skip
