"""Score counts, calibration and scores joined back, against bare queries: 20 and 500 million item scores.

Ours: the dbt models from the students' results to the score counts, and the scores joined to the students.
Bare: the same counts by one plain group-by, the students by raw score, and the same join, in the same
database, with nothing else: no labels, no groups added up. The calibration between them, which no query does,
has a limit in seconds of its own and is measured against its peers elsewhere.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import duckdb

from benchmarks.measure import Measure
from pipelines.scaling import run_calibration
from pipelines.scaling.tables import ensure_tables, table_path

#: Students of an assessment: with 10 assessments of 30 items 20 million item scores, and 500 million.
STUDENTS, COUNTRY = 67_000, 1_666_667
ITEMS, ASSESSMENTS = 30, 10
ROUNDS, COUNTRY_ROUNDS = 11, 3
#: After the counts, whatever the number of students.
CALIBRATION_SECONDS = 2
QUIETLY = "set preserve_insertion_order = false; set enable_progress_bar = false"
MEMORY = "6GB"  # of DuckDB; the process as a whole stays under 8
_COMPILED = ("int_score_cell", "int_item_score", "int_item_score_count", "fct_item_score_count")

_BARE_COUNTS = """
create or replace table bare_count as
with scored as (
    select assessment_id, form, sex, locality_group, raw_score, generate_subscripts(scores, 1) as item,
        unnest(scores) as score
    from int_student_result where is_tested
)
select assessment_id, form, sex, locality_group, raw_score, item, greatest(score, 0) as score,
    score < 0 as is_omitted, count(*) as n
from scored where score is not null
group by all
"""
_BARE_STUDENTS = """
create or replace table bare_students as
select assessment_id, form, raw_score, count(*) as n from int_student_result where is_tested group by all
"""
_JOIN = """
create or replace table {name} as
select r.assessment_id, r.student_key, s.theta_wle, s.theta_se, s.scale_score
from int_student_result as r
inner join read_parquet('{scale}') as s
    on r.assessment_id = s.assessment_id and r.form = s.form and r.raw_score = s.raw_score
"""


def write_results(path: Path, students: int) -> None:
    """Students of ten assessments of thirty 0/1 items, in the columns that the models read."""
    with duckdb.connect(str(path), config={"threads": 2, "memory_limit": MEMORY}) as db:
        db.execute(f"{QUIETLY}; select setseed(0.5)")
        db.execute(
            f"""create table int_student_result as
            with students as (
                select 'РДР-Математика-9-' || (2012 + a) as assessment_id,
                    cast(2012 + a as integer) as school_year, s as student_key,
                    sqrt(-2 * ln(random() + 1e-12)) * cos(2 * pi() * random()) as theta,
                    case when s % 2 = 0 then 'f' else 'm' end as sex,
                    case when s % 3 = 0 then 'rural' else 'urban' end as locality_group,
                    lpad(cast(990000 + s % 600 as varchar), 6, '0') as school_id, s
                from range({ASSESSMENTS}) as t (a), range({students}) as u (s)
            ),
            scored as (
                select * exclude (theta, s), true as is_tested, '-' as form,
                    list_transform(range({ITEMS}), lambda j: cast(
                        hash(s, j, theta) / 18446744073709551616.0
                        < 1 / (1 + exp((j - {ITEMS} / 2) / 8 - theta)) as integer)) as scores
                from students
            )
            select *, cast(list_sum(scores) as integer) as raw_score, cast(list_sum(scores) as double)
                as result_score from scored"""  # noqa: S608
        )
        db.execute(
            f"""create table stg_student_result_item as
            select 'РДР-Математика-9-' || (2012 + a) as assessment_id, j + 1 as item_position,
                cast(j + 1 as varchar) as item
            from range({ASSESSMENTS}) as t (a), range({ITEMS}) as u (j)"""  # noqa: S608
        )
        db.execute(
            """create table dim_item as select assessment_id, '*' as form, item, 1.0 as max_score,
                cast(null as varchar) as anchor_item, true as is_listed from stg_student_result_item"""
        )
        db.execute(
            """create table dim_assessment as select distinct assessment_id, 'РДР' as kind,
                'Математика' as subject, 9 as grade, cast(right(assessment_id, 4) as integer) as school_year,
                '' as testing_window, 30.0 as max_score, 6.0 as min_score, 6.0 as mark_3_from,
                15.0 as mark_4_from, 24.0 as mark_5_from, 'total' as result_basis,
                cast(null as varchar) as scale_type, true as is_scaled, false as is_reference,
                cast(null as varchar) as comparable_with
            from stg_student_result_item"""
        )
        db.execute(
            """create table int_year_input as select school_year, '' as year_input from dim_assessment"""
        )
        db.execute(
            """create view int_unit_score_count as
            select '' as assessment_id, '' as form, 0.0 as result_score, 0 as n where false"""
        )


@contextmanager
def _environment(home: Path) -> Iterator[None]:
    before = os.environ.get("UROVEN_HOME")
    os.environ["UROVEN_HOME"] = str(home)
    try:
        yield
    finally:
        os.environ.pop("UROVEN_HOME", None)
        if before is not None:
            os.environ["UROVEN_HOME"] = before


def compiled_models(home: Path) -> list[tuple[str, str, str]]:
    """(name, materialisation, SQL) of the models that count, as dbt compiles them for this database."""
    from pipelines.resources import run_dbt  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    with _environment(home):
        result = run_dbt(
            ["compile", "--target-path", str(home / "target"), "--select", *_COMPILED], Settings()
        )
    if not result.success:
        raise RuntimeError(f"dbt compile failed: {result.exception}")
    nodes = {r.node.name: r.node for r in result.result}
    return [
        (name, nodes[name].config.materialized, _unqualified(nodes[name].compiled_code)) for name in _COMPILED
    ]


def _unqualified(sql: str) -> str:
    return sql.replace('"warehouse"."main".', "")


def score_counts() -> Measure:
    """500 million item scores: one pass against the bare group-by; calibration and peak memory beside."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        warehouse, scales = home / "build" / "warehouse.duckdb", home / "lake" / "scales"
        warehouse.parent.mkdir(parents=True)
        _in_a_process(write_results, warehouse, COUNTRY)
        ensure_tables(scales)
        models = compiled_models(home)
        pairs, peaks = [], []
        for number in range(COUNTRY_ROUNDS + 1):
            ours, peak = _in_a_process(_counted, warehouse, models)
            bare, _ = _in_a_process(_executed, warehouse, _BARE_COUNTS)
            if number:
                pairs.append((ours, bare))
            peaks.append(peak)
        calibration, peak = _in_a_process(_calibrated, warehouse, scales)
        _require_quick(calibration, COUNTRY)
        raw = {
            "ours_s": statistics.median(a for a, _ in pairs),
            "bare_s": statistics.median(b for _, b in pairs),
            "calibration_s": calibration,
            "item_scores_n": COUNTRY * ASSESSMENTS * ITEMS,
            "peak_memory_mb": max(*peaks, peak),
            "rounds": COUNTRY_ROUNDS,
        }
        return Measure("score_counts", statistics.median(a / b for a, b in pairs), 1.3, raw=raw)


def _require_quick(calibration: float, students: int) -> None:
    if calibration > CALIBRATION_SECONDS:
        raise AssertionError(f"calibration of {students * ASSESSMENTS} students took {calibration:.1f} s")


def _in_a_process(work: Callable[..., object], *arguments: object) -> tuple[float, int]:
    """Seconds of the work and the peak memory, in MB, of a fresh process that does it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, work, *arguments).result()


def _measured(work: Callable[..., object], *arguments: object) -> tuple[float, int]:
    seconds = _timed(lambda: work(*arguments))
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def scaling() -> Measure:
    """20 million: the steps of each side in turn, in seconds of their queries alone."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        warehouse, scales = home / "build" / "warehouse.duckdb", home / "lake" / "scales"
        warehouse.parent.mkdir(parents=True)
        write_results(warehouse, STUDENTS)
        ensure_tables(scales)
        models = compiled_models(home)
        scale = str(table_path(scales, "score_scale"))
        steps: dict[str, list[float]] = {"counts": [], "calibration": [], "joined": [], "bare": []}
        for number in range(ROUNDS + 1):
            times = {
                "counts": _timed(lambda: _counted(warehouse, models)),
                "calibration": _timed(lambda: _calibrated(warehouse, scales)),
                "joined": _timed(lambda: _executed(warehouse, _JOIN.format(name="joined", scale=scale))),
                "bare": _timed(
                    lambda: _executed(
                        warehouse, _BARE_COUNTS, _BARE_STUDENTS, _JOIN.format(name="bare_joined", scale=scale)
                    )
                ),
            }
            for name, seconds in times.items():
                steps[name] += [seconds] if number else []
        _require_quick(statistics.median(steps["calibration"]), STUDENTS)
        ours = [sum(t) for t in zip(steps["counts"], steps["joined"], strict=True)]
        ratios = sorted(a / b for a, b in zip(ours, steps["bare"], strict=True))
        raw = {f"{name}_s": sorted(values)[len(values) // 2] for name, values in steps.items()}
        raw |= {"ours_s": sorted(ours)[len(ours) // 2], "rounds": ROUNDS}
        return Measure("scaling_20m", ratios[len(ratios) // 2], 1.3, raw=raw)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _executed(warehouse: Path, *queries: str) -> None:
    with duckdb.connect(str(warehouse), config={"threads": 2, "memory_limit": MEMORY}) as db:
        db.execute(QUIETLY)
        for query in queries:
            db.execute(query)


def _counted(warehouse: Path, models: list[tuple[str, str, str]]) -> None:
    kinds = {"view": "view", "table": "table", "incremental": "table"}
    _executed(warehouse, *(f"create or replace {kinds[m]} {name} as {sql}" for name, m, sql in models))


def _calibrated(warehouse: Path, scales: Path) -> None:
    step = run_calibration.run(warehouse, scales)
    assert len(step.scaled) == ASSESSMENTS and not step.refused
