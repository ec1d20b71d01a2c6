"""Units made of students' rows and of schools' totals: one scale, and the parts make the whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.scaling.cells import all_cells, memberships, unit_moments


def students(assessment: str, school: str, values: list[float], sex: str = "f") -> pd.DataFrame:
    cell = {
        "assessment_id": assessment,
        "municipality_id": "m" + school[0],
        "locality_group": "rural",
        "school_id": school,
        "class_name": "5А",
        "sex": sex,
        "n": len(values),
        "first": sum(values),
        "second": sum(v * v for v in values),
    }
    return pd.DataFrame([cell])


def totals(assessment: str, school: str, n: int, mean: float) -> pd.DataFrame:
    cell = {
        "assessment_id": assessment,
        "municipality_id": "m" + school[0],
        "locality_group": "urban",
        "school_id": school,
        "n": n,
        "first": n * mean,
        "second": np.nan,
    }
    return pd.DataFrame([cell])


def found(types: dict[str, str], *parts: pd.DataFrame) -> pd.DataFrame:
    with_squares = [p for p in parts if "class_name" in p]
    without = [p for p in parts if "class_name" not in p]
    cells = all_cells(pd.concat(with_squares), pd.concat(without), pd.Series(types))
    return unit_moments(cells, "31").set_index(["unit_type", "unit_id", "subgroup"])


def test_official_scores_of_students_and_of_totals_are_pooled() -> None:
    units = found({"x": "official"}, students("x", "a1", [40, 60]), totals("x", "b1", 8, 70))
    region = units.loc[("region", "31", "all")]
    assert (region["n"], region["mean"]) == (10, 66) and np.isnan(region["variance"])
    assert units.loc[("school", "a1", "all"), "variance"] == 200
    assert units.loc[("municipality", "mb", "all"), "mean"] == 70
    # totals have no classes and no sex
    assert ("region", "31", "sex:f") in units.index and units.loc[("region", "31", "sex:f"), "n"] == 2
    assert units.loc[("region", "31", "locality:urban"), "n"] == 8
    assert [key for key in units.index if key[0] == "class"] == [("class", "a1/5А", "all")]


def test_results_without_a_scale_stand_on_one_with_totals() -> None:
    units = found({"x": "relative"}, students("x", "a1", [10, 10, 20, 20]), totals("x", "b1", 4, 25))
    assert units.loc[("region", "31", "all"), "mean"] == pytest.approx(500)
    # schools' means of 15 and 25 about 20: a sd of 5
    assert units.loc[("school", "a1", "all"), "mean"] == pytest.approx(400)
    assert units.loc[("school", "b1", "all"), "mean"] == pytest.approx(600)
    assert units.loc[("school", "a1", "all"), "variance"] == pytest.approx((100 / 3) * (100 / 5) ** 2)


def test_totals_have_no_place_on_a_scale_of_items() -> None:
    units = found({"x": "irt_linked"}, students("x", "a1", [480, 520]), totals("x", "b1", 50, 9))
    assert units.loc[("region", "31", "all"), "n"] == 2
    assert ("school", "b1", "all") not in units.index


def test_equal_results_have_no_scale() -> None:
    assert found({"x": "relative"}, students("x", "a1", [7, 7]), totals("x", "b1", 3, 7)).empty


def test_students_without_a_label_belong_to_no_unit_of_that_kind() -> None:
    known, unknown = students("x", "a1", [1, 2]), students("x", "a1", [3]).assign(sex=None, class_name=None)
    members = memberships(pd.concat([known, unknown]), "31")
    n = members.groupby(["unit_type", "subgroup"])["n"].sum()
    assert n["school", "all"] == n["region", "all"] == 3
    assert n["school", "sex:f"] == n["class", "all"] == 2
