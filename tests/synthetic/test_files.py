"""The files: determinism, size, layouts, and whether they agree with one another."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import openpyxl
import pytest

from pipelines.synthetic import names, write_region
from pipelines.synthetic.samples import KINDS, readme, write_samples

from .conftest import Written

REPOSITORY = Path(__file__).resolve().parents[2]


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def contents(root: Path) -> dict[str, str]:
    """The same of what is inside workbooks, since compressed bytes depend on the machine's zlib."""
    found = {}
    for name in digests(root):
        path = root / name
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                inside = b"".join(part.encode() + archive.read(part) for part in archive.namelist())
            found[name] = hashlib.sha256(inside).hexdigest()
        elif "не догрузилось" not in name:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_region(tmp_path / name, schools=14, years=(2021, 2022), truth=tmp_path / f"{name}-truth")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a-truth") == digests(tmp_path / "b-truth")


def test_other_seed_other_bytes(tmp_path: Path) -> None:
    write_region(tmp_path / "a", schools=12, years=(2022,), seed=1)
    write_region(tmp_path / "b", schools=12, years=(2022,), seed=2)
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert (
        a["student_results/ВПР 2022 Математика 5 класс.xlsx"]
        != b["student_results/ВПР 2022 Математика 5 класс.xlsx"]
    )


def test_small_enough_for_the_repository(dirty: Written) -> None:
    assert dirty.summary.bytes < 2 * 1024 * 1024
    assert dirty.summary.files == len(digests(dirty.root))


def test_raw_samples_are_what_the_generator_writes(tmp_path: Path) -> None:
    samples = REPOSITORY / "raw_samples"
    if not samples.is_dir():
        pytest.skip("raw_samples is not in this checkout")
    write_samples(tmp_path)
    made = contents(tmp_path)
    kept = {name: digest for name, digest in contents(samples).items() if name.split("/")[0] in KINDS}
    assert kept == made, "run python -m pipelines.synthetic.samples"


def test_a_readme_for_each_kind(dirty: Written) -> None:
    assert {path.name for path in dirty.root.iterdir()} == set(KINDS)
    assert all(readme(kind, []).startswith(f"# {kind}\n") for kind in KINDS)


def test_progress_is_reported(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_region(
        tmp_path, schools=12, years=(2023,), on_progress=lambda done, total, path: seen.append((done, total))
    )
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert all(done <= total for done, total in seen)


def test_autumn_2020_belongs_to_2021(tmp_path: Path) -> None:
    write_region(tmp_path, schools=12, years=(2020,))
    manifest = (tmp_path / "student_results" / "manifest.csv").read_text(encoding="utf-8")
    assert "ВПР 2020 Математика 4 класс.xlsx,student_results,ВПР,Математика,4,2021,input" in manifest
    assert not list((tmp_path / "student_results").glob("*ОГЭ*"))


def test_too_few_schools() -> None:
    with pytest.raises(ValueError, match="at least 12"):
        write_region(Path("nowhere"), schools=3)


def test_workbooks_open_elsewhere(dirty: Written) -> None:
    """openpyxl reads every sound workbook, with merges, hidden sheets, dates and formulas."""
    broken = {
        fault.file for fault in dirty.truth("faults").itertuples() if fault.row == 0 and fault.sheet == ""
    }
    for path in sorted(dirty.root.rglob("*.xlsx")):
        name = path.relative_to(dirty.root).as_posix()
        if name in broken:
            continue
        with zipfile.ZipFile(path) as archive:
            assert {info.date_time for info in archive.infolist()} == {(2021, 9, 1, 0, 0, 0)}
        book = openpyxl.load_workbook(path, read_only=False)
        assert book.sheetnames
    book = openpyxl.load_workbook(dirty.root / "student_results" / "РДР 2021 математика 9 итоговая.xlsx")
    assert [sheet.sheet_state for sheet in book] == ["visible", "hidden"]
    book = openpyxl.load_workbook(dirty.root / "school_results" / "ЕГЭ по школам 2021-2023.xlsx")
    assert str(book["2022"]["D11"].value).startswith("=SUM(D12:D")


GIA_TAIL = "Задания с кратким ответом||Задания с развёрнутым ответом||Первичный балл||Балл"
HEADERS = {
    "student_results/ВПР 2021 Математика 4 класс.xlsx": (
        "Sheet", 0, "логин школы|регион|номер обучающегося|код обучающегося|"
        "отметка за предыдущую четверть/триместр|пол|класс|вариант|всего баллов|балл за 1", 27,
    ),
    "student_results/ВПР 2022 Русский язык 5 класс.xlsx": (
        "Протокол", 0, "Пользователь|Код региона|Регион|Муниципалитет|Школа|Дата загрузки|Код|Вариант|"
        "1К1 (4б)|1К2 (3б)|1К3 (2б)|2К1 (3б)|2К2(3б)|2К3 (3б)", 33,
    ),
    "student_results/Протокол РЦОИ ОГЭ 2022.xlsx": (
        "Page 1", 4, "№|Код ОО|Класс||Код ППЭ||Аудитория||Код МСУ||Фамилия||Имя|Отчество|"
        "Задания с кратким ответом|||Задания с развёрнутым ответом|Первичный балл||Оценка", 21,
    ),
    "student_results/ЕГЭ Русский язык 2022.xlsx": (
        "Page 1", 1, "№||Код МСУ||Код ОО||Класс||Код ППЭ||Аудитория||Фамилия|Имя|Отчество||Серия||Номер||"
        + GIA_TAIL, 27,
    ),
    "student_results/ЕГЭ Математика профильная 2021.csv": (
        "", 1, "№||Код МСУ||Код ОО||Класс||Код ППЭ||Аудитория||Фамилия|Имя|Отчество||Серия||Номер||"
        + GIA_TAIL + "|", 28,
    ),
    "student_results/ЕГЭ Математика базовая 2022.csv": (
        "", 1, "№|Код ОО|Класс|Код ППЭ|Аудитория|Фамилия|Имя|Отчество|Серия|Номер|"
        "Задания с кратким ответом|Первичный балл|Оценка", 13,
    ),
    "student_results/Ф1_Индивидуальные результаты (ВПР 2023 ОКР4).xlsx": (
        "ОКР 4 Индивидуальные результаты", 7,
        "ОО|Муниципалитет|Название ОО|Код участника|Класс|Вариант|1 (2б)", 31,
    ),
    "control_totals/Ф3_Статистика по отметкам (ВПР 2022 РУ5).xlsx": (
        "РУ 5 Статистика по отметкам", 7, "Группы участников|Кол-во ОО|Кол-во участников|2|3|4|5", 7,
    ),
    "context_form/Сбор контекстных данных об ОО 2021.xlsx": (
        "Сбор контекстных данных об ОО и", 0,
        "логин|Код региона|Название ОО|Полное наименование ОО согласно Уставу", 95,
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(HEADERS))
def test_headers_as_in_the_real_files(clean: Written, path: str) -> None:
    sheet, row, begins, width = HEADERS[path]
    header = clean.grids(path)[sheet][row]
    assert "|".join(str(int(c) if isinstance(c, float) else c) for c in header).startswith(begins)
    assert len(header) == width


def test_check_digits() -> None:
    assert names.inn(123)[:4] == "0990"
    for serial in (1, 77, 4321):
        inn, ogrn = names.inn(serial), names.ogrn(serial)
        weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
        assert sum(int(d) * w for d, w in zip(inn[:9], weights, strict=True)) % 11 % 10 == int(inn[9])
        assert int(ogrn[:12]) % 11 % 10 == int(ogrn[12])
        assert (len(inn), len(ogrn)) == (10, 13)


def test_school_codes_are_unique(large: Written) -> None:
    register = large.frame("school_register/school_register_2022.csv")
    now = register[register.valid_to == ""]
    for column in ("school_id", "login", "oge_code", "ege_code", "inn", "ogrn"):
        assert now[column].is_unique, column
    assert not now.duplicated(["short_name", "municipality_id"]).any()
    assert register.municipality_name.groupby(register.municipality_id).nunique().max() == 1


def test_merged_and_renamed_schools(clean: Written) -> None:
    register = clean.frame("school_register/school_register_2022.csv")
    merged = register[register.successor_school_id != ""]
    assert list(merged.status) == ["reorganised"]
    assert merged.successor_school_id.isin(register.school_id).all()
    assert (register.school_id.value_counts() == 2).sum() == 1
    logins = clean.frame("school_register/Логины ОО 2022.xlsx")["логин"]
    assert not logins.str.endswith(merged.school_id.iloc[0]).any()


def test_totals_are_sums_of_items(clean: Written) -> None:
    for path in sorted(clean.root.glob("student_results/ВПР 202*")):
        name = path.relative_to(clean.root).as_posix()
        found = clean.grids(name)
        rows = found.get("Протокол") or next(iter(found.values()))
        head = [str(cell) for cell in rows[0]]
        items = [c for c, title in enumerate(head) if title.startswith("балл за ") or title.endswith("б)")]
        total = head.index("Итого баллов") if "Итого баллов" in head else head.index("всего баллов")
        for row in rows[1:]:
            if row[total] == "":
                continue
            points = [0 if str(row[c]) in ("X", "не пройд.") else int(row[c]) for c in items]
            assert sum(points) == int(row[total]), (name, row)


def test_control_totals_agree_with_the_protocol(clean: Written) -> None:
    protocol = clean.frame("student_results/ВПР 2022 Русский язык 5 класс.xlsx", "Протокол")
    present = protocol[protocol["Вариант"] != "отсутствовал"]
    marks = present["Итого баллов"].astype(int).map(lambda t: 2 + (t >= 18) + (t >= 29) + (t >= 39))
    printed = clean.frame("control_totals/Ф3_Статистика по отметкам (ВПР 2022 РУ5).xlsx", header=7)
    region = printed[printed["Группы участников"] == names.REGION_NAME].iloc[0]
    assert int(region["Кол-во участников"]) == len(present)
    for mark in (2, 3, 4, 5):
        assert float(region[str(mark)]) == pytest.approx(100 * (marks == mark).mean(), abs=0.0051)
    for login, group in present.groupby("Пользователь"):
        row = printed[printed["Группы участников"].str.endswith(f"({login})")].iloc[0]
        assert int(row["Кол-во участников"]) == len(group)
    compared = clean.frame(
        "control_totals/Сравнение отметок с отметками по журналу (ВПР 2022 РУ5).xlsx", header=7
    )
    lowered = (marks < present["Отметка за предыдущий триместр/ четверть/полугодие"].astype(int)).sum()
    first = compared.iloc[0]
    assert int(first["Понизили (Отметка < Отметка по журналу) Кол-во участников"]) == lowered


def test_exam_answers_add_up(clean: Written) -> None:
    """``+`` is worth the item's maximum, a digit its points; long answers are ``score(max)``."""
    works = clean.frame("assessment_items/assessment_items_2022.xlsx")
    page = clean.grids("student_results/Протокол РЦОИ ОГЭ 2022.xlsx")["Page 1"]
    subject = ""
    checked = 0
    for row in page:
        if " - " in str(row[0]) and str(row[0])[:2] in ("01", "02"):
            subject = str(row[0]).split(" - ")[1].rsplit(" ", 1)[0]
        if not isinstance(row[0], float):
            continue
        maxima = works[(works.kind == "ОГЭ") & (works.subject == subject)].max_score.astype(int).tolist()
        short = [maxima[i] if c == "+" else 0 if c == "-" else int(c) for i, c in enumerate(row[14])]
        long = [int(part.split("(")[0]) for part in row[17].split(")") if part]
        assert sum(short) + sum(long) == row[18]
        assert len(short) + len(long) == len(maxima)
        checked += 1
    assert checked > 700


def test_school_table_subtotals(clean: Written) -> None:
    rows = clean.grids("school_results/ЕГЭ по школам 2021-2023.xlsx")["2022"]
    schools = [row for row in rows[10:] if row[1] != ""]
    towns = [row for row in rows[10:] if row[1] == ""]
    for column in (3, 4, 5, 9):
        assert (
            sum(row[column] or 0 for row in schools)
            == sum(row[column] or 0 for row in towns)
            == (rows[9][column] or 0)
        )


def test_each_programme_file_every_year(clean: Written) -> None:
    for kind in sorted(
        set(KINDS) - {"municipalities", "student_results", "school_results", "control_totals"}
    ):
        for year in (2021, 2022, 2023):
            files = [path for path in (clean.root / kind).glob(f"*{year}*") if path.stat().st_size]
            assert files, (kind, year)
            rows = next(iter(clean.grids(files[0].relative_to(clean.root).as_posix()).values()))
            assert len(rows) > 1, files[0]


def test_keys_are_unique_without_faults(clean: Written) -> None:
    keys = {
        "staff/Работники 2022.xlsx": ["school_id", "staff_id"],
        "staffing/Кадры 2022.xlsx": ["school_id", "position_group"],
        "training/Повышение квалификации 2022.xlsx": ["school_id", "staff_id", "document_no"],
        "school_marks/school_marks_2022.xlsx": ["school_id", "class", "grade", "subject", "period"],
        "social_passport/Социальные паспорта 2022.xlsx": ["school_id"],
        "events/events_2022.csv": ["programme", "event_id", "school_id", "role"],
        "partnerships/partnerships_2022.csv": ["network", "school_id", "partner_id", "valid_from"],
        "programme_membership/programme_membership_2023.xlsx": [
            "school_id",
            "programme",
            "role",
            "valid_from",
        ],
        "teacher_deficits/teacher_deficits_2022.csv": ["school_id", "wave", "subject", "deficit"],
        "programme_documents/programme_documents_2022.csv": ["school_id", "municipality_id", "document"],
        "assessment_register/assessment_register_2022.csv": [
            "kind",
            "subject",
            "grade",
            "school_year",
            "window",
        ],
        "student_results/РДР 2022 математика 9 входная.csv": ["school_id", "student_id"],
    }
    for path, columns in keys.items():
        assert not clean.frame(path).duplicated(columns).any(), path


def test_staffing_is_sane_without_faults(clean: Written) -> None:
    staffing = clean.frame("staffing/Кадры 2023.csv")
    numbers = staffing.drop(columns=["school_id", "position_group"]).astype(float)
    assert (numbers.filled <= numbers.positions).all()
    assert (numbers.filled + numbers.vacant == numbers.positions).all()
    assert (numbers.category_highest_n + numbers.category_first_n <= numbers.headcount).all()
    assert (numbers.young_n + numbers.pension_n <= numbers.headcount).all()
    assert (numbers.trained_n <= numbers.headcount).all()
    assert (numbers.trained_n > 0).any()
    assert staffing.position_group.eq("teachers").sum() == staffing.school_id.nunique()
