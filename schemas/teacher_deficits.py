"""Teacher deficits: one row per school, wave, subject and deficit."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Int, Model, Text, column, relation
from schemas.common import school_code


class TeacherDeficits(Model):
    school_id: Text = school_code()
    wave: Text = column("Волна опроса", "Wave", key=True, required=True)
    subject: Text = column("Предмет", "Subject", key=True, codes="subject")
    deficit: Text = column("Дефицит", "Deficit", key=True, required=True, codes="deficit")
    surveyed_n: Int = column("Опрошено", "Surveyed", required=True, ge=0, le=1000, unit="staff")
    teachers_n: Int = column("С дефицитом", "With the deficit", required=True, ge=0, le=1000, unit="staff")

    @relation("Учителей с дефицитом больше, чем опрошенных", "More teachers with the deficit than surveyed")
    def deficit_within_surveyed(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["teachers_n"] <= frame["surveyed_n"]


CONTRACT = Contract(
    "teacher_deficits",
    TeacherDeficits,
    "Дефициты учителей",
    "Teacher deficits",
    "one row per school, wave, subject and deficit",
)
