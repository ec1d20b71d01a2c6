"""What changed between two releases, number by number, and which file or rule did it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd

from pipelines.release.publish import DATABASE

_KEY = "unit_type, unit_id, indicator_id, school_year, period, assessment_id, subgroup"
#: Numbers that differ, appeared or went; doubles as they are: the same inputs give the same bits.
_CHANGED = f"""
create temp table changed as
select row_number() over () as id, * from (
    select {_KEY}, o.obs_value as old_value, n.obs_value as new_value, o.obs_status as old_status,
        n.obs_status as new_status
    from old.rpt_statistic as o full outer join new.rpt_statistic as n using ({_KEY})
    where o.obs_value is distinct from n.obs_value or o.obs_status is distinct from n.obs_status
        or o.numerator is distinct from n.numerator or o.denominator is distinct from n.denominator
        or o.ci_low is distinct from n.ci_low or o.ci_high is distinct from n.ci_high
)"""  # noqa: S608
#: Files that count in one release and not in the other, or from which other rows were accepted.
_FILES = """
create temp table changed_file as
with o as (select file_id, any_value(file_name) as file_name, any_value(submission_state) as state,
        sum(rows_accepted) as accepted, sum(rows_rejected) as rejected from old.dq_submission group by
        file_id),
n as (select file_id, any_value(file_name) as file_name, any_value(submission_state) as state,
        sum(rows_accepted) as accepted, sum(rows_rejected) as rejected from new.dq_submission group by
        file_id)
select file_id, coalesce(n.file_name, o.file_name) as file_name,
    case when o.file_id is null then 'новый файл' when n.file_id is null then 'файла больше нет'
        when o.state <> n.state then 'файл заменён или отозван' else 'приняты другие строки' end as change
from o full outer join n using (file_id)
where o.file_id is null or n.file_id is null or o.state <> n.state or o.accepted is distinct from n.accepted
    or o.rejected is distinct from n.rejected"""
#: What changed files tell of; a school's municipality is that of either release.
_CONTENT = """
create temp table content as
select distinct f.file_name, f.change, c.contract, c.school_year, c.assessment_id, c.school_id,
s.municipality_id from changed_file as f
inner join (from old.brg_submission_content union from new.brg_submission_content) as c
    on f.file_id = c.file_id
left join (select distinct school_id, municipality_id from new.dim_school) as s
    on c.school_id = s.school_id"""
#: The nearest cause: a file on the unit's own school; on another of its assessment (a partner in
#: suppression, a common scale, a region's mean); of an assessment or year that goes into a change over
#: years; of the year.
_CAUSES = """
select changed.id, content.file_name, content.contract, content.change,
    case
        when content.assessment_id in (changed.assessment_id, '') and content.school_year =
        changed.school_year
            and (changed.unit_type = 'region' or content.school_id = split_part(changed.unit_id, '/', 1)
                or content.municipality_id = changed.unit_id) then 1
        when content.assessment_id = changed.assessment_id then 2
        when content.school_year = changed.school_year then 3
        else 4
    end as distance
from changed inner join content
    on content.school_year between changed.school_year - 3 and changed.school_year + 1
qualify distance = min(distance) over (partition by changed.id)"""


def diff(old: Path, new: Path) -> pd.DataFrame:
    """Changed numbers of the cube between two release directories, each with its causes.

    Columns: the key, old and new value and status, ``cause`` (files; else the rules or the code that
    changed), ``contract``. Empty when nothing changed. Raises FileNotFoundError when there is no such
    release.
    """
    for folder in (old, new):
        if not (folder / DATABASE).exists():
            raise FileNotFoundError(f"нет выпуска {folder.name}")
    with duckdb.connect() as db:
        db.execute(f"attach '{old / DATABASE}' as old (read_only)")
        db.execute(f"attach '{new / DATABASE}' as new (read_only)")
        for sql in (_CHANGED, _FILES, _CONTENT):
            db.execute(sql)
        db.execute(f"create temp table cause as {_CAUSES}")
        table = db.execute(
            """select changed.* exclude (id),
                string_agg(distinct cause.file_name || ' (' || cause.change || ')', '; ') as cause,
                string_agg(distinct cause.contract, '; ') as contract
            from changed left join cause on changed.id = cause.id
            group by all order by all"""
        ).df()
        other = _versions(db)
    table["cause"] = table["cause"].fillna(other)
    return table


def _versions(db: duckdb.DuckDBPyConnection) -> str:
    """What else than files differs: rules and registries by name, or the code."""
    (old, old_code), (new, new_code) = (
        db.execute(f"select rule_versions, code_version from {c}.meta_release").fetchone() or ("{}", "")  # noqa: S608
        for c in ("old", "new")
    )
    before, after = json.loads(old).get("seeds", {}), json.loads(new).get("seeds", {})
    seeds = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    if seeds:
        return "правила и реестры: " + ", ".join(seeds)
    return "программа" if old_code != new_code else "не установлено"
