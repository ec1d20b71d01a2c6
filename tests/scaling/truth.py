"""A synthetic region whose truth is known, straight into the tables that the Python steps read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.synthetic.region import Region, build_region
from pipelines.synthetic.students import Sitting, Students
from pipelines.synthetic.works import RDR_GAIN, VPR, diagnostic, draw

_TABLES = """
    create table int_student_result as select * from students;
    create table stg_student_result_item as select assessment_id, item, item_position from items;
    create table dim_item as
        select assessment_id, '*' as form, item, max_score, anchor_item, true as is_listed from items;
    create table dim_assessment as select * from works;
    create table int_unit_score_count as
        select assessment_id, school_year, school_id, municipality_id, locality_group, class_name, sex, form,
            raw_score, result_score, count(*) as n
        from students group by all;
    create table int_assessment_unit as
        select assessment_id, 'school' as unit_type, school_id as unit_id, 'all' as subgroup,
            'students' as source, municipality_id, locality_group, count(*) as scored_n,
            cast(null as double) as score_sum, cast(null as double) as score_square_sum
        from students group by all;
    create table fct_item_score_count as
        with cells as (
            select assessment_id, form, sex, raw_score, generate_subscripts(scores, 1) as item_position,
                unnest(scores) as score
            from students
        )
        select assessment_id, form, coalesce('sex:' || sex, 'all') as comparison_group, raw_score, item,
            score as item_score, count(*) as n, 0 as omitted_n
        from cells inner join items using (assessment_id, item_position)
        group by grouping sets (
            (assessment_id, form, raw_score, item, score), (assessment_id, form, raw_score, item, score, sex)
        );
"""


@dataclass(frozen=True)
class KnownRegion:
    """`sittings` by assessment; θ and difficulties are in the generator's logits."""

    region: Region
    sittings: dict[str, Sitting]

    def difficulty(self, assessment: str) -> dict[tuple[str, str], float]:
        """(form, item) → mean step difficulty."""
        work = self.sittings[assessment].work
        variants = ("1", "2") if work.kind == "ВПР" else ("-",)
        return {
            (form, item): float(work.deltas[j].mean() + work.shift[v, j])
            for v, form in enumerate(variants)
            for j, item in enumerate(work.names)
        }


def make_region(schools: int, years: tuple[int, ...], seed: int) -> KnownRegion:
    """ВПР in mathematics and Russian in grades 4 and 5, and the region's linked work in grade 9."""
    region = build_region(schools, years, seed)
    students = Students(region)
    works = [
        draw(plan, year, region.rng("work", plan.kind, plan.subject, plan.grade, year))
        for year in years
        for plan in VPR
        if plan.grade in (4, 5)
    ]
    sittings = [students.sit(work) for work in works]
    for step, year in enumerate(years):
        leaked = year == years[-1]
        work = diagnostic(year, "final", seed, leaked)
        sittings.append(students.sit(work, gain=RDR_GAIN["final"] + 0.06 * step))
    return KnownRegion(region, {assessment_id(s): s for s in sittings})


def assessment_id(sitting: Sitting) -> str:
    work = sitting.work
    window = f"-{work.window}" if work.window else ""
    return f"{work.kind}-{work.subject}-{work.grade}-{work.year}{window}"


def write_warehouse(path: Path, known: KnownRegion) -> None:
    """The tables of the build database that scaling asks for."""
    first = min(s.work.year for s in known.sittings.values())
    students = pa.concat_tables([_students(a, s, known.region) for a, s in known.sittings.items()])
    items = pd.concat([_items(a, s) for a, s in known.sittings.items()])
    works = pd.DataFrame([_work(a, s, first) for a, s in known.sittings.items()])
    with duckdb.connect(str(path)) as db:
        for name, table in (("students", students), ("items", items), ("works", works)):
            db.register(name, table)
        db.execute(_TABLES)


def _students(assessment: str, sitting: Sitting, region: Region) -> pa.Table:
    here = np.flatnonzero(sitting.present)
    schools = [region.schools[s] for s in sitting.school[here].tolist()]
    total = sitting.total[here]
    is_vpr = sitting.work.kind == "ВПР"
    return pa.table(
        {
            "assessment_id": [assessment] * len(here),
            "school_year": np.full(len(here), sitting.work.year),
            "school_id": [s.digits for s in schools],
            "municipality_id": [str(region.municipalities[s.municipality].msu) for s in schools],
            "locality_group": ["urban" if s.locality in ("city", "town") else "rural" for s in schools],
            "class_name": [str(c) for c in sitting.class_index[here].tolist()],
            "sex": np.where(sitting.is_male[here], "m", "f"),
            "form": [str(v) if is_vpr else "-" for v in sitting.variant[here].tolist()],
            "is_tested": np.full(len(here), True),
            "scores": pa.array(sitting.scores[here].tolist(), pa.list_(pa.int8())),
            "raw_score": total.astype(np.int32),
            "total": total.astype(float),
            "result_score": total.astype(float),
            "mark": sitting.mark[here],
            "journal_mark": sitting.journal[here] if is_vpr else pa.nulls(len(here), pa.int64()),
        }
    )


def _items(assessment: str, sitting: Sitting) -> pd.DataFrame:
    work = sitting.work
    return pd.DataFrame(
        {
            "assessment_id": assessment,
            "item": list(work.names),
            "item_position": np.arange(1, len(work.names) + 1),
            "max_score": work.maxima.astype(float),
            "anchor_item": [code or None for code in work.anchors],
        }
    )


def _work(assessment: str, sitting: Sitting, first: int) -> dict[str, object]:
    work = sitting.work
    linked = work.kind == "РДР" and work.year > first
    marks = work.mark_from or (None, None, None)
    return {
        "assessment_id": assessment,
        "kind": work.kind,
        "subject": work.subject,
        "grade": work.grade,
        "school_year": work.year,
        "testing_window": work.window,
        "max_score": float(work.max_score),
        "min_score": float(work.min_score or marks[0] or 0),
        "mark_3_from": marks[0],
        "mark_4_from": marks[1],
        "mark_5_from": marks[2],
        "result_basis": "total",
        "scale_type": None,
        "is_scaled": True,
        "is_reference": work.kind == "РДР" and work.year == first,
        "comparable_with": f"РДР-{work.subject}-{work.grade}-{first}-{work.window}" if linked else None,
    }
