"""Assessment register: one row per assessment."""

from __future__ import annotations

import pandas as pd

from schemas.base import Bool, Contract, Int, Model, Number, Text, column, relation
from schemas.common import grade_number, kind_code, school_year_number, subject_code, window_code


class AssessmentRegister(Model):
    kind: Text = kind_code()
    subject: Text = subject_code()
    grade: Int = grade_number()
    school_year: Int = school_year_number()
    window: Text = window_code()
    region: Text = column("Регион", "Region", key=True)
    max_score: Number = column(
        "Максимальный балл", "Maximum score", required=True, ge=1, le=1000, unit="points"
    )
    min_score: Number = column(
        "Минимальный балл (граница)", "Minimum passing score", ge=0, le=1000, unit="points"
    )
    mark_3_from: Number = column("Отметка 3 от", "Mark 3 from", ge=0, le=1000, unit="points")
    mark_4_from: Number = column("Отметка 4 от", "Mark 4 from", ge=0, le=1000, unit="points")
    mark_5_from: Number = column("Отметка 5 от", "Mark 5 from", ge=0, le=1000, unit="points")
    is_reference: Bool = column("Опорная когорта шкалы", "Reference cohort of the scale")
    linked_to: Text = column("Связана с", "Linked to")

    @relation(
        "Границы отметок должны возрастать и не превышать максимум",
        "Mark boundaries must rise and stay within the maximum",
    )
    def marks_in_order(cls, frame: pd.DataFrame) -> pd.Series:
        three, four, five = (frame[f"mark_{m}_from"] for m in (3, 4, 5))
        wrong = (
            (three >= four).fillna(False)
            | (four >= five).fillna(False)
            | (five > frame["max_score"]).fillna(False)
        )
        return ~wrong


CONTRACT = Contract(
    "assessment_register",
    AssessmentRegister,
    "Реестр оценочных процедур",
    "Assessment register",
    "one row per assessment",
    context=("kind", "subject", "grade", "school_year", "window"),
    merged=True,
)
