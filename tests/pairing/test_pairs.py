"""Pairs by hand and against all assignments there are."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.programme import PairingRule, propose_pairs


def school(code: str, z: float, **facts: Any) -> dict[str, Any]:
    base = {
        "school_id": code, "is_supported": z < 0, "in_pool": z > 0, "stage": "secondary",
        "municipality_id": "1", "locality_group": "urban", "social_index": 50.0, "students_n": 400,
        "not_native_pct": 5.0, "z_score": z,
    }  # fmt: skip
    return base | facts


def pairs(
    rows: list[dict[str, Any]], rule: PairingRule | None = None, near: list[tuple[str, str]] | None = None
):
    return propose_pairs(pd.DataFrame(rows), rule or PairingRule(), near or [])


def assigned(table: pd.DataFrame) -> dict[str, str]:
    held = table[table["status"] == "assigned"]
    return dict(zip(held["school_id"], held["partner_school_id"], strict=True))


def test_the_nearest_school_with_better_results_is_the_partner() -> None:
    rows = [school("a", -0.5, social_index=40.0), school("x", 0.5, social_index=42.0), school("y", 0.9)]
    found = pairs(rows)
    assert assigned(found) == {"a": "x"}
    assert found["partner_school_id"].tolist() == ["x", "y"]
    first = found.iloc[0]
    assert first["distance"] == pytest.approx(0.2) and first["gap"] == pytest.approx(1.0)
    assert "социальный индекс 40 и 42" in first["reason_ru"] and "same municipality" in first["reason_en"]
    assert found["rank"].tolist() == [1, 2]


def test_distance_is_made_of_index_size_locality_language_and_place() -> None:
    far = {"social_index": 60.0, "students_n": 100, "locality_group": "rural", "not_native_pct": 45.0}
    rows = [school("a", -0.5), school("x", 0.5, municipality_id="2", **far)]
    expected = np.sqrt(1**2 + 2**2 + 1**2 + 2**2)
    assert pairs(rows)["distance"].iloc[0] == pytest.approx(expected + 0.5)
    assert pairs(rows, near=[("2", "1")])["distance"].iloc[0] == pytest.approx(expected + 0.25)
    unknown = [school("a", -0.5, social_index=np.nan), school("x", 0.5)]
    assert pairs(unknown)["distance"].iloc[0] == pytest.approx(1.0)


def test_one_partner_takes_no_more_than_its_capacity_and_the_rest_say_why() -> None:
    rows = [school(code, -0.5, social_index=50.0 + i) for i, code in enumerate("abc")] + [school("x", 0.9)]
    found = pairs(rows, PairingRule(capacity=2))
    assert assigned(found) == {"a": "x", "b": "x"}
    alone = found[found["status"] == "unmatched"].iloc[0]
    assert (
        alone["school_id"] == "c" and alone["reason_code"] == "no_capacity" and "заняты" in alone["reason_ru"]
    )


@pytest.mark.parametrize(
    ("partner", "code"),
    [
        ({"stage": "basic"}, "other_stage"),
        ({"stage": None}, "other_stage"),
        ({"z_score": -0.3}, "small_gap"),
        ({"z_score": np.nan}, "small_gap"),
        ({"in_pool": False}, "no_partners"),
    ],
)
def test_hard_limits_leave_a_school_without_a_partner(partner: dict[str, Any], code: str) -> None:
    found = pairs([school("a", -0.5), school("x", 0.9, **partner)])
    assert found["status"].tolist() == ["unmatched"]
    assert found["reason_code"].tolist() == [code]


def test_a_lead_of_exactly_the_least_gap_is_enough() -> None:
    rows = [school("a", -0.25), school("x", 0.25)]
    assert assigned(pairs(rows, PairingRule(least_gap=0.5))) == {"a": "x"}
    assert not assigned(pairs(rows, PairingRule(least_gap=0.51)))


def test_a_school_gives_way_where_only_so_all_get_a_partner() -> None:
    rows = [
        school("a", -0.5, social_index=50.0),
        school("b", -1.0, social_index=58.0),
        school("x", 0.1, social_index=51.0),
        school("y", 0.6, social_index=40.0),
    ]
    rule = PairingRule(capacity=1, least_gap=0.7)
    assert assigned(pairs(rows, rule)) == {"b": "x", "a": "y"}


def test_the_sum_of_distances_is_the_least_of_all_assignments() -> None:
    rng = np.random.default_rng(12)
    rows = [school(f"s{i}", -0.5, social_index=float(v)) for i, v in enumerate(rng.normal(50, 10, 5))]
    rows += [school(f"x{i}", 1.0, social_index=float(v)) for i, v in enumerate(rng.normal(50, 10, 3))]
    found = pairs(rows, PairingRule(capacity=2, alternatives_n=99))
    cost = found.pivot(index="school_id", columns="partner_school_id", values="distance").to_numpy()
    possible = [c for c in product(range(3), repeat=5) if max(np.bincount(c, minlength=3)) <= 2]
    least = min(cost[range(5), list(choice)].sum() for choice in possible)
    assert found.loc[found["status"] == "assigned", "distance"].sum() == pytest.approx(least)


def test_nobody_to_support_gives_an_empty_table() -> None:
    found = pairs([school("x", 0.9)])
    assert found.empty and "partner_school_id" in found.columns


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    rows = [school(f"s{i}", float(z), social_index=50.0 + i % 3) for i, z in enumerate(rng.normal(0, 1, 40))]
    one, other = pairs(rows), pairs(rows[::-1])
    pd.testing.assert_frame_equal(one, other)
