"""Social passport: one row per school."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Int, Model, Text, column, relation
from schemas.common import school_code


class SocialPassport(Model):
    school_id: Text = school_code()
    students_n: Int = column(
        "Обучающихся",
        "Students",
        required=True,
        ge=0,
        le=20000,
        unit="students",
        synonyms=("всего обучающихся", "количество обучающихся", "всего учащихся", "количество учащихся"),
    )
    families_n: Int = column("Семей", "Families", ge=0, le=20000, unit="families")
    single_parent_n: Int = column(
        "Из неполных семей",
        "In single-parent families",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("неполн*",),
    )
    many_children_n: Int = column(
        "Из многодетных семей",
        "In families with many children",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("многодетн*",),
    )
    low_income_n: Int = column(
        "Из малообеспеченных семей",
        "In low-income families",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("малообеспеч*", "малоимущ*"),
    )
    in_care_n: Int = column(
        "Под опекой", "In care", ge=0, le=20000, unit="students", sensitive=True, synonyms=("опек*",)
    )
    orphans_n: Int = column(
        "Сирот", "Orphans", ge=0, le=20000, unit="students", sensitive=True, synonyms=("сирот*",)
    )
    disabled_n: Int = column(
        "Детей-инвалидов", "Disabled", ge=0, le=20000, unit="students", sensitive=True, synonyms=("инвалид*",)
    )
    special_needs_n: Int = column(
        "С ОВЗ",
        "With special needs",
        ge=0,
        le=20000,
        unit="students",
        sensitive=True,
        synonyms=("овз*", "ограниченными возможностями*"),
    )
    dangerous_position_n: Int = column(
        "В социально опасном положении",
        "In a socially dangerous position",
        ge=0,
        le=20000,
        unit="students",
        sensitive=True,
        synonyms=("соп", "социально опасн*", "социально-опасн*"),
    )
    school_register_n: Int = column(
        "На внутришкольном учёте",
        "On the school's register",
        ge=0,
        le=20000,
        unit="students",
        sensitive=True,
        synonyms=("вшк*", "внутришкольн*"),
    )
    commission_register_n: Int = column(
        "На учёте КДН, ПДН",
        "On the commission's register",
        ge=0,
        le=20000,
        unit="students",
        sensitive=True,
        synonyms=("кдн*", "пдн*", "комисси*"),
    )
    not_native_n: Int = column(
        "Русский язык не родной",
        "Russian is not native",
        ge=0,
        le=20000,
        unit="students",
        sensitive=True,
        synonyms=("не родной", "мигрант*", "иностранн* граждан*"),
    )
    unemployed_parents_n: Int = column(
        "С безработными родителями",
        "With unemployed parents",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("безработн*", "неработающ*"),
    )
    both_parents_higher_n: Int = column(
        "Оба родителя с высшим образованием",
        "Both parents with higher education",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("высшее образование*", "высшим образованием*"),
    )
    subsidised_meals_n: Int = column(
        "Льготное питание",
        "Subsidised meals",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("льготн* питан*", "бесплатн* питан*"),
    )
    transported_n: Int = column(
        "Подвоз", "Transported", ge=0, le=20000, unit="students", synonyms=("подвоз*", "школьн* автобус*")
    )
    boarding_n: Int = column(
        "Проживают в интернате",
        "Boarding",
        ge=0,
        le=20000,
        unit="students",
        synonyms=("интернат*", "пансион*"),
    )

    @relation(
        "Часть больше, чем всего обучающихся: проверьте числа строки",
        "A part exceeds all students: check the row's numbers",
    )
    def parts_within_students(cls, frame: pd.DataFrame) -> pd.Series:
        parts = [
            name for name in frame.columns if name.endswith("_n") and name not in ("students_n", "families_n")
        ]
        return frame[parts].fillna(0).max(axis=1) <= frame["students_n"]


CONTRACT = Contract(
    "social_passport", SocialPassport, "Социальный паспорт", "Social passport", "one row per school"
)
