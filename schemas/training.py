"""Further training: one row per document of training."""

from __future__ import annotations

import pandas as pd

from schemas.base import Contract, Date, Model, Number, Text, column, relation
from schemas.common import school_code, staff_code


class Training(Model):
    school_id: Text = school_code()
    staff_id: Text = staff_code()
    document_no: Text = column("Номер документа", "Document number", key=True, required=True, person=True)
    kind: Text = column("Вид обучения", "Kind of training", required=True, codes="training_kind")
    topic: Text = column("Тема", "Topic")
    hours: Number = column("Часов", "Hours", required=True, ge=1, le=2000, unit="hours")
    finished: Date = column("Дата окончания", "Finished", required=True)
    provider: Text = column("Организация", "Provider")

    @relation(
        "Переподготовка короче 250 часов или курсы короче 16 часов",
        "Retraining under 250 hours or a course under 16",
    )
    def long_enough(cls, frame: pd.DataFrame) -> pd.Series:
        least = frame["kind"].map({"retraining": 250, "course": 16}).astype("Float64")
        return ~(frame["hours"] < least)


CONTRACT = Contract(
    "training", Training, "Повышение квалификации", "Further training", "one row per document of training"
)
