"""The region's calendar: its days, its file, and what the warehouse is told of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipelines import calendar
from pipelines.settings import Settings

SMALL = """
title = "Проба"
[periods]
year = ["09-01", "05-25"]
q1 = ["09-01", "10-25"]
"ВПР" = ["03-15", "05-20"]
[periods_in.2020]
"ВПР" = ["09-14+", "10-12+"]
[[submission]]
contract = "staffing"
due = "09-20"
[[submission]]
contract = "school_marks"
periods = ["q1"]
days = 10
except_kinds = ["prison"]
[[submission]]
contract = "student_results"
periods = ["ВПР"]
due = "09-15+"
from = "region"
[[release]]
name = "termly"
title = "После четверти"
after = ["q1"]
days = 11
"""


@pytest.fixture
def small(tmp_path: Path) -> calendar.Calendar:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return calendar.load(Settings(calendar=path))


def test_the_default_calendar_loads_and_names_a_release_for_each_return() -> None:
    plan = calendar.load(Settings(calendar=calendar.CALENDARS / "default.toml"))
    assert {r.name for r in plan.release} >= {
        "yearly_release", "staffing_return", "social_passports", "diagnostics", "termly",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "date"),
    [
        ("09-01", dt.date(2022, 9, 1)),
        ("12-31", dt.date(2022, 12, 31)),
        ("01-01", dt.date(2023, 1, 1)),
        ("08-31", dt.date(2023, 8, 31)),
        ("09-15+", dt.date(2023, 9, 15)),
    ],
)
def test_days_lie_in_the_school_year_that_ends_in_2023(day: str, date: dt.date) -> None:
    assert calendar.date_of(day, 2023) == date
    assert calendar.school_year_of(date) == (2024 if day.endswith("+") else 2023)


def test_due_dates_follow_the_period_of_their_year(small: calendar.Calendar) -> None:
    marks, results = small.submission[1:]
    assert small.due(marks, "q1", 2023) == dt.date(2022, 11, 4)
    assert small.due(results, "ВПР", 2023) == dt.date(2023, 9, 15)
    assert small.last_day("ВПР", 2020) == dt.date(2020, 10, 12)
    assert small.last_day("ВПР", 2021) == dt.date(2021, 5, 20)


def test_between_two_due_dates_the_day_changes_nothing(small: calendar.Calendar) -> None:
    first, last = (calendar.expected(small, dt.date(2022, 11, d)) for d in (5, 30))
    before = calendar.expected(small, dt.date(2022, 11, 4))
    assert first["as_of"][0].as_py() == dt.date(2022, 11, 4)
    assert calendar.fingerprint(first) == calendar.fingerprint(last) != calendar.fingerprint(before)


def test_expected_stops_at_the_current_year_and_leaves_out_the_kinds_excepted(
    small: calendar.Calendar,
) -> None:
    rows = calendar.expected(small, dt.date(2022, 11, 5)).to_pylist()
    assert max(r["school_year"] for r in rows) == 2023
    kinds = {r["school_kind"] for r in rows if r["contract"] == "school_marks"}
    assert "general" in kinds and "prison" not in kinds
    assert {r["school_kind"] for r in rows if r["sender"] == "region"} == {""}


def test_a_clock_set_back_makes_no_passed_deadline_pending() -> None:
    ahead = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=400)
    assert calendar.today(Settings(today=None), last_arrival=ahead) == ahead
    assert calendar.today(Settings(today=dt.date(2021, 1, 1)), last_arrival=ahead) == dt.date(2021, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('due = "09-20"', 'due = "20.09"', "09-15"),
        ('due = "09-20"', 'due = "02-29"', "day"),
        ('contract = "staffing"', 'contract = "staffin"', "staffin"),
        ('["prison"]', '["prisons"]', "prisons"),
        ('periods = ["q1"]', 'periods = ["q5"]', "q5"),
        ("days = 10", 'days = 10\ndue = "11-01"', "либо"),
        ('contract = "staffing"', 'contract = "school_marks"\nperiods = ["q1"]', "дважды"),
        ('"ВПР" = ["03-15"', '"ВПРР" = ["03-15"', "ВПР"),
        ("title = ", "titel = ", "titel"),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=said) as error:
        calendar.load(Settings(calendar=path))
    assert str(path) in str(error.value)


def test_a_region_has_its_own_file_or_the_default_one() -> None:
    assert calendar.calendar_path(Settings(region="nowhere")).name == "default.toml"
    own = Path("other.toml")
    assert calendar.calendar_path(Settings(calendar=own)) == own
