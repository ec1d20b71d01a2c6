"""What a contract says of itself is complete and unambiguous."""

from __future__ import annotations

import importlib
from collections import Counter

import pytest

from pipelines.intake.text import fold
from schemas import CONTRACTS, Contract
from schemas import codes as code_lists

contracts = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda c: c.name)


@contracts
def test_name_module_and_grain(contract: Contract) -> None:
    assert importlib.import_module(f"schemas.{contract.name}").CONTRACT is contract
    assert contract.grain.startswith("one row per ")
    assert contract.title_ru and contract.title_en and contract.key
    assert set(contract.context) <= {*contract.fields, "school_year"}
    assert set(contract.period) <= set(contract.fields)


@contracts
def test_headers_are_told_apart(contract: Contract) -> None:
    """A field's name and titles, as the reader compares them, belong to it alone."""
    headers = [
        fold(h) for f in contract.fields.values() for h in {fold(f.name), fold(f.title_ru), fold(f.title_en)}
    ]
    assert [h for h, n in Counter(headers).items() if n > 1] == []


@contracts
def test_fields_are_described(contract: Contract) -> None:
    units = code_lists.codes("unit")
    for field in contract.fields.values():
        assert field.title_ru and field.title_en
        assert field.unit in units | {""}
        assert field.codes is None or code_lists.code_list(field.codes)
        assert not field.name.endswith("_n") or (field.kind == "int" and field.unit), field.name
        assert not field.name.endswith("_pct") or (field.unit, field.ge, field.le) == ("%", 0, 100)
        assert not field.person or field.kind == "text"
        assert field.ge is None or field.kind in ("int", "number")


@contracts
def test_relations_are_worded(contract: Contract) -> None:
    assert all(len(wording) == 2 and all(wording) for wording in contract.relations.values())
