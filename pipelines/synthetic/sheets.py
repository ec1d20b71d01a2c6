"""Plain sheets and their files: what a draft file holds, its planted faults, and byte-stable writers.

The xlsx writer is our own and short, because a regional protocol has a million cells: it streams rows as
text, keeps no cell objects, and stamps nothing that changes from run to run.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

STAMP = (2021, 9, 1, 0, 0, 0)
_EPOCH = date(1899, 12, 30)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PKG = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CHUNK = 2000


@dataclass(frozen=True)
class Formula:
    """A formula cell; ``value`` is what the workbook remembers of it, None when it remembers nothing."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class ErrorCell:
    """A cell that shows an error, as ``#N/A`` or ``#DIV/0!``."""

    text: str


@dataclass(frozen=True)
class Fault:
    """One planted fault. ``row`` counts from 1 as in the spreadsheet, 0 for the file as a whole."""

    file: str
    sheet: str
    row: int
    column: str
    field: str
    raw_value: str
    fault: str
    severity: str
    note: str


@dataclass
class Sheet:
    """Rows of cells with the header's place; merges are (first row, first column, last row, last column)."""

    name: str
    rows: list[list[Any]]
    header: int = 1
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False


@dataclass
class Draft:
    """A file to be: sheets, its manifest row if it can't speak for itself, and the faults planted in it."""

    path: str
    sheets: list[Sheet]
    manifest: dict[str, Any] | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    newline: str = "\n"
    faults: list[Fault] = field(default_factory=list)

    def put(
        self, row: int, column: int, value: Any, fault: str, severity: str, note: str = "", sheet: int = 0
    ) -> None:
        """Set the cell at spreadsheet ``row`` and zero-based ``column``, and record why."""
        cells = self.sheets[sheet].rows[row - 1]
        cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = value
        self.note(row, column, fault, severity, note, sheet)

    def note(self, row: int, column: int, fault: str, severity: str, note: str = "", sheet: int = 0) -> None:
        """Record a fault that stands in the sheet already."""
        target = self.sheets[sheet]
        value = target.rows[row - 1][column] if row and column < len(target.rows[row - 1]) else None
        names = target.rows[target.header - 1] if target.header else []
        name = str(names[column]) if column < len(names) and names[column] is not None else ""
        self.faults.append(
            Fault(self.path, target.name, row, letters(column), name, text_of(value), fault, severity, note)
        )


def letters(column: int) -> str:
    """The spreadsheet's letters of a zero-based column number."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def text_of(value: Any) -> str:
    """A cell's value as text: what stands in a csv, and in the table of planted faults."""
    if value is None:
        return ""
    if isinstance(value, Formula):
        return "=" + value.text
    if isinstance(value, ErrorCell):
        return value.text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def csv_bytes(sheet: Sheet, delimiter: str, encoding: str, newline: str) -> bytes:
    """The sheet as delimited text."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline)
    writer.writerows([text_of(cell) for cell in row] for row in sheet.rows)
    return buffer.getvalue().encode(encoding)


def _payload(value: Any, strings: dict[str, int]) -> str:
    """What follows the cell's address: type, style, value. Texts are numbered in ``strings``."""
    if isinstance(value, str):
        return f' t="s"><v>{strings.setdefault(value, len(strings))}</v></c>'
    if isinstance(value, Formula):
        cached = "" if value.value is None else f"<v>{value.value!r}</v>"
        return f"><f>{escape(value.text)}</f>{cached}</c>"
    if isinstance(value, ErrorCell):
        return f' t="e"><v>{value.text}</v></c>'
    if isinstance(value, date):
        return f' s="1"><v>{(value - _EPOCH).days}</v></c>'
    return f"><v>{value}</v></c>"


def _strings_xml(strings: dict[str, int]) -> str:
    parts = [f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(strings)}">']
    for text in strings:
        space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        parts.append(f"<si><t{space}>{escape(text)}</t></si>")
    return "".join([*parts, "</sst>"])


def _sheet_xml(sheet: Sheet, strings: dict[str, int]) -> Iterator[str]:
    width = max((len(row) for row in sheet.rows), default=1) or 1
    address = [f'<c r="{letters(column)}' for column in range(width)]
    known: dict[Any, str] = {}
    last = f"{letters(width - 1)}{max(len(sheet.rows), 1)}"
    yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><dimension ref="A1:{last}"/><sheetData>'
    for start in range(0, len(sheet.rows), _CHUNK):
        parts: list[str] = []
        for number, row in enumerate(sheet.rows[start : start + _CHUNK], start=start + 1):
            tail = f'{number}"'
            parts.append(f'<row r="{number}">')
            for place, value in zip(address, row, strict=False):
                if value is None or value == "":
                    continue
                rest = known.get(value)
                if rest is None:
                    rest = known[value] = _payload(value, strings)
                parts.append(place + tail + rest)
            parts.append("</row>")
        yield "".join(parts)
    merges = "".join(
        f'<mergeCell ref="{letters(c1)}{r1}:{letters(c2)}{r2}"/>' for r1, c1, r2, c2 in sheet.merges
    )
    if merges:
        merges = f'<mergeCells count="{len(sheet.merges)}">{merges}</mergeCells>'
    yield f"</sheetData>{merges}</worksheet>"


def _package(sheets: Sequence[Sheet]) -> dict[str, str]:
    """The parts of the workbook around its sheets."""
    numbers = range(1, len(sheets) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    named = "".join(
        f'<sheet name="{escape(sheet.name, {chr(34): "&quot;"})}" sheetId="{n}" '
        f'{"state=" + chr(34) + "hidden" + chr(34) + " " if sheet.hidden else ""}r:id="rId{n}"/>'
        for n, sheet in zip(numbers, sheets, strict=True)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_REL}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    styles = len(sheets) + 1
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PKG}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PKG}/relationships"><Relationship Id="rId1" '
        f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}">'
        f"<sheets>{named}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PKG}/relationships">{related}'
        f'<Relationship Id="rId{styles}" Type="{_REL}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId{styles + 1}" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/styles.xml": f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/>'
        '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/>'
        '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs><cellStyles count="1">'
        '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }


def write_xlsx(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook; the same sheets give the same bytes."""

    def entry(name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, STAMP)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info

    strings: dict[str, int] = {}
    level = 9 if sum(len(sheet.rows) for sheet in sheets) < _CHUNK else 6
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, text in _package(sheets).items():
            archive.writestr(entry(name), text)
        for number, sheet in enumerate(sheets, start=1):
            with archive.open(entry(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as part:
                for text in _sheet_xml(sheet, strings):
                    part.write(text.encode())
        archive.writestr(entry("xl/sharedStrings.xml"), _strings_xml(strings))


def write_draft(root: Path, draft: Draft) -> None:
    """Write the draft under ``root`` in the form that its name's ending asks for."""
    path = root / draft.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xlsx":
        write_xlsx(path, draft.sheets)
    else:
        path.write_bytes(csv_bytes(draft.sheets[0], draft.delimiter, draft.encoding, draft.newline))


MANIFEST = ("file", "contract", "kind", "subject", "grade", "school_year", "window")


def manifest_bytes(rows: Iterable[dict[str, Any]]) -> bytes:
    """The manifest of a folder."""
    table: list[list[Any]] = [list(MANIFEST)]
    table += [[row.get(name) for name in MANIFEST] for row in rows]
    return csv_bytes(Sheet("", table), ",", "utf-8", "\n")
