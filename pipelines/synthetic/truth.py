"""What the generator knows: abilities, items, school effects, planted schools, results, faults."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.synthetic.layouts_gia import person_of
from pipelines.synthetic.names import Person
from pipelines.synthetic.region import CORRECTIONAL, Region
from pipelines.synthetic.sheets import Fault
from pipelines.synthetic.students import Sitting, Students
from pipelines.synthetic.works import Work

LEAST_N = 10
RULE_WORKS = {
    ("ВПР", "Русский язык", 5), ("ВПР", "Русский язык", 6), ("ВПР", "Математика", 5),
    ("ВПР", "Математика", 6),
    ("ОГЭ", "Русский язык", 9), ("ОГЭ", "Математика", 9), ("ЕГЭ", "Русский язык", 11),
    ("ЕГЭ", "Математика профильная", 11), ("ЕГЭ", "Математика базовая", 11),
}  # fmt: skip


@dataclass
class Truth:
    """Collects the truth year by year and writes it in the end; ``low`` follows the results."""

    region: Region
    assessments: list[dict[str, Any]] = field(default_factory=list)
    abilities: list[pa.Table] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    finals: list[pa.Table] = field(default_factory=list)
    persons: dict[tuple[str, int], Person] = field(default_factory=dict)
    item_scores: int = 0
    low: dict[int, dict[int, dict[tuple[str, str, int], tuple[int, int]]]] = field(default_factory=dict)

    def add_work(self, work: Work) -> None:
        for position, name in enumerate(work.names):
            for step, delta in enumerate(work.deltas[position], start=1):
                for variant in (1, 2) if work.kind == "ВПР" else (1,):
                    self.items.append(
                        {
                            **_key(work),
                            "item": name,
                            "position": position + 1,
                            "variant": variant,
                            "step": step,
                            "max_score": int(work.maxima[position]),
                            "delta": float(delta + work.shift[variant - 1, position]),
                            "anchor_item": work.anchors[position],
                        }
                    )

    def add_sitting(self, sitting: Sitting) -> None:
        work = sitting.work
        count = len(sitting)
        self.item_scores += count * len(work.items)
        self.abilities.append(
            pa.table(
                {
                    **{
                        name: pa.array([value] * count).dictionary_encode()
                        if isinstance(value, str)
                        else np.full(count, value)
                        for name, value in _key(work).items()
                    },
                    "school_id": pa.array(
                        [self.region.schools[s].digits for s in sitting.school.tolist()]
                    ).dictionary_encode(),
                    "student_code": (work.grade * 10000 + sitting.number).astype(np.int32),
                    "student": sitting.student_id,
                    "variant": sitting.variant.astype(np.int8),
                    "theta": sitting.theta,
                    "is_absent": sitting.is_absent,
                    "total": sitting.total.astype(np.int16),
                    "mark": sitting.mark.astype(np.int8),
                    "score": np.asarray(sitting.score).astype(np.int16),
                    "is_below": sitting.below,
                }
            )
        )
        n = len(self.region.schools)
        present = sitting.present
        tested = np.bincount(sitting.school[present], minlength=n)
        enrolled = np.bincount(sitting.school, minlength=n)
        below = np.bincount(sitting.school[sitting.below], minlength=n)
        total = np.bincount(sitting.school[present], sitting.total[present], minlength=n)
        score = np.bincount(sitting.school[present], np.asarray(sitting.score)[present], minlength=n)
        marks = [
            np.bincount(sitting.school[present & (sitting.mark == m)], minlength=n) for m in (2, 3, 4, 5)
        ]
        year = self.low.setdefault(work.year, {})
        for s in np.flatnonzero(enrolled).tolist():
            self.assessments.append(
                {
                    **_key(work),
                    "school_id": self.region.schools[s].digits,
                    "enrolled_n": int(enrolled[s]),
                    "tested_n": int(tested[s]),
                    "below_min_n": int(below[s]),
                    "mean_total": float(total[s] / tested[s]) if tested[s] else None,
                    "mean_score": float(score[s] / tested[s]) if tested[s] else None,
                    **{f"mark_{m}_n": int(marks[m - 2][s]) for m in (2, 3, 4, 5)},
                }
            )
            if (work.kind, work.subject, work.grade) in RULE_WORKS:
                year.setdefault(s, {})[(work.kind, work.subject, work.grade)] = (
                    int(tested[s]),
                    int(below[s]),
                )

    def add_participants(self, students: np.ndarray) -> None:
        for student in students.tolist():
            self.persons.setdefault(("participant", student), person_of(student))

    def add_finals(
        self, sitting: Sitting, final_total: np.ndarray, final_mark: np.ndarray, final_score: np.ndarray
    ) -> None:
        work = sitting.work
        count = len(sitting)
        self.finals.append(
            pa.table(
                {
                    **{
                        name: pa.array([value] * count) if isinstance(value, str) else np.full(count, value)
                        for name, value in _key(work).items()
                    },
                    "school_id": [self.region.schools[s].digits for s in sitting.school.tolist()],
                    "student": sitting.student_id,
                    "first_total": np.where(sitting.is_absent, -1, sitting.total),
                    "final_total": final_total,
                    "final_mark": final_mark,
                    "final_score": final_score,
                }
            )
        )

    def branches(self, year: int) -> dict[int, str]:
        """Schools with low results of a year by the default rule, on the results as generated."""
        found: dict[int, str] = {}
        now, before = self.low.get(year, {}), self.low.get(year - 1, {})
        for school, works in now.items():
            low = {key for key, (n, below) in works.items() if n >= LEAST_N and 100 * below >= 30 * n}
            was = {
                key
                for key, (n, below) in before.get(school, {}).items()
                if n >= LEAST_N and 100 * below >= 30 * n
            }
            if len(low) >= 2:
                found[school] = "two_assessments"
            elif low & was:
                found[school] = "same_assessment"
        return found

    def low_schools(self, year: int) -> set[int]:
        """The low schools that may be supported: ordinary ones."""
        return {s for s in self.branches(year) if self.region.schools[s].kind != CORRECTIONAL}

    def write(
        self, directory: Path, students: Students, supported: dict[int, set[int]], faults: Iterable[Fault]
    ) -> None:
        """Write all tables as parquet, the faults also as csv, and a summary as json."""
        directory.mkdir(parents=True, exist_ok=True)
        region = self.region

        def save(name: str, table: pa.Table) -> None:
            pq.write_table(table, directory / f"{name}.parquet", compression="zstd")

        save("items", pa.Table.from_pylist(self.items))
        save("school_assessments", pa.Table.from_pylist(self.assessments))
        save("abilities", pa.concat_tables(self.abilities).unify_dictionaries())
        if self.finals:
            save("exam_finals", pa.concat_tables(self.finals))
        schools = [
            {
                "school_id": s.digits, "name": s.name,
                "municipality_id": str(region.municipalities[s.municipality].msu),
                "kind": s.kind, "locality_type": s.locality, "size": s.size,
                "social": float(region.social[s.index]),
                "is_difficult": bool(region.difficult[s.index]), "low_reason": region.low_reason[s.index],
                "is_resilient": bool(region.resilient[s.index]), "is_high": bool(region.high[s.index]),
                "manipulation": region.manipulation[s.index], "is_improving": bool(region.improving[s.index]),
                "subject_effect_russian": float(region.subject_effect[s.index, 0]),
                "subject_effect_mathematics": float(region.subject_effect[s.index, 1]),
                "successor_school_id": region.schools[s.successor].digits if s.successor >= 0 else "",
                "new_name": s.new_name,
            }
            for s in region.schools
        ]  # fmt: skip
        save("schools", pa.Table.from_pylist(schools))
        years = []
        for year in region.years:
            branch = self.branches(year)
            effect = region.effect_in(year)
            for s in region.schools:
                works = self.low.get(year, {}).get(s.index, {})
                years.append(
                    {
                        "school_id": s.digits,
                        "school_year": year,
                        "is_open": region.is_open(s, year),
                        "effect": float(effect[s.index]),
                        "planted_low": region.low_reason[s.index] if _planted(region, s.index, year) else "",
                        "rule_low": s.index in branch,
                        "rule_branch": branch.get(s.index, ""),
                        "low_assessments_n": sum(
                            n >= LEAST_N and 100 * b >= 30 * n for n, b in works.values()
                        ),
                        "decided_assessments_n": sum(n >= LEAST_N for n, _ in works.values()),
                        "is_supported": s.index in supported[year],
                    }
                )
        save("school_years", pa.Table.from_pylist(years))
        cohorts = []
        for start in sorted(
            {
                int(i) // 1_000_000 + 1990
                for i in pa.concat_tables(self.abilities)["student"].unique().to_numpy()
            }
        ):
            cohort = students.cohort(start)
            cohorts.append(
                pa.table(
                    {
                        "student": cohort.first_id + np.arange(len(cohort)),
                        "entry_school_id": [region.schools[s].digits for s in cohort.school.tolist()],
                        "entry_year": np.full(len(cohort), start),
                        "is_male": cohort.is_male,
                        "ability_russian": cohort.russian,
                        "ability_mathematics": cohort.mathematics,
                    }
                )
            )
        save("students", pa.concat_tables(cohorts))
        people = [
            {"role": role, "student": key, **asdict(person)} for (role, key),
            person in sorted(self.persons.items())
        ]  # fmt: skip
        save("persons", pa.Table.from_pylist(people))
        rows = [
            {"fault_id": f"F{number:04d}", **asdict(fault)} for number, fault in enumerate(faults, start=1)
        ]
        columns = ["fault_id", *Fault.__dataclass_fields__]
        table = (
            pa.Table.from_pylist(rows)
            if rows
            else pa.table({name: pa.array([], pa.string()) for name in columns})
        )
        save("faults", table)
        summary = {
            "years": list(region.years),
            "seed": region.seed,
            "schools": len(region.schools),
            "faults": len(rows),
        }
        (directory / "region.json").write_text(
            json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )


def _planted(region: Region, school: int, year: int) -> bool:
    """Whether the planted lowness is in force: a declining school is low in the last year only."""
    reason = region.low_reason[school]
    if not reason:
        return False
    if reason == "decline":
        return year == region.years[-1]
    return not (region.improving[school] and region.effect_in(year)[school] > -0.5)


def _key(work: Work) -> dict[str, Any]:
    return {
        "kind": work.kind, "subject": work.subject, "grade": work.grade, "school_year": work.year,
        "window": work.window,
    }  # fmt: skip
