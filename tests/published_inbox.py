"""Published data of schools and tests in one inbox, and the build database of it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.scaling.works import Inbox, school_code

CALIFORNIA, RUSSIA = 2022, 2023
LARGEST = 20_000
PASSPORT = ("students_n", "both_parents_higher_n", "low_income_n", "subsidised_meals_n", "not_native_n")
KEYED = {"SAT12": ("Физика", 0.798), "HCI": ("История", 0.7155)}
TREND = {"polish": "Чтение", "math": "Математика", "english": "Английский язык"}
YEARS = (2021, 2022, 2023)


def read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


class ContextInbox(Inbox):
    """An inbox that also takes social passports, and totals with a standard deviation."""

    def passport(self, year: int, rows: Sequence[dict[str, Any]]) -> None:
        name = f"Социальный паспорт {year}.csv"
        body = [[row["school_id"], *(row.get(field, "") for field in PASSPORT)] for row in rows]
        self._write(name, [["school_id", *PASSPORT], *body])
        self.manifest.append((name, "social_passport", "", "", "", year, ""))

    def results(self, kind: str, year: int, rows: Sequence[dict[str, Any]]) -> str:
        fields = ("school_id", "tested_n", "mean_score", "sd")
        name = f"{kind} Математика {year} по школам.csv"
        self._write(name, [fields, *[[row.get(field, "") for field in fields] for row in rows]])
        self.manifest.append((name, "school_results", kind, "Математика", 9, year, ""))
        return f"{kind}-Математика-9-{year}"


def california(folder: Path) -> list[dict[str, Any]]:
    """Districts as schools: students, mean in mathematics, shares as counts. Four are left out: no school
    has so many students."""
    rows = []
    for i, row in enumerate(read(folder / "multilevel" / "CASchools.csv")):
        n = int(float(row["students"]))
        if n > LARGEST:
            continue
        shares = {"subsidised_meals_n": "lunch", "low_income_n": "calworks", "not_native_n": "english"}
        counts = {field: round(n * float(row[name]) / 100) for field, name in shares.items()}
        own = {"school_id": school_code(i), "students_n": n, "tested_n": n, "mean_score": float(row["math"])}
        rows.append(own | counts)
    return rows


def russia(folder: Path) -> list[dict[str, Any]]:
    """Schools of PISA 2003: mean and sd in mathematics, both parents at the highest level of education that
    the file tells, students in the lowest quarter of socio-economic status."""
    pupils = read(folder / "multilevel" / "student_RUS_2003.csv")
    known = [float(r["escs"]) for r in pupils if r["escs"] not in ("", "NA")]
    poor = float(np.quantile(known, 0.25))
    schools: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in pupils:
        schools[row["school_id"]].append(row)
    out = []
    for number, (_, held) in enumerate(sorted(schools.items()), start=500):
        scores = np.array([float(r["math"]) for r in held])
        if len(scores) < 2:
            continue
        educated = sum(r["mother_educ"] == r["father_educ"] == "ISCED 3A" for r in held)
        low = sum(r["escs"] not in ("", "NA") and float(r["escs"]) < poor for r in held)
        out.append({
            "school_id": school_code(number), "students_n": len(scores), "tested_n": len(scores),
            "mean_score": round(float(scores.mean()), 4), "sd": round(float(scores.std(ddof=1)), 4),
            "both_parents_higher_n": educated, "low_income_n": low,
        })  # fmt: skip
    return out


def answers(folder: Path, name: str) -> tuple[list[list[str]], list[str]]:
    """Chosen answers as letters, and the key: a digit could be taken for points."""
    key = {row["item"]: row["key"] for row in read(folder / "items" / f"{name}_key.csv")}
    letters = str.maketrans("12345678", "ABCDEFGH")
    rows = read(folder / "items" / f"{name}_raw.csv")
    return [[row[item].translate(letters) for item in key] for row in rows], [
        right.translate(letters) for right in key.values()
    ]


def trend_schools(folder: Path) -> dict[int, dict[str, dict[str, tuple[int, float]]]]:
    """Year → school code → exam → (students, mean); a school is known by its region, town and name."""
    codes: dict[tuple[str, ...], str] = {}
    found: dict[int, dict[str, dict[str, tuple[int, float]]]] = {}
    for year in YEARS:
        seen: defaultdict[tuple[str, ...], int] = defaultdict(int)
        found[year] = {}
        for row in read(folder / "trend" / f"e8-schools-{year}.csv", ";"):
            own = tuple(row[name] for name in ("region", "city", "school"))
            seen[own] += 1
            code = codes.setdefault((*own, str(seen[own])), f"{100_001 + len(codes):06d}")
            exams = {}
            for exam in TREND:
                n, mean = row[f"{exam}_candidates"], row[f"{exam}_average"].replace(",", ".")
                if n.strip().isdigit() and mean.replace(".", "", 1).isdigit():
                    exams[exam] = int(n), float(mean)
            found[year][code] = exams
    return found


def write_inbox(folder: Path, real_data: Path) -> Path:
    """Keyed tests, three years of a country's exam, and the schools whose context is known too."""
    inbox = ContextInbox(folder)
    for name, (subject, _) in KEYED.items():
        rows, key = answers(real_data, name)
        inbox.students(subject, rows, maxima=[1] * len(key))
        items = [{"item": j + 1, "position": j + 1, "max_score": 1, "key": k} for j, k in enumerate(key)]
        inbox.items(subject, items)
    trend = trend_schools(real_data)
    for year, by_school in trend.items():
        for exam, subject in TREND.items():
            totals = [(code, *exams[exam]) for code, exams in by_school.items() if exam in exams]
            inbox.totals(subject, totals, kind="МСИ", grade=8, year=year)
    codes: list[str] = []
    for year, kind, schools in (
        (CALIFORNIA, "РДР", california(real_data)),
        (RUSSIA, "МСИ", russia(real_data)),
    ):
        inbox.passport(year, schools)
        inbox.results(kind, year, schools)
        codes += [school["school_id"] for school in schools]
    # a school's place in the list says whether it stands in a village
    codes += [school_code(n) for n in range(inbox.schools_n)]
    codes += sorted({code for by_school in trend.values() for code in by_school})
    return inbox.close(list(dict.fromkeys(codes)))
