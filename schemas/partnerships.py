"""Partnerships: one row per network, school, partner and beginning."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Date, Model, Text, column, relation
from schemas.common import school_code


class Partnerships(Model):
    network: Text = column("Сеть", "Network", key=True, required=True)
    school_id: Text = school_code()
    partner_id: Text = column("Код партнёра", "Partner code", key=True, required=True, short=True)
    kind: Text = column("Вид партнёрства", "Kind of partnership", required=True, codes="partnership_kind")
    coordinator: Text = column("Координатор", "Coordinator", person=True)
    curator: Text = column("Куратор", "Curator", person=True)
    form: Text = column("Форма", "Form")
    valid_from: Date = column("С", "From", key=True, required=True)
    valid_to: Date = column("По", "To")

    @relation(
        "Дата окончания раньше даты начала: проверьте обе даты",
        "The end is before the beginning: check both dates",
    )
    def valid_period(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["valid_to"] < frame["valid_from"])


CONTRACT = Contract(
    "partnerships",
    Partnerships,
    "Партнёрства",
    "Partnerships",
    "one row per network, school, partner and beginning",
)
