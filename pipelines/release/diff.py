"""What changed between two releases, number by number, and which file or rule did it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd

from pipelines.release.publish import DATABASE
from pipelines.settings import DBT_PROJECT

SEEDS = DBT_PROJECT / "seeds"
_KEY = "unit_type, unit_id, indicator_id, school_year, period, assessment_id, subgroup"
#: Numbers that differ, appeared or went; doubles as they are: the same inputs give the same bits.
_CHANGED = f"""
create temp table changed as
select row_number() over () as id, * from (
    select {_KEY}, o.obs_value as old_value, n.obs_value as new_value, o.ci_low as old_ci_low,
        n.ci_low as new_ci_low, o.ci_high as old_ci_high, n.ci_high as new_ci_high,
        o.obs_status as old_status, n.obs_status as new_status
    from old.rpt_statistic as o full outer join new.rpt_statistic as n using ({_KEY})
    where o.obs_value is distinct from n.obs_value or o.obs_status is distinct from n.obs_status
        or o.numerator is distinct from n.numerator or o.denominator is distinct from n.denominator
        or o.ci_low is distinct from n.ci_low or o.ci_high is distinct from n.ci_high
)"""  # noqa: S608
#: Files that count in one release and not in the other, or from which other rows were accepted. Both versions
#: of a corrected file are here: what either tells of may have changed.
_FILES = """
create temp table changed_file as
with o as (select file_id, any_value(file_name) as file_name, any_value(submission_state) as state,
        sum(rows_accepted) as accepted, sum(rows_rejected) as rejected from old.dq_submission group by
        file_id),
n as (select file_id, any_value(file_name) as file_name, any_value(submission_state) as state,
        sum(rows_accepted) as accepted, sum(rows_rejected) as rejected from new.dq_submission group by
        file_id)
select file_id, coalesce(n.file_name, o.file_name) as file_name,
    case when o.file_id is null and n.file_name in (select file_name from o) then 'исправленный файл'
        when n.state = 'superseded' and n.file_name in (select file_name from n where file_id not in
            (select file_id from o)) then 'исправленный файл'
        when o.file_id is null then 'новый файл' when n.file_id is null then 'файла больше нет'
        when o.state <> n.state and n.state = 'active' then 'файл теперь учитывается'
        when o.state <> n.state then 'файл больше не учитывается' else 'приняты другие строки' end as change
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
left join (select school_id, municipality_id from old.dim_school union
    select school_id, municipality_id from new.dim_school) as s
    on c.school_id = s.school_id"""
#: File kinds that a programme indicator is made of; any kind may stand behind the other indicators.
_KINDS = f"""
create temp table kind as
select i.indicator_id, s.contract from read_csv('{SEEDS / "programme_indicator.csv"}') as i
inner join read_csv('{SEEDS / "programme_indicator_source.csv"}') as s on i.measure_id = s.measure_id
where i.indicator_id not in (select indicator_id from read_csv('{SEEDS / "statistic.csv"}'))
group by all"""  # noqa: S608
#: The nearest cause. Of a number of an assessment: a file with the unit's own results of it; with others'
#: (a partner in suppression, a common scale, a region's mean); one on the unit of that year. Of any other
#: number: a file on the unit of that year. Then a file of that year; then of a year in a change over years.
_CAUSES = """
select changed.id, content.file_name, content.contract, content.change,
    case
        when content.school_year <> changed.school_year then 5
        when content.assessment_id = changed.assessment_id and is_own then 1
        when content.assessment_id = changed.assessment_id and changed.assessment_id <> '' then 2
        when '' in (content.assessment_id, changed.assessment_id) and is_own then
            case when changed.assessment_id = '' then 1 else 3 end
        else 4
    end as distance
from changed inner join content
    on content.school_year between changed.school_year - 3 and changed.school_year + 1,
lateral (select changed.unit_type in ('region', 'programme')
    or content.school_id = split_part(changed.unit_id, '/', 1)
    or content.municipality_id = changed.unit_id as is_own)
where changed.indicator_id not in (select indicator_id from kind)
    or (changed.indicator_id, content.contract) in (select (indicator_id, contract) from kind)
qualify distance = min(distance) over (partition by changed.id)"""


def diff(old: Path, new: Path) -> pd.DataFrame:
    """Changed numbers of the cube between two release directories, each with its causes.

    Columns: the key, old and new value, interval and status, ``cause`` (files; else the rules or the code
    that changed), ``contract``. Empty when nothing changed. Raises FileNotFoundError when there is no such
    release.
    """
    for folder in (old, new):
        if not (folder / DATABASE).exists():
            raise FileNotFoundError(f"нет выпуска {folder.name}")
    with duckdb.connect() as db:
        db.execute(f"attach '{old / DATABASE}' as old (read_only)")
        db.execute(f"attach '{new / DATABASE}' as new (read_only)")
        for sql in (_CHANGED, _FILES, _CONTENT, _KINDS):
            db.execute(sql)
        db.execute(f"create temp table cause as {_CAUSES}")
        table = db.execute(
            """select changed.* exclude (id),
                string_agg(distinct cause.file_name || ' (' || cause.change || ')', '; ' order by
                    cause.file_name || ' (' || cause.change || ')') as cause,
                string_agg(distinct cause.contract, '; ' order by cause.contract) as contract
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
