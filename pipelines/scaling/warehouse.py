"""What scaling asks of the build database: small tables only.

All SQL of the Python steps stands here, and it is DuckDB's: `group by all`, `order by all`, lists, Parquet
read in place. On another engine this module is the one to replace; what it returns are frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from pipelines.settings import duckdb_config

ASSESSMENTS = """
    select assessment_id, kind, subject, grade, school_year, coalesce(testing_window, '') as testing_window,
        max_score, min_score, mark_3_from, mark_4_from, mark_5_from, result_basis, scale_type, is_scaled,
        is_reference, comparable_with
    from dim_assessment order by assessment_id
"""
ITEMS = """
    select assessment_id, form, item, max_score, anchor_item, is_listed
    from dim_item order by assessment_id, form, item
"""
COUNTS = """
    select assessment_id, form, comparison_group, raw_score, item, item_score, n, omitted_n
    from fct_item_score_count
    order by all
"""
#: The columns by which comparison groups are told.
_GROUPS = {"sex": "sex", "locality": "locality_group"}
#: The counts of one assessment by the groups of a column, matched on the raw score less some items; these
#: are in flagged_item.
_RECOUNT = """
    with items as (
        select item, item_position from stg_student_result_item where assessment_id = $assessment
    ),
    flagged as (
        select form, list(item_position) as positions
        from flagged_item inner join items using (item) group by form
    ),
    matched as (
        select
            r.form, '{dimension}:' || r.{column} as comparison_group, r.scores,
            r.raw_score - coalesce(list_sum(list_transform(
                f.positions, lambda p: greatest(coalesce(r.scores[p], 0), 0)
            )), 0) as raw_score
        from int_student_result as r left join flagged as f on r.form = f.form
        where r.assessment_id = $assessment and r.is_tested and r.scores is not null
            and r.{column} is not null
    ),
    given as (
        select form, comparison_group, raw_score, generate_subscripts(scores, 1) as item_position,
            unnest(scores) as score
        from matched
    )
    select form, comparison_group, cast(raw_score as integer) as raw_score, item,
        greatest(score, 0) as item_score, count(*) as n, count(*) filter (where score < 0) as omitted_n
    from given inner join items using (item_position)
    where score is not null
    group by all order by all
"""
#: Students of all schools by variant and result.
RESULTS = """
    select
        assessment_id, split_part(form, ' без ', 1) as variant,
        cast(result_score as double) as result_score, sum(n) as n
    from int_unit_score_count
    where result_score is not null
    group by all
    order by all
"""
#: Students of each school by result.
SCHOOL_RESULTS = """
    select school_id, assessment_id, cast(result_score as double) as score, sum(n) as n
    from int_unit_score_count
    where result_score is not null and list_contains($assessments, assessment_id)
    group by all order by all
"""
#: Students of each school by journal mark, mark and total.
JOURNAL_MARKS = """
    select school_id, assessment_id, journal_mark, mark, cast(total as double) as total, count(*) as n
    from int_student_result
    where is_tested and journal_mark is not null and (mark is not null or total is not null)
        and list_contains($assessments, assessment_id)
    group by all order by all
"""
#: How many rows the queries below find of each assessment, at most.
_SIZES = """
    with rows_n as (
        select assessment_id, count(*) as n from int_unit_score_count group by all
        union all
        select assessment_id, count(*) from int_assessment_unit where unit_type = 'school' group by all
    )
    select assessment_id, sum(n) as n from rows_n group by all order by all
"""
#: Rows that a step holds at once, but for one assessment that has more by itself.
BATCH_ROWS = 2_000_000
#: Rows below which a second process costs more than it saves.
LARGE = 100_000
#: The variants of each assessment that at least ? students were given, as one text.
FORMS = """
    with forms as (
        select assessment_id, split_part(form, ' без ', 1) as form
        from int_unit_score_count
        group by all having sum(n) >= ?
    )
    select assessment_id, string_agg(form, ', ' order by form) as forms from forms group by assessment_id
"""
#: Schools by what counts for them in an assessment: the rows of their students, or the totals they sent.
_SOURCES = """
    sources as (
        select assessment_id, unit_id as school_id, source from int_assessment_unit
        where unit_type = 'school' and subgroup = 'all'
    )
"""
#: n, Σ and Σ² of the students' values on the scale of the assessment, by school, class and sex. Where some
#: schools sent totals and there are no test scores, the value is the result itself: totals tell no
#: percentiles. Sums are of decimals, so that the order of rows decides no digit.
STUDENT_CELLS = f"""
    with {_SOURCES},
    with_totals as (select distinct assessment_id from sources where source = 'school_totals'),
    valued as (
        select
            c.assessment_id, c.school_id, c.municipality_id, c.locality_group, c.class_name, c.sex, c.n,
            case
                when a.scale_type like 'irt%' then s.scale_score
                when a.scale_type = 'official' then c.result_score
                when a.scale_type = 'relative' and t.assessment_id is not null then c.result_score
                else r.scale_score
            end as v
        from int_unit_score_count as c
        inner join sources as o
            on c.assessment_id = o.assessment_id and c.school_id = o.school_id and o.source = 'students'
        inner join read_parquet($assessment) as a on c.assessment_id = a.assessment_id
        left join with_totals as t on c.assessment_id = t.assessment_id
        left join read_parquet($score_scale) as s
            on c.assessment_id = s.assessment_id and c.form = s.form and c.raw_score = s.raw_score
        left join read_parquet($result_scale) as r
            on c.assessment_id = r.assessment_id and c.result_score = r.result_score
            and split_part(c.form, ' без ', 1) = r.variant
        where list_contains($assessments, c.assessment_id)
    )
    select
        assessment_id, municipality_id, locality_group, school_id, class_name, sex,
        cast(sum(n) as bigint) as n, cast(sum(cast(n * v as decimal(38, 8))) as double) as first,
        cast(sum(cast(n * v * v as decimal(38, 8))) as double) as second
    from valued
    where v is not null
    group by all order by all
"""  # noqa: S608 - a constant of this module
#: The same of schools whose totals count.
TOTAL_CELLS = """
    select assessment_id, municipality_id, locality_group, unit_id as school_id,
        cast(scored_n as bigint) as n, score_sum as first, score_square_sum as second
    from int_assessment_unit
    where unit_type = 'school' and subgroup = 'all' and source = 'school_totals' and scored_n > 0
        and list_contains($assessments, assessment_id)
    order by all
"""
#: Students with a scale score by municipality, sex, locality, form and raw score.
SCALED_STUDENTS = f"""
    with {_SOURCES}
    select c.assessment_id, c.municipality_id, c.sex, c.locality_group, c.form, c.raw_score, sum(c.n) as n
    from int_unit_score_count as c
    inner join sources as o
        on c.assessment_id = o.assessment_id and c.school_id = o.school_id and o.source = 'students'
    inner join read_parquet($score_scale) as s
        on c.assessment_id = s.assessment_id and c.form = s.form and c.raw_score = s.raw_score
    where s.scale_score is not null and list_contains($assessments, c.assessment_id)
    group by all order by all
"""  # noqa: S608 - a constant of this module


@contextmanager
def reading(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build database, read only."""
    with duckdb.connect(str(warehouse), read_only=True, config=duckdb_config(warehouse)) as db:
        yield db


def frame(
    db: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> pd.DataFrame:
    """The answer to a query with its parameters."""
    return db.execute(query, values or None).df()


def assessments(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """The facts of each assessment, in the order of their ids; a missing number is NaN."""
    return {
        str(row["assessment_id"]): {str(k): v for k, v in row.items()}
        for row in frame(db, ASSESSMENTS).to_dict("records")
    }


def batches(db: duckdb.DuckDBPyConnection, workers: int = 1) -> Iterator[dict[str, Any]]:
    """The assessments in their order, as many at once as may be held: `$assessments` of the queries.

    For several ``workers``, each of which holds one, many rows make a batch for each.

    The queries ask `list_contains`: a filter of the table as it is read, where `in (select unnest(…))` is
    planned as a join above all the others.
    """
    chosen: list[str] = []
    held = 0
    sizes = db.execute(_SIZES).fetchall()
    rows = sum(n for _, n in sizes)
    processes = workers if rows > LARGE else 1
    most = min(BATCH_ROWS // processes, math.ceil(rows / processes))
    for assessment, n in sizes:
        if chosen and held + n > most:
            yield {"assessments": chosen}
            chosen, held = [], 0
        chosen.append(str(assessment))
        held += n
    if chosen:
        yield {"assessments": chosen}


def coded(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The table with columns of few different texts as categories, which are quick to look up."""
    return table.assign(**{name: table[name].astype("category") for name in columns})


def recounted(
    warehouse: Path, assessment: str, flagged: list[tuple[str, str]], dimension: str
) -> pd.DataFrame:
    """Counts by sex or locality whose raw score leaves out the `flagged` (form, item): one more pass over one
    work."""
    query = _RECOUNT.format(dimension=dimension, column=_GROUPS[dimension])
    with reading(warehouse) as db:
        db.register("flagged_item", pd.DataFrame(flagged, columns=["form", "item"], dtype=str))
        return frame(db, query, {"assessment": assessment})


def by_assessment(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each assessment."""
    return {str(key): part for key, part in table.groupby("assessment_id", sort=True, observed=True)}
