"""Municipalities: one row per municipality."""

from __future__ import annotations

from schemas.base import Contract, Model, Text, column


class Municipalities(Model):
    municipality_id: Text = column(
        "Код муниципалитета", "Municipality code", key=True, required=True, synonyms=("Код МСУ", "Код АТЕ")
    )
    name: Text = column("Название", "Name", required=True, synonyms=("Название МСУ", "Название АТЕ"))
    territory_id: Text = column("Код АТЕ", "Administrative territory code", key=True)


CONTRACT = Contract(
    "municipalities",
    Municipalities,
    "Муниципалитеты",
    "Municipalities",
    "one row per municipality",
    merged=True,
)
