"""One file -> landed tables: raw cell text under the contract's field names, with sheet and row.

Nothing is judged here but whether a sheet is of a known layout. Persons stop at this door: names, documents
and codes of people become keyed hashes before anything is written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.collector import no_collector
from pipelines.files import write_parquet
from pipelines.intake.grid import LIMITS, Limits, Sheet, UnreadableFile, read_grid
from pipelines.intake.layouts import Layout, Match, find_columns, recognise, stacked_layout, transposed
from pipelines.intake.persons import Hasher, people_hashed, people_out, school_code
from pipelines.intake.shapes import (
    MISPLACED,
    Block,
    Items,
    by_unit,
    filled_down,
    item_cells,
    melted,
    pivoted,
    shifted_back,
    split,
    vectors_of,
    without,
)
from pipelines.intake.text import clean, fold, school_year_of
from schemas import CONTRACTS
from schemas.years import FIRST_YEAR, LAST_YEAR

#: Stands for the school year of a row whose cell is empty.
NO_YEAR = "—"
EXAM_GRADES = {"ОГЭ": "9", "ЕГЭ": "11", "ГВЭ": "11"}
EXAM_CODES = {"ОГЭ": "oge_code", "ЕГЭ": "ege_code"}
#: A code by itself: digits, perhaps after a few letters («sch990001»).
_BARE_CODE = re.compile(r"^[^\W\d_]{0,4}\d{1,12}$")


@dataclass
class Reading:
    """One table found in a file: a block of one sheet, read as one contract."""

    sheet: str
    block: int
    contract: str | None
    layout: str | None
    status: str  # read | rejected | ignored
    rows_read: int = 0
    rows_by_year: dict[int, int] = field(default_factory=dict)
    structural_n: int = 0
    hidden_n: int = 0
    rule: str = ""
    message_ru: str = ""
    message_en: str = ""
    columns: dict[str, tuple[int, str]] = field(default_factory=dict)
    item_columns: list[int] = field(default_factory=list)
    items: Items = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    context: dict[str, str] = field(default_factory=dict)
    join: str = ""
    transposed: bool = False

    def place(self, row: int, name: str, item: int = -1) -> tuple[int, int | None, str]:
        """Where on the sheet a finding is: row and column from 1 (None: the whole row), and the heading."""
        column, title = self.columns.get(name, (None, ""))
        if 0 <= item < len(self.items) and self.item_columns:
            whole = len(self.item_columns) == len(self.items)
            column, title = self.item_columns[item if whole else 0], self.items[item][0] or str(item + 1)
        if self.transposed:
            return (column or 0) + 1, row, title
        return row, None if column is None else column + 1, title


@dataclass
class FileReading:
    """What one file gave: its readings, the repairs made to the file as a whole, or why it was refused."""

    file_id: str
    readings: list[Reading] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    rule: str = ""
    message_ru: str = ""
    message_en: str = ""
    #: Of a manifest: how many files it names that were not sent.
    missing_n: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> FileReading:
        data = json.loads(text)
        readings = []
        for r in data.pop("readings"):
            r["rows_by_year"] = {int(k): v for k, v in r["rows_by_year"].items()}
            readings.append(Reading(**r))
        return cls(readings=readings, **data)


@dataclass
class _File:
    """What is known of the file that is being read, and its repairs so far."""

    file_id: str
    manifest: dict[str, str]
    from_name: dict[str, str]
    hasher: Hasher
    repairs: list[str]


def read_file(
    path: Path,
    file_id: str,
    *,
    name: str,
    hints: dict[str, str],
    secret: bytes,
    landed: Path | None,
    limits: Limits = LIMITS,
) -> FileReading:
    """Read one file and land its rows.

    ``hints`` hold what the manifest (keys ``manifest.X``) and the name (keys ``name.X``) say. With
    ``landed`` the tables are written to ``landed/CONTRACT/school_year=YYYY/FILE_ID.parquet``. Never raises
    for what a file holds: the reasons of a refusal are in the result.
    """
    result, tables = tables_of(path, file_id, name=name, hints=hints, secret=secret, limits=limits)
    if landed is not None:
        for (contract, year), parts in tables.items():
            folder = landed / contract / f"school_year={year}"
            folder.mkdir(parents=True, exist_ok=True)
            write_parquet(pa.concat_tables(parts, promote_options="default"), folder / f"{file_id}.parquet")
    return result


Tables = dict[tuple[str, int], list[pa.Table]]


def tables_of(
    path: Path, file_id: str, *, name: str, hints: dict[str, str], secret: bytes, limits: Limits = LIMITS
) -> tuple[FileReading, Tables]:
    """The readings of a file and its landed tables by contract and school year."""
    with no_collector():
        return _tables_of(path, file_id, name, hints, secret, limits)


def _tables_of(
    path: Path, file_id: str, name: str, hints: dict[str, str], secret: bytes, limits: Limits
) -> tuple[FileReading, Tables]:
    result = FileReading(file_id)
    tables: Tables = defaultdict(list)
    try:
        grid = read_grid(path, limits, name=name)
    except UnreadableFile as error:
        result.rule, result.message_ru, result.message_en = error.rule, error.message_ru, error.message_en
        return result, tables
    result.repairs = grid.repairs
    manifest = {k.removeprefix("manifest."): v for k, v in hints.items() if k.startswith("manifest.")}
    from_name = {k.removeprefix("name."): v for k, v in hints.items() if k.startswith("name.")}
    file = _File(file_id, manifest, from_name, Hasher(secret), result.repairs)
    for sheet in grid.sheets:
        if not any(any(row) for row in sheet.rows):
            continue
        for reading, by_year in _read_sheet(sheet, file):
            number = pa.scalar(len(result.readings), pa.int16())
            result.readings.append(reading)
            for year, table in by_year.items():
                numbered = table.append_column("reading", pa.repeat(number, len(table)))
                tables[(reading.contract or "", year)].append(numbered)
    for (_, year), parts in tables.items():
        _join_sheets(result.readings, year, parts)
    result.repairs = list(dict.fromkeys(result.repairs))
    if not any(r.status == "rejected" or r.rows_read for r in result.readings):
        result.rule = "no_table"
        result.message_ru = "В файле нет таблицы с данными: заполните форму и пришлите её ещё раз"
        result.message_en = "The file holds no table of data: fill the form in and send it again"
        if result.readings and all(r.status == "ignored" for r in result.readings):
            whole = Reading("", 0, None, None, "rejected", rule=result.rule)
            whole.message_ru, whole.message_en = result.message_ru, result.message_en
            result.readings.append(whole)
    return result, tables


def _join_sheets(readings: list[Reading], year: int, tables: list[pa.Table]) -> None:
    """A sheet that continues another one (its layout's ``join``) lends its cells to the rows of that one.

    What the other sheet has no row for stays a row of its own.
    """
    if len(tables) < 2:
        return
    joins = [readings[t["reading"][0].as_py()].join if len(t) else "" for t in tables]
    base = next((i for i, join in enumerate(joins) if not join), None)
    if base is None:
        return
    for i, join in enumerate(joins):
        if not join:
            continue
        rows, more = tables[base].to_pylist(), tables[i].to_pylist()
        by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            by_key[school_code(clean(row[join] or ""))].append(row)
        left = []
        for extra in more:
            found = by_key.pop(school_code(clean(extra[join] or "")), [])
            for row in found:
                row |= {k: v for k, v in extra.items() if row[k] is None}
            if not found:
                left.append(extra)
        tables[base] = pa.Table.from_pylist(rows, tables[base].schema)
        tables[i] = pa.Table.from_pylist(left, tables[i].schema)
        reading = readings[more[0]["reading"]]
        joined = len(more) - len(left)
        reading.rows_read, reading.structural_n = reading.rows_read - joined, reading.structural_n + joined
        reading.rows_by_year[year] -= joined
        if not reading.rows_read:
            reading.status, reading.rule = "ignored", "joined_sheet"
            reading.message_ru, reading.message_en = IGNORED["joined_sheet"]


def _rejected(sheet: Sheet, rule: str, ru: str, en: str, **known: Any) -> Reading:
    rows = sum(any(row) for row in sheet.rows)
    return Reading(
        sheet.name, 0, known.get("contract"), known.get("layout"), "rejected", rows_read=rows,
        rule=rule, message_ru=ru, message_en=en,
    )  # fmt: skip


#: Sheets that we put into workbooks ourselves: notes and lists of a template, faults of a returned file.
OWN_SHEETS = frozenset({"пояснения", "списки", "ошибки"})
#: Why a sheet holds nothing to read: what its sender is told.
IGNORED = {
    "own_sheet": ("Служебный лист шаблона: данных на нём нет", "A sheet of the template itself: no data"),
    "hidden_sheet": ("Скрытый лист, не похожий на таблицу с данными", "A hidden sheet, no table of data"),
    "useless_sheet": ("Известный лист, сведений для приёма на нём нет", "A known sheet with nothing to take"),
    "joined_sheet": (
        "Строки листа дополнили строки другого листа той же книги",
        "The rows of the sheet went to complete those of another one",
    ),
}  # fmt: skip


def _ignored(sheet: Sheet, rule: str, layout: Layout | None = None) -> Reading:
    contract, its_id = (layout.contract, layout.id) if layout else (None, None)
    ru, en = IGNORED[rule]
    return Reading(
        sheet.name, 0, contract, its_id, "ignored", rule=rule, message_ru=ru, message_en=en
    )  # fmt: skip


def _read_sheet(sheet: Sheet, file: _File) -> list[tuple[Reading, dict[int, pa.Table]]]:
    contract = file.manifest.get("contract")
    if contract and contract not in CONTRACTS:
        ru = f"В манифесте указан неизвестный вид файла «{contract}»: исправьте manifest.csv"
        en = f"The manifest names no known kind: {contract}"
        return [(_rejected(sheet, "unknown_contract", ru, en), {})]
    if fold(sheet.name) in OWN_SHEETS:
        return [(_ignored(sheet, "own_sheet"), {})]
    match, near = recognise(sheet, contract=contract, supplied={*file.manifest, *file.from_name, "kind"})
    if match is None:
        if sheet.hidden:
            return [(_ignored(sheet, "hidden_sheet"), {})]
        return [(_rejected(sheet, "unknown_layout", *_unknown_layout(near), contract=contract), {})]
    layout = match.layout
    if layout.ignore:
        return [(_ignored(sheet, "useless_sheet", layout), {})]
    known = {"contract": layout.contract, "layout": layout.id}
    if layout.reject:
        return [(_rejected(sheet, "refused_layout", layout.reject["ru"], layout.reject["en"], **known), {})]
    if sheet.hidden:
        ru = "Данные на скрытом листе: покажите лист, если их нужно принять, или удалите его"
        en = "Data on a hidden sheet: unhide it or delete it"
        return [(_rejected(sheet, "hidden_sheet", ru, en, **known), {})]
    if layout.transpose:
        sheet = transposed(sheet)
    out = []
    for number, (its_layout, block) in enumerate(_blocks(sheet, match)):
        out += _land(sheet, its_layout, block, _header(sheet, its_layout, block), number, file)
    return out


def _unknown_layout(near: Any) -> tuple[str, str]:
    if near is None:
        return (
            "Таблица не похожа ни на один известный вид файла: пришлите её по шаблону (uroven template)",
            "The table resembles no known file kind: send it by the template (uroven template)",
        )
    # a heading nobody knows may be a pupil's name: such columns are counted, never quoted
    known = {fold(t) for c in CONTRACTS.values() for f in c.fields.values() for t in (f.name, f.title_ru)}
    quoted = [c for c in near.extra if c in known][:8]
    missing, extra = ", ".join(near.missing[:8]), ", ".join(quoted)
    strange = len(near.extra) - len([c for c in near.extra if c in known])
    ru = f"Вид файла не распознан. Ближе всего «{near.title}»: не хватает столбцов: {missing or 'нет'}"
    ru += f"; лишние столбцы: {extra}" if extra else ""
    ru += f"; неизвестных столбцов: {strange}" if strange else ""
    en = f"Layout not recognised. Nearest is «{near.title}»: missing columns: {missing or 'none'}"
    en += f"; extra columns: {extra}" if extra else ""
    en += f"; unknown columns: {strange}" if strange else ""
    return ru, en


# --- the rows of a table -------------------------------------------------------------------------------


def _context_of(layout: Layout, cells: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for cell in cells:
        text = clean(cell)
        for pattern in layout.context:
            m = re.search(pattern, text)
            if m:
                found |= {k: v for k, v in m.groupdict().items() if v}
    return found


def _first(row: list[str]) -> str:
    return next((c for c in row if c and not c.isspace()), "")


def _blocks(sheet: Sheet, match: Match) -> list[tuple[Layout, Block]]:
    """The tables of a sheet with their layouts; each begins with the rows of its header."""
    layout, rows = match.layout, sheet.rows
    above = [c for row in rows[: match.row + layout.transpose] for c in row if c]
    context = _context_of(layout, [sheet.name, *above])
    if not layout.repeat:
        return [(layout, Block(rows[match.row :], list(range(match.row + 1, len(rows) + 1)), context))]
    blocks: list[tuple[Layout, Block]] = []
    sign = _first(rows[match.row])
    for number, row in enumerate(rows[match.row :], match.row + 1):
        first = _first(row)
        header = stacked_layout(sheet, number - 1, layout.contract) if first == sign else None
        if header:
            blocks.append((header, Block([row], [number], context)))
        elif found := _context_of(layout, [first]):
            context = found
        elif blocks:
            blocks[-1][1].rows.append(row)
            blocks[-1][1].numbers.append(number)
    return blocks


def _header(sheet: Sheet, layout: Layout, block: Block) -> list[list[str]]:
    """The header's rows, taken off the block. The first one names the columns.

    A cell merged with cells above it is named by them; under a wide cell the name is both lines.
    """
    n, top = layout.header_rows, block.numbers[0] - 1
    header = [[clean(c) for c in row] for row in block.rows[:n]]
    block.rows, block.numbers = block.rows[n:], block.numbers[n:]
    for r0, c0, r1, _ in sheet.merges:
        if r0 < top <= r1 and c0 < len(header[0]):
            header[0][c0] = header[0][c0] or clean(sheet.rows[r0][c0])
    if n > 1 and not layout.melt:
        header[0] = _names_of_two_lines(header)
    return header


def _names_of_two_lines(header: list[list[str]]) -> list[str]:
    names, group = [], ""
    for column in vectors_of(header, max(map(len, header))):
        above, below = column[0], " ".join(c for c in column[1:] if c)
        group = above or (group if below else "")
        names.append(f"{group} {below}".strip())
    return names


def _structural(layout: Layout, first: str) -> bool:
    text = fold(first)
    return any(re.search(p, clean(first), re.IGNORECASE) or re.search(p, text) for p in layout.skip)


def _is_note(row: list[str], keys: set[int]) -> bool:
    """A line under a table is a note when one cell is filled; a code in a key's column is a row begun."""
    filled = [i for i, c in enumerate(row) if c.strip()]
    return len(filled) == 1 and not (filled[0] in keys and _BARE_CODE.match(clean(row[filled[0]])))


def _data_rows(layout: Layout, block: Block, columns: dict[str, int]) -> int:
    """Keep the rows that are data; returns how many filled rows were structure instead."""
    required = [columns[name] for name in layout.require if name in columns]
    firsts = [row[0] if row and row[0] and not row[0].isspace() else _first(row) for row in block.rows]
    is_data = {first: bool(first) and not _structural(layout, first) for first in set(firsts)}
    kept = [
        is_data[first] and all(c < len(row) and row[c].strip() for c in required)
        for row, first in zip(block.rows, firsts, strict=True)
    ]
    kept_rows, kept_numbers = list(compress(block.rows, kept)), list(compress(block.numbers, kept))
    dropped = sum(map(bool, firsts)) - len(kept_rows)
    keys = {columns[k] for k in CONTRACTS[layout.contract].key if k in columns}
    while kept_rows and len(columns) >= 3 and _is_note(kept_rows[-1], keys):
        kept_rows.pop()
        kept_numbers.pop()
        dropped += 1
    block.rows, block.numbers = kept_rows, kept_numbers
    return dropped


# --- from a table to landed rows -----------------------------------------------------------------------


def _land(
    sheet: Sheet, layout: Layout, block: Block, header: list[list[str]], number: int, file: _File
) -> list[tuple[Reading, dict[int, pa.Table]]]:
    context = _layered_context(layout, block.context, file)
    names = [fold(c) for c in header[0]]
    columns = find_columns(layout, names)
    if _keys_unmerged(sheet, layout, block, columns):
        file.repairs.append("merged_cells")
    structural = _data_rows(layout, block, columns)
    width = max([len(names), *(len(r) for r in block.rows)], default=0)
    if layout.shift:
        block.rows = shifted_back(layout, block.rows, columns, width)
    out: list[tuple[Reading, dict[int, pa.Table]]] = []
    for contract, constants, rows, row_numbers in by_unit(layout, block):
        numbers = row_numbers
        fields = CONTRACTS[contract].fields
        reading = Reading(sheet.name, number, contract, layout.id, "read", structural_n=structural)
        reading.hidden_n = len(sheet.hidden_rows.intersection(numbers))
        structural = 0
        reading.context, reading.join = context | constants, layout.join
        reading.transposed = layout.transpose
        reading.columns = {k: (i, header[0][i]) for k, i in columns.items() if i < len(header[0])}
        vectors = vectors_of(rows, width)
        data: dict[str, Sequence[str]] = {k: vectors[i] for k, i in columns.items() if i < width}
        for name in layout.fill_down:
            data[name] = filled_down(data[name], block, columns[name], numbers)
        if layout.melt:
            data, numbers, reading.columns = melted(layout, header, vectors, data, numbers)
        items, cells, reading.item_columns = item_cells(layout, header[0], columns, vectors)
        if layout.pivot:
            data, numbers = pivoted(layout, data, numbers)
        split(layout, data)
        for name, template in layout.compose.items():
            data[name] = [
                template.format(**dict(zip(data, v, strict=True))) for v in zip(*data.values(), strict=True)
            ]
        n = len(numbers)
        misplaced = people_out(layout, contract, data, vectors, names, n)
        if misplaced:
            cells = without(cells, misplaced)
        for key, value in reading.context.items():
            if key in fields and key not in data and key != "school_year":
                data[key] = [value] * n
        people_hashed(layout, contract, data, misplaced, file.hasher, n)
        years, bad_years = _years(data.pop("school_year", None), context.get("school_year", ""), n)
        if refusal := _refusal(contract, data, years) if n else None:
            reading.status, reading.rows_read = "rejected", n
            reading.rule, reading.message_ru, reading.message_en = refusal
            out.append((reading, {}))
            continue
        known_cells = set(columns.values()) | set(reading.item_columns)
        if layout.id.startswith("canonical_"):
            reading.unknown_columns = [c for i, c in enumerate(header[0]) if c and i not in known_cells]
        reading.items, reading.rows_read = items, n
        school_key = layout.school_key
        if school_key == "exam_code":
            school_key = EXAM_CODES.get(context.get("kind", ""), "id")
        table = _table(
            contract,
            file.file_id,
            sheet.name,
            numbers,
            data,
            years,
            bad_years,
            layout.id,
            school_key,
            items,
            cells,
        )
        by_year = Counter(years)
        reading.rows_by_year = dict(sorted(by_year.items()))
        if len(by_year) == 1:
            parts = {years[0]: table}
        else:
            mask = pa.array(years)
            parts = {y: table.filter(pa.compute.equal(mask, y)) for y in sorted(by_year)}
        out.append((reading, parts))
    return out


def _keys_unmerged(sheet: Sheet, layout: Layout, block: Block, columns: dict[str, int]) -> bool:
    """Give each row under a merged key cell its value; whether there was any. Counts are never repeated."""
    keys = {columns[k] for k in CONTRACTS[layout.contract].key if k in columns}
    first, found = (block.numbers[0] - 1 if block.numbers else 0), False
    for r0, c0, r1, _ in sheet.merges:
        if c0 in keys and r0 >= first:
            for row in sheet.rows[r0 + 1 : r1 + 1]:
                if any(row) and not row[c0]:
                    row[c0], found = sheet.rows[r0][c0], True
    return found


def _refusal(contract: str, data: dict[str, Sequence[str]], years: list[int]) -> tuple[str, str, str] | None:
    """Why a table as a whole can't be taken: neither a column nor anything else says what is required."""
    if not any(years):
        return (
            "no_school_year",
            "Не указан учебный год: добавьте его в название файла, столбец school_year или manifest.csv",
            "No school year: state it in the file's name, a school_year column or manifest.csv",
        )
    model = CONTRACTS[contract]
    known = {*data, "school_year"}
    missing = [f for f in model.fields.values() if f.required and f.name not in known]
    if not missing:
        return None
    if [f.name for f in missing] == ["school_id"]:
        return (
            "no_school",
            "Не указана школа: добавьте её логин в имя файла или папки, столбец «Код школы» или манифест",
            "No school: put its login in the file's or folder's name, a school_id column or manifest.csv",
        )
    titles, fields = ", ".join(f.title_ru for f in missing), ", ".join(f.name for f in missing)
    if all(f.name in (*model.context, "school_id") for f in missing):
        return (
            "no_context",
            f"Файл не говорит, что в нём: {titles}. Укажите это в названии файла или в manifest.csv",
            f"The file does not say its {fields}: put it in the file's name or in manifest.csv",
        )
    return (
        "no_column",
        f"В таблице нет обязательных столбцов: {titles}. Добавьте их",
        f"The table lacks required columns: {fields}",
    )


def _layered_context(layout: Layout, found: dict[str, str], file: _File) -> dict[str, str]:
    """What all rows share. The manifest wins over the file, the file over its name.

    A layout's offset holds for a year read off the work itself, not for one that the manifest states.
    """
    context = dict(layout.constants)
    said = file.from_name | found
    if "exam_date" in said and "school_year" not in found:
        year, month = int(said["exam_date"][:4]), int(said["exam_date"][5:7])
        said["school_year"] = str(school_year_of(year, month))
    if "school_year" in said and layout.year_offset:
        said["school_year"] = str(int(said["school_year"]) + layout.year_offset)
    for key, value in said.items():
        if key not in context or key in found:
            context[key] = value
    context |= {k: v for k, v in file.manifest.items() if v and k != "contract"}
    if context.get("kind") in EXAM_GRADES:
        context.setdefault("grade", EXAM_GRADES[context["kind"]])
    if layout.year_offset and context.get("grade", "").isdigit():
        context["student_grade"] = str(int(context["grade"]) + layout.year_offset)
    return context


def _years(values: Sequence[str] | None, stated: str, n: int) -> tuple[list[int], list[str]]:
    """The school year of each row and, where it can't be read, the cell as it was (NO_YEAR for an empty one).

    A row whose year is wrong lands beside the rows of the file's commonest year, to be refused there.
    """
    if values is None:
        return [_year(stated)] * n, [""] * n
    parsed = {v: _year(v if v.strip() else stated) for v in set(values)}
    known = Counter(parsed[v] for v in values if parsed[v])
    common = known.most_common(1)[0][0] if known else 0
    wrong = {v: "" if year else v.strip() or NO_YEAR for v, year in parsed.items()}
    return [parsed[v] or common for v in values], [wrong[v] for v in values]


def _year(value: str) -> int:
    """«2021», «2020/21», «2020-2021», «2020/2021 уч. год» -> 2021; 0 where there is no year that exists."""
    text, year = clean(value), 0
    if m := re.match(r"^(20\d\d)\s*[/\-–]\s*(?:20)?(\d\d)\b", text):
        end = int(m.group(1)) // 100 * 100 + int(m.group(2))
        year = end if end == int(m.group(1)) + 1 else 0
    elif m := re.match(r"^(20\d\d)(\.0)?$", text):
        year = int(m.group(1))
    return year if FIRST_YEAR <= year <= LAST_YEAR else 0


def landed_schema(contract: str) -> pa.Schema:
    """The landed table: where the row stands, then the raw text of each field."""
    model = CONTRACTS[contract]
    out = [
        pa.field("file_id", pa.string()),
        pa.field("sheet", pa.string()),
        pa.field("row", pa.int32()),
        pa.field("school_year", pa.int16()),
        pa.field("school_year_text", pa.string()),
        pa.field("layout", pa.string()),
        pa.field("school_key", pa.string()),
    ]
    out += [pa.field(name, pa.string()) for name in model.fields if name != "school_year"]
    if model.has_items:
        out += [pa.field("item_set", pa.string()), pa.field("cells", pa.list_(pa.string()))]
    return pa.schema(out)


def _table(
    contract: str, file_id: str, sheet: str, numbers: list[int], data: dict[str, Sequence[str]],
    years: list[int], bad_years: list[str], layout_id: str, school_key: str, items: Items,
    cells: pa.Array | None,
) -> pa.Table:  # fmt: skip
    n = len(numbers)
    schema = landed_schema(contract)
    constant = {
        "file_id": file_id,
        "sheet": sheet,
        "layout": layout_id,
        "school_key": school_key,
        "item_set": json.dumps(items, ensure_ascii=False) if items else None,
    }
    arrays = []
    for f in schema:
        if f.name in constant:
            arrays.append(pa.repeat(pa.scalar(constant[f.name], pa.string()), n))
        elif f.name == "row":
            arrays.append(pa.array(numbers, pa.int32()))
        elif f.name == "school_year":
            arrays.append(pa.array(years, pa.int16()))
        elif f.name == "school_year_text":
            arrays.append(pa.array(bad_years, pa.string()))
        elif f.name == "cells":
            arrays.append(cells if cells is not None else pa.nulls(n, f.type))
        elif f.name in data:
            arrays.append(pa.array(data[f.name], pa.string()))
        else:
            arrays.append(pa.nulls(n, pa.string()))
    return pa.Table.from_arrays(arrays, schema=schema)


def content_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


__all__ = ["MISPLACED", "NO_YEAR", "FileReading", "Hasher", "Reading", "school_code"]
