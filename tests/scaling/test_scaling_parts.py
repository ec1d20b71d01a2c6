"""Parts of the scaling step by themselves: links, names of items, frozen references, tables, windows."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipelines.psychometrics import bank_from_difficulties, calibrate, counts_from_matrix
from pipelines.scaling import (
    pictures,
    reference,
    run_calibration,
    run_dynamics,
    run_objectivity,
    run_units,
)
from pipelines.scaling.bank import intercepts_text, stored_bank
from pipelines.scaling.calibration import scale_assessment
from pipelines.scaling.counts import (
    OTHER_VARIANTS,
    AssessmentCounts,
    assessment_counts,
    base_form,
    by_cohort,
    item_names,
)
from pipelines.scaling.plan import in_order, linked_id
from pipelines.scaling.run_dynamics import link_errors, window_of
from pipelines.scaling.standing import relative_scale
from pipelines.scaling.tables import SCHEMAS, ensure_tables, table_path, write_table
from tests.psychometrics.helpers import simulate_01
from tests.scaling.truth import make_region, write_warehouse

FACTS = {"kind": "РДР", "scale_type": None, "result_basis": "total"} | {
    f"mark_{m}_from": float("nan") for m in (3, 4, 5)
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("РДР/Математика/9/2021/final", "РДР-Математика-9-2021-final"),
        ("РДР/Математика/9/2021/", "РДР-Математика-9-2021"),
        ("РДР/Математика/9/2021", "РДР-Математика-9-2021"),
        ("РДР-Математика-9-2021-final", "РДР-Математика-9-2021-final"),
        ("РДР/Химия/9/2021", "РДР/Химия/9/2021"),
        ("", None),
        (None, None),
    ],
)
def test_linked_to(text: str | None, found: str | None) -> None:
    assert linked_id(text, ["РДР-Математика-9-2021-final", "РДР-Математика-9-2021"]) == found


def test_a_reference_comes_before_what_is_linked_to_it() -> None:
    order, circular = in_order({"c": "b", "b": "a", "a": None, "x": "y", "y": "x", "z": "not here"})
    assert order.index("a") < order.index("b") < order.index("c") and circular == {"x", "y"}


def listed(rows: list[tuple[str, str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["form", "item", "anchor_item"]).assign(is_listed=True)


def test_items_of_variants_differ_unless_the_register_says_otherwise() -> None:
    pairs = [("1", "1"), ("1", "2"), ("1 без 2", "1"), ("2", "1"), ("2", "2")]
    apart = item_names(pairs, listed([("*", "1", None), ("*", "2", None)]))
    assert apart["1", "1"] == apart["1 без 2", "1"] == "1:1" and apart["2", "1"] == "2:1"
    stated = listed([("*", "1", None), ("1", "2", None), ("2", "2", None)])
    assert item_names(pairs, stated)["1", "1"] == item_names(pairs, stated)["2", "1"] == "1"
    coded = item_names(pairs, listed([("1", "1", "Я"), ("2", "1", "Я")]))
    assert coded["1", "1"] == coded["2", "1"] == "Я"
    single = item_names([("-", "1")], listed([("*", "1", None)]))
    assert single["-", "1"] == "1" and base_form("1 без 8, 9") == "1"


def test_variants_given_to_unlike_cohorts_keep_a_normal_of_their_own(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """Variant 1 to a weak cohort, 2 to a strong one, 3 to a few; items 5 to 12 are common."""
    difficulty = dict(zip(range(1, 17), np.linspace(-2, 2, 16), strict=True))
    parts = []
    for form, (n, mean, own) in {
        "1": (6000, -1.0, range(1, 13)), "2": (6000, 1.0, range(5, 17)), "3": (20, 0.0, range(5, 13)),
    }.items():  # fmt: skip
        scores = simulate_01(rng, rng.normal(mean, 1, n), np.array([difficulty[j] for j in own]))
        long = pd.DataFrame(scores, columns=[str(j) for j in own]).assign(raw_score=scores.sum(axis=1))
        long = long.melt("raw_score", var_name="item", value_name="item_score")
        parts.append(long.groupby(list(long.columns)).size().rename("n").reset_index().assign(form=form))
    rows = pd.concat(parts).assign(comparison_group="all", omitted_n=0)
    rows[["form", "item"]] = rows[["form", "item"]].astype("category")
    own_list = [
        (form, str(j), None) for form, first in (("1", 1), ("2", 13)) for j in range(first, first + 4)
    ]
    items = listed([*(("*", str(j), None) for j in range(5, 13)), *own_list]).assign(max_score=1)
    assert set(by_cohort(rows, "ВПР")["comparison_group"]) == {"all"}
    cohorts = by_cohort(rows, "РДР")
    assert set(cohorts["comparison_group"]) == {"1", "2", OTHER_VARIANTS}
    built = assessment_counts("РДР-Химия-9-2021", cohorts, items)
    found = scale_assessment(FACTS, built, scales=tmp_path, linked_to=None, done={}, freezes=False)
    c = found.calibration
    assert found.status == "ok" and c is not None and found.cohort is not None
    wanted = np.array([difficulty[int(name.split(":")[-1])] for name in c.items])
    off = (c.difficulty - c.difficulty.mean() - wanted) / c.difficulty_se
    assert np.abs(off).max() < 4
    assert found.cohort.sd == pytest.approx(np.sqrt(2), abs=0.05)


def counts(rng: np.random.Generator, n: int, shift: float = 0.0) -> AssessmentCounts:
    matrix = simulate_01(rng, rng.normal(shift, 1, n), np.linspace(-1.5, 1.5, 8))
    built = counts_from_matrix(matrix)
    names = {("1", name): name for name in built.items}
    return AssessmentCounts("РДР-Химия-9-2021", built, names, ())


def test_a_late_file_doesn_t_move_a_frozen_scale(tmp_path: Path, rng: np.random.Generator) -> None:
    first = counts(rng, 2000)
    done = scale_assessment(FACTS, first, scales=tmp_path, linked_to=None, done={}, freezes=True)
    assert done.reference is not None and done.scale_type == "irt_linked"
    late = counts(rng, 3000, shift=0.5)
    again = scale_assessment(FACTS, late, scales=tmp_path, linked_to=None, done={}, freezes=True)
    assert again.reference is not None and again.reference.fingerprint == reference.fingerprint(first.counts)
    assert again.cohort == done.cohort and again.bank is not None and done.bank is not None
    np.testing.assert_array_equal(again.bank.intercept, done.bank.intercept)
    assert again.calibration is not None and again.calibration.mean[0] == pytest.approx(0.5, abs=0.1)
    with pytest.raises(FileExistsError):
        reference.freeze(tmp_path, "РДР-Химия-9-2021", first.counts, calibrate(first.counts), (0, 0, 0))


def test_the_same_students_are_calibrated_as_when_the_scale_was_frozen(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    first = counts(rng, 2000)
    done, again = (
        scale_assessment(FACTS, first, scales=tmp_path, linked_to=None, done={}, freezes=True)
        for _ in range(2)
    )
    assert done.calibration is not None and again.calibration is not None
    assert again.calibration.item_status == done.calibration.item_status
    np.testing.assert_array_equal(again.calibration.mean_se, done.calibration.mean_se)
    assert (again.cohort, again.link_error) == (done.cohort, done.link_error)


def test_few_students_freeze_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    small = scale_assessment(FACTS, counts(rng, 150), scales=tmp_path, linked_to=None, done={}, freezes=True)
    assert small.status == "provisional" and small.reference is None
    assert not (tmp_path / "reference").exists()


def test_a_bank_is_read_back_as_it_was_written() -> None:
    bank = bank_from_difficulties(["a", "b"], [0.1, -2 / 3])
    table = pd.DataFrame(
        {
            "form": "1",
            "calibrated_as": bank.items,
            "intercepts": [intercepts_text(row) for row in bank.intercept],
        }
    )
    found, forms = stored_bank(table)
    np.testing.assert_array_equal(found.intercept, bank.intercept)
    assert forms == {"1": ("a", "b")}


def test_tables_are_written_in_one_order(tmp_path: Path) -> None:
    ensure_tables(tmp_path)
    assert all(table_path(tmp_path, table).exists() for table in SCHEMAS)
    rows = [
        {"assessment_id": a, "gate": g, "value": float("inf"), "limit": 1.0, "passed": False}
        for a, g in (("b", "x"), ("a", "y"), ("a", "x"))
    ]
    write_table(tmp_path, "gate", rows)
    one = table_path(tmp_path, "gate").read_bytes()
    write_table(tmp_path, "gate", rows[::-1])
    assert table_path(tmp_path, "gate").read_bytes() == one


def results(**variants: list[int]) -> pd.DataFrame:
    """Students by result 0, 1, 2 … of each variant."""
    parts = [
        pd.DataFrame({"variant": v[1:], "result_score": np.arange(len(n), dtype=float), "n": n})
        for v, n in variants.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_standing_within_the_region() -> None:
    rows, found = relative_scale("a", results(v1=[25, 50, 25]), random_variants=True)
    assert [r["percentile"] for r in rows] == [12.5, 50.0, 87.5] and found == []
    assert rows[1]["scale_score"] == pytest.approx(500) and rows[1]["t_score"] == pytest.approx(50)
    alike, _ = relative_scale("a", results(v1=[9]), random_variants=False)
    assert np.isnan(alike[0]["z_score"]) and np.isnan(alike[0]["scale_score"])


def test_randomly_spread_variants_are_equated_by_their_ranks() -> None:
    both = results(v1=[0, 50, 100, 50], v2=[50, 100, 50, 0], v3=[0, 4, 0, 0])
    rows, found = relative_scale("a", both[both["n"] > 0], random_variants=True)
    at = {(r["variant"], r["result_score"]): r["percentile"] for r in rows}
    # a point more in the easier variant is worth the same
    assert at["1", 1] == at["2", 0] == 12.5 and at["1", 2] == at["2", 1] == 50
    assert [(m.code, m.subject) for m in found] == [("variant_not_equated", "3")]
    # a variant of a few students stands with all students: 50 below, half of 154 of 404 at its score
    assert at["3", 1] == pytest.approx(100 * (50 + 154 / 2) / 404)
    as_sent, none = relative_scale("a", both[both["n"] > 0], random_variants=False)
    assert {r["percentile"] for r in as_sent if r["result_score"] == 1} == {at["3", 1]} and none == []


def held(**changes: list[object]) -> pd.DataFrame:
    base = {
        "assessment_id": ["a", "b", "c"],
        "school_year": [2021, 2022, 2023],
        "scale_type": ["official"] * 3,
        "reference_assessment_id": [None] * 3,
        "min_score": [8.0] * 3,
        "max_score": [31.0] * 3,
        "forms": ["-"] * 3,
        "link_error": [np.nan] * 3,
    }
    return pd.DataFrame(base | changes)


def test_breaks_are_told_and_forbid_comparison() -> None:
    assert window_of(held(), 2023).reasons == ()
    minimum = window_of(held(min_score=[8.0, 8.0, 9.0]), 2023)
    assert minimum.reasons == ("minimum",) and minimum.comparable
    maximum = window_of(held(max_score=[31.0, 32.0, 32.0]), 2023)
    assert maximum.reasons == ("maximum",) and not maximum.comparable
    scale = window_of(held(scale_type=["irt_linked", "irt_unlinked", "irt_linked"]), 2023)
    assert "scale" in scale.reasons and scale.scale_type == "relative"
    assert window_of(held(min_score=[7.0, 8.0, 8.0]), 2024).reasons == ()


def test_link_errors_count_from_the_first_year() -> None:
    linked = held(scale_type=["irt_linked"] * 3, link_error=[3.0, 4.0, 5.0])
    np.testing.assert_allclose(link_errors(window_of(linked, 2023)), [5.0, 5.0])
    np.testing.assert_allclose(link_errors(window_of(held(), 2023)), [0, 0])


def test_pictures_are_well_formed() -> None:
    bank = bank_from_difficulties(["a", "b"], [-1.0, 1.0])
    raw, n = np.arange(3.0), np.array([3.0, 5.0, 2.0])
    for svg in (
        pictures.item_person_map(bank, raw - 1, n),
        pictures.information_curve(bank, ["a", "b"]),
        pictures.score_distribution(raw, n, {3: 1, 4: 2}),
    ):
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert pictures.markdown("x", svg).startswith("![x](data:image/svg+xml;base64,")


def test_steps_take_a_warehouse_without_rows(tmp_path: Path) -> None:
    warehouse, scales = tmp_path / "warehouse.duckdb", tmp_path / "scales"
    write_warehouse(warehouse, make_region(24, (2023,), 1))
    with duckdb.connect(str(warehouse)) as db:
        for (table,) in db.execute("show tables").fetchall():
            db.execute(f"delete from {table}")  # noqa: S608 - names of its own tables
    ensure_tables(scales)
    step = run_calibration.run(warehouse, scales)
    assert step.scaled == {} and run_calibration.pictures(step) == ""
    assert run_calibration.gate_figures(step) == {"refused": []}
    assert run_units.run(warehouse, scales, "31") == {"unit": 0, "variance": 0}
    assert run_dynamics.run(warehouse, scales) == {"dynamics": 0}
    assert run_objectivity.run(warehouse, scales) == {"objectivity": 0}
