"""Staffing return: one row per school and position group."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Int, Model, Number, Text, column, relation
from schemas.common import school_code

#: Positions are stated to hundredths; sums of them are compared as such.
HALF_A_HUNDREDTH = 0.005


class Staffing(Model):
    school_id: Text = school_code()
    position_group: Text = column(
        "Группа должностей",
        "Position group",
        key=True,
        required=True,
        codes="position_group",
        synonyms=("Наименование показателей", "Категория работников", "Наименование должностей"),
    )
    positions: Number = column(
        "Ставок по штату",
        "Positions in the establishment plan",
        required=True,
        ge=0,
        le=1000,
        unit="positions",
        synonyms=("Ставок", "Число ставок по штату", "Ставок по штатному расписанию"),
    )
    filled: Number = column(
        "Фактически занято ставок",
        "Positions filled",
        required=True,
        ge=0,
        le=1000,
        unit="positions",
        synonyms=("Занято ставок", "Фактически замещено ставок"),
    )
    filled_qualified: Number = column(
        "Занято квалифицированными", "Positions filled by qualified people", ge=0, le=1000, unit="positions"
    )
    vacant: Number = column(
        "Вакантно ставок",
        "Positions vacant",
        ge=0,
        le=1000,
        unit="positions",
        synonyms=("Вакансий", "Вакантных ставок"),
    )
    headcount: Int = column(
        "Работников",
        "Headcount",
        required=True,
        ge=0,
        le=1000,
        unit="staff",
        synonyms=("Всего работников", "Численность работников"),
    )
    qualified_n: Int = column("Квалифицированных", "Qualified", ge=0, le=1000, unit="staff")
    trained_n: Int = column(
        "Прошли обучение за 3 года", "Trained in three years", ge=0, le=1000, unit="staff"
    )
    higher_education_n: Int = column(
        "С высшим образованием", "With higher education", ge=0, le=1000, unit="staff"
    )
    category_highest_n: Int = column("Высшая категория", "Highest category", ge=0, le=1000, unit="staff")
    category_first_n: Int = column("Первая категория", "First category", ge=0, le=1000, unit="staff")
    experience_under_3_n: Int = column(
        "Стаж менее 3 лет", "Under three years of experience", ge=0, le=1000, unit="staff"
    )
    young_n: Int = column("Моложе 35 лет", "Under 35", ge=0, le=1000, unit="staff")
    pension_n: Int = column("Пенсионного возраста", "Of pension age", ge=0, le=1000, unit="staff")

    @relation(
        "Занято больше ставок, чем по штату: проверьте или поясните",
        "More positions filled than the plan has: check or explain",
    )
    def filled_within_positions(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["filled"] <= frame["positions"]

    @relation(
        "Вакантно не равно разности «по штату» и «занято»: проверьте или поясните",
        "The vacant positions are not the plan's less the filled: check or explain",
    )
    def vacant_is_the_rest(cls, frame: pd.DataFrame) -> pd.Series:
        rest = (frame["positions"] - frame["filled"]).clip(lower=0)
        return (frame["vacant"] - rest).abs() < HALF_A_HUNDREDTH

    @relation("Работников с категорией больше, чем всего работников", "More staff with a category than staff")
    def category_within_headcount(cls, frame: pd.DataFrame) -> pd.Series:
        return (
            frame["category_highest_n"].fillna(0) + frame["category_first_n"].fillna(0) <= frame["headcount"]
        )

    @relation("Обученных больше, чем всего работников", "More staff trained than staff")
    def trained_within_headcount(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["trained_n"].fillna(0) <= frame["headcount"]

    @relation(
        "Молодых и пенсионеров вместе больше, чем всего работников",
        "More young and pension-age staff than staff",
    )
    def ages_within_headcount(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["young_n"].fillna(0) + frame["pension_n"].fillna(0) <= frame["headcount"]


CONTRACT = Contract(
    "staffing", Staffing, "Кадровый отчёт", "Staffing return", "one row per school and position group"
)
