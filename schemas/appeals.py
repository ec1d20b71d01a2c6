"""Appeals: one row per appeal or recheck."""

from __future__ import annotations

from schemas.base import Contract, Date, Int, Model, Number, Text, column
from schemas.common import grade_number, kind_code, school_code, subject_code


class Appeals(Model):
    kind: Text = kind_code()
    subject: Text = subject_code()
    grade: Int = grade_number()
    school_id: Text = school_code()
    student_id: Text = column("Код участника", "Student code", key=True, required=True, person=True)
    exam_date: Date = column("Дата экзамена", "Date of the exam", key=True)
    appeal_type: Text = column("Тип апелляции / перепроверки", "Kind of appeal", key=True)
    state: Text = column("Состояние", "State")
    total_before: Number = column(
        "Первичный балл до изменения", "Total before", score=True, ge=0, le=1000, unit="points"
    )
    score_before: Number = column(
        "Балл до изменения", "Score before", score=True, ge=0, le=1000, unit="points"
    )
    total: Number = column("Первичный балл", "Total now", score=True, ge=0, le=1000, unit="points")
    score: Number = column("Балл", "Score now", score=True, ge=0, le=1000, unit="points")


CONTRACT = Contract(
    "appeals",
    Appeals,
    "Апелляции",
    "Appeals",
    "one row per appeal or recheck",
    context=("kind", "subject", "grade", "school_year"),
    period=("kind", "subject", "grade"),
    collected=False,
)
