"""Support activities: one row per school, kind, period and participants."""

from __future__ import annotations

from schemas.base import Contract, Int, Model, Text, column
from schemas.common import school_code


class SupportActivities(Model):
    school_id: Text = school_code()
    kind: Text = column("Вид поддержки", "Kind of support", key=True, required=True, codes="support_kind")
    period: Text = column("Период", "Period", key=True, codes="period")
    participants_role: Text = column(
        "Участники", "Participants", key=True, required=True, codes="participants_role"
    )
    participants_n: Int = column(
        "Число участников", "Number of participants", required=True, ge=0, le=20000, unit="people"
    )


CONTRACT = Contract(
    "support_activities",
    SupportActivities,
    "Меры поддержки",
    "Support activities",
    "one row per school, kind, period and participants",
)
