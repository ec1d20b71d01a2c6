"""What is expected, what came and what is missing, worked out by hand for five schools."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from pipelines import calendar
from pipelines.resources import run_dbt
from pipelines.settings import Settings

from .warehouse_lake import Lake

CALENDAR = """
title = "Проба"
[periods]
year = ["09-01", "05-25"]
q1 = ["09-01", "10-25"]
"РДР input" = ["09-10", "09-30"]
[[submission]]
contract = "staffing"
due = "09-20"
except_kinds = ["evening"]
[[submission]]
contract = "school_marks"
periods = ["q1"]
days = 10
[[submission]]
contract = "student_results"
periods = ["РДР input"]
days = 5
[[submission]]
contract = "risk_profile"
from = "supported"
due = "11-15"
[[submission]]
contract = "assessment_register"
from = "region"
due = "03-01"
"""


def _school(code: str, **facts: object) -> dict[str, object]:
    base = {"school_id": code, "name": f"Школа {code}", "municipality_id": "10", "status": "active"}
    return base | {"municipality_name": "Район", "valid_from": dt.date(2010, 9, 1), "kind": "general"} | facts


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """(unit, contract) -> state, as of 6 November 2022, in the school year 2023."""
    home = tmp_path_factory.mktemp("completeness")
    path = home / "calendar.toml"
    path.write_text(CALENDAR, encoding="utf-8")
    lake = Lake(home / "lake")
    merged = {"status": "reorganised", "valid_to": dt.date(2022, 10, 1)}
    lake.accept(
        "school_register", 2023,
        [
            _school("100001"), _school("100002"), _school("100003", kind="evening"),
            _school("100004", **merged), _school("100005", status="closed"),
        ],
    )  # fmt: skip
    lake.accept(
        "staffing", 2023, [{"school_id": c, "position_group": "teachers"} for c in ("100001", "100004")]
    )
    mark = {"grade": 4, "subject": "Математика", "class_name": "4А", "mark_3_n": 1}
    lake.accept("school_marks", 2023, [mark | {"school_id": "100001", "period": p} for p in ("q1", "q2")])
    result = {"kind": "РДР", "subject": "Математика", "grade": 9, "student_key": "s", "attendance": "present"}
    lake.accept("student_results", 2023, [result | {"school_id": "100001", "window": "interim"}])
    member = {"programme": "ШНОР", "role": "supported", "valid_from": dt.date(2022, 9, 1)}
    lake.accept("programme_membership", 2023, [member | {"school_id": "100002"}])
    for s in lake._submissions:
        late = s["file_id"] == "school_marks-2023"
        s["received_at"] = dt.datetime(2022, 11, 5) if late else dt.datetime(2022, 9, 1)  # type: ignore[index]
    plan = calendar.load(Settings(calendar=path))
    lake.expected = calendar.expected(plan, dt.date(2022, 11, 6))
    lake.close()
    settings = Settings(home=home)
    settings.build.mkdir()
    built = run_dbt(
        ["build", "--exclude-resource-type", "unit_test", "--select", "+dq_completeness"], settings
    )
    assert built.success, built.exception
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        found = db.execute("select unit_id, contract, state from dq_completeness where school_year = 2023")
        states = {(unit, contract): state for unit, contract, state in found.fetchall()}
        assert len(states) == db.execute("select count(*) from dq_completeness").fetchone()[0]  # type: ignore[index]
    return states


@pytest.mark.parametrize(
    ("unit", "contract", "state"),
    [
        ("100001", "staffing", "received"),
        ("100002", "staffing", "missing"),
        ("100004", "staffing", "received"),  # was there until October
        ("100001", "school_marks", "late"),  # due on 4 November, came on the 5th
        ("100002", "school_marks", "missing"),
        ("100003", "school_marks", "missing"),
        ("100001", "student_results", "missing"),  # another window is not this one
        ("100002", "risk_profile", "not_yet_due"),
        ("region", "assessment_register", "not_yet_due"),
    ],
)
def test_state(rows: dict[tuple[str, str], str], unit: str, contract: str, state: str) -> None:
    assert rows[(unit, contract)] == state


@pytest.mark.parametrize(
    ("unit", "contract"),
    [
        ("100003", "staffing"),  # a kind that is excepted
        ("100004", "school_marks"),  # merged before the due date
        ("100005", "staffing"),  # closed
        ("100001", "risk_profile"),  # not supported
    ],
)
def test_not_expected(rows: dict[tuple[str, str], str], unit: str, contract: str) -> None:
    assert (unit, contract) not in rows
