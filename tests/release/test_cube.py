"""The uniform cube says what the other published tables say, on the sample region's release."""

from __future__ import annotations

from typing import Any

import duckdb

from pipelines.release.cube import statistics


def _pairs(db: duckdb.DuckDBPyConnection, statistic: dict[str, str]) -> tuple[str, str]:
    """SQL of unit and number, in the table and in the cube."""
    table, value = statistic["table_name"], statistic["value"]
    columns = {r[0] for r in db.execute(f"describe {table}").fetchall()}
    unit = "unit_id" if "unit_id" in columns else "school_id"
    own = f"select {unit}, school_year, cast({value} as double) from {table} where {value} is not null"  # noqa: S608
    if "school_year" not in columns:
        own = own.replace("school_year", "end_year" if "end_year" in columns else "null")
    year = "null" if "null," in own else "school_year"
    return own, (
        f"select unit_id, {year}, obs_value from rpt_statistic "  # noqa: S608
        f"where indicator_id = '{statistic['indicator_id']}' and obs_value is not null"
    )


def _differing(db: duckdb.DuckDBPyConnection, one: str, other: str) -> list[Any]:
    return db.execute(
        f"(({one}) except all ({other})) union all (({other}) except all ({one})) limit 5"
    ).fetchall()


def test_every_statistic_of_the_cube_equals_its_table(sample: duckdb.DuckDBPyConnection) -> None:
    checked = 0
    for statistic in statistics():
        own, cube = _pairs(sample, statistic)
        assert not _differing(sample, own, cube), statistic["indicator_id"]
        checked += len(sample.execute(own).fetchall())
    assert checked > 10_000


def test_programme_indicators_of_the_cube_equal_their_table(sample: duckdb.DuckDBPyConnection) -> None:
    number = "numerator, denominator, ci_low, ci_high"
    own = f"select unit_id, indicator_id, school_year, value, {number} from fct_programme_indicator"  # noqa: S608
    cube = (
        f"select unit_id, indicator_id, school_year, obs_value, {number} from rpt_statistic "  # noqa: S608
        "where indicator_id in (select indicator_id from fct_programme_indicator)"
    )
    assert not _differing(sample, own, cube)


def test_what_is_hidden_has_no_number_anywhere(sample: duckdb.DuckDBPyConnection) -> None:
    hidden = sample.execute(
        "select count(*), count(obs_value), count(ci_low) from rpt_statistic where obs_status = 'Q'"
    ).fetchone()
    assert hidden and hidden[0] > 0 and hidden[1:] == (0, 0)
    # the school's own table shows no mean that the cube hides
    leaks = sample.execute(
        """select t.school_id, t.assessment_id from fct_school_result as t
        inner join rpt_statistic as c on c.unit_type = 'school' and c.unit_id = t.school_id
            and c.assessment_id = t.assessment_id and c.subgroup = 'all' and c.indicator_id = 'mean_score'
        where c.obs_status = 'Q' and t.mean_score is not null"""
    ).fetchall()
    assert not leaks


def test_over_a_hidden_share_a_probability_is_told_by_quarters(sample: duckdb.DuckDBPyConnection) -> None:
    """It is a function of the shares that the label is made of, and would tell nearly all of a single one."""
    hidden = """(school_id, rule_id, school_year) in (
        select (school_id, rule_id, school_year) from fct_school_identification_trace
        where obs_status = 'Q' and observed is null and measure = 'below_min_share')"""
    exact = "probability * 4 <> round(probability * 4)"
    told, banded, open_ = sample.execute(
        f"""select count(*) filter ({hidden} and {exact}), count(probability) filter ({hidden}),
        count(*) filter ({exact}) from fct_school_identification"""  # noqa: S608
    ).fetchone() or (0, 0, 0)
    assert told == 0 and banded > 50 and open_ > 10


def test_quartiles_and_gaps_stand_only_over_shown_results(sample: duckdb.DuckDBPyConnection) -> None:
    few = "from fct_assessment_aggregate where p50 is not null and (tested_n is null or tested_n < 30)"
    assert sample.execute(f"select count(*) {few}").fetchone() == (0,)
    for part in ("subgroup", "other_subgroup"):
        over_hidden = sample.execute(
            f"""select count(*) from fct_subgroup_gap as g inner join fct_assessment_aggregate as a
            on g.unit_type = a.unit_type and g.unit_id = a.unit_id and g.assessment_id = a.assessment_id
            and g.{part} = a.subgroup where g.gap is not null and a.mean_scale_score is null"""  # noqa: S608
        ).fetchone()
        assert over_hidden == (0,)
