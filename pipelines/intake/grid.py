"""Any file -> sheets of cell text. The file's bytes decide what it is, never its extension.

calamine reads fast, but shows an error cell and a formula that was never calculated as empty. Both are looked
up in the sheet's XML and put back as text («#REF!», «=A1+B1»), so that they are refused and not lost.

Files come from outside: nothing in them is executed, no link is followed, no archive member is unpacked to
disk. What can be told beforehand to be too much is refused here (:class:`Limits`). A file that lies about its
size meets the limits of the process that reads it (:mod:`pipelines.intake.workers`).
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
#: A file whose first bytes hold more of these control characters than this share is no text.
_CONTROLS, _MOST_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r")), 0.05
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_WORD_STREAM = "WordDocument".encode("utf-16-le")
_SHEET_PART = re.compile(rb"<(?:\w+:)?sheet [^>]*?>")
_RELATION = re.compile(rb"<Relationship [^>]*?>")
_ATTRIBUTE = re.compile(rb'(\w+(?::\w+)?)="([^"]*)"')
_CELL = re.compile(rb'<c r="([A-Z]+)(\d+)"([^>]*)(?<!/)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v[^>/]*>([^<]+)</v>")
_FORMULA = re.compile(rb"<f[^>]*>([^<]*)</f>")
_DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]{1,3})(\d{1,7})"')
_FILLED_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>')
_HIDDEN_ROW = re.compile(rb'<row\b[^>]*?\br="(\d{1,7})"[^>]*?\bhidden="(?:1|true)"')


@dataclass
class Sheet:
    """Cell text by row and column from A1 on; rows may differ in length.

    ``merges`` are merged areas: first row, first column, last row, last column, from 0. ``hidden_rows`` are
    the numbers, from 1, of the rows that the sender's screen does not show (known of .xlsx only).
    """

    name: str
    rows: list[list[str]]
    hidden: bool = False
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()


@dataclass
class Grid:
    sheets: list[Sheet]
    format: str
    repairs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Limits:
    """What a file, and of it a sheet (``cells``, ``columns``), may hold at most; beyond it is refused."""

    file_bytes: int = 200_000_000
    unpacked_bytes: int = 2_000_000_000
    ratio: float = 250.0
    cells: int = 60_000_000
    columns: int = 2_000


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


class _Numbers(dict[float, str]):
    """The texts of the numbers met so far: a protocol has a million cells and some dozen scores."""

    def __missing__(self, value: float) -> str:
        text = self[value] = _number(value)
        return text


def _rows_as_text(rows: list[list[Any]]) -> list[list[str]]:
    plain, numbers = {str}, _Numbers()
    for i, row in enumerate(rows):
        if set(map(type, row)) != plain:
            rows[i] = [
                cell if type(cell) is str else numbers[cell] if type(cell) is float else _text(cell)
                for cell in row
            ]
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


@dataclass
class _Unseen:
    """What calamine does not tell of a sheet: cells that it shows as empty, and which rows are hidden."""

    cells: list[tuple[int, int, str]] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()


def _unseen(path: Path, limits: Limits) -> dict[str, _Unseen]:
    """By sheet of an .xlsx what its XML tells beyond calamine; refuses a sheet that would not fit."""
    found: dict[str, _Unseen] = {}
    try:
        with zipfile.ZipFile(path) as book:
            for name, part in _sheet_parts(book).items():
                if book.getinfo(part).file_size <= _SCANNED_BYTES:
                    found[name] = _unseen_of_sheet(name, book.read(part), limits)
    except (UnreadableFile, MemoryError):
        raise
    except Exception:  # zipfile raises a dozen kinds of error for a damaged part; calamine judges the file
        return {}
    return found


def _unseen_of_sheet(name: str, xml: bytes, limits: Limits) -> _Unseen:
    stated = _DIMENSION.search(xml, 0, 4096)
    if stated is None or not _fits(int(stated[2]), _column(stated[1]) + 1, limits):
        corners = [(int(row), _column(column) + 1) for column, row in _FILLED_CELL.findall(xml)]
        _require_room(
            name, max((r for r, _ in corners), default=0), max((c for _, c in corners), default=0), limits
        )
    unseen = _Unseen()
    if b'hidden="' in xml:
        unseen.hidden_rows = frozenset(map(int, _HIDDEN_ROW.findall(xml)))
    if b't="e"' not in xml and b"</f>" not in xml:
        return unseen
    for letters, row, attributes, content in _CELL.findall(xml):
        value = _VALUE.search(content)
        if b't="e"' in attributes:
            text = value[1].decode() if value else "#N/A"
        elif b"<f" in content and value is None and not _is_empty_text(attributes, content):
            formula = _FORMULA.search(content)
            text = "=" + (unescape(formula[1].decode()) if formula else "")
        else:
            continue
        unseen.cells.append((int(row) - 1, _column(letters), text))
    if unseen.cells:
        last_row, last_column = max(r for r, _, _ in unseen.cells), max(c for _, c, _ in unseen.cells)
        _require_room(name, last_row + 1, last_column + 1, limits)
    return unseen


def _fits(rows: int, columns: int, limits: Limits) -> bool:
    return rows * columns <= limits.cells and columns <= limits.columns


def _require_room(name: str, rows: int, columns: int, limits: Limits) -> None:
    """Refuse a sheet whose rectangle of cells is larger than the limits: empty ones take room as well."""
    if rows * columns > limits.cells:
        raise UnreadableFile(
            "too_many_cells",
            f"На листе «{name}» слишком много ячеек: удалите пустые оформленные строки и столбцы",
            f"Sheet «{name}» has too many cells: delete empty formatted rows and columns",
        )
    if columns > limits.columns:
        raise UnreadableFile(
            "too_many_columns",
            f"На листе «{name}» больше {limits.columns} столбцов: удалите лишние столбцы справа от таблицы",
            f"Sheet «{name}» has over {limits.columns} columns: delete those to the right of the table",
        )


def _put_back(rows: list[list[str]], cells: list[tuple[int, int, str]]) -> None:
    for row, column, text in cells:
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([""] * (column + 1 - len(rows[row])))
        rows[row][column] = rows[row][column] or text


def _check_zip(path: Path, limits: Limits) -> list[str]:
    """Refuse what is no workbook or would unpack to too much; returns the repairs that its parts ask for.

    Sizes are those that the archive states: one that lies meets the limits of the reader's process.
    """
    try:
        with zipfile.ZipFile(path) as z:
            infos = z.infolist()
            mimetype = z.read("mimetype")[:80] if "mimetype" in z.namelist() else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError, zlib.error):
        raise _damaged(
            "Файл повреждён или передан не полностью", "The file is damaged or incomplete"
        ) from None
    unpacked, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if unpacked > limits.unpacked_bytes or (unpacked > 50_000_000 and unpacked > packed * limits.ratio):
        raise UnreadableFile(
            "zip_bomb",
            "Файл распаковывается в недопустимо большой объём: скопируйте таблицу в новую книгу",
            "The file unpacks to an impermissible size: copy the table into a new workbook",
        )
    names = {i.filename for i in infos}
    if b"opendocument" in mimetype and b"spreadsheet" not in mimetype:
        raise _foreign("document")
    if any(n.startswith(("word/", "ppt/")) for n in names):
        raise _foreign("document")
    if not any(n.startswith(("xl/", "content.xml")) for n in names):
        raise _foreign("archive")
    repairs = ["macros_ignored"] if "xl/vbaProject.bin" in names else []
    if any(n.startswith("xl/externalLinks/") for n in names):
        repairs.append("external_links_ignored")
    return repairs


def _damaged(ru: str, en: str) -> UnreadableFile:
    again = ": сохраните его заново и пришлите ещё раз", ": save it again and send it once more"
    return UnreadableFile("truncated", ru + again[0], en + again[1])


#: Files that are no tables, and what their sender is told: (rule, Russian, English).
_FOREIGN = {
    "pdf": ("Это PDF, а не таблица: пришлите исходную книгу Excel или CSV",
        "This is a PDF, not a table: send the workbook or the CSV it was made from"),
    "image": ("Это изображение (фото или скан), а не таблица: пришлите исходную книгу Excel или CSV",
        "This is a picture, not a table: send the workbook or the CSV"),
    "archive": ("Это архив, а не книга Excel: распакуйте его и пришлите файлы по отдельности",
        "This is an archive, not a workbook: unpack it and send the files one by one"),
    "document": ("Это текстовый документ или презентация: перенесите таблицу в книгу Excel и пришлите её",
        "This is a text document or a presentation: move the table into a workbook and send that"),
    "web_page": ("Это веб-страница или XML под именем книги: откройте файл в Excel и сохраните как .xlsx",
        "This is a web page or XML named as a workbook: open it in Excel and save it as .xlsx"),
}  # fmt: skip
#: The first bytes of files that are no tables.
_MAGIC = {
    b"%PDF-": "pdf",
    b"\x89PNG\r\n": "image", b"\xff\xd8\xff": "image", b"GIF87a": "image", b"GIF89a": "image",
    b"II*\x00": "image", b"MM\x00*": "image", b"BM": "image",
    b"Rar!\x1a\x07": "archive", b"7z\xbc\xaf\x27\x1c": "archive", b"\x1f\x8b": "archive",
    b"BZh": "archive", b"\xfd7zXZ\x00": "archive",
    b"{\\rtf": "document",
}  # fmt: skip
_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype\b|html\b|table\b|\?xml\b)", re.IGNORECASE)


def _foreign(kind: str) -> UnreadableFile:
    return UnreadableFile(f"not_a_table_{kind}", *_FOREIGN[kind])


def _refuse_foreign(head: bytes) -> None:
    """Refuse what its first bytes tell to be something else than a table."""
    for magic, kind in _MAGIC.items():
        # «BM» may also begin a table of text: a bitmap has its reserved zeros
        if head.startswith(magic) and (magic != b"BM" or head[6:10] == bytes(4)):
            raise _foreign(kind)
    if (head[:4], head[8:12]) == (b"RIFF", b"WEBP") or head[4:12] in (b"ftypheic", b"ftypmif1"):
        raise _foreign("image")
    if _MARKUP.match(head):
        raise _foreign("web_page")


def _protected() -> UnreadableFile:
    return UnreadableFile(
        "password",
        "Книга защищена паролем: снимите пароль и пришлите файл ещё раз",
        "The workbook is protected by a password: remove it and send the file again",
    )


def _workbook(path: Path, kind: str, limits: Limits) -> Grid:
    try:
        return Grid(_sheets(path, kind, limits), kind)
    except (UnreadableFile, MemoryError):
        raise
    except calamine.PasswordError:
        raise _protected() from None
    except BaseException as error:
        # a damaged file can make the Rust library panic, which is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if kind == "xls" and ("password" in str(error).lower() or _ENCRYPTED in path.read_bytes()):
            raise _protected() from None
        if kind == "xls" and _WORD_STREAM in path.read_bytes():
            raise _foreign("document") from None
        raise _damaged(
            "Книга не открывается, файл повреждён", f"The workbook can't be opened ({type(error).__name__})"
        ) from None


def _sheets(path: Path, kind: str, limits: Limits) -> list[Sheet]:
    with path.open("rb") as f:
        book = calamine.CalamineWorkbook.from_object(f)
    unseen = _unseen(path, limits) if kind == "xlsx" else {}
    sheets = []
    for meta in book.sheets_metadata:
        if meta.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_name(meta.name)
        last_row, last_column = sheet.end or (0, 0)
        _require_room(meta.name, last_row + 1, last_column + 1, limits)
        rows = _rows_as_text(sheet.to_python(skip_empty_area=False))
        more = unseen.get(meta.name, _Unseen())
        _put_back(rows, more.cells)
        hidden = meta.visible != calamine.SheetVisibleEnum.Visible
        merges = [(*first, *last) for first, last in sheet.merged_cell_ranges or []]
        sheets.append(Sheet(meta.name, rows, hidden, merges, more.hidden_rows))
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


def _csv(path: Path, limits: Limits) -> Grid:
    data = path.read_bytes()
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    head = data[:4096]
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if not wide and controls > _MOST_CONTROLS * len(head):
        raise UnreadableFile(
            "unknown_format",
            "Формат файла не распознан: пришлите книгу Excel (.xlsx, .xls) или таблицу CSV",
            "The file's format is not recognised: send a workbook (.xlsx, .xls) or a CSV table",
        )
    text, repairs = _decode(data)
    if "\x00" in text:
        text = text.replace("\x00", "")
        repairs.append("nulls_removed")
    first_lines = text[:65536].splitlines()[:30]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first_lines))
    csv.field_size_limit(10_000_000)
    rows: list[list[str]] = []
    width = 0
    try:
        for row in reader:
            rows.append(row)
            if len(row) > width or not len(rows) % 100_000:
                width = max(width, len(row))
                _require_room("", len(rows), width, limits)
    except csv.Error as error:
        raise UnreadableFile(
            "broken_csv",
            "Таблица CSV повреждена: проверьте кавычки и разделители",
            f"The CSV table is broken ({error}): check quotes and delimiters",
        ) from None
    _require_room("", len(rows), width, limits)
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
        head = f.read(512)
    suffix = Path(name).suffix.lower()
    if head.startswith(b"PK"):
        repairs = _check_zip(path, limits)
        grid = _workbook(path, "xlsx", limits)
        grid.repairs += repairs
        expected = {".xlsx", ".xlsm", ".xlsb", ".ods"}
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        grid = _workbook(path, "xls", limits)
        expected = {".xls"}
    else:
        _refuse_foreign(head)
        grid = _csv(path, limits)
        expected = {".csv", ".txt", ".tsv"}
    if suffix not in expected:
        grid.repairs.append("wrong_extension")
    return grid
