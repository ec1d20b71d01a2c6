"""Schools with known numbers of students below the minimum, as a lake and the warehouse built of it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.programme_steps.tables import ensure_tables, write_table
from tests.warehouse.warehouse_lake import PROJECT, Lake, build

#: Short names of assessments: kind, subject, grade.
ASSESSMENTS = {
    "R5": ("ВПР", "Русский язык", 5), "R6": ("ВПР", "Русский язык", 6),
    "M5": ("ВПР", "Математика", 5), "M6": ("ВПР", "Математика", 6), "M7": ("ВПР", "Математика", 7),
    "RO": ("ОГЭ", "Русский язык", 9), "MO": ("ОГЭ", "Математика", 9),
    "RE": ("ЕГЭ", "Русский язык", 11), "ME": ("ЕГЭ", "Математика профильная", 11),
}  # fmt: skip
#: Students tested, students below the minimum, and the mean score where it matters.
Result = tuple[int, int] | tuple[int, int, float]


def series(name: str) -> str:
    kind, subject, grade = ASSESSMENTS[name]
    return f"{kind}-{subject}-{grade}"


@dataclass
class Region:
    """What goes into the lake, collected by year."""

    schools: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    overrides: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    passports: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    indices: list[dict[str, Any]] = field(default_factory=list)
    year_results: list[dict[str, Any]] = field(default_factory=list)
    flags: list[dict[str, Any]] = field(default_factory=list)

    def school(self, code: str, years: Mapping[int, Mapping[str, Result]], **facts: Any) -> None:
        """A school with its results: year -> assessment -> (tested, below the minimum[, mean])."""
        base = {"school_id": code, "name": f"Школа {code}", "municipality_id": "10", "status": "active"}
        place = {"municipality_name": "Район", "kind": "general", "valid_from": dt.date(2010, 9, 1)}
        self.schools[code] = base | place | facts
        for year, works in years.items():
            for name, (tested, below, *mean) in works.items():
                kind, subject, grade = ASSESSMENTS[name]
                key = {"kind": kind, "subject": subject, "grade": grade, "school_id": code}
                counts = {"tested_n": tested, "below_min_n": below, "mean_score": mean[0] if mean else None}
                self.results.setdefault(year, []).append(key | counts)

    def override(self, code: str, year: int, label: str, **facts: Any) -> None:
        made = {"rule_id": "ru_30x2", "decided_by": "Комиссия", "decided_on": dt.date(year, 9, 20)}
        row = {"school_id": code, "label": label, "reason": "Решение комиссии"} | made | facts
        self.overrides.setdefault(year, []).append(row)

    def passport(self, code: str, year: int, percentile: float, **counts: int) -> None:
        """A social passport of 100 students and the school's place on the social index."""
        self.passports.setdefault(year, []).append({"school_id": code, "students_n": 100} | counts)
        place = {"social_index": percentile, "social_index_percentile": percentile, "quantile": 1}
        self.indices.append({"school_id": code, "school_year": year, "n_components": 4} | place)

    def year_result(self, code: str, year: int, z: float, low: float) -> None:
        """The school's result against the region's mean, and the lower bound of what is above expectation."""
        facts = {"modelled_z": z, "modelled_n": 2, "residual_z": low + 0.2, "residual_z_se": 0.1}
        key = {"school_id": code, "school_year": year, "subject": "all"}
        self.year_results.append(key | facts | {"ci_low": low, "ci_high": low + 0.4, "chance_share": 0.02})

    def flag(self, code: str, year: int, name: str) -> None:
        """An official sign that the results call for further analysis."""
        facts = {"sign": "inflated_mean", "n": 20, "flagged": True, "status": "ok", "basis": "official"}
        key = {"school_id": code, "assessment_id": f"{series(name)}-{year}", "is_official": True}
        self.flags.append(key | facts)

    def write(self, root: Path) -> Path:
        lake = Lake(root / "lake")
        for year in sorted(self.results):
            lake.accept("school_results", year, self.results[year])
        for name, years in (("label_overrides", self.overrides), ("social_passport", self.passports)):
            for year, rows in years.items():
                lake.accept(name, year, rows)
        lake.accept("school_register", max(self.results), list(self.schools.values()))
        lake.close()
        path = root / "lake" / "scales" / "objectivity" / "part.parquet"
        pq.write_table(pa.Table.from_pylist(self.flags, pq.read_schema(path)), path)
        ensure_tables(root / "lake" / "programme")
        for table, rows in (("social_index", self.indices), ("year_result", self.year_results)):
            if rows:
                write_table(root / "lake" / "programme", table, pd.DataFrame(rows))
        return root / "lake"


def build_labels(region: Region, root: Path, packs: Mapping[str, str] | None = None) -> Path:
    """The warehouse up to identification; ``packs`` are further rows of seeds (seed -> lines of CSV)."""
    project = root / "dbt_project" if packs else PROJECT
    if packs:
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    for seed, lines in (packs or {}).items():
        with (project / "seeds" / f"{seed}.csv").open("a", encoding="utf-8") as f:
            f.write(lines)
    return build(
        region.write(root),
        root / "build",
        "--exclude-resource-type",
        "unit_test",
        select=("+path:models/marts/identification",),
        project=project,
    )
