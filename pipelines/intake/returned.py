"""The sender's own workbook, given back with every wrong cell marked and explained.

Faults are told apart by the frame of the cell (thick, dashed, dotted) as well as by colour, and each marked
cell carries a comment. A first sheet lists what is wrong, how often and where.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import python_calamine as calamine
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.files import whole
from pipelines.intake.grid import UnreadableFile, read_grid
from pipelines.intake.template import REQUIRED, fit_page, paragraph, plain, table

Severity = Literal["error", "warning", "repair"]

ERRORS_SHEET = "Ошибки"
#: Beyond these a workbook would open too slowly: the rest is only counted.
MOST_MARKED, MOST_LISTED = 5000, 500
#: A source that is larger (packed, unpacked) is not rebuilt: its sender gets the list of faults alone.
LARGEST_SOURCE, LARGEST_UNPACKED = 60_000_000, 600_000_000

_AUTHOR = "Uroven"
_HEADING = "Проверка файла"
_SENDERS = "\n— Примечание отправителя: "
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_FORMULA = re.compile(r"^[\s]*[=+\-@\t\r]")
_EXTERNAL = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class CellFinding:
    """One fault. ``row`` and ``column`` count from 1; a finding without a column is about the whole row,
    without a row about the sheet, without a sheet about the file."""

    sheet: str | None
    row: int | None
    column: int | None
    column_title: str
    value: str
    rule_id: str
    severity: Severity
    message_ru: str


@dataclass(frozen=True)
class _Mark:
    word: str
    plural: str
    fill: str | None
    line: Literal["thick", "mediumDashed", "dotted"]
    colour: str


_MARKS: dict[Severity, _Mark] = {
    "error": _Mark("ОШИБКА", "ошибки", "FFC7CE", "thick", "C00000"),
    "warning": _Mark("Предупреждение", "предупреждения", "FFEB9C", "mediumDashed", "7F6000"),
    "repair": _Mark("Исправлено при приёме", "исправлено при приёме", None, "dotted", "2F75B5"),
}
_ORDER: dict[Severity, int] = {s: i for i, s in enumerate(_MARKS)}


def safe_text(value: str) -> str:
    """A sender's text as it may stand in a sheet: never a formula, no control characters."""
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    return f"'{text}" if _FORMULA.match(text) else text


# -- the sender's workbook -----------------------------------------------------------------------------


def _without_external(book: Workbook, source: Path) -> None:
    """Replace formulas that look into other workbooks by the values they last had, and drop such names."""
    with zipfile.ZipFile(source) as z:
        if not any(name.startswith("xl/externalLinks/") for name in z.namelist()):
            return
    with source.open("rb") as f:
        values = load_workbook(f, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f" and _EXTERNAL.search(str(cell.value)):
                    plain(cell, values[sheet.title][cell.coordinate].value)
    for scope in (book.defined_names, *(sheet.defined_names for sheet in book.worksheets)):
        for name in [n for n, defined in scope.items() if _EXTERNAL.search(defined.attr_text or "")]:
            del scope[name]


def _as_value(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value.total_seconds() / 86400 if isinstance(value, dt.timedelta) else value


def copied(sheets: Iterable[tuple[str, bool, list[list[Any]]]]) -> Workbook:
    """A workbook of the given sheets: name, whether hidden, rows of values."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, hidden, rows in sheets:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31] or "Данные")
        sheet.sheet_state = "hidden" if hidden else "visible"
        for number, values in enumerate(rows, start=1):
            for index, value in enumerate(values, start=1):
                if value != "":
                    plain(sheet.cell(number, index), _as_value(value))
    return book


def _copy_of_binary(source: Path) -> Workbook:
    """The cells of a workbook that openpyxl doesn't open (xls, xlsb, ods) in a new one."""
    with source.open("rb") as f:
        old = calamine.CalamineWorkbook.from_object(f)
    sheets = (m for m in old.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet)
    return copied(
        (
            m.name,
            m.visible != calamine.SheetVisibleEnum.Visible,
            old.get_sheet_by_name(m.name).to_python(skip_empty_area=False),
        )
        for m in sheets
    )


def _open(source: Path) -> Workbook | None:
    """The sender's cells as a workbook, or None where the file can't be opened."""
    try:
        if source.stat().st_size > LARGEST_SOURCE:
            return None
        with source.open("rb") as f:
            magic = f.read(4)
        if magic == b"PK\x03\x04":
            with zipfile.ZipFile(source) as z:
                if sum(i.file_size for i in z.infolist()) > LARGEST_UNPACKED:
                    return None
            try:
                with source.open("rb") as f:
                    book = load_workbook(f, keep_vba=False, keep_links=False)
                _without_external(book, source)
                return book if book.worksheets else None
            except Exception:  # openpyxl raises whatever the broken part raises
                return _copy_of_binary(source)
        if magic == b"\xd0\xcf\x11\xe0":
            return _copy_of_binary(source)
        return copied((s.name, s.hidden, s.rows) for s in read_grid(source).sheets)
    except (
        calamine.CalamineError,
        calamine.PasswordError,
        UnreadableFile,
        OSError,
        ValueError,
        zipfile.BadZipFile,
    ):
        return None


# -- marks ---------------------------------------------------------------------------------------------


def _forget_earlier(book: Workbook) -> None:
    """Take away the list and the marks of an earlier return that was corrected and sent again."""
    earlier = [
        s
        for s in book.worksheets
        if s.title == ERRORS_SHEET and str(s["A1"].value or "").startswith(_HEADING)
    ]
    if not earlier or len(book.worksheets) == 1:
        return
    for sheet in earlier:
        book.remove(sheet)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment and cell.comment.author == _AUTHOR and isinstance(cell, Cell):
                    kept = cell.comment.text.partition(_SENDERS)[2]
                    cell.comment = Comment(kept, "") if kept else None
                    cell.fill, cell.border = PatternFill(), Border()


def _cell_of(sheet: Worksheet, row: int, column: int) -> Cell:
    """The cell, or the first cell of the merged area it lies in."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        area = next(a for a in sheet.merged_cells.ranges if cell.coordinate in a)
        cell = sheet.cell(area.min_row, area.min_col)
    assert isinstance(cell, Cell)
    return cell


def _comment_text(findings: Sequence[CellFinding]) -> str:
    lines = []
    for f in findings:
        where = "Вся строка: " if f.column is None else ""
        lines.append(f"{_MARKS[f.severity].word}. {where}{f.message_ru}")
    return "\n".join(dict.fromkeys(lines))


def _mark(cell: Cell, findings: Sequence[CellFinding]) -> None:
    worst = _MARKS[min((f.severity for f in findings), key=_ORDER.__getitem__)]
    side = Side(style=worst.line, color=worst.colour)
    cell.border = Border(left=side, right=side, top=side, bottom=side)
    if worst.fill:
        cell.fill = PatternFill("solid", fgColor=worst.fill)
    text = ILLEGAL_CHARACTERS_RE.sub("", _comment_text(findings))[:2000]
    if cell.comment and cell.comment.author != _AUTHOR:
        text += _SENDERS + cell.comment.text
    lines = sum(1 + len(line) // 42 for line in text.split("\n"))
    cell.comment = Comment(text, _AUTHOR, height=24 + 17 * lines, width=320)


def _place(book: Workbook | None, finding: CellFinding) -> tuple[str, int, int] | None:
    """Where a finding stands in the workbook; None for those about a sheet or the file."""
    if book is None or finding.row is None or not 1 <= finding.row <= _LAST_ROW:
        return None
    names = [s.title for s in book.worksheets]
    sheet = finding.sheet if finding.sheet in names else names[0] if len(names) == 1 else None
    column = finding.column if finding.column and finding.column <= _LAST_COLUMN else 1
    return (sheet, finding.row, column) if sheet else None


def _mark_cells(book: Workbook, findings: Sequence[CellFinding]) -> int:
    """Mark the cells, the worst faults first; return how many findings were left unmarked."""
    by_cell: dict[tuple[str, int, int], list[CellFinding]] = defaultdict(list)
    left = 0
    for finding in findings:
        place = _place(book, finding)
        if place is None:
            continue
        if place not in by_cell and len(by_cell) == MOST_MARKED:
            left += 1
        else:
            by_cell[place].append(finding)
    merged: dict[tuple[str, str], tuple[Cell, list[CellFinding]]] = {}
    for (name, row, column), found in by_cell.items():
        cell = _cell_of(book[name], row, column)  # type: ignore[arg-type]
        merged.setdefault((name, cell.coordinate), (cell, []))[1].extend(found)
    for cell, found in merged.values():
        _mark(cell, found)
    return left


# -- the list of faults --------------------------------------------------------------------------------


def _link(cell: Cell | MergedCell, place: tuple[str, int, int]) -> None:
    name, row, column = place
    quoted = name.replace("'", "''")
    target = f"'{quoted}'!{get_column_letter(column)}{row}"
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=target, tooltip="Перейти к ячейке")
    cell.font = Font(name="Calibri", size=11, color="0563C1", underline="single")


def _messages(findings: Sequence[CellFinding]) -> str:
    texts = list(dict.fromkeys(f.message_ru for f in findings))
    more = [f"… и ещё вариантов: {len(texts) - 3}"] if len(texts) > 3 else []
    return "\n".join([*map(safe_text, texts[:3]), *more])


def _values(findings: Sequence[CellFinding]) -> str:
    texts = list(dict.fromkeys(f.value for f in findings if f.value))
    shown = "; ".join(t if len(t) <= 40 else f"{t[:39]}…" for t in texts[:3])
    return safe_text(shown + ("; …" if len(texts) > 3 else ""))


def _row_text(finding: CellFinding) -> str | int:
    return finding.row if finding.row is not None else "весь лист" if finding.sheet else "весь файл"


def _colour(ws: Worksheet, row: int, column: int, severity: Severity) -> None:
    mark, cell = _MARKS[severity], ws.cell(row, column)
    side = Side(style=mark.line, color=mark.colour)
    cell.border = Border(left=side, right=side, top=side, bottom=side)
    cell.font = Font(name="Calibri", size=11, bold=severity == "error", color=mark.colour)
    if mark.fill:
        cell.fill = PatternFill("solid", fgColor=mark.fill)


def _instructions(counts: Counter[Severity], opened: bool, left: int) -> list[str]:
    lines = []
    if not opened:
        lines.append("Книга не открылась целиком, поэтому ячейки не отмечены: здесь только список замечаний.")
    if counts["error"]:
        lines.append(
            "1. Исправьте ошибки: нажмите на номер строки, чтобы перейти к ячейке; "
            "пояснение — в примечании к ней."
            if opened
            else "1. Исправьте ошибки в своей книге по списку ниже."
        )
        lines.append("2. Проверьте предупреждения: строки приняты, но число или код вызывает сомнение.")
        lines.append("3. Сохраните книгу и пришлите её ещё раз целиком. Этот лист удалять не нужно.")
    else:
        lines.append("Ошибок нет. Проверьте предупреждения; если всё верно, присылать файл ещё раз не нужно.")
    if left:
        lines.append(f"Отмечены первые {MOST_MARKED} ячеек; ещё замечаний без отметки: {left}.")
    return lines


def _grouped(findings: Sequence[CellFinding]) -> list[list[CellFinding]]:
    groups: dict[tuple[str, str, str | None, str], list[CellFinding]] = defaultdict(list)
    for f in findings:
        groups[(f.severity, f.rule_id, f.sheet, f.column_title)].append(f)
    return sorted(groups.values(), key=lambda g: (_ORDER[g[0].severity], -len(g)))


def _address(finding: CellFinding) -> str:
    known = finding.row is not None and finding.column and finding.column <= _LAST_COLUMN
    return f"{get_column_letter(finding.column or 1)}{finding.row}" if known else ""


def _row(number: int, found: Sequence[CellFinding], *, grouped: bool) -> list[Any]:
    first, message = found[0], _messages(found)
    return [
        number,
        _MARKS[first.severity].word,
        f"{message}\n[{first.rule_id}]" if grouped else message,
        safe_text(first.column_title),
        len(found) if grouped else _address(first),
        _values(found),
        safe_text(first.sheet or ""),
        _row_text(first),
    ]


def _draw(
    ws: Worksheet, row: int, groups: Sequence[Sequence[CellFinding]], book: Workbook | None, *, grouped: bool
) -> int:
    """A table of faults from a row on, each with a link to its (first) cell; return the row after it."""
    first = (
        ("Сколько", "Значения", "Лист", "Первая строка")
        if grouped
        else ("Ячейка", "Значение", "Лист", "Строка")
    )
    head = ["№", "Важность", "Что не так", "Столбец", *first]
    after = table(ws, row, head, [_row(i, g, grouped=grouped) for i, g in enumerate(groups, start=1)])
    for number, found in enumerate(groups, start=row + 1):
        _colour(ws, number, 2, found[0].severity)
        if place := _place(book, found[0]):
            _link(ws.cell(number, 8), place)
    return after


def _summary(
    ws: Worksheet, book: Workbook | None, findings: Sequence[CellFinding], name: str, left: int
) -> None:
    for letter, width in zip("ABCDEFGH", (6, 18, 62, 26, 11, 26, 20, 16), strict=True):
        ws.column_dimensions[letter].width = width
    counts = Counter(f.severity for f in findings)
    large = Font(name="Calibri", size=16, bold=True, color=REQUIRED[0])
    bold = Font(name="Calibri", size=12, bold=True)
    paragraph(ws, 1, f"{_HEADING} «{safe_text(name)}»", 8, font=large)
    totals = ", ".join(f"{m.plural} — {counts[s]}" for s, m in _MARKS.items() if counts[s])
    paragraph(ws, 2, f"Замечаний: {len(findings)} ({totals})", 8, font=bold)
    row = 3
    for text in _instructions(counts, book is not None, left):
        paragraph(ws, row, text, 8)
        row += 1
    groups = _grouped(findings)
    after = _draw(ws, row + 1, groups, book, grouped=True)
    placed = [f for f in findings if f.row is not None]
    if len(findings) > len(groups):
        title = "Все замечания по порядку"
        if len(placed) > MOST_LISTED:
            title += f" (первые {MOST_LISTED} из {len(placed)})"
        paragraph(ws, after + 1, title, 8, font=bold)
        _draw(ws, after + 2, [[f] for f in placed[:MOST_LISTED]], book, grouped=False)
    ws.sheet_view.showGridLines = False
    ws.sheet_properties.tabColor = "C00000"
    fit_page(ws)


def mark_workbook(
    source: Path | None, findings: Sequence[CellFinding], target: Path, *, file_name: str
) -> None:
    """Write the sender's workbook with its wrong cells marked and a first sheet that lists the faults.

    Without a source, and of one that can't be opened, the workbook has the list alone. Macros and links to
    other workbooks are left out; hidden sheets stay hidden. ``file_name`` is the name under which the file
    was sent.
    """
    findings = sorted(findings, key=lambda f: _ORDER[f.severity])  # within a severity as they came
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of extensions that it drops
        book = _open(source) if source else None
    left = 0
    if book is None:
        result = Workbook()
        result.remove(result.worksheets[0])
    else:
        result = book
        _forget_earlier(book)
        left = _mark_cells(book, findings)
    ws = result.create_sheet(ERRORS_SHEET, 0)
    _summary(ws, book, findings, file_name, left)
    for sheet in result.worksheets:
        sheet.sheet_view.tabSelected = sheet is ws
    result.active = 0
    with whole(target) as partial:
        result.save(partial)
