"""The bare script of the whole chain: calamine, DuckDB and the pure library, in one process, nothing else.

It computes the figures that the release publishes of ВПР protocols: score counts, classical statistics, the
calibration with its scale, differential functioning, units by subgroup with quartiles, marks, intervals and
standing on the scale, shrunken means, three-year slopes, the rule of low results, and writes them as Parquet.
No validation, no ledger, no history, no release control, no exports, no pages, and nobody can ask it why.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import python_calamine

from pipelines.psychometrics import (
    calibrate,
    dif_analysis,
    form_items,
    item_fit,
    reml,
    score_counts,
    shrunken_means,
    wle_table,
)

_ITEM = re.compile(r"балл за|\(\d+\s*б\)", re.IGNORECASE)
_WORK = re.compile(r"ВПР (\d{4}) (.+) (\d) класс")
_NAMES = {
    "пользователь": "school",
    "логин школы": "school",
    "вариант": "form",
    "класс": "class_name",
    "наименование класса": "class_name",
    "пол": "sex",
}


def bare_chain(inbox: Path) -> tuple[int, pd.DataFrame]:
    """Read the protocols and compute the figures; returns how many item scores there were, and the units."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 2}) as db:
        db.execute(_TABLES)
        db.execute(_REGISTERS.format(inbox=inbox))
        for path in sorted((inbox / "student_results").glob("*.xlsx")):
            _load(db, path)
        for query in _STUDENTS:
            db.execute(query)
        for (work,) in db.execute("select distinct work from counts order by 1").fetchall():
            _calibrate(db, work)
        for query in (*_UNITS, *_AFTER):
            db.execute(query)
        _shrink(db)
        for (table,) in db.execute("select table_name from duckdb_tables()").fetchall():
            if table not in ("score", "student"):
                db.execute(f"copy {table} to '{folder}/{table}.parquet'")
        scores = int(db.execute("select count(*) from score").fetchall()[0][0])
        return scores, db.execute("select * from unit").df()


def _load(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The sheet with the most columns: its rows as students and long item scores."""
    found = _WORK.search(path.name)
    assert found
    year, subject, grade = found.groups()
    book = python_calamine.CalamineWorkbook.from_path(path)
    rows = max(
        (book.get_sheet_by_name(name).to_python() for name in book.sheet_names), key=lambda r: len(r[0])
    )
    header = [str(c) or f"_{i}" for i, c in enumerate(rows[0])]
    protocol = (
        pd.DataFrame(rows[1:], columns=header).astype(str).rename(columns=lambda c: _NAMES.get(c.lower(), c))
    )
    items = ", ".join(f'"{c}"' for c in protocol.columns if _ITEM.search(c))
    protocol["student"] = range(len(protocol))
    db.register("protocol", protocol)
    db.execute(
        f"""insert into score
        select '{subject}-{grade}-{year}', '{subject}-{grade}', {year}, regexp_extract(school, '\\d+'),
            class_name, lower(sex), form, student, item,
            case when lower(score) in ('x', 'х') then 0 else try_cast(score as double) end as points
        from (unpivot (select school, class_name, sex, form, student, {items} from protocol)
            on {items} into name item value score)
        where points is not null"""  # noqa: S608
    )
    db.unregister("protocol")


def _calibrate(db: duckdb.DuckDBPyConnection, work: str) -> None:
    """The scale of one work, the fit of its items and how they differ by sex and locality."""
    long = db.execute("select * from counts where work = ?", [work]).df()
    columns = {c: long[c] for c in ("form", "item", "score", "n")}
    counts = score_counts(raw=long["total"], **columns)
    found = calibrate(counts)
    scale = wle_table(found.bank, form_items(counts))
    fit = item_fit(counts, found.bank, scale)
    for by in ("sex", "locality"):
        parts = long[long[by].notna()]
        grouped = score_counts(
            form=parts["form"], raw=parts["total"], item=parts["item"], score=parts["score"], n=parts["n"],
            group=parts[by], raw_is_total=False,
        )  # fmt: skip
        reference, focal = grouped.groups[:2]
        dif_analysis(grouped, reference=reference, focal=focal)
    mean, sd = found.population.mean, found.population.sd
    frame = pd.DataFrame(
        {
            "work": work,
            "form": np.array(scale.forms)[scale.form],
            "total": scale.raw,
            "theta": scale.theta,
            "scale_score": 500 + 100 * (scale.theta - mean) / sd,
            "scale_se": 100 * scale.se / sd,
        }
    )
    items = pd.DataFrame(
        {"work": work, "item": counts.items, "difficulty": found.difficulty, "infit": fit.infit}
    )
    db.register("frame", frame)
    db.register("items", items)
    db.execute("insert into scale from frame; insert into item from items")


def _shrink(db: duckdb.DuckDBPyConnection) -> None:
    """Shrunken means of schools, work by work."""
    schools = db.execute(
        """select work, unit_id, n, mean_score, sd from unit
        where unit_type = 'school' and subgroup = 'all' and n > 1 order by work, unit_id"""
    ).df()
    parts = []
    for _, part in schools.groupby("work"):
        model = reml(part["n"], part["mean_score"], part["sd"] ** 2)
        shrunk = shrunken_means(model, part["n"], part["mean_score"])
        parts.append(part.assign(shrunken=shrunk.value, low=shrunk.low, high=shrunk.high))
    db.register("together", pd.concat(parts))
    db.execute("create table shrunken as from together")


_TABLES = """
create table score (work varchar, series varchar, year integer, school varchar, class_name varchar,
    sex varchar, form varchar, student integer, item varchar, score integer);
create table scale (work varchar, form varchar, total integer, theta double, scale_score double,
    scale_se double);
create table item (work varchar, item varchar, difficulty double, infit double);
"""
_REGISTERS = """
create table school as
select distinct on (school_id) cast(school_id as varchar) as school,
    cast(municipality_id as varchar) as place,
    case when locality_type = 'village' then 'rural' else 'urban' end as locality
from read_csv('{inbox}/school_register/school_register_*.csv', union_by_name = true);
create table mark as
select subject || '-' || grade || '-' || school_year as work, mark_3_from, mark_4_from, mark_5_from
from read_csv('{inbox}/assessment_register/assessment_register_*.csv', union_by_name = true)
where kind = 'ВПР'
union all
select subject || '-' || grade || '-' || year, max(min_score) filter (mark = 3),
    max(min_score) filter (mark = 4), max(min_score) filter (mark = 5)
from read_csv('{inbox}/assessment_register/mark_scales_2021.csv') group by all;
"""
_STUDENTS = (
    """create table student as
    select s.* exclude (variant, total, given), variant || '/' || given as form, total, place,
        locality, total < mark_3_from as below,
        case when total < mark_3_from then 2 when total < mark_4_from then 3
            when total < mark_5_from then 4 else 5 end as mark
    from (select work, series, year, school, class_name, sex, form as variant, student, sum(score) as total,
            hash(list(item order by item)) as given
        from score group by all) as s
    left join school using (school) left join mark using (work)""",
    """create table counts as
    select work, t.form, t.sex, locality, total, item, score, count(*) as n
    from score join student as t using (work, student) group by all""",
    """create table item_classical as
    select work, form, item, sum(n * score) / sum(n) as mean,
        (sum(n * score * (total - score)) / sum(n)
            - sum(n * score) / sum(n) * sum(n * (total - score)) / sum(n))
        / nullif(sqrt((sum(n * score * score) / sum(n) - (sum(n * score) / sum(n)) ** 2)
            * (sum(n * (total - score) ** 2) / sum(n) - (sum(n * (total - score)) / sum(n)) ** 2)), 0)
            as item_rest
    from counts group by all""",
)
_UNITS = (
    """create table unit as
    with scaled as (select * from student join scale using (work, form, total)),
    grouped as (
        select work, series, year,
            case when grouping(class_name) = 0 then 'class' when grouping(school) = 0 then 'school'
                when grouping(place) = 0 then 'municipality' else 'region' end as unit_type,
            case when grouping(class_name) = 0 then school || '/' || class_name
                when grouping(school) = 0 then school when grouping(place) = 0 then place
                else 'region' end as unit_id,
            case when grouping(sex) = 0 then 'sex:' || sex
                when grouping(locality) = 0 then 'locality:' || locality else 'all' end as subgroup,
            count(*) as n, avg(total) as mean_score, stddev_samp(total) as sd,
            quantile_cont(total, [0.25, 0.5, 0.75]) as quartiles,
            count(*) filter (below) as below_n, count(*) filter (mark = 2) as mark_2_n,
            count(*) filter (mark = 3) as mark_3_n, count(*) filter (mark = 4) as mark_4_n,
            count(*) filter (mark = 5) as mark_5_n,
            avg(scale_score) as mean_scale_score, stddev_samp(scale_score) as scale_sd
        from scaled
        group by grouping sets (
            (work, series, year, school, class_name), (work, series, year, school, class_name, sex),
            (work, series, year, school), (work, series, year, school, sex),
            (work, series, year, place), (work, series, year, place, sex),
            (work, series, year, place, locality),
            (work, series, year), (work, series, year, sex), (work, series, year, locality))
    ),
    pooled as (
        select work, sqrt(sum((n - 1) * sd ** 2) / sum(n - 1)) as sd_within,
            sqrt(sum((n - 1) * scale_sd ** 2) / sum(n - 1)) as scale_sd_within
        from grouped where unit_type = 'school' and subgroup = 'all' and n > 1 group by all
    )
    select grouped.*, mean_score - 1.96 * sd_within / sqrt(n) as ci_low,
        mean_score + 1.96 * sd_within / sqrt(n) as ci_high, scale_sd_within / sqrt(n) as scale_se,
        (below_n + 1.92) / (n + 3.84)
            - 1.96 * sqrt(below_n * (n - below_n) / n + 0.96) / (n + 3.84) as below_low,
        (below_n + 1.92) / (n + 3.84)
            + 1.96 * sqrt(below_n * (n - below_n) / n + 0.96) / (n + 3.84) as below_high
    from grouped join pooled using (work)""",
)
_AFTER = (
    """create table dynamics as
    select series, unit_type, unit_id, regr_slope(mean_scale_score, year) as slope, count(*) as years_n
    from unit where subgroup = 'all' and unit_type <> 'class' group by all having count(*) > 1""",
    """create table gap as
    select a.work, a.unit_type, a.unit_id, a.subgroup, b.subgroup as against,
        a.mean_scale_score - b.mean_scale_score as gap
    from unit as a join unit as b using (work, unit_type, unit_id)
    where a.subgroup < b.subgroup and split_part(a.subgroup, ':', 1) = split_part(b.subgroup, ':', 1)""",
    """create table low as
    with low as (select unit_id, year, series, 100 * below_n >= 30 * n as is_low from unit
        where unit_type = 'school' and subgroup = 'all' and n >= 10)
    select a.unit_id, a.year, count(*) filter (a.is_low) >= 2
        or count(*) filter (a.is_low and b.is_low) >= 1 as listed
    from low as a left join low as b
        on a.unit_id = b.unit_id and a.series = b.series and a.year = b.year + 1 group by all""",
    """create table inflated as
    select s.work, s.unit_id, s.ci_low > r.ci_high as flagged from unit as s join unit as r using (work)
    where s.unit_type = 'school' and s.subgroup = 'all' and r.unit_type = 'region' and r.subgroup = 'all'""",
)
