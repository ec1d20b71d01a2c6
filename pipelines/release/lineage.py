"""Which file tells of which school, assessment and year: ``brg_submission_content``, made with the frames."""

from __future__ import annotations

import re

import duckdb

from pipelines.release.publish import columns_of
from pipelines.settings import DBT_PROJECT

TABLE = "brg_submission_content"


def write_lineage(db: duckdb.DuckDBPyConnection) -> None:
    """Write the table to ``out`` from every staging table of ``build`` that knows its file."""
    db.execute(
        f"create table out.main.{TABLE} (file_id varchar not null, contract varchar not null, "
        "school_year integer, assessment_id varchar not null, school_id varchar not null)"
    )
    db.execute(
        f"comment on table out.main.{TABLE} is 'О каких школах и процедурах файл — What a file tells of; "
        "one row per file, contract, school year, assessment and school; empty: of all'"
    )
    parts = []
    for table, columns in _sources(db).items():
        school = "coalesce(x.school_id, '')" if {"school_key", "school_code"} <= columns else "''"
        join = (
            "left join build.int_school_crosswalk as x on t.school_key = x.school_key "
            "and t.school_code = x.school_code"
            if school != "''"
            else ""
        )
        work = "coalesce(t.assessment_id, '')" if "assessment_id" in columns else "''"
        parts.append(
            f"select distinct t.file_id, '{_contract(table)}', t.school_year, {work}, {school} "  # noqa: S608
            f"from build.{table} as t {join}"
        )
    if parts:
        db.execute(f"insert into out.main.{TABLE} {' union all '.join(parts)}")


def _contract(table: str) -> str:
    """The file kind whose accepted rows a staging table holds."""
    sql = (DBT_PROJECT / "models" / "staging" / f"{table}.sql").read_text(encoding="utf-8")
    (name,) = re.findall(r"source\('accepted', '(\w+)'\)", sql)
    return str(name)


def _sources(db: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Staging tables with a file and a school year, and their columns."""
    columns = {t: set(c) for t, c in columns_of(db, "build").items() if t.startswith("stg_")}
    skip = {"stg_reading", "stg_rule_count", "stg_submission", "stg_finding"}
    return {t: c for t, c in sorted(columns.items()) if {"file_id", "school_year"} <= c and t not in skip}
