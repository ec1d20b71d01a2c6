"""The uniform cube: every published number as one row, made of the frames after release control.

``rpt_statistic`` says nothing that the tables it is made of don't say: what is hidden there is hidden here.
Which column is which statistic stands in the seed ``statistic.csv``; programme indicators come from their
own registry. ``dim_indicator`` describes them, ``dim_code`` holds the code lists.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

import duckdb

from pipelines.release.control import ASIDE, CONF, SEEN
from pipelines.release.publish import columns_of
from pipelines.settings import DBT_PROJECT

SEEDS = DBT_PROJECT / "seeds"
#: Where a row of a table stands: unit_type, unit_id, school_year, period, assessment_id, subgroup (SQL on
#: ``t``).
_ASSESSED = ("t.unit_type", "t.unit_id", "t.school_year", "''", "t.assessment_id")
_OF_SCHOOL = ("'school'", "t.school_id", "t.school_year")
PLACES: dict[str, tuple[str, ...]] = {
    "fct_assessment_aggregate": (*_ASSESSED, "t.subgroup"),
    "fct_subgroup_gap": (
        "t.unit_type", "t.unit_id", "a.school_year", "''", "t.assessment_id",
        "t.subgroup || '-' || t.other_subgroup"
    ),
    "msr_dynamics": ("t.unit_type", "t.unit_id", "t.end_year", "''", "a.assessment_id", "'all'"),
    "fct_school_staffing": (*_OF_SCHOOL, "''", "''", "'all'"),
    "fct_school_context": (*_OF_SCHOOL, "''", "''", "'all'"),
    "fct_exam_outcome": (*_OF_SCHOOL, "''", "''", "'level:' || t.level"),
    "fct_school_identification": (*_OF_SCHOOL, "''", "''", "'rule:' || t.rule_id"),
    "fct_programme_indicator": (
        "t.unit_type", "t.unit_id", "t.school_year", "coalesce(t.period, '')", "''", "'all'"
    ),
}  # fmt: skip
_JOINS = {
    "fct_subgroup_gap": "left join out.dim_assessment as a on t.assessment_id = a.assessment_id",
    "msr_dynamics": "inner join out.dim_assessment as a on t.kind = a.kind and t.subject = a.subject "
    "and t.grade = a.grade and t.testing_window = coalesce(a.testing_window, '') "
    "and t.end_year = a.school_year",
}
_CUBE = """
create table out.main.rpt_statistic (
    ref_area varchar not null, unit_type varchar not null, unit_id varchar not null,
    indicator_id varchar not null, school_year integer not null, period varchar not null,
    assessment_id varchar not null, count_unit varchar, subgroup varchar not null, obs_value double,
    numerator double, denominator double, ci_low double, ci_high double,
    obs_status varchar not null, conf_status varchar not null
)"""
_COMMENTS = {
    "rpt_statistic": "Все опубликованные числа — The uniform cube; one row per unit, indicator, school year, "
    "period, assessment and subgroup",
    "dim_indicator": "Показатели — Indicators; one row per indicator",
    "dim_code": "Списки кодов — Code lists; one row per list and code",
    "dq_suppression": "Что скрыто и сколько это стоит — What is hidden and what it costs; one row per column",
}


def statistics() -> list[dict[str, str]]:
    with (SEEDS / "statistic.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_lists(db: duckdb.DuckDBPyConnection) -> None:
    """Write ``dim_indicator`` and ``dim_code``, which the cube refers to, to ``out``."""
    _write_codes(db)
    _write_indicators(db)


def write_cube(db: duckdb.DuckDBPyConnection, region: str) -> None:
    """Write ``rpt_statistic`` to ``out`` from the frames there; ``write_lists`` comes first."""
    db.execute("use out")
    columns, seen = columns_of(db, "out"), columns_of(db, ASIDE)
    db.execute(_CUBE)
    wanted = [s for s in statistics() if s["value"] in columns[s["table_name"]]]
    if "fct_programme_indicator" in columns:
        programme = {"table_name": "fct_programme_indicator", "value": "value", "numerator": "numerator",
                     "denominator": "denominator", "ci_low": "ci_low", "ci_high": "ci_high",
                     "status_column": "obs_status", "indicator_id": "", "count_unit": ""}  # fmt: skip
        wanted.append(programme)
    # one statement: each statistic is a thread's work
    rows = " union all ".join(_rows_of(s, columns, seen, region) for s in wanted)
    db.execute(f"insert into out.main.rpt_statistic {rows}")
    db.execute(f"detach {ASIDE}")  # as large as the frames, and not needed any more
    for table, comment in _COMMENTS.items():
        db.execute(f"comment on table out.main.{table} is '{comment}'")


def _rows_of(
    s: dict[str, str],
    columns: Mapping[str, list[str]],
    seen_columns: Mapping[str, list[str]],
    region: str,
) -> str:
    """SQL of one statistic's rows. ``columns``: of the tables in ``out``, and of those with what is shown."""
    table = s["table_name"]
    unit_type, unit_id, year, period, work, subgroup = PLACES[table]
    number = {
        k: f"t.{s[k]}" if s[k] in columns[table] else s[k] or "null" for k in ("numerator", "denominator")
    }
    low, high = (f"t.{s[k]}" if s[k] else "null" for k in ("ci_low", "ci_high"))
    seen = seen_columns.get(SEEN + table, [])
    source = f"{ASIDE}.main.{SEEN}{table}" if seen else f"out.main.{table}"
    conf = f"t.{s['value']}{CONF}" if s["value"] + CONF in seen else "null"
    own = f"nullif(t.{s['status_column']}, 'Q')" if s["status_column"] else "null"
    status = (
        f"case when {conf} is not null then 'Q' when t.{s['value']} is not null then coalesce({own}, 'A') "
        f"else coalesce(nullif({own}, 'A'), 'O') end"
    )
    indicator = f"'{s['indicator_id']}'" if s["indicator_id"] else "t.indicator_id"
    counted = (
        f"'{s['count_unit']}'"
        if s["count_unit"]
        else ("(select p.count_unit from out.dim_indicator as p where p.indicator_id = t.indicator_id)")
    )
    return f"""
        select '{region}', {unit_type}, {unit_id}, {indicator}, {year}, {period}, {work}, {counted},
        {subgroup},
            t.{s["value"]}, {number["numerator"]}, {number["denominator"]}, {low}, {high},
            {status}, coalesce({conf}, 'F')
        from {source} as t {_JOINS.get(table, "")}"""  # noqa: S608


def _write_codes(db: duckdb.DuckDBPyConnection) -> None:
    lists = [
        str(p) for p in (SEEDS / f"{n}.csv" for n in ("code_list", "code_list_region", "publication_code"))
    ]
    db.execute(
        "create table out.main.dim_code (list varchar not null, code varchar not null, "
        "title_ru varchar not null, title_en varchar)"
    )
    db.execute(f"insert into out.main.dim_code {_read(lists, 'list, code, title_ru, title_en')}")


def _write_indicators(db: duckdb.DuckDBPyConnection) -> None:
    db.execute(
        "create table out.main.dim_indicator (indicator_id varchar primary key, title_ru varchar not null, "
        "title_en varchar, unit varchar, count_unit varchar, polarity varchar, table_name varchar not null, "
        "column_name varchar not null, programme varchar)"
    )
    own = "indicator_id, title_ru, title_en, unit, count_unit, polarity, table_name, value, null"
    db.execute(
        f"insert into out.main.dim_indicator {_read([str(SEEDS / 'statistic.csv')], own)} order by all"
    )
    registry = SEEDS / "programme_indicator.csv"
    shared = "indicator_id, title_ru, title_en, unit, count_unit, polarity"
    theirs = f"{shared}, 'fct_programme_indicator', 'value', programme"
    if registry.exists():
        db.execute(f"insert into out.main.dim_indicator {_read([str(registry)], theirs)}")


def _read(paths: list[str], columns: str) -> str:
    options = "all_varchar = true, header = true, delim = ',', quote = '\"'"
    return f"select {columns} from read_csv({paths}, {options})"  # noqa: S608
