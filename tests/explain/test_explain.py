"""``uroven explain``: every published number of a district ends in rows of files that add up to it."""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.release import explain
from pipelines.settings import ROOT, Settings
from tests.conftest import Home, uroven

YEAR = 2023


@pytest.fixture(scope="module")
def settings(sample_home: Home) -> Settings:
    return Settings(home=sample_home.path)


@pytest.fixture(scope="module")
def build(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as db:
        yield db


@pytest.fixture(scope="module")
def district(build: duckdb.DuckDBPyConnection) -> str:
    """The municipality with the most supported schools."""
    row = build.execute(
        "select municipality_id from int_programme_group where school_group = 'supported' "
        "and school_year = ? and municipality_id is not null group by 1 order by count(*) desc, 1 limit 1",
        [YEAR],
    ).fetchone()
    assert row
    return str(row[0])


def _leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows under a node, those of the measures it rests on too."""
    own = [row for source in node["sources"] for row in source["rows"]]
    return own + [row for part in node["rests_on"] for row in _leaves(part)]


def _added(node: dict[str, Any], side: str) -> float:
    """What a node's own rows, and what it takes from other measures, add up to."""
    rows = (row[side] for source in node["sources"] for row in source["rows"])
    return math.fsum(rows) + math.fsum(part["adds"][side] for part in node["rests_on"])


def _drawn(found: dict[str, Any]) -> str:
    out = io.StringIO()
    explain.print_answer(found, 2, Console(file=out, width=300))
    return out.getvalue()


@pytest.mark.parametrize(("programme", "least"), [("headline", 5), ("district", 35), ("republic", 35)])
def test_every_indicator_of_a_district_ends_in_rows_that_add_up(
    settings: Settings, build: duckdb.DuckDBPyConnection, district: str, programme: str, least: int
) -> None:
    published = build.execute(
        "select indicator_id, period, numerator, denominator from fct_programme_indicator "
        "inner join programme_indicator using (indicator_id) "
        "where unit_id = ? and school_year = ? and programme_indicator.programme = ? order by 1, 2",
        [district, YEAR, programme],
    ).fetchall()
    assert len({indicator for indicator, *_ in published}) >= least
    for indicator, period, numerator, denominator in published:
        found = explain.answer(settings, explain.Question(indicator, district, YEAR, period))
        assert all(_leaves(node) for node in found["nodes"]), indicator
        for side, value in (("numerator", numerator), ("denominator", denominator)):
            if value is not None:
                rows = math.fsum(_added(node, side) for node in found["nodes"])
                assert rows == pytest.approx(value, rel=1e-9, abs=1e-7), (indicator, period, side)
        assert found["control"]["agrees"], indicator
        if numerator is not None:
            assert found["nodes"] and "✓" in _drawn(found), indicator
        if "reference" in found:
            assert found["reference"]["agrees"], indicator


@pytest.mark.parametrize(
    ("indicator", "unit"),
    [("roadmap_events", "region"), ("schools_analysed", "region"), ("equalisation_gap_z", "region")],
)
def test_the_region_adds_up_with_facts_of_no_school(settings: Settings, indicator: str, unit: str) -> None:
    found = explain.answer(settings, explain.Question(indicator, unit, YEAR))
    assert found["value"] is not None
    assert found["control"]["agrees"]


def test_a_number_that_rows_do_not_make_is_told(settings: Settings, district: str, tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    home.build.mkdir(parents=True)
    shutil.copy(settings.warehouse, home.warehouse)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("update fct_programme_indicator set numerator = numerator + 1")
    found = explain.answer(home, explain.Question("success_rate", district, YEAR))
    assert not found["control"]["agrees"]
    text = _drawn(found)
    assert "✗" in text and "✓" not in text
    assert "Выпуска ещё нет" in text


def test_a_row_is_the_row_of_the_file(settings: Settings, district: str) -> None:
    found = explain.answer(settings, explain.Question("success_rate", district, YEAR, "year"))
    sources = [s for node in found["nodes"] for s in node["sources"]]
    assert sources
    for source in sources:
        sheet = openpyxl.load_workbook(ROOT / "raw_samples" / source["file_name"])[source["sheet"]]
        header = [cell.value for cell in sheet[1]]
        for row in source["rows"]:
            cells = dict(zip(header, (cell.value for cell in sheet[row["row"]]), strict=True))
            marks = [cells[f"mark_{m}_n"] or 0 for m in (2, 3, 4, 5)]
            assert (row["numerator"], row["denominator"]) == (sum(marks[1:]), sum(marks))


def test_a_change_rests_on_the_rates_of_both_years(settings: Settings, district: str) -> None:
    found = explain.answer(settings, explain.Question("success_improved", district, YEAR))
    for node in found["nodes"]:
        assert [(p["measure_id"], p["school_year"]) for p in node["rests_on"]] == [
            ("success_rate", YEAR - 1),
            ("success_rate", YEAR),
        ]
        rates = [p["numerator"] / p["denominator"] for p in node["rests_on"]]
        assert node["numerator"] <= (rates[1] > rates[0])


def test_a_person_counts_once_however_many_documents(settings: Settings) -> None:
    found = explain.answer(settings, explain.Question("staff_trained", "region", YEAR))
    by_contract: dict[str, list[dict[str, Any]]] = {}
    for node in found["nodes"]:
        for source in node["sources"]:
            by_contract.setdefault(source["contract"], []).extend(source["rows"])
    assert all(row["denominator"] == 1 for row in by_contract["staff"])
    assert all(row["numerator"] == row["denominator"] == 0 for row in by_contract["training"])
    assert len(by_contract["training"]) > found["numerator"] > 0


def test_labels_rest_on_rows(settings: Settings, build: duckdb.DuckDBPyConnection) -> None:
    labels = build.execute(
        "select rule_id, min_by(school_id, n_conditions = 0) from fct_school_identification "
        "where school_year = ? group by 1",
        [YEAR],
    ).fetchall()
    checked = 0
    for rule, school in labels:
        found = explain.answer(settings, explain.Question(rule, school, YEAR))
        trace = build.execute(
            "select count(*) from fct_school_identification_trace "
            "where rule_id = ? and school_id = ? and school_year = ?",
            [rule, school, YEAR],
        ).fetchone()
        assert trace == (len(found["conditions"]),)
        for condition in found["conditions"]:
            assert any(_leaves(node) for part in condition["rests_on"] for node in part["nodes"])
            if condition["measure"] == "below_min_share":
                nodes = [node for part in condition["rests_on"] for node in part["nodes"]]
                assert math.fsum(_added(n, "numerator") for n in nodes) == condition["numerator"]
                assert math.fsum(_added(n, "denominator") for n in nodes) == condition["n"]
                checked += 1
        assert found["rule"]["rule_version"] in _drawn(found)
    assert checked


def test_a_statistic_of_an_assessment(settings: Settings, build: duckdb.DuckDBPyConnection) -> None:
    assessment, district, mean = build.execute(
        "select assessment_id, unit_id, mean_score from fct_assessment_aggregate "
        "where unit_type = 'municipality' and subgroup = 'all' and school_year = ? and source = 'students' "
        "order by tested_n desc, assessment_id, unit_id limit 1",
        [YEAR],
    ).fetchall()[0]
    found = explain.answer(settings, explain.Question("mean_score", district, YEAR, assessment_id=assessment))
    assert found["control"]["agrees"]
    sums = [math.fsum(_added(n, side) for n in found["nodes"]) for side in ("numerator", "denominator")]
    assert sums[0] / sums[1] == pytest.approx(mean, rel=1e-12)


def test_json_names_no_student(sample_home: Home, build: duckdb.DuckDBPyConnection, district: str) -> None:
    printed = uroven(
        "explain", "exam_passed_low_results", "--unit", district, "--school-year", str(YEAR), "--json",
        home=sample_home.path,
    ).output  # fmt: skip
    found = json.loads(printed)
    assert found["control"]["agrees"]
    assert found["release"]["release_id"] and not found["release"]["build_is_newer"]
    keys = {key for (key,) in build.execute("select distinct student_key from int_student_result").fetchall()}
    assert keys.isdisjoint(json.JSONEncoder().encode(found).split('"'))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("staff_traind", "--unit", "region", "--school-year", "2023"), "staff_trained"),
        (("staff_trained", "--unit", "regoin", "--school-year", "2023"), "region"),
        (("staff_trained", "--unit", "region", "--school-year", "1999"), "2021, 2022, 2023"),
        (("mean_score", "--unit", "region", "--school-year", "2023"), "--assessment"),
    ],
)
def test_what_is_unknown_is_told_with_what_there_is(
    sample_home: Home, arguments: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UROVEN_HOME", str(sample_home.path))
    done = CliRunner().invoke(app, ["explain", *arguments])
    assert done.exit_code == 1
    assert told in done.stderr


def test_before_the_first_run_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UROVEN_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["explain", "staff_trained", "--unit", "region", "--school-year", "2023"])
    assert done.exit_code == 1
    assert "uroven run" in done.stderr
