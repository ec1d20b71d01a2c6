"""Release control: the tables as they may be seen.

``dbt_project/seeds/publication_rule.csv`` says of each mart which columns are hidden when; a mart that it
does not name is not published. The rules:

- ``open``: nobody is counted; ``withheld``: not published at all;
- ``students``: hidden where ``base`` is under ten; ``share``: also where ``numerator`` is nobody or
  everybody of a small group; ``staff``: hidden where ``base`` or ``numerator`` is one or two people;
- ``sensitive``: always hidden (sensitive groups are not shown below a municipality);
- ``follows``: hidden as ``condition`` says (A, D or null), mostly as the cell of
  ``fct_assessment_aggregate`` that the number is made of, so that it tells nothing that the published cells
  don't;
- ``band``: a probability rounded to a quarter where ``condition`` says that it is made of hidden numbers.

``condition``, ``base`` and ``numerator`` are SQL on the row ``t``. The frames are written to a database of
their own, so that no hidden value ever stands in a file that is published.
"""

from __future__ import annotations

import csv
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from pipelines.release.hierarchy import KEYS, LAYERS, Limits, suppress
from pipelines.release.publish import columns_of, copy_comments
from pipelines.release.shares import Shares
from pipelines.settings import DBT_PROJECT

RULES = DBT_PROJECT / "seeds" / "publication_rule.csv"
#: Fewer people than this in a cell of staff [local].
STAFF = 3
#: A probability in bands is a multiple of one over this [local].
BANDS = 4
#: Catalogue with what the frames are made with: the hidden cells and forms, and of a table with rules a table
#: with what is shown, and why a column's value is hidden, where it is.
ASIDE, SEEN, CONF = "aside", "seen_", "__conf"
#: Tables of which frames are made at a time: most are small, and one thread's work.
TOGETHER = 2
#: Columns that release control adds.
_STATUS = {
    "obs_status": "Состояние строки: A, Q скрыто — Status: A normal, Q suppressed",
    "conf_status": "Защита: F открыто, A скрыто малое число, D скрыто ради других — "
    "Confidentiality: F, A, D (SDMX)",
}
#: Where the rows that release control looks at stand.
AGGREGATE = "fct_assessment_aggregate"
#: What the aggregate's cells are made of.
ROWS = """
    select a.unit_type, a.unit_id, a.assessment_id, a.subgroup, a.school_id, a.municipality_id,
        s.locality_group, a.tested_n, a.judged_n, a.below_min_n, a.mean_score, a.sd, d.max_score,
        a.mark_2_n, a.mark_3_n, a.mark_4_n, a.mark_5_n, a.p25, a.p50, a.p75
    from build.{table} as a
    left join build.dim_assessment as d on a.assessment_id = d.assessment_id
    left join (select 'school' as unit_type, school_id, school_year, locality_group
        from build.int_school_year) as s
        on a.unit_type = s.unit_type and a.unit_id = s.school_id and a.school_year = s.school_year
    order by a.assessment_id, a.unit_type, a.unit_id, a.subgroup
"""


INDICATORS = """
    select
        i.unit_type, i.unit_id, concat_ws('|', i.indicator_id, i.school_year, i.period) as assessment_id,
        'all' as subgroup,
        case when i.unit_type = 'school' then i.unit_id end as school_id,
        case i.unit_type when 'school' then s.municipality_id when 'municipality' then i.unit_id end as
        municipality_id, cast(null as varchar) as locality_group,
        coalesce(i.denominator, 0) as tested_n,
        case when p.statistic = 'share' and i.numerator between 0 and i.denominator then i.denominator end as
        judged_n, case when p.statistic = 'share' and i.numerator between 0 and i.denominator then
        i.numerator end as below_min_n, cast(null as double) as mean_score, cast(null as double) as sd,
        cast(null as double) as max_score, 0 as mark_2_n, 0 as mark_3_n, 0 as mark_4_n, 0 as mark_5_n
    from build.fct_programme_indicator as i
    inner join build.programme_indicator as p on i.indicator_id = p.indicator_id
    left join (select 'school' as unit_type, school_id,
            any_value(municipality_id order by is_latest desc) as municipality_id
        from build.dim_school group by school_id) as s
        on i.unit_type = s.unit_type and i.unit_id = s.school_id
    where case when p.count_unit in ('staff', 'people', 'positions') then 'staff'
        when p.count_unit in ('students', 'marks', 'answers') then 'students' end = $1
    order by 3, 1, 2
"""


@dataclass(frozen=True)
class Rule:
    """One line of the seed. ``columns``: names, or «* except NAMES»."""

    table_name: str
    columns: str
    rule: str
    base: str
    numerator: str
    condition: str
    status_columns: str
    note: str

    def status(self, limits: Limits) -> str:
        """SQL: A (primary), D (to protect another) or null (shown)."""
        if self.rule in ("follows", "band"):
            return self.condition
        if self.rule == "sensitive":
            return "'A'"
        tests = {
            "students": "{base} < {least_n}",
            "share": "{base} < {least_n} or ({base} < {small_group} and {numerator} in (0, {base}))",
            "staff": "({base} > 0 and {base} < {staff})"
            + (" or ({numerator} > 0 and {numerator} < {staff})" if self.numerator else ""),
        }
        test = tests[self.rule].format(base=self.base, numerator=self.numerator, least_n=limits.least_n,
                                       small_group=limits.small_group, staff=STAFF)  # fmt: skip
        return f"case when {test} then 'A' end"

    def of(self, columns: Sequence[str]) -> list[str]:
        """The columns it hides, of those that the table has."""
        if self.columns.startswith("*"):
            kept = self.columns.removeprefix("*").removeprefix(" except").split()
            return [c for c in columns if c not in kept]
        return [c for c in self.columns.split() if c in columns]


def read_rules(path: Path = RULES) -> dict[str, list[Rule]]:
    """The rules by table."""
    out: dict[str, list[Rule]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            out[line["table_name"]].append(Rule(**line))
    return dict(out)


def publishable(tables: Iterable[str], rules: dict[str, list[Rule]]) -> list[str]:
    """The tables that have a rule and are not withheld."""
    return [t for t in tables if t in rules and all(r.rule != "withheld" for r in rules[t])]


def write_frames(
    db: duckdb.DuckDBPyConnection,
    tables: Sequence[str],
    rules: dict[str, list[Rule]],
    limits: Limits,
    shares: Shares | None = None,
) -> None:
    """Write the tables as they may be seen from the catalogue ``build`` to ``out``, and ``dq_suppression``.

    A table of which anything may be hidden says so in ``obs_status`` (Q) and ``conf_status`` (F, A, D).
    """
    db.execute(f"attach ':memory:' as {ASIDE}")
    _hidden_cells(db, limits, shares or Shares(aggregate_rows(db)))
    _hidden_forms(db, limits)
    columns = columns_of(db, "build")
    ddl = dict(
        db.execute("select table_name, sql from duckdb_tables() where database_name = 'build'").fetchall()
    )
    if missing := [t for t in tables if t not in ddl]:
        raise LookupError(f"the build database lacks {', '.join(missing)}: run dbt first")
    own = threading.local()

    def write(table: str) -> list[tuple[object, ...]]:
        if not hasattr(own, "cursor"):
            own.cursor = _with_hidden(db.cursor())
        own.cursor.execute(f"use out; {ddl[table]}; use build")
        masking = [r for r in rules[table] if r.rule not in ("open", "withheld")]
        return _write_table(own.cursor, table, columns[table], masking, limits)

    with ThreadPoolExecutor(TOGETHER) as threads:
        costs = [cost for costs in threads.map(write, tables) for cost in costs]
    copy_comments(db, tables, "build", "out")
    _write_costs(db, costs)


def _with_hidden(cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """What rules are written in: tables of the build database by their names, and what is hidden."""
    cursor.execute("use build")
    for table in ("hidden", "hidden_form"):
        cursor.execute(f"create temp view {table} as from {ASIDE}.main.{table}")
    cursor.execute(
        "create temp macro cell(l, kind, unit, work, part) as (select min(h.status) "
        "from temp.hidden as h where h.layer = l and h.unit_type = kind and h.unit_id = unit "
        "and h.assessment_id = work and h.subgroup = part)"
    )
    cursor.execute(
        "create temp macro form_status(work, version) as (select min(h.status) "
        "from temp.hidden_form as h where h.assessment_id = work and h.form = version)"
    )
    return cursor


def _exists(db: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = "select count(*) from duckdb_tables() where database_name = 'build' and table_name = ?"
    return bool((db.execute(found, [table]).fetchone() or (0,))[0])


def _write_table(
    db: duckdb.DuckDBPyConnection, table: str, columns: list[str], rules: Sequence[Rule], limits: Limits
) -> list[tuple[object, ...]]:
    """Write one table; returns table, rule, column, cells with a value, of them hidden as A and D."""
    if not rules:
        db.execute(f'insert into out.main."{table}" from build.main."{table}"')
        return []
    statuses = ", ".join(f"{rule.status(limits)} as status_{i}" for i, rule in enumerate(rules))
    masked = f'(select t.*, {statuses} from build.main."{table}" as t)'  # noqa: S608
    by_column: dict[str, list[int]] = defaultdict(list)
    banded: dict[str, list[int]] = defaultdict(list)
    marked: dict[str, list[int]] = defaultdict(list)
    for i, rule in enumerate(rules):
        for column in rule.of(columns):
            (banded if rule.rule == "band" else by_column)[column].append(i)
        for column in rule.status_columns.split():
            marked[column].append(i)
    whole = _first(i for i, rule in enumerate(rules) if rule.rule != "band")
    added = {
        "obs_status": f"case when {whole} is null then 'A' else 'Q' end",
        "conf_status": f"coalesce({whole}, 'F')",
    }
    added = {c: sql for c, sql in added.items() if c not in columns}
    for column in added:
        db.execute(f'alter table out.main."{table}" add column {column} varchar')
        db.execute(f"comment on column out.main.\"{table}\".{column} is '{_STATUS[column]}'")
    shown = []
    for column in columns:
        if column in by_column:
            first = _first(by_column[column])
            shown.append(f'case when {first} is null then "{column}" end as "{column}"')
            shown.append(f'case when "{column}" is not null then {first} end as "{column}{CONF}"')
        elif column in banded:
            band = f'round("{column}" * {BANDS}) / {BANDS}'
            shown.append(
                f'case when {_first(banded[column])} is null then "{column}" else {band} end as "{column}"'
            )
        elif column in marked:
            first = _first(marked[column])
            shown.append(f'case when {first} is null then "{column}" else \'Q\' end as "{column}"')
        else:
            shown.append(f'"{column}"')
    shown += [f"{sql} as {column}" for column, sql in added.items()]
    seen = f'{ASIDE}.main."{SEEN}{table}"'
    db.execute(f"create table {seen} as select {', '.join(shown)} from {masked}")  # noqa: S608
    names = ", ".join(f'"{c}"' for c in [*columns, *added])
    db.execute(f'insert into out.main."{table}" select {names} from {seen}')  # noqa: S608
    counted = [
        f'count("{column}") + count("{column}{CONF}"), '
        + ", ".join(f"count(case when \"{column}{CONF}\" = '{why}' then 1 end)" for why in "AD")
        for column in by_column
    ]
    counts = db.execute(f"select {', '.join(counted) or 'null'} from {seen}").fetchone() or ()  # noqa: S608
    return [
        (table, column, "; ".join(dict.fromkeys(rules[i].note or rules[i].rule for i in numbers)),
         *counts[3 * place : 3 * place + 3])
        for place, (column, numbers) in enumerate(by_column.items())
    ]  # fmt: skip


def _first(numbers: Iterable[int]) -> str:
    names = "".join(f"status_{i}, " for i in numbers)
    return f"coalesce({names}null, null)"


def aggregate_rows(db: duckdb.DuckDBPyConnection, table: str = AGGREGATE) -> pd.DataFrame:
    """The rows that ``hierarchy`` looks at, of the build database."""
    return db.execute(ROWS.format(table=table)).df()


def aggregate_hash(db: duckdb.DuckDBPyConnection, table: str = AGGREGATE) -> str:
    """Tells ``aggregate_rows`` apart from others without reading them."""
    rows = ROWS.format(table=table)
    found = db.execute(f"select count(*), sum(hash(cells)) from ({rows}) as cells").fetchone()  # noqa: S608
    return str(found)


def shown(db: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """What the frame in ``out`` itself hides of ``aggregate_rows``, by layer: A hidden, F shown."""
    hidden = db.execute(
        """select a.tested_n is not null and o.tested_n is null as row,
                  a.below_min_n is not null and o.below_min_n is null as below,
                  a.mark_3_n is not null and o.mark_3_n is null as marks
           from build.fct_assessment_aggregate as a
           inner join out.fct_assessment_aggregate as o using (unit_type, unit_id, assessment_id, subgroup)
           order by a.assessment_id, a.unit_type, a.unit_id, a.subgroup"""
    ).df()
    return pd.DataFrame({layer: hidden[layer].map({True: "A", False: "F"}) for layer in LAYERS})


def shown_quartiles(db: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The quartiles that the frame in ``out`` shows of ``aggregate_rows``."""
    return db.execute(
        """select p25, p50, p75 from out.fct_assessment_aggregate
        order by assessment_id, unit_type, unit_id, subgroup"""
    ).df()


def indicator_rows(db: duckdb.DuckDBPyConnection, people: str) -> pd.DataFrame:
    """Programme indicators that count students or staff, in the form of ``aggregate_rows``.

    An indicator of a year and period stands for the assessment. Only a numerator that is a part of its
    denominator is a count of people.
    """
    return db.execute(INDICATORS, [people]).df()


def _hidden_cells(db: duckdb.DuckDBPyConnection, limits: Limits, shares: Shares) -> None:
    of_staff = replace(limits, least_n=STAFF, small_group=0, margin=1)
    frames = [shares.suppress(limits)]
    if _exists(db, "fct_programme_indicator"):
        frames.append(suppress(indicator_rows(db, "students"), limits))
        frames.append(suppress(indicator_rows(db, "staff"), of_staff))
    status = pd.concat(frames, ignore_index=True)
    long = status.melt(KEYS, [*LAYERS, "quartiles"], "layer", "status").query("status in ('A', 'D')")
    db.register("hidden_frame", long)
    columns = [*KEYS, "layer", "status"]
    db.execute(f"create table {ASIDE}.main.hidden ({', '.join(f'{c} varchar' for c in columns)})")
    db.execute(f"insert into {ASIDE}.main.hidden by name select * from hidden_frame")  # noqa: S608


def _hidden_forms(db: duckdb.DuckDBPyConnection, limits: Limits) -> None:
    """Forms that few students wrote, and the next smallest where these could be had by subtraction."""
    few = f"n < {limits.least_n}"
    db.execute(
        f"""create table {ASIDE}.main.hidden_form as
        select assessment_id, form, case
            when {few} then 'A'
            when sum(case when {few} then n else 0 end) over work between 1 and {limits.least_n - 1}
                and row_number() over (partition by assessment_id, {few} order by n, form) = 1 then 'D'
        end as status
        from build.fct_form_statistic window work as (partition by assessment_id)"""  # noqa: S608
    )


def _write_costs(db: duckdb.DuckDBPyConnection, costs: Sequence[tuple[object, ...]]) -> None:
    db.execute(
        "create table out.main.dq_suppression (table_name varchar not null, column_name varchar not null, "
        "rule varchar not null, values_n bigint not null, primary_n bigint not null, "
        "secondary_n bigint not null, hidden_pct double)"
    )
    names = ["table_name", "column_name", "rule", "values_n", "primary_n", "secondary_n"]
    db.register("cost_frame", pd.DataFrame(costs, columns=names))
    db.execute(
        "insert into out.main.dq_suppression "
        "select *, 100.0 * (primary_n + secondary_n) / nullif(values_n, 0) from cost_frame"
    )
    db.unregister("cost_frame")
