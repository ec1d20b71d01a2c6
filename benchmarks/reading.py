"""Reading a protocol of a whole region into typed, validated rows, against the bare calamine read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
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

        return against("read_protocol", ours, bare, limit=2.5)
