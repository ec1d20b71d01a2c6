"""The warehouse built from a small lake, against numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines import ahead
from pipelines.intake.context import hints
from pipelines.intake.items import ReferenceItem
from pipelines.intake.readers import tables_of
from pipelines.intake.validation import item_schema, validate
from pipelines.release import control
from schemas import CONTRACTS
from tests.conftest import Home

from .warehouse_lake import Lake, build

MATH = "ВПР-Математика-4-2021"
PHYSICS = "ЕГЭ-Физика-11-2021"
OGE = "ОГЭ-Химия-9-2021"
VPR = {"kind": "ВПР", "subject": "Математика", "grade": 4}


def _student(school: str, key: str, scores: list[int | None] | None, **facts: Any) -> dict[str, Any]:
    total = None if scores is None else float(sum(max(s or 0, 0) for s in scores))
    base = {"school_id": school, "school_key": "login", "student_key": key, "scores": scores, "form": "1"}
    sums = {"total_recomputed": total, "total": total, "attendance": "present" if scores else "absent"}
    return VPR | base | sums | facts


def _school(code: str, municipality: str, locality: str, **facts: Any) -> dict[str, Any]:
    base = {"school_id": code, "name": f"Школа {code}", "login": f"sch{code}", "locality_type": locality}
    place = {"municipality_id": municipality, "municipality_name": f"Район {municipality}"}
    return base | place | {"valid_from": dt.date(2010, 9, 1), "status": "active"} | facts


def _small_lake(root: Path) -> None:
    lake = Lake(root)
    schools = [
        _school("100001", "10", "city"),
        _school("100002", "10", "village"),
        _school("100003", "20", "village"),
    ]
    lake.accept("school_register", 2021, schools)
    scale = {"max_score": 5.0, "mark_3_from": 2.0, "mark_4_from": 3.0, "mark_5_from": 5.0}
    lake.accept("assessment_register", 2021, [VPR | scale])
    listed = [
        {"item": "1", "max_score": 2.0},
        {"item": "2", "max_score": 1.0},
        {"item": "3", "max_score": 2.0},
    ]
    codes = [("1", "a"), ("1", "b"), ("2", "a")]
    lake.accept(
        "assessment_items", 2021,
        [VPR | item | {"content_code": c, "requirement_code": r} for item in listed for c, r in codes],
    )  # fmt: skip
    lake.items(2021, [VPR | item | {"position": i} for i, item in enumerate(listed, 1)])
    chemistry = {"kind": "ОГЭ", "subject": "Химия", "grade": 9, "attendance": "present"}
    resit = _student("100001", "r", None, **chemistry, class_name="9А")
    lake.accept(
        "student_results", 2021,
        [
            _student("100001", "s1", [2, 1, 2], class_name="4А", sex="m", journal_mark=4),
            _student("100001", "s2", [1, 0, -1], class_name="4А", sex="f", journal_mark=3),
            _student("100001", "s3", None, class_name="4А", form=None),
            _student("100001", "s4", [0, 1, 2], class_name="4Б", sex="f", journal_mark=4),
            _student("100002", "s5", [2, 1, None], sex="m", form="1 без 3"),
            _student("100002", "s6", [1, 1, 0]),
            _student("999999", "s7", [0, 0, 0], sex="m", municipality="Район 20"),
            resit | {"exam_date": dt.date(2021, 5, 25), "total": 6.0, "mark": 2},
            resit | {"exam_date": dt.date(2021, 9, 8), "total": 20.0, "mark": 4},
        ],
        rejected=[
            {"row": 90, "rule_id": "score_above_maximum", "field": "item", "value": "7"},
            {"row": 90, "rule_id": "required", "field": "student_id", "value": ""},
        ],
    )  # fmt: skip
    exam = {"kind": "ЕГЭ", "subject": "Физика", "grade": 11}
    lake.accept(
        "school_results", 2021,
        [
            exam | {"school_id": "100001", "tested_n": 2, "mean_score": 50.0, "below_min_n": 1, "high_n": 1},
            exam | {"school_id": "100002", "tested_n": 3, "mean_score": 40.0},
        ],
    )  # fmt: skip
    printed = exam | {"source": "exam_summary", "unit_type": "region", "unit_name": "ВСЕГО"}
    lake.accept(
        "control_totals", 2021,
        [
            printed | {"tested_n": 5, "mean_score": 44.0, "below_min_n": 1},
            printed | {"unit_type": "municipality", "unit_name": "Район 10", "tested_n": 6},
        ],
    )  # fmt: skip
    staffing = {"school_id": "100001", "position_group": "teachers", "headcount": 10, "qualified_n": 9}
    lake.accept("staffing", 2021, [staffing | {"positions": 12.5, "filled": 10.0}])
    passport = {"school_id": "100001", "students_n": 200, "low_income_n": 30, "disabled_n": 5}
    lake.accept("social_passport", 2021, [passport])
    lake.submit("student_results-2021", state="duplicate")
    lake.submit(
        "broken", rule_id="unreadable", message_ru="Файл не открывается", message_en="Can't be opened"
    )
    lake.close()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    root = tmp_path_factory.mktemp("warehouse")
    _small_lake(root / "lake")
    with duckdb.connect(str(build(root / "lake", root / "build")), read_only=True) as connection:
        yield connection


def _row(connection: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> dict[str, Any]:
    cursor = connection.execute(sql, list(values))
    names = [d[0] for d in cursor.description]
    rows = cursor.fetchall()
    assert len(rows) == 1, rows
    return dict(zip(names, rows[0], strict=True))


def _unit(
    connection: duckdb.DuckDBPyConnection, unit_id: str, assessment: str, subgroup: str = "all"
) -> dict[str, Any]:
    sql = "select * from fct_assessment_aggregate where unit_id = ? and assessment_id = ? and subgroup = ?"
    return _row(connection, sql, unit_id, assessment, subgroup)


def test_region_pools_its_students(warehouse: duckdb.DuckDBPyConnection) -> None:
    region = _unit(warehouse, "region", MATH)
    assert (region["tested_n"], region["absent_n"], region["schools_n"]) == (6, 1, 3)
    assert region["mean_score"] == pytest.approx(14 / 6)
    assert [region[f"mark_{m}_n"] for m in (2, 3, 4, 5)] == [2, 1, 2, 1]
    assert (region["below_min_n"], region["below_min_pct"]) == (2, pytest.approx(100 / 3))
    assert region["participation_pct"] == pytest.approx(600 / 7)
    assert (region["p25"], region["p50"], region["p75"]) == (1.25, 2.5, 3.0)
    # schools of 3, 2 and 1 students with means 3, 2.5 and 0
    parts = [3 * (3 - 14 / 6), 2 * (2.5 - 14 / 6), 1 * (0 - 14 / 6)]
    assert region["se"] == pytest.approx(math.sqrt(sum(p * p for p in parts) * 3 / 2) / 6)
    assert (region["obs_status"], region["mean_scale_score"], region["scale_type"]) == ("A", None, "relative")


def test_small_unit_has_the_pooled_error(warehouse: duckdb.DuckDBPyConnection) -> None:
    pooled = math.sqrt((8 + 0.5) / 3)
    school = _unit(warehouse, "100001", MATH)
    assert school["sd"] == pytest.approx(2)
    assert school["se"] == pytest.approx(pooled / math.sqrt(3))
    assert school["ci_high"] == pytest.approx(3 + 1.959963984540054 * pooled / math.sqrt(3))
    assert _unit(warehouse, "999999", MATH)["se"] == pytest.approx(pooled)
    assert _unit(warehouse, "100001/4А", MATH)["absent_n"] == 1


def test_unregistered_school_has_its_municipality(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = _row(warehouse, "select * from dq_unregistered_school")
    assert (row["school_id"], row["placeholder_reason"], row["municipality_id"]) == (
        "999999",
        "not_in_register",
        "20",
    )
    assert _unit(warehouse, "20", MATH)["tested_n"] == 1


def test_score_counts(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        """select form, comparison_group, raw_score, item, item_score, n, omitted_n from fct_item_score_count
        where item = '3' order by all"""
    ).fetchall()
    # s1 (5 points) and s4 (3) have 2 on item 3, s2 (1 point) left it out, s6 (2) and s7 (0) have 0;
    # s5 wasn't given it
    assert [r for r in rows if r[1] == "all"] == [
        ("1", "all", 0, "3", 0, 1, 0), ("1", "all", 1, "3", 0, 1, 1), ("1", "all", 2, "3", 0, 1, 0),
        ("1", "all", 3, "3", 2, 1, 0), ("1", "all", 5, "3", 2, 1, 0),
    ]  # fmt: skip
    by_group = dict(
        warehouse.execute("select comparison_group, sum(n) from fct_item_score_count group by 1").fetchall()
    )
    # 17 scores; the student of unknown sex and the school of unknown locality are in «all» only
    assert by_group == {"all": 17, "sex:m": 8, "sex:f": 6, "locality:urban": 9, "locality:rural": 5}


def test_items_are_not_multiplied_by_their_codes(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute("select item, max_score, content_codes from dim_item order by item").fetchall()
    assert rows == [("1", 2.0, "1, 2"), ("2", 1.0, "1, 2"), ("3", 2.0, "1, 2")]


def test_resit_counts_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert _row(warehouse, "select total, mark from fct_student_assessment where assessment_id = ?", OGE) == {
        "total": 20.0, "mark": 4,
    }  # fmt: skip
    assert warehouse.execute(
        "select count(*) from int_student_result where assessment_id = ?", [OGE]
    ).fetchone() == (2,)
    assert _unit(warehouse, "region", OGE)["below_min_n"] == 0


def test_totals_of_schools_stand_in_for_students(warehouse: duckdb.DuckDBPyConnection) -> None:
    region = _unit(warehouse, "region", PHYSICS)
    assert (region["tested_n"], region["mean_score"], region["below_min_n"]) == (5, 44.0, 1)
    assert (region["source"], region["sd"], region["mark_2_n"], region["scale_type"]) == (
        "school_totals", None, None, "official",
    )  # fmt: skip
    compared = warehouse.execute(
        "select unit_type, measure, agrees from dq_control_total order by all"
    ).fetchall()
    assert compared == [
        ("municipality", "tested_n", False), ("region", "below_min_n", True), ("region", "mean_score", True),
        ("region", "tested_n", True),
    ]  # fmt: skip


def test_files_and_rejected_rows(warehouse: duckdb.DuckDBPyConnection) -> None:
    verdicts = warehouse.execute(
        """select file_id, verdict, rows_read, rows_accepted, rows_rejected
        from dq_submission order by submission_id"""
    ).fetchall()
    assert ("student_results-2021", "accepted_with_faults", 10, 9, 1) in verdicts
    assert verdicts[-2:] == [("student_results-2021", "duplicate", 0, 0, 0), ("broken", "rejected", 0, 0, 0)]
    rows = warehouse.execute(
        'select "row", "column", rule_id from dq_rejected_row order by rule_id'
    ).fetchall()
    assert rows == [(90, "student_id", "required"), (90, "item", "score_above_maximum")]


def test_staffing_and_context(warehouse: duckdb.DuckDBPyConnection) -> None:
    staffing = _row(warehouse, "select * from fct_school_staffing")
    assert (staffing["staffing_pct"], staffing["vacancies"], staffing["qualified_pct"]) == (80.0, 2.5, 90.0)
    context = _row(warehouse, "select * from int_school_context")
    assert (context["low_income_pct"], context["disabled_pct"], context["orphans_pct"]) == (15.0, 2.5, None)


def test_tables_carry_their_comments(warehouse: duckdb.DuckDBPyConnection) -> None:
    tables = warehouse.execute(
        "select table_name, comment from duckdb_tables() where regexp_matches(table_name, '^(dim|fct|dq)_')"
    ).fetchall()
    assert len(tables) >= 15
    assert not [name for name, comment in tables if not comment or " — " not in comment]
    silent = warehouse.execute(
        """select table_name, column_name from duckdb_columns()
        where regexp_matches(table_name, '^(dim|fct|dq)_') and coalesce(comment, '') = ''"""
    ).fetchall()
    assert silent == []


def _real_lake(root: Path, source: Path) -> None:
    lake = Lake(root)
    parts: dict[tuple[str, int], list[pa.Table]] = {}
    for n, path in enumerate(sorted(p for p in source.rglob("*") if p.suffix in (".xlsx", ".csv"))):
        if path.name != "manifest.csv":
            _, tables = tables_of(
                path, f"f{n:02}", name=path.name, hints=hints(source, path, {}), secret=b"test"
            )
            for part, landed_parts in tables.items():
                parts.setdefault(part, []).extend(landed_parts)
    reference: dict[tuple[str, str, int, str], list[ReferenceItem]] = {}
    for (contract, year), pieces in sorted(parts.items()):
        landed = pa.concat_tables(pieces)
        order = {f: i for i, f in enumerate(sorted(set(landed["file_id"].to_pylist())))}
        found = validate(CONTRACTS[contract], landed, order=order, reference=reference)
        lake.write(contract, year, found.accepted)
        if contract == "assessment_items":
            for r in found.accepted.to_pylist():
                key = (r["kind"], r["subject"], r["grade"], r["window"] or "")
                reference.setdefault(key, []).append(
                    ReferenceItem(r["item"], r["max_score"], r["position"], r["key"])
                )
        if found.items is not None:
            years = pa.array([year] * len(found.items), pa.int32())
            lake.write(
                "student_result_items",
                year,
                found.items.add_column(0, "school_year", years).cast(item_schema()),
            )
        for r in found.counts.to_dict("records"):
            counts = {k: int(r[k]) for k in ("rows_read", "rows_accepted", "rows_rejected")}
            lake.read(r["file_id"], contract, sheet=r["sheet"], school_year=year, **counts)
    lake.close()


@pytest.mark.real
def test_real_region(tmp_path: Path) -> None:
    where = os.environ.get("UROVEN_REAL_DATA")
    if not where:
        pytest.skip("UROVEN_REAL_DATA is not set: the real files are not part of the project")
    _real_lake(tmp_path / "lake", Path(where) / "region")
    database = build(tmp_path / "lake", tmp_path / "build", "--exclude-resource-type", "unit_test")
    with duckdb.connect(str(database), read_only=True) as connection:
        region = _unit(connection, "region", MATH)
        assert (region["tested_n"], region["absent_n"]) == (24_876, 1_732)
        assert region["mean_score"] == pytest.approx(11.9988, abs=5e-5)
        assert [region[f"mark_{m}_n"] for m in (2, 3, 4, 5)] == [826, 5_888, 11_503, 6_659]
        assert connection.execute(
            "select count(*) from dq_submission where verdict = 'rejected'"
        ).fetchone() == (0,)


def test_an_empty_cell_is_not_a_zero_and_a_part_never_exceeds_its_whole(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("staffing")
    lake = Lake(root / "lake")
    lake.accept("school_register", 2021, [{"school_id": s, "name": s, "municipality_id": "1"} for s in "ab"])
    common = {"positions": 10.0, "filled": 9.0}
    teachers = common | {"position_group": "teachers", "headcount": 19, "trained_n": 10}
    psychologist = common | {"position_group": "psychologists", "headcount": 1, "trained_n": None}
    odd = common | {"position_group": "teachers", "headcount": 4, "trained_n": 9}
    rows = [{"school_id": "a"} | teachers, {"school_id": "a"} | psychologist, {"school_id": "b"} | odd]
    lake.accept("staffing", 2021, rows)
    lake.close()
    with duckdb.connect(str(build(root / "lake", root / "build")), read_only=True) as db:
        sql = """select school_id, trained_pct, round(teachers_trained_pct, 2)
                 from fct_school_staffing order by 1"""
        assert db.execute(sql).fetchall() == [("a", None, 52.63), ("b", None, None)]


def test_no_outer_join_compares_every_row_with_every_row(sample_home: Home) -> None:
    """As DuckDB does where a key may be open or a condition looks at one side alone."""
    quadratic = {}
    database = str(sample_home.path / "build" / "warehouse.duckdb")
    compiled = sample_home.path / "dbt" / "compiled" / "uroven" / "models"
    with duckdb.connect(database, read_only=True) as db:
        for path in sorted(compiled.rglob("*.sql")):
            if path.parent.suffix == ".yml":  # a test
                continue
            plan = json.loads(db.execute(f"explain (format json) {path.read_text()}").fetchall()[0][1])
            if found := list(quadratic_joins(plan)):
                quadratic[path.stem] = found
    with duckdb.connect() as db:
        db.execute(f"attach '{database}' as build (read_only)")
        for name, sql in (
            ("rows", control.ROWS.format(table=control.AGGREGATE)),
            ("rows of results", control.ROWS.format(table=ahead.RESULTS)),
            ("indicators", control.INDICATORS.replace("$1", "'staff'")),
        ):
            plan = json.loads(db.execute(f"explain (format json) {sql}").fetchall()[0][1])
            if found := list(quadratic_joins(plan)):
                quadratic[name] = found
    assert set(quadratic) <= {"int_exam_subject"}, quadratic  # exams of a year by a seed of some rows


def quadratic_joins(plan: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What DuckDB says of its outer joins by nested loops."""
    for node in plan:
        info = node.get("extra_info") or {}
        if node["name"] == "BLOCKWISE_NL_JOIN" and info.get("Join Type") != "INNER":
            yield info
        yield from quadratic_joins(node.get("children", []))
