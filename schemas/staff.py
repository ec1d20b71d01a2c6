"""Staff list: one row per school and member of staff."""

from __future__ import annotations

import pandas as pd

from schemas.base import Bool, Contract, Date, Int, Model, Number, Text, column, relation
from schemas.common import school_code, staff_code


class Staff(Model):
    school_id: Text = school_code()
    staff_id: Text = staff_code()
    position: Text = column("Должность", "Position", required=True)
    subject: Text = column("Предмет", "Subject taught", codes="subject")
    rate: Number = column("Ставка", "Rate", ge=0, le=3, unit="positions")
    education: Text = column("Образование", "Education", codes="education")
    category: Text = column("Категория", "Category", codes="category")
    experience_years: Number = column("Стаж, лет", "Experience", ge=0, le=70, unit="years")
    birth_year: Int = column("Год рождения", "Year of birth", ge=1930, le=2010, unit="year")
    is_main: Bool = column("Основное место работы", "Main place of work")
    hired: Date = column("Принят", "Hired")
    left: Date = column("Уволен", "Left")

    @relation("Уволен раньше, чем принят: проверьте даты", "Left before being hired: check the dates")
    def left_after_hired(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["left"] < frame["hired"])


CONTRACT = Contract(
    "staff", Staff, "Список работников", "Staff list", "one row per school and member of staff"
)
