"""The bare script of the whole chain: calamine, DuckDB and the pure library, in one process, nothing else.

    python -m benchmarks.bare INBOX FOLDER

It computes the figures that the release publishes of ВПР protocols: score counts, classical statistics, the
calibration with its scale, differential functioning, units by subgroup with quartiles, marks, intervals and
standing on the scale, the posterior of municipalities and the region, shrunken means, signs of objectivity,
three-year slopes with their tests, the rules of low results with each condition and the probability that
they hold, and the cube of them all, and writes them to the folder as Parquet. Left out: how long schools stay
on a list, and where rules part. No validation, no ledger, no history, no release control, no exports, no
pages, and nobody can ask it why.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import python_calamine

from pipelines.programme.rule_probability import probabilities
from pipelines.psychometrics import (
    Calibration,
    boundary_peak,
    calibrate,
    clustered_mean,
    cohort_variance,
    dif_analysis,
    form_items,
    inflated_mean,
    item_fit,
    journal_shares,
    mark_score_agreement,
    pooled_sd,
    raised_against_journal,
    reml,
    score_counts,
    sharp_change,
    shrunken_means,
    small_spread,
    trends,
    unit_distributions,
    wle_table,
)

_SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"
_ITEM = re.compile(r"балл за|\(\d+\s*б\)", re.IGNORECASE)
_WORK = re.compile(r"ВПР (\d{4}) (.+) (\d) класс")
_NAMES = {
    "пользователь": "school",
    "логин школы": "school",
    "вариант": "form",
    "класс": "class_name",
    "наименование класса": "class_name",
    "пол": "sex",
    "отметка за предыдущую четверть/триместр": "journal",
    "отметка за предыдущий триместр/ четверть/полугодие": "journal",
}


def bare_chain(inbox: Path, folder: Path) -> None:
    """Read the protocols of the inbox and write the figures to the folder, a Parquet file a table."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2}) as db:
        db.execute(_TABLES)
        db.execute(_REGISTERS.format(inbox=inbox))
        for path in sorted((inbox / "student_results").glob("*.xlsx")):
            _load(db, path)
        for query in _STUDENTS:
            db.execute(query)
        works = [work for (work,) in db.execute("select distinct work from counts order by 1").fetchall()]
        for work in works:
            _calibrate(db, work)
        for query in (*_UNITS, *_AFTER):
            db.execute(query)
        _shrink(db)
        signs = [sign for work in works for sign in _signs(db, work)] + _changes(db)
        db.register("signs", pd.concat(signs))
        db.execute("create table sign as from signs")
        _slopes(db)
        _rules(db)
        db.execute(_CUBE)
        db.execute("create table size as select count(*) as item_scores_n from score")
        for (table,) in db.execute("select table_name from duckdb_tables()").fetchall():
            if table not in ("score", "student"):
                db.execute(f"copy {table} to '{folder}/{table}.parquet'")


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
            class_name, case lower(sex) when 'м' then 'm' when 'ж' then 'f' end, form,
            try_cast(journal as integer), student, item,
            case when lower(score) in ('x', 'х') then 0 else try_cast(score as double) end as points
        from (unpivot (select school, class_name, sex, form, journal, student, {items} from protocol)
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
    forms = form_items(counts)
    scale = wle_table(found.bank, forms)
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
    posterior = _posterior(db, work, found, forms)
    db.register("posterior_frame", posterior)
    db.execute("insert into posterior from posterior_frame")


def _posterior(
    db: duckdb.DuckDBPyConnection, work: str, found: Calibration, forms: dict[str, list[str]]
) -> pd.DataFrame:
    """Mean, sd and shares of marks of the municipalities and the region, with their subgroups."""
    units = db.execute(_UNIT_COUNTS, [work]).df()
    code = units.groupby(["unit_type", "unit_id", "subgroup"], sort=False).ngroup()
    mean, sd = found.population.mean, found.population.sd
    cuts = db.execute(_CUTS, [work]).fetchone() or ()
    made = unit_distributions(
        found.bank, forms, unit=code, form=units["form"].to_numpy(str), raw=units["total"], n=units["n"],
        center=mean, spread=sd, cuts=sorted(cuts),
    )  # fmt: skip
    out = units[["unit_type", "unit_id", "subgroup"]].drop_duplicates(ignore_index=True)
    out.insert(0, "work", work)
    out["posterior_mean"], out["posterior_sd"] = 500 + 100 * (made.mean - mean) / sd, 100 * made.sd / sd
    return out.assign(mean_se=100 * made.mean_se / sd, **dict(zip("2345", made.shares.T, strict=False)))


def _signs(db: duckdb.DuckDBPyConnection, work: str) -> list[pd.DataFrame]:
    """Signs of objectivity of the schools of one work: the official ones but sharp change, and the local."""
    schools = db.execute(_SCHOOLS, [work]).df().set_index("unit_id")
    n, mean, sd = schools["n"], schools["mean_score"], schools["sd"]
    region, se = clustered_mean(n, mean)
    own = np.where(n > 1, pooled_sd(n, sd.fillna(0) ** 2) / np.sqrt(n), np.nan)
    found = [
        ("inflated_mean", schools.index, inflated_mean(mean, own, region, se)),
        ("small_spread", schools.index, small_spread(n, mean, sd)),
    ]
    totals = db.execute(
        "select school, total, count(*) as n, any_value(mark_3_from), any_value(mark_4_from), "
        "any_value(mark_5_from) from student left join mark using (work) where work = ? group by all",
        [work],
    ).df()
    table = totals.pivot_table(index="school", columns="total", values="n", fill_value=0).sort_index()
    table = table.reindex(columns=np.arange(int(totals["total"].max()) + 1), fill_value=0)
    peaks = [
        (f"peak_at_mark_{mark}", table.index, boundary_peak(table.to_numpy(), int(totals.iloc[0, mark])))
        for mark in (3, 4, 5)
    ]
    students = db.execute(
        "select school, journal, mark, total from student where work = ? and journal is not null "
        "order by school",
        [work],
    ).df()
    ids, code = np.unique(students["school"], return_inverse=True)
    found.append(
        ("marks_against_scores", ids, mark_score_agreement(code, students["journal"], students["total"]))
    )
    shares = journal_shares(code, students["journal"], students["mark"], np.ones(len(code)))
    raised = raised_against_journal(shares.n, np.round(np.nan_to_num(shares.rose) * shares.n))
    found.append(("raised_against_journal", ids, raised))
    return [
        pd.DataFrame({"work": work, "school": i, "sign": name, "statistic": statistic, "flagged": f.flagged})
        for name, i, f in (*found, *peaks)
        for statistic in (f.z if name.startswith("peak") else f.statistic,)
    ]


def _changes(db: duckdb.DuckDBPyConnection) -> list[pd.DataFrame]:
    """Sharp change from one grade to the next a year later."""
    pairs = db.execute(_PAIRS).df()
    out = []
    for work, part in pairs.groupby("work"):
        k = sharp_change(part["before"], part["after"])
        for name, flagged in (("sharp_fall", k.fell), ("sharp_rise", k.rose)):
            out.append(
                pd.DataFrame(
                    {
                        "work": work,
                        "school": part["unit_id"],
                        "sign": name,
                        "statistic": k.k,
                        "flagged": flagged,
                    }
                )
            )
    return out


def _slopes(db: duckdb.DuckDBPyConnection) -> None:
    """Change against the region over up to three years, with its test, up to each year."""
    means = db.execute(
        """select series, unit_type, unit_id, year, mean_scale_score as score, scale_se as se from unit
        where subgroup = 'all' and unit_type <> 'class' and scale_se > 0"""
    ).df()
    parts = []
    for series, own in means.groupby("series"):
        for end in sorted(own["year"].unique()):
            years = np.arange(end - 2, end + 1)
            seen = own[own["year"].isin(years)]
            score, se = (
                seen.pivot(index=["unit_type", "unit_id"], columns="year", values=v).reindex(columns=years)
                for v in ("score", "se")
            )
            region = [v.xs("region").to_numpy(float)[0] for v in (score, se)]
            for kind in ("school", "municipality"):
                s, e = score.xs(kind), se.xs(kind)
                whole = s.notna().all(axis=1).any()
                kappa = cohort_variance(years, s - region[0], e) if kind == "school" and whole else 0.0
                found = trends(
                    years, s, e, scale_type="relative", region_score=region[0], region_se=region[1],
                    cohort_variance=kappa,
                ).relative  # fmt: skip
                assert found is not None
                parts.append(
                    pd.DataFrame(
                        {"series": series, "unit_type": kind, "unit_id": s.index, "year": end,
                         "slope": found.slope, "se": found.se, "p_adjusted": found.p_adjusted,
                         "verdict": found.verdict}
                    )
                )  # fmt: skip
    db.register("slopes", pd.concat(parts))
    db.execute("create table dynamics as from slopes")


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


def _rules(db: duckdb.DuckDBPyConnection) -> None:
    """The conditions of the rules of low results, whether these hold, and the probability that they do."""
    for query in _CONDITIONS:
        db.execute(query.format(seeds=_SEEDS))
    found = probabilities(db.execute("from condition").df(), db.execute("from requirement").df())
    db.register("found", found)
    db.execute(_LABELS)


_TABLES = """
create table score (work varchar, series varchar, year integer, school varchar, class_name varchar,
    sex varchar, form varchar, journal integer, student integer, item varchar, score integer);
create table scale (work varchar, form varchar, total integer, theta double, scale_score double,
    scale_se double);
create table item (work varchar, item varchar, difficulty double, infit double);
create table posterior (work varchar, unit_type varchar, unit_id varchar, subgroup varchar, mean double,
    sd double, mean_se double, level_2 double, level_3 double, level_4 double, level_5 double);
"""
_UNIT_COUNTS = """
    select case when grouping(place) = 0 then 'municipality' else 'region' end as unit_type,
        case when grouping(place) = 0 then place else 'region' end as unit_id,
        case when grouping(sex) = 0 then 'sex:' || sex
            when grouping(locality) = 0 then 'locality:' || locality else 'all' end as subgroup,
        form, total, count(*) as n
    from student where work = ?
    group by grouping sets ((place, form, total), (place, sex, form, total), (place, locality, form, total),
        (form, total), (sex, form, total), (locality, form, total))
    order by all"""
_CUTS = """
    select min(theta) filter (total >= mark_3_from), min(theta) filter (total >= mark_4_from),
        min(theta) filter (total >= mark_5_from) from scale join mark using (work) where work = ?"""
_SCHOOLS = """
    select unit_id, n, mean_score, sd from unit
    where work = ? and unit_type = 'school' and subgroup = 'all' order by unit_id"""
_PAIRS = """
    with school as (
        select work, year, split_part(series, '-', 1) as subject, cast(split_part(series, '-', 2) as integer)
            as grade, unit_id, 100 * mean_score / max_score as percent
        from unit join mark using (work) where unit_type = 'school' and subgroup = 'all')
    select n.work, n.unit_id, b.percent as before, n.percent as after
    from school as n join school as b
        on n.unit_id = b.unit_id and n.subject = b.subject and n.grade = b.grade + 1 and n.year = b.year + 1
    order by 1, 2"""
_CUBE = """create table cube as
    with figures as (
        select work, year, unit_type, unit_id, subgroup, cast(n as double) as tested, mean_score, sd,
            quartiles[1] as p25, quartiles[2] as p50, quartiles[3] as p75, 100.0 * below_n / n as below_min,
            100.0 * mark_2_n / n as mark_2, 100.0 * mark_3_n / n as mark_3, 100.0 * mark_4_n / n as mark_4,
            100.0 * mark_5_n / n as mark_5, mean_scale_score, shrunken as shrunken_mean
        from unit left join (select work, unit_id, 'school' as unit_type, 'all' as subgroup, shrunken
            from shrunken) using (work, unit_id, unit_type, subgroup)
    )
    from (unpivot figures on columns(* exclude (work, year, unit_type, unit_id, subgroup))
        into name statistic value obs_value)
    union all by name
    select series as work, year, unit_type, unit_id, 'all' as subgroup, 'change' as statistic,
        slope as obs_value from dynamics
    union all by name
    select work, null as year, unit_type, unit_id, subgroup || '-' || against as subgroup,
        'gap' as statistic, gap as obs_value from gap
    order by all"""
_REGISTERS = """
create table school as
select distinct on (school_id) cast(school_id as varchar) as school,
    cast(municipality_id as varchar) as place,
    case when locality_type = 'village' then 'rural' else 'urban' end as locality
from read_csv('{inbox}/school_register/school_register_*.csv', union_by_name = true);
create table mark as
select subject || '-' || grade || '-' || school_year as work, mark_3_from, mark_4_from, mark_5_from, max_score
from read_csv('{inbox}/assessment_register/assessment_register_*.csv', union_by_name = true)
where kind = 'ВПР'
union all
select subject || '-' || grade || '-' || year, max(min_score) filter (mark = 3),
    max(min_score) filter (mark = 4), max(min_score) filter (mark = 5), max(max_score)
from read_csv('{inbox}/assessment_register/mark_scales_2021.csv') group by all;
"""
_STUDENTS = (
    """create table student as
    select s.* exclude (variant, total, given), variant || '/' || given as form, total, place,
        locality, total < mark_3_from as below,
        case when total < mark_3_from then 2 when total < mark_4_from then 3
            when total < mark_5_from then 4 else 5 end as mark
    from (select work, series, year, school, class_name, sex, form as variant, journal, student,
            sum(score) as total,
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
    """create table clustered as
    with school_part as (
        select work, place, locality, subgroup, n, mean_scale_score as mean
        from unit join school on unit_id = school where unit_type = 'school'),
    of_unit as (
        from school_part union all by name
        select * replace ('locality:' || locality as subgroup) from school_part
        where subgroup = 'all' and locality is not null),
    piece as (
        select work, 'municipality' as unit_type, place as unit_id, subgroup, n, mean from of_unit
        union all select work, 'region', 'region', subgroup, n, mean from of_unit)
    select work, unit_type, unit_id, subgroup, count(*) as schools_n,
        sqrt(sum((n * (mean - center)) ** 2) * count(*) / nullif(count(*) - 1, 0)) / sum(n) as se
    from (select *, sum(n * mean) over own / sum(n) over own as center from piece
        window own as (partition by work, unit_type, unit_id, subgroup)) group by all""",
    """update unit set mean_scale_score = coalesce(p.mean, mean_scale_score), scale_se = case
            when c.se is null or (c.schools_n < 10 and c.se < scale_se) then scale_se else c.se end
    from clustered as c left join posterior as p using (work, unit_type, unit_id, subgroup)
    where unit.work = c.work and unit.unit_type = c.unit_type and unit.unit_id = c.unit_id
        and unit.subgroup = c.subgroup""",
    """create table gap as
    select a.work, a.unit_type, a.unit_id, a.subgroup, b.subgroup as against,
        a.mean_scale_score - b.mean_scale_score as gap
    from unit as a join unit as b using (work, unit_type, unit_id)
    where a.subgroup < b.subgroup and split_part(a.subgroup, ':', 1) = split_part(b.subgroup, ':', 1)""",
    """create table inflated as
    select s.work, s.unit_id, s.ci_low > r.ci_high as flagged from unit as s join unit as r using (work)
    where s.unit_type = 'school' and s.subgroup = 'all' and r.unit_type = 'region' and r.subgroup = 'all'""",
)
_CONDITIONS = (
    "create table requirement as from read_csv('{seeds}/rule_requirement.csv')",
    """create table prior as
    with results as (select work, n, below_n from unit where unit_type = 'school' and subgroup = 'all'),
    totals as (select work, count(*) as schools_n, sum(below_n) / sum(n) as share,
            sum(n) - sum(n * n) / sum(n) as weight from results group by all),
    between as (
        select work, share, (sum(n * (below_n / n - share) ** 2) / nullif(share * (1 - share), 0)
                - (schools_n - 1)) / nullif(weight - (schools_n - 1), 0) as rho
        from results join totals using (work) group by work, share, schools_n, weight)
    select work, if(rho > 0 and rho < 1, share * (1 / rho - 1), 0.5) as alpha,
        if(rho > 0 and rho < 1, (1 - share) * (1 / rho - 1), 0.5) as beta from between""",
    """create table condition as
    with asked as (
        select p.rule_id, p.rule_version, branch, requirement, least_n, flagged_results = 'drop' as drops,
            c.subject || '-' || c.grade as series, coalesce(subject_group, c.subject) as subject_group,
            r.measure, r.comparison, cast(r.threshold as double) as threshold,
            unnest(range(r.years_n)) as years_before
        from read_csv('{seeds}/rule_pack.csv') as p join requirement as r using (rule_id, rule_version)
        join read_csv('{seeds}/rule_condition.csv') as c using (condition_set)
        where c.kind = 'ВПР' and r.measure = 'below_min_share'),
    flagged as (
        select distinct work, school as unit_id from sign
        where flagged and split_part(work, '-', 1) in ('Русский язык', 'Математика')
            and (starts_with(sign, 'sharp') or sign in ('inflated_mean', 'marks_against_scores')
                and split_part(work, '-', 2) in ('4', '5')))
    select rule_id, rule_version, year + years_before as school_year, unit_id as school_id, branch,
        requirement, years_before, series, subject_group, measure, comparison, threshold, n,
        below_n as numerator, 100 * below_n / n as observed, n >= least_n as met_decided,
        n >= least_n and 100 * below_n >= threshold * n as met_point,
        n >= least_n and 100 * below_low >= threshold as met_confirmed,
        n >= least_n and 100 * below_n + 5 * n >= threshold * n as met_near,
        alpha + below_n as posterior_alpha, beta + n - below_n as posterior_beta,
        cast(null as double) as margin_z
    from unit join asked using (series) join prior using (work)
    left join flagged using (work, unit_id)
    where unit_type = 'school' and subgroup = 'all' and not (drops and flagged.unit_id is not null)
        and year + years_before <= (select max(year) from unit)""",
)


def _held(least: str, met: str = "") -> str:
    """Whether enough of a group's rows hold, in each of the ways that a rule is evaluated."""
    ways = ("point", "confirmed", "near", "decided")
    return ", ".join(f"count(*) filter ({met}{way}) >= any_value({least}) as {way}" for way in ways)


_LABELS = f"""create table label as
    with held as (
        select school_id, rule_id, rule_version, school_year, branch, requirement, years_before,
            case same_by when 'assessment' then series when 'subject' then subject_group end as same,
            {_held("conditions_n", "met_")}
        from condition join requirement using (rule_id, rule_version, branch, requirement)
        group by all),
    grouped as (
        select school_id, rule_id, rule_version, school_year, branch, requirement, same,
            {_held("years_held_n")}
        from held join requirement using (rule_id, rule_version, branch, requirement)
        group by all),
    branches as (
        select school_id, rule_id, rule_version, school_year, branch, {_held("groups_n")}
        from grouped join requirement using (rule_id, rule_version, branch, requirement)
        group by all)
    select school_id, rule_id, school_year,
        case when bool_or(confirmed) then 'confirmed' when bool_or(point) then 'point'
            when bool_or(near) then 'near' when not bool_or(decided) then 'insufficient' else 'no'
        end as status, status in ('point', 'confirmed') as is_met, any_value(met_n) as met_n,
        any_value(probability) as probability
    from branches join found using (school_id, rule_id, rule_version, school_year)
    join (select school_id, rule_id, school_year, count(distinct (series, years_before))
            filter (met_point) as met_n from condition group by all)
        using (school_id, rule_id, school_year)
    group by all"""  # noqa: S608


if __name__ == "__main__":
    bare_chain(Path(sys.argv[1]), Path(sys.argv[2]))
