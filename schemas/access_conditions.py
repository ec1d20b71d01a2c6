"""Access conditions: one row per school and condition."""

from __future__ import annotations

from schemas.base import Bool, Contract, Model, Text, column
from schemas.common import school_code


class AccessConditions(Model):
    school_id: Text = school_code()
    condition: Text = column("Условие", "Condition", key=True, required=True, codes="access_condition")
    is_met: Bool = column("Выполнено", "Met", required=True)
    evidence: Text = column("Подтверждение", "Evidence")


CONTRACT = Contract(
    "access_conditions",
    AccessConditions,
    "Условия доступности",
    "Access conditions",
    "one row per school and condition",
)
