"""Exports are read back by the libraries that others use."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest

from pipelines.release import bi
from pipelines.release.exports import exports, write_sdmx, write_workbook
from pipelines.release.exports.sdmx import distinct_codes, sdmx_code
from tests.published import grain, make_release, order, promised_tables
from tests.region_made import ASSESSMENT, SMALL, UNKNOWN, region

CUBE = [
    ("municipality", "101", "below_min_pct", 2023, ASSESSMENT, "all", 20.0, "A", "F"),
    ("region", "region", "below_min_pct", 2023, ASSESSMENT, "sex:f", 17.5, "A", "F"),
    ("school", "990114", "below_min_pct", 2023, ASSESSMENT, "all", None, "Q", "A"),
    ("region", "region", "staffing_pct", 2023, None, "all", 97.25, "A", "F"),
]

#: A title longer than the column of the workbook that it stands in.
LONG = "Доля школ, где успеваемость по итогам года выше прошлогодней сверх погрешности: школ программы"


def add_cube(database: Path) -> None:
    """The cube with the columns that readers rely on, where the marts don't make it."""
    with duckdb.connect(str(database)) as db:
        db.execute("DROP TABLE IF EXISTS rpt_statistic")
        db.execute("DROP TABLE IF EXISTS dim_indicator")
        db.execute(
            "CREATE TABLE rpt_statistic (ref_area VARCHAR, unit_type VARCHAR, unit_id VARCHAR, "
            "indicator_id VARCHAR, "
            "school_year INTEGER, period VARCHAR, assessment_id VARCHAR, count_unit VARCHAR, subgroup "
            "VARCHAR, "
            "obs_value DOUBLE, numerator DOUBLE, denominator DOUBLE, ci_low DOUBLE, ci_high DOUBLE, "
            "obs_status VARCHAR, conf_status VARCHAR)"
        )
        db.executemany(
            "INSERT INTO rpt_statistic (unit_type, unit_id, indicator_id, school_year, assessment_id, "
            "subgroup, "
            "obs_value, obs_status, conf_status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            CUBE,
        )
        db.execute(
            "CREATE TABLE dim_indicator (indicator_id VARCHAR PRIMARY KEY, title_ru VARCHAR, "
            "title_en VARCHAR, unit VARCHAR)"
        )
        db.execute(
            "INSERT INTO dim_indicator (indicator_id) "
            "SELECT DISTINCT indicator_id FROM fct_programme_indicator"
        )
        db.execute(
            "UPDATE dim_indicator SET title_ru = ?, unit = '%' WHERE indicator_id = 'success_rate'", [LONG]
        )
        db.execute(
            "INSERT INTO dim_indicator VALUES "
            "('below_min_pct', 'Ниже минимума, %', 'Below the minimum, %', '%')"
        )
        db.execute(
            "INSERT INTO dim_indicator VALUES "
            "('staffing_pct', 'Укомплектованность, %', 'Posts filled, %', '%')"
        )
        order(db, "dim_indicator")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release's directory with its exports; keys declared as in publication."""
    folder = tmp_path_factory.mktemp("release")
    database = make_release(folder / "warehouse.duckdb", region())
    add_cube(database)
    tables = promised_tables()
    bi.declare_keys(database, {t: grain(tables[t]) for t in ("dim_assessment", "dim_municipality")})
    for write in exports(database, folder):
        write()
    return folder


def test_frictionless_accepts_the_data_package(release: Path) -> None:
    from frictionless import Package  # noqa: PLC0415

    package = Package(str(release / "datapackage.json"))
    report = package.validate()
    assert report.valid, report.flatten(["title", "message"])[:5]
    aggregate = next(r for r in package.resources if r.name == "fct_assessment_aggregate")
    assert {"resource": "dim_assessment", "fields": ["assessment_id"]} in [
        key["reference"] for key in aggregate.schema.foreign_keys
    ]
    assert len(aggregate.read_rows()) == len(region()["fct_assessment_aggregate"])


def test_frictionless_finds_a_reference_that_leads_nowhere(release: Path, tmp_path: Path) -> None:
    from frictionless import Package  # noqa: PLC0415

    for path in [*release.glob("csv/*.csv"), release / "datapackage.json"]:
        copy = tmp_path / path.relative_to(release)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(
            path.read_text(encoding="utf-8").replace(f"{ASSESSMENT},k2023", "другая,k2023"), encoding="utf-8"
        )
    report = Package(str(tmp_path / "datapackage.json")).validate()
    assert "foreign-key" in {e[0] for e in report.flatten(["type"])}


def test_pysdmx_reads_structure_and_data_back(release: Path) -> None:
    from pysdmx.io import get_datasets, read_sdmx  # noqa: PLC0415

    folder = release / "exports" / "sdmx"
    message = read_sdmx(folder / "structure.xml", validate=True)
    (structure,) = message.get_data_structure_definitions()
    assert [d.id for d in structure.components.dimensions][-1] == "TIME_PERIOD"
    (dataset,) = get_datasets(folder / "statistic.csv", folder / "structure.xml")
    assert len(dataset.data) == len(CUBE)
    lists = {c.id: {x.id for x in c.items} for c in message.get_codelists()}
    for dimension in ("INDICATOR", "ASSESSMENT", "UNIT_TYPE", "SUBGROUP"):
        assert set(dataset.data[dimension]) <= lists[f"CL_{dimension}"]
    hidden = dataset.data[dataset.data["OBS_STATUS"] == "Q"]
    assert hidden["OBS_VALUE"].replace("", None).isna().all()
    assert set(dataset.data["ASSESSMENT"]) == {"VPR-Matematika-5-2023", "_Z"}


def test_names_stand_in_both_languages(release: Path) -> None:
    text = (release / "exports" / "sdmx" / "structure.xml").read_text(encoding="utf-8")
    assert '<com:Name xml:lang="ru">Ниже минимума, %</com:Name>' in text
    assert '<com:Name xml:lang="en">Below the minimum, %</com:Name>' in text


def test_codes_that_would_merge_stay_apart() -> None:
    assert distinct_codes(["a b", "a.b", "a_b", "c"]) == ["a_b", "a_b_2", "a_b_3", "c"]


def test_a_release_without_the_cube_has_no_sdmx(tmp_path: Path) -> None:
    database = make_release(tmp_path / "w.duckdb", {}, without={"rpt_statistic"})
    assert not write_sdmx(database, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("code", "sdmx"),
    [("ВПР-Математика-5-2023", "VPR-Matematika-5-2023"), ("sex:f", "sex_f"), ("990100/5А", "990100_5A")],
)
def test_sdmx_codes(code: str, sdmx: str) -> None:
    assert sdmx_code(code) == sdmx
    assert re.fullmatch(r"[A-Za-z0-9_@$-]+", sdmx)


def test_exports_are_the_same_bytes_for_the_same_data(release: Path, tmp_path: Path) -> None:
    database = make_release(tmp_path / "warehouse.duckdb", region())
    add_cube(database)
    tables = promised_tables()
    bi.declare_keys(database, {t: grain(tables[t]) for t in ("dim_assessment", "dim_municipality")})
    for write in exports(database, tmp_path):
        write()
    files = [p.relative_to(release) for p in release.rglob("*") if p.is_file() and p.suffix != ".duckdb"]
    assert len(files) > 20
    for file in files:
        assert (release / file).read_bytes() == (tmp_path / file).read_bytes(), file


def test_csv_is_ordered(release: Path) -> None:
    with (release / "csv" / "fct_assessment_aggregate.csv").open(encoding="utf-8", newline="") as f:
        rows = [(r["unit_type"], r["unit_id"], r["assessment_id"]) for r in csv.DictReader(f)]
    assert rows == sorted(rows)
    package = json.loads((release / "datapackage.json").read_text(encoding="utf-8"))
    assert package["version"] == "0002-abcdef12"


def test_the_workbook_neutralises_formulas(release: Path) -> None:
    path = release / "exports" / "uroven.xlsx"
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                assert b"<f>" not in archive.read(name)
    book = openpyxl.load_workbook(path)
    cells = {
        c.value: c for row in book["Школы"].iter_rows(min_row=4) for c in row if isinstance(c.value, str)
    }
    dangerous = next(c for v, c in cells.items() if v.startswith("=HYPERLINK"))
    assert dangerous.data_type == "s" or dangerous.quotePrefix
    assert dangerous.quotePrefix
    source = book["Источники"]["A4"]
    assert source.value.startswith("=cmd") and source.quotePrefix


def test_the_workbook_is_made_for_reading(release: Path) -> None:
    book = openpyxl.load_workbook(release / "exports" / "uroven.xlsx")
    assert book.sheetnames == [
        "О книге",
        "Регион",
        "Муниципалитеты",
        "Школы",
        "Низкие результаты",
        "Показатели программы",
        "Источники",
    ]
    schools = book["Школы"]
    assert schools.freeze_panes == "C4"
    assert schools.auto_filter.ref.startswith("A3:")
    head = [c.value for c in schools[3]]
    rows = [dict(zip(head, (c.value for c in row), strict=True)) for row in schools.iter_rows(min_row=4)]
    hidden = next(r for r in rows if r["Школа"] == "МБОУ «ООШ» с. Тихое")
    assert hidden["Средний балл"] == hidden["Ниже минимума, %"] == "скрыто"
    small = next(r for r in rows if r["Код школы"] == SMALL)
    assert small["Участников"] == 12
    assert small["Отметок «5»"] == "скрыто", "marks of fewer than 30 students"
    listed = [row[1].value for row in book["Низкие результаты"].iter_rows(min_row=4)]
    assert f"{UNKNOWN} (нет в реестре)" in listed
    indicators = book["Показатели программы"]
    long = next(row for row in indicators.iter_rows(min_row=4) if row[3].value == LONG)
    assert indicators.row_dimensions[long[0].row].height >= 30, "a wrapped text is seen whole"
    assert long[[c.value for c in indicators[3]].index("Единица")].value == "%"
    front = " ".join(str(c.value) for row in book["О книге"].iter_rows() for c in row if c.value)
    assert "Школы" in front and "0002-abcdef12" in front


def test_libreoffice_opens_the_workbook(release: Path, tmp_path: Path) -> None:
    try:
        done = subprocess.run(
            [
                *("soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"),
                *("--convert-to", "pdf", "--outdir", str(tmp_path), str(release / "exports" / "uroven.xlsx")),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            env={**os.environ, "HOME": str(tmp_path)},
        )
    except FileNotFoundError:
        pytest.skip("LibreOffice is not installed")
    assert (tmp_path / "uroven.pdf").stat().st_size > 5_000, done.stderr


def test_a_workbook_of_an_empty_release_still_opens(tmp_path: Path) -> None:
    write_workbook(make_release(tmp_path / "w.duckdb", {}), tmp_path / "u.xlsx")
    book = openpyxl.load_workbook(tmp_path / "u.xlsx")
    assert book.sheetnames == ["О книге"]
    front = [c.value for row in book["О книге"].iter_rows() for c in row]
    assert "Листа нет, потому что в выпуске нет таких данных." in front
