"""Roadmap events: one row per event, school and role."""

from __future__ import annotations

from schemas.base import Contract, Date, Int, Model, Text, column
from schemas.common import school_code


class Events(Model):
    programme: Text = column("Программа", "Programme", key=True, required=True)
    event_id: Text = column("Код мероприятия", "Event code", key=True, required=True)
    school_id: Text = school_code(required=False)
    role: Text = column("Роль школы", "School's role", key=True, codes="role")
    title: Text = column("Мероприятие", "Title")
    form: Text = column("Форма", "Form")
    planned: Date = column("План", "Planned", required=True)
    held: Date = column("Факт", "Held")
    participants_n: Int = column("Число участников", "Number of participants", ge=0, le=20000, unit="people")


CONTRACT = Contract(
    "events", Events, "Мероприятия дорожной карты", "Roadmap events", "one row per event, school and role"
)
