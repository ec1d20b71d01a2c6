"""The empty workbook to collect a file kind with: headers, drop-downs and limits, all from its contract."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from schemas import CONTRACTS, Contract, Field
from schemas import codes as code_lists
from schemas.base import LIMITS_RU

NOTES_SHEET = "Пояснения"
LISTS_SHEET = "Списки"
#: Rows below the header that carry drop-downs and limits.
ROWS = 5000
#: The item columns that a blank workbook starts with; whoever fills it in renames them.
EXAMPLE_ITEMS = ("item:1 (1)", "item:2 (1)", "item:3 (2)")

KINDS_RU = {"text": "текст", "int": "целое число", "number": "число", "date": "дата", "bool": "да или нет"}
_FORMATS = {"text": "@", "int": "0", "number": "General", "date": "DD.MM.YYYY", "bool": "@"}
_DATES = (dt.date(1990, 1, 1), dt.date(2099, 12, 31))
_AUTHOR = "Uroven"

#: Fill and font colour of a header cell.
REQUIRED, OPTIONAL, EXAMPLE = ("1F4E78", "FFFFFF"), ("DDEBF7", "1F3864"), ("E2EFDA", "375623")
_MISSING, _STRIPE = "FCE4D6", "F5F7FA"
_LINE = Side(style="thin", color="BFBFBF")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


# -- the look of a sheet, shared with the returned workbook --------------------------------------------


def header_cell(cell: Cell | MergedCell, text: str, look: tuple[str, str]) -> None:
    fill, font = look
    cell.value = text
    cell.fill = PatternFill("solid", fgColor=fill)
    cell.font = Font(name="Calibri", size=11, bold=True, color=font)
    cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    cell.border = _BOX


def plain(cell: Cell | MergedCell, value: Any) -> None:
    """Set a cell's value; a text stays a text, whatever it starts with."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"


def lines_of(text: str, width: float) -> int:
    """How many lines a text takes in a column of that width."""
    return sum(max(1, -(-len(line) // max(1, int(width)))) for line in text.split("\n"))


def table(ws: Worksheet, row: int, head: Sequence[str], body: Sequence[Sequence[object]]) -> int:
    """Draw a table from a row on, in the sheet's column widths; return the row after it."""
    widths = [ws.column_dimensions[get_column_letter(i)].width for i in range(1, len(head) + 1)]
    for index, text in enumerate(head, start=1):
        header_cell(ws.cell(row, index), text, REQUIRED)
    ws.row_dimensions[row].height = 16.0 * max(map(lines_of, head, widths)) + 4
    for offset, values in enumerate(body, start=1):
        for index, value in enumerate(values, start=1):
            cell = ws.cell(row + offset, index)
            plain(cell, value if value != "" else None)
            across = None if isinstance(value, str) else "center"
            cell.alignment = Alignment(vertical="top", horizontal=across, wrap_text=True)
            cell.border = _BOX
            if offset % 2 == 0:
                cell.fill = PatternFill("solid", fgColor=_STRIPE)
        lines = max(lines_of(str(v), w * 1.05) for v, w in zip(values, widths, strict=True))
        ws.row_dimensions[row + offset].height = min(15.5 * lines + 3, 400)
    return row + len(body) + 1


def paragraph(ws: Worksheet, row: int, text: str, columns: int, *, font: Font | None = None) -> None:
    """A line of text over the first columns of a sheet, as high as it needs."""
    ws.merge_cells(start_row=row, start_column=1, end_row=row, end_column=columns)
    cell = ws.cell(row, 1)
    plain(cell, text)
    cell.font = font or Font(name="Calibri", size=11)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    width = sum(ws.column_dimensions[get_column_letter(i)].width for i in range(1, columns + 1))
    size = (font.size if font and font.size else 11) / 11
    ws.row_dimensions[row].height = 16 * size * lines_of(text, width / size) + 2


def fit_page(ws: Worksheet, repeat: str | None = None) -> None:
    """Printed in landscape on A4, all columns on one page."""
    ws.page_setup.orientation = "landscape"
    ws.page_setup.paperSize = ws.PAPERSIZE_A4
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    ws.print_title_rows = repeat
    ws.page_margins.left = ws.page_margins.right = 0.4


# -- what a field is, in Russian -----------------------------------------------------------------------


def columns(contract: Contract) -> list[Field]:
    """The columns of a file kind's workbook: its fields and, where it has none, the school year's."""
    fields = list(contract.fields.values())
    if "school_year" in contract.fields:
        return fields
    return [CONTRACTS["assessment_register"].fields["school_year"], *fields]


def headers(contract: Contract) -> list[str]:
    """The header row of a file kind's workbook."""
    return [f.title_ru for f in columns(contract)] + list(EXAMPLE_ITEMS if contract.has_items else ())


def unit_ru(field: Field) -> str:
    """The unit of a field; empty where it has none."""
    return next((u.title_ru for u in code_lists.code_list("unit") if u.code == field.unit), "")


def limits_ru(field: Field) -> str:
    """The limits of a field in words."""
    return "; ".join(field.limits(LIMITS_RU))


def _allowed(field: Field) -> str:
    if field.kind == "bool":
        return "Да; Нет"
    return "; ".join(c.title_ru for c in code_lists.code_list(field.codes)) if field.codes else ""


def _advice(contract: Contract) -> list[str]:
    key = ", ".join(f.title_ru for f in columns(contract) if f.key)
    lines = [
        f"Одна строка — одно сочетание: {key}. Вторая строка с тем же сочетанием — повтор.",
        "Тёмная шапка — обязательный столбец, светлая — необязательный (его можно удалить). "
        "Пустая обязательная ячейка в начатой строке подсвечивается.",
        "Названия столбцов не меняйте; порядок столбцов может быть любым.",
        "Пустая ячейка значит «нет сведений». Если значение равно нулю, напишите 0.",
        "Коды хранятся как текст, ведущие нули сохраняются. Вставляйте из других книг только значения.",
    ]
    if contract.has_items:
        lines.append(
            "Задания: на каждое задание свой столбец с заголовком «item:НОМЕР (МАКСИМУМ)», например "
            "«item:4.1 (2)». Столбцы-примеры переименуйте, недостающие добавьте, лишние удалите. "
            "В ячейке балл; X — не приступал; «не пройд.» — тема ещё не пройдена; пусто — отсутствовал."
        )
    if contract.context:
        whole = [f.title_ru for f in columns(contract) if f.name in contract.context]
        lines.append(
            f"Заполните в каждой строке, даже если для всей книги значение одно: {', '.join(whole)}."
        )
    return lines


# -- the sheets ----------------------------------------------------------------------------------------


def _check_of(field: Field, lists: dict[str, str]) -> dict[str, Any]:
    """The settings of what Excel itself checks in a field's cells; empty for nothing."""
    if field.codes:
        message = "Выберите значение из списка. Все значения описаны на листе «Пояснения»."
        return {"type": "list", "formula1": lists[field.codes], "error": message}
    if field.kind == "bool":
        return {"type": "list", "formula1": '"Да,Нет"', "error": "Выберите «Да» или «Нет»."}
    settings: dict[str, Any] = {"operator": "between"}
    low: float | str
    high: float | str
    if field.kind == "date":
        low, high = (f"DATE({d.year},{d.month},{d.day})" for d in _DATES)
        settings |= {"type": "date", "error": "Введите дату: ДД.ММ.ГГГГ."}
    elif field.kind in ("int", "number"):
        low = -1e9 if field.ge is None else field.ge
        high = 1e9 if field.le is None else field.le
        words = " ".join(("Введите", KINDS_RU[field.kind], limits_ru(field))).strip()
        settings |= {"type": "whole" if field.kind == "int" else "decimal", "error": f"{words}."}
    elif field.width:
        low, high = min(field.width), max(field.width)
        words = f"Обычно {limits_ru(field)}. Проверьте, не потерян ли ведущий ноль."
        settings |= {"type": "textLength", "errorStyle": "warning", "error": words}
    else:
        return {}
    as_text = (v if isinstance(v, str) else f"{v:.15g}" for v in (low, high))
    return settings | dict(zip(("formula1", "formula2"), as_text, strict=True))


def _validation(field: Field, lists: dict[str, str]) -> DataValidation | None:
    settings = _check_of(field, lists)
    if not settings:
        return None
    title = field.title_ru if len(field.title_ru) <= 32 else f"{field.title_ru[:31]}…"
    return DataValidation(allow_blank=True, showErrorMessage=True, errorTitle=title, **settings)


def _comment(lines: list[str]) -> Comment:
    height = 20 + 17 * sum(lines_of(line, 40) for line in lines)
    return Comment("\n".join(lines), _AUTHOR, height=height, width=300)


def _about(field: Field) -> list[str]:
    lines = ["* Обязательный столбец" if field.required else "Необязательный столбец"]
    lines.append(f"{field.title_ru}: {KINDS_RU[field.kind]}")
    if unit := unit_ru(field):
        lines.append(f"Единица: {unit}")
    if limits := limits_ru(field):
        lines.append(f"Допустимо: {limits}")
    if field.codes:
        lines.append("Значения: из раскрывающегося списка")
    return [*lines, field.note_ru] if field.note_ru else lines


def _width(header: str) -> float:
    """Room for the longest word of a header and for about three lines of it."""
    longest = max(len(word) for word in header.split())
    return min(max(13.0, longest * 1.2 + 5, len(header) / 2.4 + 4), 34.0)


def _data_sheet(ws: Worksheet, contract: Contract, lists: dict[str, str]) -> None:
    fields, titles, last = columns(contract), headers(contract), ROWS + 1
    whole_row = f"$A2:${get_column_letter(len(titles))}2"
    lines = 1
    for index, title in enumerate(titles, start=1):
        letter, cell = get_column_letter(index), ws.cell(1, index)
        ws.column_dimensions[letter].width = _width(title)
        lines = max(lines, lines_of(title, _width(title) * 0.8))
        if index > len(fields):
            header_cell(cell, title, EXAMPLE)
            cell.comment = _comment(
                ["Пример: item:НОМЕР (МАКСИМУМ)", "Переименуйте по заданиям своей работы"]
            )
            continue
        field, area = fields[index - 1], f"{letter}2:{letter}{last}"
        header_cell(cell, title, REQUIRED if field.required else OPTIONAL)
        cell.comment = _comment(_about(field))
        ws.column_dimensions[letter].number_format = _FORMATS[field.kind]
        if check := _validation(field, lists):
            check.add(area)
            ws.add_data_validation(check)
        if field.required:
            blank = f"AND(COUNTA({whole_row})>0,LEN(TRIM(${letter}2))=0)"
            fill = PatternFill("solid", bgColor=_MISSING)
            ws.conditional_formatting.add(area, FormulaRule(formula=[blank], fill=fill))
    ws.row_dimensions[1].height = 16 * max(2, lines) + 4
    names = [f.name for f in fields]
    pinned = names.index("school_id") + 2 if "school_id" in names[:3] else 1
    ws.freeze_panes = f"{get_column_letter(pinned)}2"
    ws.auto_filter.ref = f"A1:{get_column_letter(len(titles))}{last}"
    ws.sheet_properties.tabColor = REQUIRED[0]
    fit_page(ws, "1:1")


def _lists_sheet(ws: Worksheet, names: Iterable[str]) -> dict[str, str]:
    """The code lists, one a column; the range of each by its name."""
    ranges = {}
    for index, name in enumerate(names, start=1):
        letter = get_column_letter(index)
        titles = [c.title_ru for c in code_lists.code_list(name)]
        for row, text in enumerate([name, *titles], start=1):
            ws.cell(row, index).value = text
        ranges[name] = f"'{LISTS_SHEET}'!${letter}$2:${letter}${len(titles) + 1}"
    ws.sheet_state = "hidden"
    return ranges


def _notes_sheet(ws: Worksheet, contract: Contract) -> None:
    head = [
        "Столбец",
        "Имя поля",
        "Обязательный",
        "Тип",
        "Единица",
        "Допустимо",
        "Значения списка",
        "Примечание",
    ]
    for letter, width in zip("ABCDEFGH", (34, 24, 15, 14, 16, 20, 62, 28), strict=True):
        ws.column_dimensions[letter].width = width
    paragraph(
        ws, 1, contract.title_ru, len(head), font=Font(name="Calibri", size=16, bold=True, color=REQUIRED[0])
    )
    row = 2
    for text in _advice(contract):
        paragraph(ws, row, f"•  {text}", len(head))
        row += 1
    body = [
        [
            f.title_ru,
            f.name,
            "да *" if f.required else "",
            KINDS_RU[f.kind],
            unit_ru(f),
            limits_ru(f),
            _allowed(f),
            f.note_ru,
        ]
        for f in columns(contract)
    ]
    row = table(ws, row + 1, head, body) + 1
    if contract.relations:
        paragraph(
            ws, row, "Что ещё проверяется в строке", len(head), font=Font(name="Calibri", size=12, bold=True)
        )
        for offset, (russian, _) in enumerate(contract.relations.values(), start=1):
            paragraph(ws, row + offset, f"•  {russian}", len(head))
    ws.sheet_view.showGridLines = False
    fit_page(ws)


def write_template(contract: Contract, path: Path) -> None:
    """Write the empty workbook to collect a file kind with."""
    book = Workbook()
    data = book.active
    assert isinstance(data, Worksheet)
    data.title = re.sub(r"[\[\]:*?/\\]", " ", contract.title_ru)[:31]
    notes, lists = book.create_sheet(NOTES_SHEET), book.create_sheet(LISTS_SHEET)
    names = dict.fromkeys(f.codes for f in columns(contract) if f.codes)
    _data_sheet(data, contract, _lists_sheet(lists, names))
    _notes_sheet(notes, contract)
    book.properties.creator, book.properties.title = _AUTHOR, contract.title_ru
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
