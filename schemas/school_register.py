"""School register: one row per school and validity."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Date, Model, Text, column, relation
from schemas.common import school_code


class SchoolRegister(Model):
    school_id: Text = school_code()
    name: Text = column(
        "Наименование", "Name", required=True, synonyms=("Полное наименование", "Имя", "Название ОО")
    )
    short_name: Text = column("Краткое наименование", "Short name")
    municipality_id: Text = column(
        "Код муниципалитета", "Municipality code", required=True, synonyms=("Код МСУ", "МСУ")
    )
    municipality_name: Text = column("Муниципалитет", "Municipality", synonyms=("Регион", "Район"))
    login: Text = column(
        "Логин ФИС ОКО",
        "Login",
        pattern=r"(sch|edu|ksh)\d{6}$",
        synonyms=("Логин",),
        note="sch, edu или ksh и шесть цифр",
    )
    oge_code: Text = column("Код ОО (ОГЭ)", "School code in ОГЭ", width=(6,))
    ege_code: Text = column("Код ОО (ЕГЭ)", "School code in ЕГЭ", width=(6,))
    inn: Text = column(
        "ИНН",
        "Taxpayer number",
        digit="inn",
        width=(10,),
        note="10 цифр для организаций; ведущий ноль сохраняется",
    )
    ogrn: Text = column("ОГРН", "State registration number", digit="ogrn", width=(13,))
    oktmo: Text = column("ОКТМО", "ОКТМО territory code", pattern=r"(\d{8}|\d{11})$", width=(8, 11))
    kind: Text = column("Вид организации", "Kind of school", codes="school_kind", synonyms=("Вид ОО",))
    locality_type: Text = column("Тип населённого пункта", "Type of locality", codes="locality_type")
    status: Text = column("Состояние", "Status", codes="school_status", synonyms=("Статус",))
    valid_from: Date = column("Действует с", "Valid from", key=True)
    valid_to: Date = column("Действует по", "Valid to")
    successor_school_id: Text = column("Код школы-правопреемника", "Successor's school code")

    @relation(
        "Дата окончания раньше даты начала: проверьте обе даты",
        "Valid to is before valid from: check both dates",
    )
    def valid_period(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["valid_to"] < frame["valid_from"])


CONTRACT = Contract(
    "school_register",
    SchoolRegister,
    "Реестр школ",
    "School register",
    "one row per school and validity",
    merged=True,
)
