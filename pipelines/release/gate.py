"""The gate: is what is about to be published plausible? Great Expectations on the release's frames.

Three kinds of expectations, all with local thresholds: completeness (tables have rows, results have a number
of students), distributions (numbers lie where they can lie), and jumps against the previous release. A
failed one keeps the old release; without a previous release jumps are not judged, and a first release is
only warned.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

#: A table may lose this share of its rows from one release to the next [local].
LOST_ROWS = 0.15
#: The region's share below the minimum may move by this many points for the same assessment [local].
MOVED_POINTS = 10.0
#: A release of less than half of the students says little about one of all of them: with more than so many
#: times the students a jump of the share only warns [local].
GROWN = 2.0
#: Of all numbers of results this share may be hidden, missing or not collected before the gate warns [local].
MISSING = 0.9


@dataclass(frozen=True)
class Judgement:
    """One row of ``dq_gate_result``. outcome: passed, warned, failed."""

    frame: str
    kind: str
    expectation: str
    column_name: str
    outcome: str
    observed: str
    expected: str
    message_ru: str
    message_en: str


def judgement(
    db: duckdb.DuckDBPyConnection, previous: Path | None, accept_jumps: str = ""
) -> Callable[[], list[Judgement]]:
    """What judges the frames in ``out`` by expectations and the release in the directory ``previous``.

    A task that holds what it looks at: the frames as they are now. Jumps only warn where somebody vouches for
    them: ``accept_jumps`` says why, and stands beside each.
    """
    suites = [*_distributions(db), *_completeness(db, previous), *_jumps(db, previous)]
    return partial(_judged, suites, accept_jumps, first=previous is None)


def prepare() -> None:
    """Load what judging needs, which takes longer than to judge."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations  # noqa: F401, PLC0415
    from tqdm import tqdm  # noqa: PLC0415  which it shows its progress by, silenced here

    # its own lock is a semaphore of the system, which a process that is ended leaves behind
    tqdm.set_lock(threading.RLock())


def _judged(suites: list[_Suite], accept_jumps: str, *, first: bool) -> list[Judgement]:
    judged = _run(suites, first=first)
    if not accept_jumps:
        return judged
    return [_accepted(j, accept_jumps) if (j.kind, j.outcome) == ("jump", "failed") else j for j in judged]


def _accepted(judgement: Judgement, reason: str) -> Judgement:
    ru, en = f"{judgement.message_ru} (принято: {reason})", f"{judgement.message_en} (accepted: {reason})"
    return replace(judgement, outcome="warned", message_ru=ru, message_en=en)


#: Class's name, arguments, what it means when it fails (ru, en).
_Expectation = tuple[str, dict[str, Any], str, str]


@dataclass(frozen=True)
class _Suite:
    """Expectations on one frame. ``named``: the columns that say which of its rows are at fault."""

    frame: str
    kind: str
    data: pd.DataFrame
    expectations: list[_Expectation]
    named: tuple[str, ...] = ("assessment_id",)


def _frame(db: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    return db.execute(sql).df()


def _between(column: str, low: float, high: float, ru: str, en: str) -> _Expectation:
    arguments = {"column": column, "min_value": low, "max_value": high}
    limits_ru, limits_en = (f"от {low:.0f} до {high:.0f}", f"{low:.0f} to {high:.0f}")
    if high == float("inf"):
        limits_ru, limits_en = f"не меньше {low:.0f}", f"at least {low:.0f}"
    return (
        "ExpectColumnValuesToBeBetween",
        arguments,
        f"{ru}: должно быть {limits_ru}",
        f"{en}: must be {limits_en}",
    )


def _distributions(db: duckdb.DuckDBPyConnection) -> list[_Suite]:
    results = _frame(
        db,
        """select t.*, t.ci_high - t.ci_low as ci_width, t.mean_score / a.max_score as share_of_maximum
        from out.main.fct_assessment_aggregate as t
        left join out.main.dim_assessment as a on t.assessment_id = a.assessment_id
        order by t.assessment_id, t.unit_type, t.unit_id, t.subgroup""",
    )
    return [
        _Suite(
            "fct_assessment_aggregate",
            "distribution",
            results,
            [
                _between("participation_pct", 0, 100, "доля участвовавших, %", "participation, %"),
                _between("below_min_pct", 0, 100, "доля ниже минимума, %", "share below the minimum, %"),
                _between("ci_width", 0, float("inf"), "ширина интервала", "width of the interval"),
                _between("share_of_maximum", 0, 1.000001, "средний балл к наибольшему", "mean to maximum"),
                _between("tested_n", 0, 1_000_000, "число участников", "students tested"),
            ],
            named=("unit_id", "assessment_id", "subgroup"),
        )
    ]


#: Assessments with a result of the region that is shown.
_OF_REGION = """select assessment_id, max(tested_n) as tested_n from {catalogue}.main.fct_assessment_aggregate
    where unit_type = 'region' and subgroup = 'all' and obs_status <> 'Q' group by all order by all"""


def _completeness(db: duckdb.DuckDBPyConnection, previous: Path | None) -> list[_Suite]:
    """A region that has collected no results yet (staff alone, say) is not stopped for it again and again."""
    region = _frame(db, _OF_REGION.format(catalogue="out"))
    least = 1
    if previous is not None:
        db.execute(f"attach '{previous / 'warehouse.duckdb'}' as before (read_only)")
        least = min(1, len(_frame(db, _OF_REGION.format(catalogue="before"))))
        db.execute("detach before")
    shown = _frame(
        db,
        """select table_name, sum(primary_n + secondary_n) / nullif(sum(values_n), 0) as hidden_share
        from out.main.dq_suppression where column_name in ('mean_score', 'value', 'staffing_pct')
        group by all order by all""",
    )
    missing = f"скрыто больше {MISSING:.0%} чисел"
    return [
        _Suite("fct_assessment_aggregate", "completeness", region, [
            ("ExpectTableRowCountToBeBetween", {"min_value": least},
             "нет ни одного результата региона", "no results of the region"),
            ("ExpectColumnValuesToNotBeNull", {"column": "tested_n"},
             "нет числа участников", "no number of students"),
        ]),
        _Suite("dq_suppression", "warning", shown, [
            ("ExpectColumnValuesToBeBetween", {"column": "hidden_share", "max_value": MISSING},
             missing, "most numbers are hidden"),
        ], named=("table_name",)),
    ]  # fmt: skip


def _jumps(db: duckdb.DuckDBPyConnection, previous: Path | None) -> list[_Suite]:
    if previous is None:
        return []
    db.execute(f"attach if not exists '{previous / 'warehouse.duckdb'}' as before (read_only)")
    try:
        known = {
            r[0]
            for r in db.execute(
                "select a.table_name from duckdb_tables() as a inner join duckdb_tables() as b "
                "on a.table_name = b.table_name where a.database_name = 'before' and b.database_name = 'out'"
            ).fetchall()
        }
        rows = []
        for table in sorted(t for t in known if t.startswith(("fct_", "dim_", "msr_"))):
            counts = [
                (db.execute(f"select count(*) from {c}.main.{table}").fetchone() or (0,))[0]  # noqa: S608
                for c in ("before", "out")
            ]
            rows.append({"table_name": table, "kept_share": counts[1] / counts[0] if counts[0] else 1.0})
        moved = _frame(
            db,
            """select n.assessment_id, n.below_min_pct - o.below_min_pct as moved, n.tested_n / o.tested_n as
            kept, 'участников ' || o.tested_n || ' → ' || n.tested_n as students
            from out.main.fct_assessment_aggregate as n
            inner join before.main.fct_assessment_aggregate as o
                using (unit_type, unit_id, assessment_id, subgroup)
            where n.unit_type = 'region' and n.subgroup = 'all'
            order by assessment_id""",
        )
    finally:
        db.execute("detach before")
    lost = (
        "ExpectColumnValuesToBeBetween",
        {"column": "kept_share", "min_value": 1 - LOST_ROWS},
        f"в таблице стало меньше строк более чем на {LOST_ROWS:.0%}",
        "a table lost rows",
    )
    named = ("assessment_id", "students")
    share: _Expectation = (
        "ExpectColumnValuesToBeBetween",
        {"column": "moved", "min_value": -MOVED_POINTS, "max_value": MOVED_POINTS},
        f"доля ниже минимума по региону изменилась более чем на {MOVED_POINTS:g} п. п. против прежнего "
        "выпуска",
        "the region's share below the minimum moved too far",
    )
    students: _Expectation = (
        "ExpectColumnValuesToBeBetween",
        {"column": "kept", "min_value": 1 - LOST_ROWS},
        f"участников по региону стало меньше более чем на {LOST_ROWS:.0%}",
        "the region lost students",
    )
    grown = moved["kept"].astype(float) > GROWN
    return [
        _Suite("rows", "jump", pd.DataFrame(rows), [lost], named=("table_name",)),
        _Suite("fct_assessment_aggregate", "jump", moved[~grown], [share, students], named),
        _Suite("fct_assessment_aggregate", "warning", moved[grown], [share], named),
    ]


def _run(suites: list[_Suite], *, first: bool) -> list[Judgement]:
    prepare()
    import great_expectations as gx  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source = context.data_sources.add_pandas("frames")
    out = []
    for i, suite in enumerate(suites):
        batches = source.add_dataframe_asset(f"{suite.frame}_{i}").add_batch_definition_whole_dataframe(
            "whole"
        )
        batch = batches.get_batch(batch_parameters={"dataframe": suite.data})
        for name, arguments, ru, en in suite.expectations:
            finite = {k: v for k, v in arguments.items() if v != float("inf")}
            expectation = getattr(gx.expectations, name)(**finite)
            result = batch.validate(expectation, result_format="SUMMARY")
            out.append(_judgement(suite, name, finite, result, (ru, en), first=first))
    return out


def _judgement(
    suite: _Suite, name: str, arguments: dict[str, Any], result: Any, texts: tuple[str, str], *, first: bool
) -> Judgement:
    mild = first or suite.kind == "warning"
    outcome = "passed" if result.success else "warned" if mild else "failed"
    seen = result.result.get("observed_value", result.result.get("partial_unexpected_list", []))
    column = str(arguments.get("column", ""))
    limits = {k: v for k, v in arguments.items() if k != "column"}
    if result.success:
        ru, en = f"нарушения нет: {texts[0]}", f"no violation: {texts[1]}"
    else:
        ru, en = (text + _at_fault(suite, result.result) for text in texts)
    return Judgement(suite.frame, suite.kind, name, column, outcome, json.dumps(seen, default=str)[:500],
                     json.dumps(limits), ru, en)  # fmt: skip


def _at_fault(suite: _Suite, result: dict[str, Any], most: int = 3) -> str:
    """Which rows an expectation fails on, and what stands there; nothing where it holds."""
    rows = result.get("partial_unexpected_index_list") or []
    values = result.get("partial_unexpected_list") or []
    named = [
        f"{' '.join(str(v) for v in suite.data.loc[i, list(suite.named)] if v)} ({_shown(value)})"
        for i, value in zip(rows[:most], values[:most], strict=False)
    ]
    more = result.get("unexpected_count", 0) - len(named)
    return (" — " + ", ".join(named) + (f" + {more}" if more > 0 else "")) if named else ""


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_results(db: duckdb.DuckDBPyConnection, results: list[Judgement]) -> None:
    """Keep the results in the release."""
    columns = list(Judgement.__dataclass_fields__)
    db.execute(
        f"create table out.main.dq_gate_result ({', '.join(f'{c} varchar not null' for c in columns)})"
    )
    db.execute(
        "comment on table out.main.dq_gate_result is "
        "'Проверки правдоподобия перед выпуском — The gate; one row per expectation and frame'"
    )
    for r in results:
        db.execute(
            f"insert into out.main.dq_gate_result values ({', '.join('?' * len(columns))})",  # noqa: S608
            [getattr(r, c) for c in columns],
        )
