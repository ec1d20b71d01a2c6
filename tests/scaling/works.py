"""Inboxes of works with known answers, in the canonical files, as a region would send them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

MANIFEST = ("file", "contract", "kind", "subject", "grade", "school_year", "window")


def school_code(number: int) -> str:
    return f"{990_000 + number:06d}"


def locality(school: int) -> str:
    """The first eight schools stand in villages."""
    return "village" if school < 8 else "city"


@dataclass
class Inbox:
    """Files are written when asked for; `close` writes the manifest and the school register."""

    folder: Path
    year: int = 2023
    schools_n: int = 20
    manifest: list[tuple[Any, ...]] = field(default_factory=list)
    register: list[dict[str, Any]] = field(default_factory=list)

    def students(
        self,
        subject: str,
        scores: Sequence[Sequence[Any]] | np.ndarray,
        *,
        kind: str = "РДР",
        grade: int = 9,
        year: int | None = None,
        window: str = "",
        maxima: Sequence[int] | None = None,
        school: Sequence[int] | None = None,
        form: Sequence[str] | None = None,
    ) -> str:
        """A work as it is sent: a row a student, `item:NAME (MAX)`; returns its assessment_id."""
        items_n, ended = len(scores[0]), year or self.year
        tops = maxima or [1] * items_n
        name = f"{kind} {subject} {grade} {ended} {window}.csv".replace(" .", ".")
        header = [
            "school_id",
            "student_id",
            "class",
            "sex",
            "attendance",
            *(["form"] if form is not None else []),
        ]
        header += [f"item:{j + 1} ({top})" if top else f"item:{j + 1}" for j, top in enumerate(tops)]
        rows = []
        for i, row in enumerate(scores):
            code = school_code(school[i] if school is not None else i % self.schools_n)
            mine = [form[i]] if form is not None else []
            rows.append([code, f"{ended}{i:06d}", f"{grade}а", "fm"[i % 2], "present", *mine, *row])
        self._write(name, [header, *rows])
        self.manifest.append((name, "student_results", kind, subject, grade, ended, window))
        return f"{kind}-{subject}-{grade}-{ended}" + (f"-{window}" if window else "")

    def items(
        self,
        subject: str,
        rows: Sequence[dict[str, Any]],
        *,
        kind: str = "РДР",
        grade: int = 9,
        year: int | None = None,
        window: str = "",
    ) -> None:
        """The item list of a work: dicts of form, item, max_score, anchor_item, key."""
        ended = year or self.year
        fields = ["form", "item", "position", "max_score", "anchor_item", "key"]
        name = f"Задания {kind} {subject} {grade} {ended} {window}.csv".replace(" .", ".")
        body = [[row.get(f, "") for f in fields] for row in rows]
        self._write(name, [fields, *body])
        self.manifest.append((name, "assessment_items", kind, subject, grade, ended, window))

    def totals(self, subject: str, rows: Sequence[Sequence[Any]], *, kind: str, grade: int, year: int) -> str:
        """Totals of schools: school code, tested_n, mean_score."""
        name = f"{kind} {subject} {grade} {year} по школам.csv"
        self._write(name, [["school_id", "tested_n", "mean_score"], *rows])
        self.manifest.append((name, "school_results", kind, subject, grade, year, ""))
        return f"{kind}-{subject}-{grade}-{year}"

    def registered(self, subject: str, **facts: Any) -> None:
        """A row of the register of assessments."""
        own = {"kind": "РДР", "subject": subject, "grade": 9, "school_year": self.year, "window": ""}
        self.register.append({**own, **facts})

    def close(self, schools: Sequence[str] | None = None) -> Path:
        codes = schools or [school_code(n) for n in range(self.schools_n)]
        fields = ["school_id", "name", "municipality_id", "municipality_name", "locality_type", "valid_from"]
        body = [
            [code, f"Школа {code}", f"{100 + i % 4}", f"Район {i % 4}", locality(i), "2015-09-01"]
            for i, code in enumerate(codes)
        ]
        self._write("Школы.csv", [fields, *body])
        self.manifest.append(("Школы.csv", "school_register", "", "", "", self.year, ""))
        if self.register:
            names = list(dict.fromkeys(name for row in self.register for name in row))
            table = [[row.get(name, "") for name in names] for row in self.register]
            self._write("Реестр процедур.csv", [names, *table])
            self.manifest.append(("Реестр процедур.csv", "assessment_register", "", "", "", "", ""))
        self._write("manifest.csv", [MANIFEST, *self.manifest])
        return self.folder

    def _write(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
