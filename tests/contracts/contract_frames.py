"""Frames that keep a contract, to be broken one fact at a time."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from schemas import Contract, Field
from schemas import codes as code_lists
from schemas.base import DTYPES

#: Values that a field's facts alone do not give: patterns, check digits, and what relations need.
SPECIAL: dict[tuple[str, str], Any] = {
    ("school_register", "login"): "sch990001",
    ("school_register", "inn"): "0101001233",
    ("school_register", "ogrn"): "1027700132195",
    ("school_register", "oktmo"): "01701000",
    ("assessment_register", "max_score"): 20,
    ("assessment_register", "mark_3_from"): 6,
    ("assessment_register", "mark_4_from"): 10,
    ("assessment_register", "mark_5_from"): 15,
    ("student_results", "form"): "1",
    ("training", "hours"): 300,
}


def good_value(contract: Contract, field: Field) -> Any:
    if (contract.name, field.name) in SPECIAL:
        return SPECIAL[contract.name, field.name]
    if field.codes:
        return code_lists.code_list(field.codes)[0].code
    if field.kind in ("int", "number"):
        return field.ge if field.ge is not None else 1
    return {"text": "текст", "bool": True, "date": pd.Timestamp(2024, 9, 1)}[field.kind]


def row(contract: Contract, *, optional: bool = True, **changed: Any) -> dict[str, Any]:
    """A row that keeps the contract, except for what is changed."""
    values = {
        name: good_value(contract, field) if optional or field.required else None
        for name, field in contract.fields.items()
    }
    return values | changed


def frame(contract: Contract, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([r[name] for r in rows], dtype=DTYPES[field.kind])
            for name, field in contract.fields.items()
        }
    )


def bad_text(pattern: str) -> str:
    """A text that the pattern refuses."""
    return next(t for t in ("0", "?", "sch12345", "1234567") if not re.match(pattern, t))
