"""Control totals: one row per unit and assessment of a printed table."""

from __future__ import annotations

from schemas.base import Contract, Int, Model, Number, Text, column
from schemas.common import grade_number, kind_code, subject_code, window_code


class ControlTotals(Model):
    kind: Text = kind_code()
    subject: Text = subject_code()
    grade: Int = grade_number()
    window: Text = window_code()
    source: Text = column("Таблица", "Printed table", key=True, required=True, codes="control_source")
    unit_type: Text = column("Уровень", "Kind of unit", key=True, required=True, codes="unit_type")
    unit_name: Text = column("Группа участников", "Unit as printed", key=True, required=True)
    unit_code: Text = column("Код", "Unit code as printed")
    schools_n: Int = column("Кол-во ОО", "Schools", ge=0, unit="schools")
    tested_n: Int = column("Кол-во участников", "Students", score=True, ge=0, unit="students")
    below_min_n: Int = column(
        "Не преодолели минимальный порог", "Students below the minimum", ge=0, unit="students"
    )
    high_n: Int = column("Высокобалльники (80–99)", "Students with 80–99", ge=0, unit="students")
    max_n: Int = column("Получили 100 баллов", "Students with the full score", ge=0, unit="students")
    mean_score: Number = column("Средний балл", "Mean score", ge=0, le=1000, unit="points")
    mark_2_pct: Number = column("2, %", "Mark 2", ge=0, le=100, unit="%")
    mark_3_pct: Number = column("3, %", "Mark 3", ge=0, le=100, unit="%")
    mark_4_pct: Number = column("4, %", "Mark 4", ge=0, le=100, unit="%")
    mark_5_pct: Number = column("5, %", "Mark 5", ge=0, le=100, unit="%")
    lowered_pct: Number = column("Понизили, %", "Mark below the journal, %", ge=0, le=100, unit="%")
    lowered_n: Int = column("Понизили", "Students with a mark below the journal", ge=0, unit="students")
    confirmed_pct: Number = column("Подтвердили, %", "Mark as in the journal, %", ge=0, le=100, unit="%")
    confirmed_n: Int = column("Подтвердили", "Students with a mark as in the journal", ge=0, unit="students")
    raised_pct: Number = column("Повысили, %", "Mark above the journal, %", ge=0, le=100, unit="%")
    raised_n: Int = column("Повысили", "Students with a mark above the journal", ge=0, unit="students")


CONTRACT = Contract(
    "control_totals",
    ControlTotals,
    "Контрольные итоги",
    "Control totals",
    "one row per unit and assessment of a printed table",
    context=("kind", "subject", "grade", "school_year", "window"),
    period=("kind", "subject", "grade", "window", "source"),
    collected=False,
)
