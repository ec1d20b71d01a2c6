"""Partner organisations: one row per organisation."""

from __future__ import annotations

from schemas.base import Contract, Model, Text, column


class Organisations(Model):
    partner_id: Text = column("Код партнёра", "Partner code", key=True, required=True)
    name: Text = column("Наименование", "Name", required=True)
    kind: Text = column("Вид", "Kind", required=True, codes="partner_kind")


CONTRACT = Contract(
    "organisations",
    Organisations,
    "Организации-партнёры",
    "Partner organisations",
    "one row per organisation",
)
