"""Works too small to calibrate: years that give one form are compared on its raw scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.psychometrics import counts_from_matrix
from pipelines.scaling.counts import AssessmentCounts
from pipelines.scaling.equating import Equated, equated_scale, load_form

ITEMS = ("Я1", "Я2", "Я3", "Я4")


def counts(assessment: str, anchors: tuple[str, ...] = ITEMS, less: str = "2") -> AssessmentCounts:
    """Form 1 of four items, and form 2, or less, of four others."""
    built = counts_from_matrix(np.zeros((1, 4), int), items=ITEMS, max_score=[1] * 4)
    names = {("1", name): name for name in ITEMS} | {(less, name): f"2:{name}" for name in ITEMS}
    return AssessmentCounts(assessment, built, names, anchors)


def results(**variants: list[int]) -> pd.DataFrame:
    """Students by result 0, 1, 2 … of each variant."""
    parts = [
        pd.DataFrame({"variant": v[1:], "result_score": np.arange(len(n), dtype=float), "n": n})
        for v, n in variants.items()
    ]
    return pd.concat(parts, ignore_index=True)


def scaled(scales: Path, year: int, found: pd.DataFrame, **changes: object) -> Equated | None:
    given = {
        "linked_to": None if year == 2021 else "a-2021",
        "freezes": year == 2021,
        "random_variants": True,
    }
    shape = {name: changes.pop(name) for name in ("anchors", "less") if name in changes}
    own = counts(f"a-{year}", **shape)  # type: ignore[arg-type]
    return equated_scale(own, found, scales=scales, **(given | changes))  # type: ignore[arg-type]


def at(found: Equated | None) -> dict[tuple[str, float], float]:
    assert found is not None
    return {(r["variant"], r["result_score"]): r["scale_score"] for r in found.rows}


def test_a_form_of_both_years_keeps_its_scale(tmp_path: Path) -> None:
    first = scaled(tmp_path, 2021, results(v1=[25, 50, 50, 50, 25]))
    scores = at(first)
    assert scores["1", 2] == pytest.approx(500) and first is not None and first.link_error == 0
    second = at(scaled(tmp_path, 2022, results(v1=[0, 0, 10, 20, 10])))
    assert second == {key: value for key, value in scores.items() if key[1] >= 2}
    # a late file doesn't move the scale
    late = at(scaled(tmp_path, 2021, results(v1=[0, 0, 0, 500, 500])))
    assert late["1", 3] == scores["1", 3]


def test_other_variants_are_equated_to_the_form(tmp_path: Path) -> None:
    # variant 2 is a point easier
    found = scaled(tmp_path, 2021, results(v1=[50, 100, 50, 0, 0], v2=[0, 50, 100, 50, 0]))
    scores = at(found)
    for score in range(3):
        assert scores["2", score + 1] == pytest.approx(scores["1", score])
    # the mean of 200 students of sd 1 holds them together
    assert found is not None and found.link_error == pytest.approx(100 / np.sqrt(200))
    small = scaled(tmp_path, 2022, results(v1=[50, 100, 50], v2=[0, 9, 0]))
    assert {v for v, _ in at(small)} == {"1"} and small is not None
    assert [(m.code, m.subject) for m in small.messages] == [("too_few_students", "2")]
    apart = scaled(tmp_path, 2022, results(v1=[50, 100, 50], v2=[0, 50, 100, 50]), random_variants=False)
    assert {v for v, _ in at(apart)} == {"1"}


def test_what_can_t_be_equated(tmp_path: Path) -> None:
    enough = results(v1=[25, 50, 50, 50, 25])
    assert scaled(tmp_path, 2021, enough, anchors=ITEMS[:3]) is None  # no form of anchors alone
    assert scaled(tmp_path, 2022, enough) is None  # no reference
    assert scaled(tmp_path, 2021, results(v1=[20, 20, 20, 20, 19])) is None  # too few to freeze
    assert scaled(tmp_path, 2021, results(v1=[0, 0, 200])) is None  # nothing tells students apart
    assert load_form(tmp_path, "a-2021") is None
    assert scaled(tmp_path, 2021, enough) is not None
    assert scaled(tmp_path, 2022, enough, less="1 без 2") is None  # a topic not taught
    halves = enough.assign(result_score=enough["result_score"] / 2)
    assert scaled(tmp_path, 2022, halves) is None
