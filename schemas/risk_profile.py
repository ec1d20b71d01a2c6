"""Risk profile: one row per school and factor."""

from __future__ import annotations

from schemas.base import Contract, Model, Number, Text, column
from schemas.common import school_code


class RiskProfile(Model):
    school_id: Text = school_code()
    factor: Text = column("Фактор риска", "Risk factor", key=True, required=True, codes="risk_factor")
    level: Text = column("Уровень риска", "Risk level", required=True, codes="risk_level")
    value: Number = column("Значение", "Value", ge=0, le=100)


CONTRACT = Contract(
    "risk_profile", RiskProfile, "Рисковый профиль", "Risk profile", "one row per school and factor"
)
