"""The answer to «where does this number come from», as a dictionary that is JSON as it stands."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.release.explain.rows import Evidence, Measure, Node, agrees

if TYPE_CHECKING:
    import duckdb

    from pipelines.settings import Settings

#: Statistics of a single assessment that can be walked back: the column, what is summed, over what.
STATISTICS = {
    "mean_score": ("сумма результатов", "участники с результатом", "score_sum", "scored_n"),
    "below_min_pct": ("ниже минимума", "участники, для которых минимум известен", "below_min_n", "judged_n"),
}
#: Which facts that belong to no school make up a unit's number.
_TERRITORY = {
    "region": "true",
    "municipality": "municipality_id = $unit_id",
    "programme": "programme = $unit_id",
    "school": "false",
}
#: Conditions of a rule on one assessment: the measure whose rows they rest on.
_OF_ASSESSMENT = {
    "below_min_share": "below_min_pct",
    "below_min_count": "below_min_pct",
    "standing": "mean_score",
}


class UnknownError(ValueError):
    """What was asked about does not exist; the message says what does."""


class UnreadableError(RuntimeError):
    """There is no build database to read now; the message says what to do."""


@dataclass(frozen=True)
class Question:
    """``subject``: an indicator, a rule, or a statistic of ``assessment_id``."""

    subject: str
    unit_id: str
    school_year: int
    period: str | None = None
    assessment_id: str | None = None


def answer(settings: Settings, question: Question) -> Node:
    """Walk a number back. Raises UnknownError and UnreadableError, both to be shown as they are."""
    import duckdb  # noqa: PLC0415

    if not settings.warehouse.is_file():
        raise UnreadableError(f"Хранилища ещё нет: {settings.warehouse}. Сначала `uroven run`.")
    try:
        with duckdb.connect(str(settings.warehouse), read_only=True) as db:
            found = _answer(db, question)
    except duckdb.IOException as error:
        raise UnreadableError("Хранилище сейчас занято прогоном: повторите после него.") from error
    except duckdb.CatalogException as error:
        raise UnreadableError("Хранилище построено прежней версией: сначала `uroven run`.") from error
    found["release"] = _release(settings, found)
    return found


def _answer(db: duckdb.DuckDBPyConnection, question: Question) -> Node:
    indicators = _column(db, "select indicator_id from programme_indicator")
    rules = _column(db, "select distinct rule_id from dim_identification_rule")
    if question.subject in indicators:
        return _indicator(db, question)
    if question.subject in rules:
        return _label(db, question)
    if question.subject in STATISTICS:
        return _statistic(db, question)
    raise UnknownError(
        f"Нет показателя или правила «{question.subject}»."
        + _nearest(question.subject, [*indicators, *rules, *STATISTICS])
    )


def _indicator(db: duckdb.DuckDBPyConnection, question: Question) -> Node:
    registry = _one(db, "select * from programme_indicator where indicator_id = ?", [question.subject])
    value, periods = _published_row(db, question)
    evidence = Evidence(db)
    unit = {"unit_type": value["unit_type"], "unit_id": value["unit_id"]}
    measure = Measure(
        registry["measure_id"],
        question.school_year,
        value["period"],
        schools=_schools_of(db, registry["school_group"], question.school_year, unit),
        territory=_TERRITORY[unit["unit_type"]] if registry["school_group"] == "all" else "false",
        unit_id=unit["unit_id"],
    )
    nodes = evidence.nodes(measure)
    answered: Node = {
        "kind": "indicator",
        "subject": question.subject,
        "title": registry["title_ru"],
        "definition": {
            k: registry[k]
            for k in (
                "measure_id", "school_group", "reference_group", "statistic", "factor", "unit",
                "interval_kind", "least_n", "standing", "numerator_ru", "denominator_ru",
            )
        },
        "unit": {**unit, "name": _unit_name(evidence, unit)},
        "school_year": question.school_year,
        "period": value["period"],
        "other_periods": [p for p in periods if p != value["period"]],
        **{k: v for k, v in value.items() if k not in ("unit_type", "unit_id", "indicator_id")},
        "target_standing": _target_standing(db, value),
        "nodes": nodes,
        "control": _control(nodes, value["numerator"], value["denominator"]),
    }  # fmt: skip
    if registry["reference_group"]:
        answered["reference"] = _reference(db, evidence, registry, measure, value["reference_value"])
    return answered


def _reference(
    db: duckdb.DuckDBPyConnection, evidence: Evidence, registry: Node, measure: Measure, value: float | None
) -> Node:
    """The schools of the region that a group is compared with, file by file."""
    schools = _schools_of(
        db, registry["reference_group"], measure.school_year, {"unit_type": "region", "unit_id": ""}
    )
    nodes = evidence.totals(Measure(measure.measure_id, measure.school_year, measure.period, schools=schools))
    numerator = math.fsum(n["numerator"] for n in nodes)
    denominator = math.fsum(n["denominator"] for n in nodes)
    computed = registry["factor"] * numerator / denominator if denominator else None
    return {
        "school_group": registry["reference_group"],
        "value": value,
        "numerator": numerator,
        "denominator": denominator,
        "agrees": agrees(computed, value),
        "nodes": nodes,
    }


def _label(db: duckdb.DuckDBPyConnection, question: Question) -> Node:
    rule = question.subject
    labels = _rows(db, "select * from fct_school_identification where rule_id = ?", [rule])
    evidence = Evidence(db)
    _check_unit(question, sorted({r["school_id"] for r in labels}), evidence)
    of_school = [r for r in labels if r["school_id"] == question.unit_id]
    _check_year(question, {r["school_year"] for r in of_school})
    label = next(r for r in of_school if r["school_year"] == question.school_year)
    pack = _one(
        db,
        "select * from dim_identification_rule where rule_id = ? and rule_version = ?",
        [rule, label["rule_version"]],
    )
    conditions = _rows(
        db,
        """
        select branch, requirement, condition, measure, series, assessment_id, condition_year, observed,
               comparison, threshold, n, numerator, is_known, met, met_confirmed, near_miss, pooled_n,
               pooled_pct, is_inherited
        from fct_school_identification_trace
        where rule_id = ? and school_id = ? and school_year = ?
        order by branch, requirement, condition_year desc, series
        """,
        [rule, question.unit_id, question.school_year],
    )
    schools = frozenset(
        _column(
            db,
            "select source_school_id from int_school_lineage where school_id = ? and school_year = ?",
            [question.unit_id, question.school_year],
        )
    )
    for condition in conditions:
        measures = _measures_of(db, condition, question, label, schools)
        condition["rests_on"] = [_rests_on(evidence, m) for m in measures]
        if condition["measure"].startswith("below_min"):
            nodes = [n for part in condition["rests_on"] for n in part["nodes"]]
            condition["control"] = _control(nodes, condition["numerator"], condition["n"])
    return {
        "kind": "label",
        "subject": rule,
        "title": pack["title_ru"],
        "rule": pack,
        "unit": {
            "unit_type": "school",
            "unit_id": question.unit_id,
            "name": evidence.name({"school_id": question.unit_id}),
        },
        "school_year": question.school_year,
        **{
            k: v for k, v in label.items() if k not in ("k_school", "school_id", "municipality_id", "rule_id")
        },
        "conditions": conditions,
    }


def _measures_of(
    db: duckdb.DuckDBPyConnection,
    condition: Node,
    question: Question,
    label: Node,
    schools: frozenset[str],
) -> list[Measure]:
    """What a condition of a rule rests on: rows of assessments, of the school's and of those it took over."""
    year = condition["condition_year"]
    own = frozenset([question.unit_id])
    if measure_id := _OF_ASSESSMENT.get(condition["measure"]):
        return [Measure(measure_id, year, assessment_id=condition["assessment_id"], schools=schools)]
    if condition["measure"] == "cluster_standing":
        assessments = _column(
            db,
            """
            select distinct results.assessment_id
            from int_rule_condition as conditions
            inner join int_identification_result as results
                on conditions.school_year = results.school_year
                and conditions.years_before = results.years_before
                and conditions.kind = results.kind and conditions.subject = results.subject
                and coalesce(conditions.grade, results.grade) = results.grade
            where conditions.rule_id = ? and conditions.rule_version = ? and conditions.school_year = ?
                and conditions.requirement = ? and conditions.measure = ? and conditions.condition_set = ?
                and results.school_id = ? and results.school_year - results.years_before = ?
                and results.scored_n >= conditions.least_n
            order by 1
            """,
            [
                question.subject, label["rule_version"], question.school_year, condition["requirement"],
                condition["measure"], condition["series"], question.unit_id, year,
            ],
        )  # fmt: skip
        return [Measure("mean_score", year, assessment_id=a, schools=schools) for a in assessments]
    measures = [Measure("social_index", year, schools=own)]
    if condition["measure"] in ("resilience_result", "resilience_residual"):
        assessments = _column(
            db,
            "select distinct assessment_id from fct_school_expected_result "
            "where school_id = ? and school_year = ? order by 1",
            [question.unit_id, year],
        )
        measures += [Measure("mean_score", year, assessment_id=a, schools=own) for a in assessments]
    return measures


def _rests_on(evidence: Evidence, measure: Measure) -> Node:
    return {
        "measure_id": measure.measure_id,
        "assessment_id": measure.assessment_id,
        "school_year": measure.school_year,
        "nodes": evidence.nodes(measure),
    }


def _statistic(db: duckdb.DuckDBPyConnection, question: Question) -> Node:
    numerator_title, denominator_title, numerator, denominator = STATISTICS[question.subject]
    assessments = _column(db, "select assessment_id from dim_assessment order by 1")
    if question.assessment_id not in assessments:
        asked = question.assessment_id or ""
        raise UnknownError(
            (f"Нет работы «{asked}»." if asked else f"Для «{question.subject}» нужна работа: --assessment.")
            + _nearest(asked, assessments)
        )
    units = _rows(
        db,
        """
        select * from fct_assessment_aggregate
        where assessment_id = ? and subgroup = 'all' and unit_type in ('school', 'municipality', 'region')
        """,
        [question.assessment_id],
    )
    evidence = Evidence(db)
    _check_unit(question, sorted({r["unit_id"] for r in units}), evidence)
    found = next(r for r in units if r["unit_id"] == question.unit_id)
    _check_year(question, {found["school_year"]})
    unit = {"unit_type": found["unit_type"], "unit_id": found["unit_id"]}
    sums = _one(
        db,
        f"select {numerator} as numerator, {denominator} as denominator from int_assessment_unit "  # noqa: S608
        "where assessment_id = ? and unit_type = ? and unit_id = ? and subgroup = 'all'",
        [question.assessment_id, unit["unit_type"], unit["unit_id"]],
    )
    place = {
        "school": "school_id = $unit",
        "municipality": "municipality_id = $unit",
        "region": "$unit <> ''",
    }
    schools = _column(
        db,
        "select school_id from int_assessment_unit where assessment_id = $assessment "  # noqa: S608
        f"and unit_type = 'school' and subgroup = 'all' and {place[unit['unit_type']]}",
        {"assessment": question.assessment_id, "unit": unit["unit_id"]},
    )
    nodes = evidence.nodes(
        Measure(
            question.subject,
            question.school_year,
            assessment_id=question.assessment_id,
            schools=frozenset(schools),
        )
    )
    bounds = {
        "mean_score": ("ci_low", "ci_high", "obs_status"),
        "below_min_pct": ("below_min_ci_low", "below_min_ci_high", "below_min_obs_status"),
    }
    ci_low, ci_high, status = bounds[question.subject]
    title = _one(db, "select title_ru from statistic where value = ? limit 1", [question.subject])["title_ru"]
    return {
        "kind": "statistic",
        "subject": question.subject,
        "assessment_id": question.assessment_id,
        "title": title,
        "definition": {"numerator_ru": numerator_title, "denominator_ru": denominator_title},
        "unit": {**unit, "name": _unit_name(evidence, unit)},
        "school_year": question.school_year,
        "value": found[question.subject],
        "ci_low": found[ci_low],
        "ci_high": found[ci_high],
        "obs_status": found[status],
        **sums,
        "nodes": nodes,
        "control": _control(nodes, sums["numerator"], sums["denominator"]),
    }


def _published_row(db: duckdb.DuckDBPyConnection, question: Question) -> tuple[Node, list[str]]:
    """The indicator's row of the unit and year, and the periods there are.

    Without a period asked for: the year's, else the last.
    """
    rows = _rows(db, "select * from fct_programme_indicator where indicator_id = ?", [question.subject])
    _check_unit(question, sorted({r["unit_id"] for r in rows}), Evidence(db))
    of_unit = [r for r in rows if r["unit_id"] == question.unit_id]
    _check_year(question, {r["school_year"] for r in of_unit})
    of_year = {r["period"]: r for r in of_unit if r["school_year"] == question.school_year}
    periods = sorted(of_year)
    period = question.period or ("year" if "year" in of_year else periods[-1])
    if period not in of_year:
        raise UnknownError(f"Нет периода «{period}». Есть: {', '.join(periods)}.")
    return of_year[period], periods


def _schools_of(
    db: duckdb.DuckDBPyConnection, school_group: str, school_year: int, unit: dict[str, str]
) -> frozenset[str]:
    place = {
        "school": "school_id = $unit",
        "municipality": "municipality_id = $unit",
        "region": "$unit is not null",
        "programme": "school_id in (select school_id from int_programme_membership "
        "where role = 'supported' and programme = $unit and school_year = $year)",
    }
    return frozenset(
        _column(
            db,
            "select school_id from int_programme_group where school_group = $group and school_year = $year "  # noqa: S608
            f"and {place[unit['unit_type']]}",
            {"group": school_group, "year": school_year, "unit": unit["unit_id"]},
        )
    )


def _target_standing(db: duckdb.DuckDBPyConnection, value: Node) -> str | None:
    """Whose target it is; None without one."""
    found = _column(
        db,
        "select standing from programme_indicator_target where indicator_id = ? and target = ? "
        "and comparison = ? and ? between from_year and to_year",
        [value["indicator_id"], value["target"], value["comparison"], value["school_year"]],
    )
    return found[0] if found else None


def _control(nodes: list[Node], numerator: float | None, denominator: float | None) -> Node:
    """Whether the rows add up to what was published; a sum that a number has none of is not compared."""
    of_rows = math.fsum(n["numerator"] for n in nodes), math.fsum(n["denominator"] for n in nodes)
    return {
        "numerator_of_rows": of_rows[0] if numerator is not None else None,
        "denominator_of_rows": of_rows[1] if denominator is not None else None,
        "agrees": agrees(numerator, of_rows[0]) and agrees(denominator, of_rows[1]),
    }


def _release(settings: Settings, found: Node) -> Node | None:
    """The current release, whether the build is newer, and what the release says of the same number."""
    import duckdb  # noqa: PLC0415

    from pipelines.release.publish import DATABASE  # noqa: PLC0415

    path = settings.current / DATABASE
    if not path.is_file():
        return None
    unit = found["unit"]
    with duckdb.connect(str(path), read_only=True) as db:
        release = _one(db, "select release_id, created_at from meta_release", [])
        as_of = _column(db, "select cast(max(as_of) as varchar) from dq_completeness")
        if found["kind"] == "indicator":
            same = _rows(
                db,
                "select value, obs_status from fct_programme_indicator where indicator_id = ? "
                "and unit_type = ? and unit_id = ? and school_year = ? and period = ?",
                [found["subject"], unit["unit_type"], unit["unit_id"], found["school_year"], found["period"]],
            )
        elif found["kind"] == "label":
            same = _rows(
                db,
                "select status as value, null as obs_status from fct_school_identification "
                "where rule_id = ? and school_id = ? and school_year = ?",
                [found["subject"], unit["unit_id"], found["school_year"]],
            )
        else:
            status = "obs_status" if found["subject"] == "mean_score" else "below_min_obs_status"
            same = _rows(
                db,
                f"select {found['subject']} as value, {status} as obs_status from fct_assessment_aggregate "  # noqa: S608
                "where assessment_id = ? and unit_type = ? and unit_id = ? and subgroup = 'all'",
                [found["assessment_id"], unit["unit_type"], unit["unit_id"]],
            )
    built = dt.datetime.fromtimestamp(settings.warehouse.stat().st_mtime)
    made = dt.datetime.fromtimestamp(path.stat().st_mtime)
    return {
        **release,
        "as_of": as_of[0] if as_of else None,
        "build_is_newer": built > made,
        "built_at": built.isoformat(sep=" ", timespec="minutes"),
        "published": same[0] if same else None,
    }


def _unit_name(evidence: Evidence, unit: dict[str, str]) -> str:
    if unit["unit_type"] == "region":
        return "регион"
    return evidence.name({f"{unit['unit_type']}_id": unit["unit_id"], "programme": unit["unit_id"]})


def _check_unit(question: Question, units: list[str], evidence: Evidence) -> None:
    if question.unit_id in units:
        return
    names = {u: evidence.name({"school_id": u}) or evidence.name({"municipality_id": u}) for u in units}
    if not units:
        raise UnknownError(f"По «{question.subject}» ничего не посчитано.")
    by_name = {n.casefold(): u for u, n in names.items() if n}
    near = [
        by_name[n] for n in difflib.get_close_matches(question.unit_id.casefold(), by_name, cutoff=0.5)
    ] + difflib.get_close_matches(question.unit_id, units, n=5, cutoff=0.5)
    shown = list(dict.fromkeys(near)) or units[:5]
    raise UnknownError(
        f"По «{question.subject}» нет единицы «{question.unit_id}». "
        + ("Похожие: " if near else "Есть, например: ")
        + ", ".join(f"{u} ({names[u]})" if names[u] else u for u in shown)
        + "."
    )


def _check_year(question: Question, years: Iterable[int]) -> None:
    if question.school_year not in years:
        raise UnknownError(
            f"По «{question.subject}» и единице «{question.unit_id}» нет {question.school_year} "
            f"учебного года. Есть: {', '.join(map(str, sorted(years)))}."
        )


def _nearest(text: str, known: list[str]) -> str:
    near = difflib.get_close_matches(text, known, n=5, cutoff=0.4)
    return f" Похожие: {', '.join(near)}." if near else f" Есть, например: {', '.join(sorted(known)[:5])}."


def _rows(db: duckdb.DuckDBPyConnection, query: str, parameters: Any = None) -> list[Node]:
    """Rows as dictionaries of what JSON knows."""
    cursor = db.execute(query, parameters or [])
    names = [d[0] for d in cursor.description or ()]
    return [{name: _json(value) for name, value in zip(names, row, strict=True)} for row in cursor.fetchall()]


def _one(db: duckdb.DuckDBPyConnection, query: str, parameters: list[Any]) -> Node:
    return _rows(db, query, parameters)[0]


def _column(db: duckdb.DuckDBPyConnection, query: str, parameters: Any = None) -> list[Any]:
    return [row[0] for row in db.execute(query, parameters or []).fetchall()]


def _json(value: Any) -> Any:
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    number = float(value)
    return None if math.isnan(number) else number


def as_json(found: Node) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False)
