"""The real files: rows accepted and rejected, counted by hand, and totals known from elsewhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from tests.intake.intake_files import Checked, check, item_lists

pytestmark = pytest.mark.real
MATHEMATICS = "region/protocols/2021/ВПР 2021 Математика 4 класс.xlsx"
#: From each mark on, by the 2021 scale of grade 4 mathematics.
MARK_FROM = (6, 10, 15)


@pytest.fixture(scope="module")
def mathematics(real_data: Path) -> Checked:
    lists = check(
        real_data / "region/reference/items_math4/ALL.xlsx", stated=ITEMS | {"subject": "Математика"}
    )
    return check(real_data / MATHEMATICS, inbox=real_data / "region", reference=item_lists(lists))


YEAR = {"school_year": "2023"}
ITEMS = {"contract": "assessment_items", "kind": "ВПР", "grade": "4", "school_year": "2021"}
EAO = "exams/Еврейская автономная область.xlsx"
#: file, what the manifest states, contract and year -> rows (accepted, rejected)
ROWS: list[tuple[str, dict[str, str], dict[tuple[str, int], tuple[int, int]]]] = [
    (MATHEMATICS, {}, {("student_results", 2021): (26_608, 58)}),
    ("region/protocols/2021/ВПР 2021 Русский язык 4 класс.xlsx", {}, {("student_results", 2021): (26_588,
        7)}),
    (
        "region/protocols/2020/ВПР 2020 Математика 4 класс (фрагмент).xlsx",
        {"school_year": "2021"},
        {("student_results", 2021): (1_323, 0)},
    ),
    ("region/protocols/2022/ВПР 2022 География 10 класс.xlsx", {}, {("student_results", 2022): (274, 0)}),
    ("region/protocols/2022/ВПР 2022 Физика 8 класс.xlsx", {}, {("student_results", 2022): (19, 0)}),
    ("region/context/Сбор контекстных данных об ОО 2021.xlsx", {}, {("context_form", 2021): (733, 0)}),
    ("region/schools.xlsx", {"school_year": "2021"}, {("school_register", 2021): (692, 0)}),
    ("region/reference/items_math4/ALL.xlsx", ITEMS | {"subject": "Математика"}, {("assessment_items",
        2021): (42, 6)}),
    ("region/reference/items_russian4/ALL.xlsx", ITEMS | {"subject": "Русский язык"}, {("assessment_items",
        2021): (42, 0)}),
    ("region/reference/mark_scales_2021.csv", {}, {("assessment_register", 2021): (34, 0)}),
    (EAO, {}, {
        ("school_results", 2022): (296, 0), ("school_results", 2023): (325, 0),
        ("control_totals", 2022): (73, 0), ("control_totals", 2023): (77, 0),
    }),
    ("forms/ege_csv_english_2022.csv", {}, {("student_results", 2022): (1, 0)}),
    ("forms/ege_csv_math_base_2022.csv", {}, {("student_results", 2022): (3, 0)}),
    ("forms/ege_csv_rus_2022.csv", {}, {("student_results", 2022): (1, 0)}),
    ("forms/Протокол РЦОИ ОГЭ региональный (обезличен).xls", {}, {("student_results", 2026): (2, 0)}),
    ("forms/Сравнение отметок с отметками по журналу (ВПР 2024 МА4).xlsx", {}, {("control_totals",
        2024): (3, 0)}),
    ("forms/Ф1_Индивидуальные результаты (ВПР 2026 РУ4, 50 из 89 строк).xlsx", {}, {("student_results",
        2026): (50, 0)}),
    ("forms/Ф3_Статистика по отметкам (ВПР 2026 РУ4).xlsx", {}, {("control_totals", 2026): (4, 0)}),
    ("registry/ATE-list.csv", YEAR, {("municipalities", 2023): (48, 0)}),
    ("registry/MSU-list.csv", YEAR, {("municipalities", 2023): (51, 0)}),
    ("registry/schools.csv", YEAR, {("school_register", 2023): (1_354, 0)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "stated", "rows"), ROWS, ids=[Path(r[0]).name for r in ROWS])
def test_rows_of_each_file(
    real_data: Path, name: str, stated: dict[str, str], rows: dict[tuple[str, int], tuple[int, int]]
) -> None:
    found = check(real_data / name, inbox=real_data, stated=stated)
    assert {
        key: (int(v.counts["rows_accepted"].sum()), int(v.counts["rows_rejected"].sum()))
        for key, v in found.results.items()
    } == rows


def test_an_empty_collection_form_is_refused(real_data: Path) -> None:
    form = next((real_data / "forms").glob("Форма сбора*"))
    assert check(form).refusals() == ["no_table"]


def test_a_file_without_a_year_is_refused(real_data: Path) -> None:
    assert check(real_data / "registry/ATE-list.csv").refusals() == ["no_school_year"]


def test_mathematics_of_grade_4(mathematics: Checked) -> None:
    """The counts and the mean that were worked out independently of this code."""
    (result,) = mathematics.results.values()
    totals = result.accepted["total_recomputed"].drop_null().to_numpy()
    assert Counter(result.accepted["attendance"].to_pylist()) == {"present": 24_876, "absent": 1_732}
    assert int(result.counts["rows_rejected"].sum()) == 58
    assert sum(f["rule_id"] == "total_differs" for f in result.findings.to_pylist()) == 27
    assert round(float(totals.mean()), 4) == 11.9988
    assert np.bincount(np.searchsorted(MARK_FROM, totals, side="right")).tolist() == [
        826,
        5_888,
        11_503,
        6_659,
    ]


def test_geography_leaves_two_items_out_of_the_totals(real_data: Path) -> None:
    """Every wrong total lacks items 11 and 17К1; each of the schools concerned has one finding."""
    found = check(real_data / "region/protocols/2022/ВПР 2022 География 10 класс.xlsx", inbox=real_data)
    assert Counter(f["rule_id"] for f in found.findings()) == {"criterion_left_out": 22}
    assert all("11, 17К1" in f["message_ru"] for f in found.findings())


def test_context_form_faults(real_data: Path) -> None:
    found = check(real_data / "region/context/Сбор контекстных данных об ОО 2021.xlsx", inbox=real_data)
    assert Counter(f["rule_id"] for f in found.findings()) == {
        "grades_add_up": 155, "teachers_present": 50, "ages_within_teachers": 34,
        "highest_within_teachers": 19, "unknown_code": 1,
    }  # fmt: skip


@pytest.mark.parametrize("year", [2022, 2023])
def test_exam_summary_adds_up_to_its_printed_total(real_data: Path, year: int) -> None:
    found = check(real_data / EAO)
    schools = found.results["school_results", year].accepted
    totals = found.results["control_totals", year].accepted
    region = totals.filter(pc.equal(totals["unit_type"], "region"))
    printed = dict(zip(region["subject"].to_pylist(), region["tested_n"].to_pylist(), strict=True))
    added = schools.group_by("subject").aggregate([("tested_n", "sum")])
    assert len(printed) == 11
    assert dict(zip(added["subject"].to_pylist(), added["tested_n_sum"].to_pylist(), strict=True)) == printed


def test_no_name_of_the_forms_is_landed(real_data: Path) -> None:
    found = [check(path) for path in sorted((real_data / "forms").iterdir())]
    landed = str([t.to_pylist() for c in found for parts in c.tables.values() for t in parts])
    names = ("Иванов", "Петров", "Смирнов", "Участников", "Условный", "222222", "444444", "40001")
    assert [name for name in names if name.lower() in landed.lower()] == []
