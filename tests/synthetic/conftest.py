"""The default region, written once for all tests, and helpers that read files back."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from pipelines.synthetic import RegionSummary, write_region

Grid = list[list[Any]]


def cell_text(value: Any) -> str:
    """A cell as text, the way the table of planted faults writes it."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def csv_grid(path: Path) -> Grid:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1251")
    first = text.split("\n", 1)[0]
    return list(
        csv.reader(
            io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
        )
    )


def grids(path: Path) -> dict[str, Grid]:
    """All sheets of a file; a csv has one sheet without a name."""
    if path.suffix != ".xlsx" or path.read_bytes()[:2] != b"PK":
        return {"": csv_grid(path)}
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


@dataclass
class Written:
    """A written region with its truth."""

    root: Path
    known: Path
    summary: RegionSummary
    cache: dict[str, dict[str, Grid]] = field(default_factory=dict)

    def truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.known / f"{name}.parquet")

    def grids(self, path: str) -> dict[str, Grid]:
        if path not in self.cache:
            self.cache[path] = grids(self.root / path)
        return self.cache[path]

    def frame(self, path: str, sheet: str | None = None, header: int = 0) -> pd.DataFrame:
        """One sheet as a frame of cell texts."""
        found = self.grids(path)
        rows = found[sheet] if sheet is not None else next(iter(found.values()))
        body = [[cell_text(cell) for cell in row] for row in rows[header + 1 :]]
        return pd.DataFrame(body, columns=[cell_text(cell) for cell in rows[header]])


def make(tmp: Path, **options: Any) -> Written:
    summary = write_region(tmp / "inbox", truth=tmp / "truth", **options)
    return Written(tmp / "inbox", tmp / "truth", summary)


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The default region with its planted faults."""
    return make(tmp_path_factory.mktemp("dirty"))


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The same region without a fault."""
    return make(tmp_path_factory.mktemp("clean"), faults=False)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A region of ordinary size, one year."""
    return make(tmp_path_factory.mktemp("large"), schools=600, years=(2022,), faults=False)
