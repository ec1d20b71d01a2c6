"""What scaling asks of the build database: small tables only, read by SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

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
    where comparison_group = 'all' or comparison_group like 'sex:%'
    order by all
"""
#: The counts of one assessment by sex, matched on the raw score less some items; these are in flagged_item.
RECOUNT = """
    with items as (
        select item, item_position from stg_student_result_item where assessment_id = $assessment
    ),
    flagged as (
        select form, list(item_position) as positions
        from flagged_item inner join items using (item) group by form
    ),
    matched as (
        select r.form, 'sex:' || r.sex as comparison_group, r.scores, r.raw_score - coalesce(list_sum(
            list_transform(f.positions, lambda p: greatest(coalesce(r.scores[p], 0), 0))), 0) as raw_score
        from int_student_result as r left join flagged as f on r.form = f.form
        where r.assessment_id = $assessment and r.is_tested and r.scores is not null and r.sex is not null
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
RESULTS = """
    select assessment_id, cast(result_score as double) as result_score, sum(n) as n
    from int_unit_score_count
    where result_score is not null
    group by all
    order by all
"""


@contextmanager
def reading(warehouse: Path, memory_limit: str = "4GB") -> Iterator[duckdb.DuckDBPyConnection]:
    """The build database, read only."""
    with duckdb.connect(str(warehouse), read_only=True, config={"memory_limit": memory_limit}) as db:
        yield db


def frame(db: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    return db.execute(query).df()


def assessments(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """The facts of each assessment, in the order of their ids; a missing number is NaN."""
    return {
        str(row["assessment_id"]): {str(k): v for k, v in row.items()}
        for row in frame(db, ASSESSMENTS).to_dict("records")
    }


def coded(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The table with columns of few different texts as categories, which are quick to look up."""
    return table.assign(**{name: table[name].astype("category") for name in columns})


def recounted(warehouse: Path, assessment: str, flagged: list[tuple[str, str]]) -> pd.DataFrame:
    """Counts by sex whose raw score leaves out the `flagged` (form, item): one more pass over one work."""
    with reading(warehouse) as db:
        db.register("flagged_item", pd.DataFrame(flagged, columns=["form", "item"], dtype=str))
        return db.execute(RECOUNT, {"assessment": assessment}).df()


def by_assessment(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each assessment."""
    return {str(key): part for key, part in table.groupby("assessment_id", sort=True, observed=True)}
