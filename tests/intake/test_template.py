"""The empty workbook: what Excel offers and refuses, what the reader makes of a filled one."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from pipelines.intake.grid import read_grid
from pipelines.intake.layouts import recognise
from pipelines.intake.template import LISTS_SHEET, NOTES_SHEET, ROWS, columns, headers, write_template
from schemas import CONTRACTS, Contract
from schemas import codes as code_lists

contracts = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda c: c.name)


def made(contract: Contract, folder: Path) -> Workbook:
    write_template(contract, folder / "empty.xlsx")
    return load_workbook(folder / "empty.xlsx")


def checks(book: Workbook) -> dict[str, DataValidation]:
    """Column letter -> what Excel checks in it."""
    found = book.worksheets[0].data_validations.dataValidation
    return {str(v.sqref).split("2:")[0]: v for v in found}


@contracts
def test_sheets(contract: Contract, tmp_path: Path) -> None:
    book = made(contract, tmp_path)
    data = book.worksheets[0]
    assert book.sheetnames[1:] == [NOTES_SHEET, LISTS_SHEET]
    assert book[LISTS_SHEET].sheet_state == "hidden"
    assert [c.value for c in data[1]] == headers(contract)
    assert str(data.freeze_panes).endswith("2")
    assert data.auto_filter.ref == f"A1:{get_column_letter(len(headers(contract)))}{ROWS + 1}"


@contracts
def test_required_columns_look_different_and_say_so(contract: Contract, tmp_path: Path) -> None:
    data = made(contract, tmp_path).worksheets[0]
    fills = {True: set(), False: set()}
    for cell, field in zip(data[1], columns(contract), strict=False):
        fills[field.required].add(cell.fill.fgColor.rgb)
        assert cell.comment.text.startswith("*") is field.required
        assert field.title_ru in cell.comment.text and field.note_ru in cell.comment.text
    assert not fills[True] & fills[False]


@contracts
def test_drop_downs_offer_the_code_list(contract: Contract, tmp_path: Path) -> None:
    book = made(contract, tmp_path)
    by_column = checks(book)
    for index, field in enumerate(columns(contract), start=1):
        check = by_column.get(get_column_letter(index))
        if field.codes:
            assert check.type == "list"
            area = check.formula1.partition("!")[2].replace("$", "")
            offered = [c.value for (c,) in book[LISTS_SHEET][area]]
            assert offered == [c.title_ru for c in code_lists.code_list(field.codes)]
            accepted = code_lists.aliases(field.codes)
            assert {accepted[t.lower()] for t in offered} == code_lists.codes(field.codes)
        elif field.kind == "bool":
            assert check.formula1 == '"Да,Нет"'


@contracts
def test_limits_are_those_of_the_field(contract: Contract, tmp_path: Path) -> None:
    by_column = checks(made(contract, tmp_path))
    for index, field in enumerate(columns(contract), start=1):
        check = by_column.get(get_column_letter(index))
        if field.kind in ("int", "number"):
            assert check.type == ("whole" if field.kind == "int" else "decimal")
            assert field.ge is None or float(check.formula1) == field.ge
            assert field.le is None or float(check.formula2) == field.le
        if field.kind == "date":
            assert check.type == "date"
        if check is not None:
            assert check.error and len(check.error) <= 255 and len(check.errorTitle) <= 32
            assert check.showErrorMessage and check.allow_blank


@contracts
def test_text_columns_keep_leading_zeros(contract: Contract, tmp_path: Path) -> None:
    data = made(contract, tmp_path).worksheets[0]
    for index, field in enumerate(columns(contract), start=1):
        as_text = data.column_dimensions[get_column_letter(index)].number_format == "@"
        assert as_text is (field.kind in ("text", "bool"))


@contracts
def test_notes_explain_every_field(contract: Contract, tmp_path: Path) -> None:
    notes = made(contract, tmp_path)[NOTES_SHEET]
    rows = {r[1].value: [str(c.value or "") for c in r] for r in notes.iter_rows() if r[1].value}
    for field in columns(contract):
        assert rows[field.name][0] == field.title_ru
        assert ("да" in rows[field.name][2]) is field.required
    text = " ".join(str(c.value) for r in notes.iter_rows() for c in r if c.value)
    assert contract.title_ru in text
    assert all(ru in text for ru, _ in contract.relations.values())
    assert ("item:" in text) is contract.has_items


@contracts
def test_the_data_sheet_is_recognised(contract: Contract, tmp_path: Path) -> None:
    write_template(contract, tmp_path / "empty.xlsx")
    match, _ = recognise(read_grid(tmp_path / "empty.xlsx").sheets[0])
    assert match is not None and match.layout.contract == contract.name and match.row == 0


def test_sheet_name_fits_excel(tmp_path: Path) -> None:
    for contract in CONTRACTS.values():
        write_template(contract, tmp_path / f"{contract.name}.xlsx")
        assert len(load_workbook(tmp_path / f"{contract.name}.xlsx").sheetnames[0]) <= 31
