"""Two releases beside each other: what one shows must not be forgotten when the next hides it."""

from __future__ import annotations

import pandas as pd

from pipelines.release.hierarchy import Limits, findings, suppress
from pipelines.release.revision import NUMBERS, given_away, small_changes
from pipelines.release.shares import Shares

LIMITS = Limits()


def _rows(schools: dict[str, int]) -> pd.DataFrame:
    """Schools of one municipality with so many students, everybody with 10 of 20 points, and their total."""
    units = [("school", school, n) for school, n in schools.items()]
    units.append(("municipality", "m", sum(schools.values())))
    rows = pd.DataFrame(units, columns=["unit_type", "unit_id", "tested_n"])
    rows = rows.assign(assessment_id="a", subgroup="all", locality_group="", municipality_id="m")
    rows["school_id"] = rows["unit_id"].where(rows["unit_type"] == "school")
    marks = dict.fromkeys(("mark_2_n", "mark_3_n", "mark_4_n", "mark_5_n"), 0)
    return rows.assign(mean_score=10.0, sd=0.0, max_score=20.0, judged_n=0, below_min_n=0, **marks)


def _beside(before: dict[str, int], now: dict[str, int]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows and status of the new release, and what the old one shows."""
    rows, earlier = _rows(now), _rows(before)
    hidden = suppress(earlier, LIMITS)
    for layer, number in NUMBERS.items():
        earlier[number] = earlier[number].astype(float).where(hidden[layer] == "F")
    keys = ["unit_type", "unit_id", "assessment_id", "subgroup"]
    old = rows[keys].merge(earlier[[*keys, *NUMBERS.values(), "mean_score"]], how="left", on=keys)
    return rows, suppress(rows, LIMITS), old


def test_a_few_students_more_in_a_shown_school_are_named() -> None:
    rows, status, old = _beside({"1": 20, "2": 30}, {"1": 24, "2": 30})
    found = small_changes(rows, status, old, LIMITS)
    assert list(zip(found["unit_id"], found["students"], strict=True)) == [("1", 4), ("m", 4)]


def test_a_small_school_that_came_late_follows_from_the_total_and_the_shown_schools() -> None:
    """Schools 2 and 4 are hidden in both releases; together they changed as the total less school 3 did."""
    before, now = {"2": 20, "3": 40, "4": 3, "5": 30}, {"2": 20, "3": 80, "4": 9, "5": 30}
    rows, status, old = _beside(before, now)
    assert status["row"].tolist() == ["D", "F", "A", "F", "F"] and old["tested_n"].isna().sum() == 2
    found = small_changes(rows, status, old, LIMITS)
    assert list(zip(found["unit_id"], found["students"], strict=True)) == [("2", 6), ("4", 6)]


def test_many_students_more_are_no_small_group() -> None:
    rows, status, old = _beside({"1": 20, "2": 30}, {"1": 45, "2": 30})
    assert small_changes(rows, status, old, LIMITS).empty


def test_a_partner_that_was_shown_before_gives_the_small_school_away() -> None:
    before, now = {"1": 25, "2": 30, "3": 60}, {"1": 7, "2": 30, "3": 60}
    rows, status, old = _beside(before, now)
    assert status["row"].tolist() == ["A", "D", "F", "F"]
    assert findings(rows, status, LIMITS).empty
    assert "1" in set(given_away(Shares(rows), status, old, LIMITS)["unit_id"])


def test_the_same_release_again_gives_nothing_away() -> None:
    schools = {"1": 7, "2": 30, "3": 60}
    rows, status, old = _beside(schools, schools)
    assert (status["row"] != "F").any()
    assert small_changes(rows, status, old, LIMITS).empty
    assert given_away(Shares(rows), status, old, LIMITS).empty
