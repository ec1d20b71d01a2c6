"""Indicators of the programmes against a workbook worked out by hand, and what a missing file does."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.programme.hand_made import YEAR, build_indicators

HERE = Path(__file__).parent
SEEDS = HERE.parents[1] / "dbt_project" / "seeds"
TAKEN_AWAY = ("access_conditions", "communities", "training")
Values = dict[tuple[str, str, str, str], dict[str, Any]]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as f:
        return list(csv.DictReader(f))


EXPECTED = _rows(HERE / "expected_indicators.csv")
REGISTRY = {row["indicator_id"]: row for row in _rows(SEEDS / "programme_indicator.csv")}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(build_indicators(tmp_path_factory.mktemp("indicators"))), read_only=True) as db:
        yield db


def _values(db: duckdb.DuckDBPyConnection) -> Values:
    cursor = db.execute("select * from fct_programme_indicator where school_year = ?", [YEAR])
    names = [d[0] for d in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {(r["indicator_id"], r["unit_type"], r["unit_id"], r["period"]): r for r in rows}


@pytest.fixture(scope="module")
def values(warehouse: duckdb.DuckDBPyConnection) -> Values:
    return _values(warehouse)


def test_the_workbook_has_every_indicator_of_the_registry() -> None:
    of_region = {row["indicator_id"] for row in EXPECTED if row["unit_type"] == "region"}
    assert of_region == set(REGISTRY)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda r: f"{r['indicator_id']}-{r['unit_id']}-{r['period']}")
def test_indicator_is_as_worked_out_by_hand(values: Values, row: dict[str, str]) -> None:
    found = values[row["indicator_id"], row["unit_type"], row["unit_id"], row["period"]]
    for field in ("numerator", "denominator", "value"):
        wanted = float(row[field]) if row[field] else None
        assert found[field] == (None if wanted is None else pytest.approx(wanted, abs=2e-5)), field
    for field in ("ci_low", "ci_high"):
        if row[field]:
            assert found[field] == pytest.approx(float(row[field]), abs=2e-4), field


def test_periods_of_the_workbook_are_all_there_are(values: Values) -> None:
    found = {(i, p) for i, unit_type, _, p in values if unit_type == "region"}
    assert found == {(r["indicator_id"], r["period"]) for r in EXPECTED if r["unit_type"] == "region"}


def test_status_says_too_few_and_nothing_to_count(values: Values) -> None:
    region = ("region", "region", "year")
    assert values["exam_passed_11", *region]["obs_status"] == "U"
    assert values["exam_passed_11", *region]["verdict"] == "too_few"
    none = values["exam_passed_11_difficult", *region]
    assert (none["obs_status"], none["missing_contract"], none["verdict"]) == ("L", None, "no_value")
    assert values["exam_below_min_9", *region]["obs_status"] == "A"


@pytest.mark.parametrize(
    ("indicator", "verdict", "is_confirmed"),
    [
        ("schools_analysed", "not_met", None),  # 6 of 7 against 100 %
        ("municipalities_involved", "not_met", None),  # 2 of 3 against 80 %
        ("exam_below_min_9_n", "not_met", None),
        ("exam_below_min_11_n", "met", None),
        ("exam_below_min_9", "not_met", True),
        ("dynamics_oge_mathematics", "met", True),  # 1 ± 0.98 is above 0
        ("dynamics_ege_mathematics", "met", True),
        ("dynamics_ege_russian", "not_met", False),  # 0 is not above 0
        ("staff_trained", "no_target", None),
    ],
)
def test_verdicts(values: Values, indicator: str, verdict: str, is_confirmed: bool | None) -> None:
    found = values[indicator, "region", "region", "year"]
    assert (found["verdict"], found["is_confirmed"]) == (verdict, is_confirmed)


def test_change_against_the_year_and_the_wave_before(values: Values) -> None:
    rate = values["success_rate", "school", "100001", "year"]
    assert (rate["previous_value"], rate["change"], rate["change_verdict"]) == (80.0, 15.0, "rising")
    wave = values["teacher_deficit", "school", "100001", "w2"]
    assert (wave["previous_value"], wave["change"], wave["change_verdict"]) == (40.0, -20.0, "stable")
    assert values["success_rate", "school", "100001", "q1"]["change"] is None


def test_schools_add_up_to_municipalities_and_the_region(values: Values) -> None:
    """Facts of no school (events without one, municipalities) stand only where they belong."""
    without_schools = {"municipalities_involved", "roadmap_events"}
    for (indicator, unit_type, _, period), region in values.items():
        if unit_type != "region" or indicator in without_schools or region["numerator"] is None:
            continue
        for level in ("school", "municipality"):
            parts = [
                v for (i, t, _, p), v in values.items() if (i, t, p) == (indicator, level, period)
            ]  # fmt: skip
            for field in ("numerator", "denominator"):
                if region[field] is not None:
                    total = sum(part[field] or 0 for part in parts)
                    assert total == pytest.approx(region[field], abs=1e-6), (indicator, level, field)


def test_a_file_taken_away_is_named_and_nothing_else_changes(values: Values, tmp_path: Path) -> None:
    sources = _rows(SEEDS / "programme_indicator_source.csv")
    resting = {
        indicator: [s["contract"] for s in sources if s["measure_id"] == row["measure_id"]]
        for indicator, row in REGISTRY.items()
    }
    assert not any(v["missing_contract"] for k, v in values.items() if k[1] == "region")
    with duckdb.connect(str(build_indicators(tmp_path, without=TAKEN_AWAY)), read_only=True) as db:
        after = _values(db)
    for indicator, contracts in resting.items():
        key = (indicator, "region", "region", "year")
        if lost := set(contracts) & set(TAKEN_AWAY):
            assert (after[key]["obs_status"], after[key]["value"]) == ("O", None), indicator
            assert after[key]["missing_contract"] == ", ".join(sorted(lost)), indicator
        elif key in values:
            same = ("value", "numerator", "denominator", "obs_status", "missing_contract")
            assert [after[key][f] for f in same] == [values[key][f] for f in same], indicator


def test_outcomes_of_state_exams(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Resits and appeals are counted, ГВЭ counts, a mandatory exam not taken isn't passed."""
    rows = warehouse.execute(
        "select school_id, level, took_n, passed_n, below_min_n, repeated_n from fct_exam_outcome "
        "where level <> '9' or school_id = '200003' order by school_id, level"
    ).fetchall()
    assert [row for row in rows if row[1] == "11"] == [
        ("100001", "11", 2, 2, 0, 1),
        ("100003", "11", 2, 1, 0, 0),
    ]
    assert ("200003", "9", 5, 3, 2, 0) in rows
    assert ("100001", "all", 6, 3, 3, 1) in rows


def test_people_are_counted_not_certificates(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select length_band, people_n, documents_n, teaching_staff_n from fct_staff_training "
        "where school_id = '100001' and topic = 'all' order by length_band"
    ).fetchall()
    assert rows == [("16_36", 1, 2, 2), ("all", 1, 2, 2)]
