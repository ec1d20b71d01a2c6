"""School results: one row per school and assessment."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Int, Model, Number, Text, column, relation
from schemas.common import grade_number, kind_code, school_code, subject_code, window_code


class SchoolResults(Model):
    school_id: Text = school_code()
    kind: Text = kind_code()
    subject: Text = subject_code()
    grade: Int = grade_number()
    window: Text = window_code()
    tested_n: Int = column("Приняло участие", "Students tested", required=True, ge=0, unit="students")
    below_min_n: Int = column(
        "Не преодолели минимальный порог", "Students below the minimum", score=True, ge=0, unit="students"
    )
    high_n: Int = column("Высокобалльники (80–99)", "Students with 80–99", score=True, ge=0, unit="students")
    max_n: Int = column(
        "Получили 100 баллов", "Students with the full score", score=True, ge=0, unit="students"
    )
    mean_score: Number = column("Средний балл", "Mean score", score=True, ge=0, le=1000, unit="points")
    sd: Number = column("Стандартное отклонение", "Standard deviation", ge=0, le=1000, unit="points")
    school_name: Text = column("Наименование школы", "School name as sent")
    municipality: Text = column("Муниципалитет", "Municipality as sent")

    @relation(
        "Частей больше, чем участников: проверьте числа строки",
        "Parts exceed the students tested: check the row's numbers",
    )
    def parts_within_tested(cls, frame: pd.DataFrame) -> pd.Series:
        parts = frame[["below_min_n", "high_n", "max_n"]].fillna(0).sum(axis=1)
        return parts <= frame["tested_n"]


CONTRACT = Contract(
    "school_results",
    SchoolResults,
    "Результаты школ",
    "School results",
    "one row per school and assessment",
    context=("kind", "subject", "grade", "school_year", "window"),
    period=("kind", "subject", "grade", "window"),
)
