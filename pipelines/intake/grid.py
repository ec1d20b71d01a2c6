"""Any file -> sheets of cell text. The file's bytes decide what it is, never its extension.

calamine reads fast, but shows an error cell and a formula that was never calculated as empty. Both are looked
up in the sheet's XML and put back as text («#REF!», «=A1+B1»), so that they are refused and not lost.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import python_calamine as calamine


class UnreadableFile(Exception):
    """The file as a whole can't be read. ``rule`` names why; the messages say what the sender should do."""

    def __init__(self, rule: str, message_ru: str, message_en: str) -> None:
        super().__init__(f"{rule}: {message_en}")
        self.rule, self.message_ru, self.message_en = rule, message_ru, message_en


#: Larger sheets aren't searched for errors and uncalculated formulas.
_SCANNED_BYTES = 500_000_000
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SHEET_PART = re.compile(rb"<(?:\w+:)?sheet [^>]*?>")
_RELATION = re.compile(rb"<Relationship [^>]*?>")
_ATTRIBUTE = re.compile(rb'(\w+(?::\w+)?)="([^"]*)"')
_CELL = re.compile(rb'<c r="([A-Z]+)(\d+)"([^>]*)(?<!/)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v[^>/]*>([^<]+)</v>")
_FORMULA = re.compile(rb"<f[^>]*>([^<]*)</f>")


@dataclass
class Sheet:
    """Cell text by row and column from A1 on; rows may differ in length.

    ``merges`` are merged areas: first row, first column, last row, last column, from 0.
    """

    name: str
    rows: list[list[str]]
    hidden: bool = False
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)


@dataclass
class Grid:
    sheets: list[Sheet]
    format: str
    repairs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    """What a file may cost at most; beyond it is rejected, unread."""

    file_bytes: int = 200_000_000
    unpacked_bytes: int = 2_000_000_000
    ratio: float = 250.0
    cells: int = 60_000_000


#: The limits that hold unless others are set.
LIMITS = Limits()


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _text(value: Any) -> str:
    """A typed cell as the text a person would see in it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value)


def _rows_as_text(rows: list[list[Any]]) -> list[list[str]]:
    plain = {str}
    for i, row in enumerate(rows):
        if set(map(type, row)) != plain:
            rows[i] = [cell if type(cell) is str else _text(cell) for cell in row]
    return rows


def _attributes(tag: bytes) -> dict[str, str]:
    return {k.decode(): unescape(v.decode(), {"&quot;": '"'}) for k, v in _ATTRIBUTE.findall(tag)}


def _sheet_parts(book: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> the part of the package that holds it."""
    relations = map(_attributes, _RELATION.findall(book.read("xl/_rels/workbook.xml.rels")))
    targets = {r["Id"]: posixpath.normpath(posixpath.join("/xl", r["Target"]))[1:] for r in relations}
    sheets = map(_attributes, _SHEET_PART.findall(book.read("xl/workbook.xml")))
    return {s["name"]: targets[s["r:id"]] for s in sheets if s.get("r:id") in targets}


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _is_empty_text(attributes: bytes, content: bytes) -> bool:
    """A calculated formula whose value is a text of no letters."""
    return b't="str"' in attributes and b"<v" in content


def _unseen_cells(path: Path) -> dict[str, list[tuple[int, int, str]]]:
    """By sheet, the cells that calamine shows as empty: errors, and formulas without a value."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    try:
        with zipfile.ZipFile(path) as book:
            parts = _sheet_parts(book)
            for name, part in parts.items():
                if book.getinfo(part).file_size > _SCANNED_BYTES:
                    continue
                xml = book.read(part)
                if b't="e"' not in xml and b"</f>" not in xml:
                    continue
                for letters, row, attributes, content in _CELL.findall(xml):
                    value = _VALUE.search(content)
                    if b't="e"' in attributes:
                        text = value[1].decode() if value else "#N/A"
                    elif b"<f" in content and value is None and not _is_empty_text(attributes, content):
                        formula = _FORMULA.search(content)
                        text = "=" + (unescape(formula[1].decode()) if formula else "")
                    else:
                        continue
                    found.setdefault(name, []).append((int(row) - 1, _column(letters), text))
    except (KeyError, zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, zlib.error):
        return {}
    return found


def _put_back(rows: list[list[str]], cells: list[tuple[int, int, str]]) -> None:
    for row, column, text in cells:
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([""] * (column + 1 - len(rows[row])))
        rows[row][column] = rows[row][column] or text


def _check_zip(path: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as z:
            infos = z.infolist()
    except zipfile.BadZipFile:
        raise UnreadableFile(
            "truncated",
            "Файл повреждён или передан не полностью: сохраните его заново и пришлите ещё раз",
            "The file is damaged or incomplete: save it again and send it once more",
        ) from None
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if unpacked > limits.unpacked_bytes or (unpacked > 50_000_000 and unpacked > packed * limits.ratio):
        raise UnreadableFile(
            "zip_bomb",
            "Файл распаковывается в недопустимо большой объём: скопируйте таблицу в новую книгу",
            "The file unpacks to an impermissible size: copy the table into a new workbook",
        )
    if not any(i.filename.startswith(("xl/", "content.xml")) for i in infos):
        raise UnreadableFile(
            "not_a_workbook",
            "Это архив, а не книга Excel: распакуйте его и пришлите файлы по отдельности",
            "This is an archive, not a workbook: unpack it and send the files one by one",
        )


def _protected() -> UnreadableFile:
    return UnreadableFile(
        "password",
        "Книга защищена паролем: снимите пароль и пришлите файл ещё раз",
        "The workbook is protected by a password: remove it and send the file again",
    )


def _workbook(path: Path, kind: str, limits: Limits) -> Grid:
    try:
        return Grid(_sheets(path, kind, limits), kind)
    except UnreadableFile:
        raise
    except calamine.PasswordError:
        raise _protected() from None
    except BaseException as error:
        # a damaged file can make the Rust library panic, which is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if kind == "xls" and (_ENCRYPTED in path.read_bytes() or "password" in str(error).lower()):
            raise _protected() from None
        raise UnreadableFile(
            "truncated",
            "Книга не открывается: она повреждена; сохраните её заново и пришлите ещё раз",
            f"The workbook can't be opened ({type(error).__name__}): save it again and send it once more",
        ) from None


def _sheets(path: Path, kind: str, limits: Limits) -> list[Sheet]:
    with path.open("rb") as f:
        book = calamine.CalamineWorkbook.from_object(f)
    unseen = _unseen_cells(path) if kind == "xlsx" else {}
    sheets = []
    for meta in book.sheets_metadata:
        if meta.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(meta.name)
        last_row, last_column = sheet.end or (0, 0)
        if (last_row + 1) * (last_column + 1) > limits.cells:
            raise UnreadableFile(
                "too_many_cells",
                f"На листе «{meta.name}» слишком много ячеек: удалите пустые оформленные строки и столбцы",
                f"Sheet «{meta.name}» has too many cells: delete empty formatted rows and columns",
            )
        rows = _rows_as_text(sheet.to_python(skip_empty_area=False))
        _put_back(rows, unseen.get(meta.name, []))
        hidden = meta.visible != calamine.SheetVisibleEnum.Visible
        merges = [(*first, *last) for first, last in sheet.merged_cell_ranges or []]
        sheets.append(Sheet(meta.name, rows, hidden, merges))
    return sheets


def _decode(data: bytes) -> tuple[str, list[str]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), ["encoding_utf16"]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace"), ["encoding_cp1251"]
    if text.startswith("\ufeff"):
        return text[1:], ["byte_order_mark"]
    return text, []


def _delimiter(lines: list[str]) -> str:
    """The delimiter that splits the first lines into the most columns."""

    def widths(mark: str) -> list[int]:
        return [len(row) for row in csv.reader(lines, delimiter=mark)]

    return max(";,\t", key=lambda mark: (sum(w > 1 for w in widths(mark)), sum(widths(mark))))


def _csv(path: Path) -> Grid:
    data = path.read_bytes()
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(
            "unknown_format",
            "Формат файла не распознан: пришлите книгу Excel (.xlsx, .xls) или таблицу CSV",
            "The file's format is not recognised: send a workbook (.xlsx, .xls) or a CSV table",
        )
    text, repairs = _decode(data)
    text = text.replace("\x00", "")
    head = text[:65536].splitlines()[:30]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(head))
    csv.field_size_limit(10_000_000)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise UnreadableFile(
            "broken_csv",
            "Таблица CSV повреждена: проверьте кавычки и разделители",
            f"The CSV table is broken ({error}): check quotes and delimiters",
        ) from None
    return Grid([Sheet("", rows)], "csv", repairs)


def read_grid(path: Path, limits: Limits = LIMITS, *, name: str | None = None) -> Grid:
    """All sheets of a workbook or CSV file as text.

    ``name`` is the name under which the file was sent (the vault keeps files under their hash).
    Raises UnreadableFile for files that are empty, too large, damaged, protected or of no known format.
    """
    name = name or path.name
    if Path(name).name.startswith("~$"):
        raise UnreadableFile(
            "lock_file",
            "Это служебный файл открытой книги (~$): закройте книгу и пришлите её саму",
            "This is the lock file of an open workbook (~$): close the workbook and send it instead",
        )
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile(
            "empty_file", "Файл пуст: пришлите его ещё раз", "The file is empty: send it again"
        )
    if size > limits.file_bytes:
        raise UnreadableFile(
            "too_large",
            f"Файл больше {limits.file_bytes // 1_000_000} МБ: разделите его на части",
            f"The file exceeds {limits.file_bytes // 1_000_000} MB: split it",
        )
    with path.open("rb") as f:
        magic = f.read(8)
    suffix = Path(name).suffix.lower()
    if magic.startswith(b"PK"):
        _check_zip(path, limits)
        grid = _workbook(path, "xlsx", limits)
        expected = {".xlsx", ".xlsm", ".xlsb", ".ods"}
    elif magic.startswith(b"\xd0\xcf\x11\xe0"):
        grid = _workbook(path, "xls", limits)
        expected = {".xls"}
    else:
        grid = _csv(path)
        expected = {".csv", ".txt", ".tsv"}
    if suffix not in expected:
        grid.repairs.append("wrong_extension")
    return grid
