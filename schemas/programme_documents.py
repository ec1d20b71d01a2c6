"""Programme documents: one row per document of a school or municipality."""

from __future__ import annotations

from schemas.base import Contract, Date, Model, Text, column
from schemas.common import school_code


class ProgrammeDocuments(Model):
    school_id: Text = school_code(required=False)
    municipality_id: Text = column("Код муниципалитета", "Municipality code", key=True)
    document: Text = column("Документ", "Document", key=True, required=True)
    kind: Text = column("Вид документа", "Kind of document", required=True, codes="document_kind")
    approved: Date = column("Дата утверждения", "Approved", required=True)


CONTRACT = Contract(
    "programme_documents",
    ProgrammeDocuments,
    "Документы программы",
    "Programme documents",
    "one row per document of a school or municipality",
)
