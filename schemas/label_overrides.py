"""Overrides of labels: one row per school, rule and school year of the results."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Date, Int, Model, Text, column, relation
from schemas.common import school_code, school_year_number


class LabelOverrides(Model):
    school_id: Text = school_code()
    rule_id: Text = column(
        "Правило", "Rule", key=True, required=True, note="Код набора правил, например ru_30x2"
    )
    school_year: Int = school_year_number()
    label: Text = column("Решение", "Decision", key=True, required=True, codes="override_label")
    decided_by: Text = column(
        "Кем принято",
        "Decided by",
        required=True,
        note="Должность или организация; фамилии не указывайте",
    )
    decided_on: Date = column("Дата решения", "Decided on", key=True, required=True)
    reason: Text = column(
        "Основание",
        "Reason",
        required=True,
        note="Публикуется рядом с меткой: без фамилий и сведений об отдельных людях",
    )
    valid_until: Date = column("Действует до", "Valid until", note="Пусто: действует, пока не отменено")

    @relation(
        "Решение перестаёт действовать раньше, чем принято: проверьте обе даты",
        "The decision ends before it is made: check both dates",
    )
    def valid_after_decision(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["valid_until"] < frame["decided_on"])


CONTRACT = Contract(
    "label_overrides",
    LabelOverrides,
    "Решения о включении школ в список и исключении из него",
    "Decisions that override computed labels",
    "one row per school, rule, school year of the results and decision",
    context=("school_year",),
)
