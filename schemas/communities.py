"""Professional communities: one row per community and school."""

from __future__ import annotations

from schemas.base import Contract, Int, Model, Text, column
from schemas.common import school_code


class Communities(Model):
    community: Text = column("Сообщество", "Community", key=True, required=True)
    school_id: Text = school_code()
    teachers_n: Int = column("Учителей", "Teachers", required=True, ge=0, le=1000, unit="staff")


CONTRACT = Contract(
    "communities",
    Communities,
    "Профессиональные сообщества",
    "Professional communities",
    "one row per community and school",
)
