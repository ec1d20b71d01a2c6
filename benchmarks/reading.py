"""Reading a protocol of a whole region into typed, validated rows, against the bare calamine read.

Beside it, for the record, what other readers take for the same cells: openpyxl, and DuckDB's ``read_xlsx``
where its extension is found (PyPI: duckdb-extension-excel).
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import python_calamine
import xlsxwriter

from benchmarks.measure import Measure, against
from pipelines.intake.items import ReferenceItem
from pipelines.intake.readers import tables_of
from pipelines.intake.validation import validate
from schemas import CONTRACTS

ROWS, ITEMS = 26_666, 15
HINTS = {"name.subject": "Математика", "name.grade": "4", "name.school_year": "2021"}


def write_protocol(path: Path, rows: int = ROWS, seed: int = 1) -> None:
    """A ВПР export of 2021: 26,667 × 32 cells of text, as they come."""
    rng = np.random.default_rng(seed)
    header = [
        "логин школы", "регион", "номер обучающегося", "код обучающегося",
        "отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов",
        *(f"балл за {j}" for j in range(1, ITEMS + 1)),
        "Учебник", "Др.уч. автор", "Др.уч. название", "", "", "", "", "",
    ]  # fmt: skip
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("Sheet")
        sheet.write_row(0, 0, header)
        scores = rng.integers(0, 2, (rows, ITEMS))
        sexes, classes = np.array(["м", "ж", "Ж"]), np.array(["а", "Б", "нет", '"А"'])
        for i in range(rows):
            row = [f"sch99{i // 42:04d}", f"Район {i // 1300}", str(i % 42 + 1), str(40001 + i % 42)]
            if rng.random() < 0.065:
                row += ["", "", "", "отсутствовал"]
            else:
                cells = ["X" if rng.random() < 0.01 else str(s) for s in scores[i]]
                total = sum(int(c) for c in cells if c != "X")
                row += [
                    str(rng.integers(2, 6)),
                    sexes[i % 3],
                    classes[i % 4],
                    str(i % 2 + 1),
                    str(total),
                    *cells,
                ]
                row += ["Автор А.А., Автор Б.Б. Математика (в 2 частях) 4 класс"]
            sheet.write_row(i + 1, 0, row)


def read_protocol() -> Measure:
    """Read, land, parse and validate in one process, in memory; bare: the sheet as Python lists."""
    items = [ReferenceItem(str(j), 1.0, j, None) for j in range(1, ITEMS + 1)]
    reference = {("ВПР", "Математика", 4, ""): items}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ВПР 2021 Математика 4 класс.xlsx"
        write_protocol(path)

        def ours() -> None:
            _, tables = tables_of(path, "f", name=path.name, hints=HINTS, secret=b"key")
            (table,) = tables["student_results", 2021]
            out = validate(CONTRACTS["student_results"], table, order={"f": 1}, reference=reference)
            assert len(out.accepted) == ROWS

        def bare() -> None:
            python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()

        found = against("read_protocol", ours, bare, limit=2.5)
        return replace(found, raw=found.raw | _peers(path))


def _peers(path: Path) -> dict[str, Any]:
    """Seconds of the other readers, once each, and which of them were not found."""
    extension = _excel_extension()
    readers: dict[str, Callable[[], int] | None] = {
        "openpyxl": lambda: _by_openpyxl(path),
        "read_xlsx": (lambda: _by_duckdb(path, extension)) if extension else None,
    }
    out: dict[str, Any] = {"not_found": [name for name, read in readers.items() if read is None]}
    for name, read in readers.items():
        if read is not None:
            began = time.perf_counter()
            rows = read()
            out[f"{name}_s"] = time.perf_counter() - began
            assert rows == ROWS + 1
    return out


def _by_openpyxl(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        return len(list(book.worksheets[0].iter_rows(values_only=True)))
    finally:
        book.close()


def _by_duckdb(path: Path, extension: Path) -> int:
    with duckdb.connect() as db:
        db.execute(f"load '{extension}'")
        db.execute(
            "create table t as from read_xlsx(?, header = false, all_varchar = true, stop_at_empty = false)",
            [str(path)],
        )
        return int(db.execute("select count(*) from t").fetchall()[0][0])


def _excel_extension() -> Path | None:
    """DuckDB's extension for workbooks, of the package that brings it."""
    package = importlib.util.find_spec("duckdb_extension_excel")
    folders = package.submodule_search_locations if package else None
    found = [p for f in folders or () for p in Path(f).rglob(f"v{duckdb.__version__}/*.duckdb_extension")]
    return found[0] if found else None
