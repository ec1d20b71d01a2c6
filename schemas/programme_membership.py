"""Programme membership: one row per school, programme and role."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Date, Model, Text, column, relation
from schemas.common import school_code


class ProgrammeMembership(Model):
    school_id: Text = school_code()
    programme: Text = column("Программа", "Programme", key=True, required=True)
    role: Text = column("Роль", "Role", key=True, required=True, codes="role")
    valid_from: Date = column("С", "From", key=True, required=True)
    valid_to: Date = column("По", "To")

    @relation(
        "Дата окончания раньше даты начала: проверьте обе даты",
        "The end is before the beginning: check both dates",
    )
    def valid_period(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["valid_to"] < frame["valid_from"])


CONTRACT = Contract(
    "programme_membership",
    ProgrammeMembership,
    "Участники программы",
    "Programme membership",
    "one row per school, programme and role",
)
