"""Fields that several contracts share."""

from __future__ import annotations

from typing import Any

from schemas.base import column
from schemas.years import FIRST_YEAR, LAST_YEAR


def school_code(*, required: bool = True) -> Any:
    return column(
        "Код школы",
        "School code",
        key=True,
        required=required,
        short=True,
        synonyms=("Код ОО", "Логин", "Логин школы", "Логин ОО"),
    )


def staff_code() -> Any:
    return column(
        "Код работника",
        "Staff code",
        key=True,
        required=True,
        person=True,
        synonyms=("Табельный номер", "СНИЛС"),
    )


def kind_code() -> Any:
    return column(
        "Оценочная процедура",
        "Assessment kind",
        key=True,
        required=True,
        codes="kind",
        synonyms=("Процедура", "Вид работы"),
    )


def subject_code() -> Any:
    return column("Предмет", "Subject", key=True, required=True, codes="subject")


def grade_number() -> Any:
    return column(
        "Класс (параллель)",
        "Grade assessed",
        key=True,
        required=True,
        ge=1,
        le=12,
        unit="grade",
        synonyms=("Параллель",),
    )


def school_year_number() -> Any:
    return column(
        "Учебный год (год окончания)",
        "School year (its ending year)",
        key=True,
        required=True,
        ge=FIRST_YEAR,
        le=LAST_YEAR,
        unit="year",
        synonyms=("Учебный год", "Год"),
    )


def window_code() -> Any:
    return column("Окно", "Window", key=True, codes="window", synonyms=("Этап", "Период проведения"))
