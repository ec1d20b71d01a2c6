"""Each layout in a small file of its own: what is recognised, and what its rows become."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.intake.context import from_name
from pipelines.intake.layouts import Matcher, layouts
from pipelines.intake.readers import EXAM_GRADES, Reading, school_code
from pipelines.intake.text import fold
from schemas import CONTRACTS
from tests.intake.intake_files import Rows, book, check, table

BLANK = [None] * 40


def test_layout_files_name_known_fields() -> None:
    for layout in layouts():
        contracts = {layout.contract, *(unit.contract for unit in layout.units)}
        fields = {name for c in contracts for name in CONTRACTS[c].fields}
        named = {
            *layout.columns,
            *layout.positions,
            *layout.compose,
            *layout.person,
            *layout.melt.get("measures", {}),
        }
        assert {n for n in named if not n.startswith("_")} <= {*fields, "school_year", "municipality"}, (
            layout.id
        )


def test_headers_are_compared_by_name_pattern_stem_and_without_units() -> None:
    assert Matcher("Ставок по штату")(fold("Ставок по\nштату, ед."))
    assert Matcher("многодетн*")(fold("Дети из многодетных семей"))
    assert Matcher("льготн* питан*")(fold("Получают льготное горячее питание"))
    assert not Matcher("овз*")(fold("Новзыв"))
    assert Matcher("~^часть с кратким")(fold("Часть с кратким ответом"))


def test_school_codes() -> None:
    """The two federal logins of a school are one code; a correctional school's login stays whole."""
    assert [school_code(c) for c in ("sch990001", "EDU990001", "ksh999403", "999403", "Д-7")] == [
        "990001", "990001", "ksh999403", "999403", "Д-7",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ВПР 2021 Математика 4 класс.xlsx", {"kind": "ВПР", "school_year": "2021",
            "subject": "Математика", "grade": "4"}),
        ("2022/edu990001/Проведение работы по математике, 4 класс. ВПР 2021.xlsx",
         {"kind": "ВПР", "school_year": "2021", "subject": "Математика", "grade": "4",
             "school_id": "edu990001"}),
        ("sch990002 Соцпаспорт 2022-2023.xlsx", {"school_year": "2023", "school_id": "sch990002"}),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, said: dict[str, str]) -> None:
    assert from_name(name) == said


# -- ВПР ------------------------------------------------------------------------------------------------


def test_export_of_2021_with_a_shifted_row(tmp_path: Path) -> None:
    head = ["логин школы", "регион", "номер обучающегося", "код обучающегося",
        "отметка за предыдущую четверть/триместр",
            "пол", "класс", "вариант", "всего баллов", "балл за 1", "балл за 2", "Учебник",
                "Др.уч. автор"]  # fmt: skip
    rows = [
        ["sch990001", "Район 1", 1, 40001, 4, "ж", "а", 1, 3, 1, 2, "Учебник"],
        ["sch990001", "Район 1", 2, 40002, "нет отметки", "М", "А", 2, 1, "X", 1, "Учебник"],
        ["sch990001", "Район 1", 3, 40003, None, None, None, "отсутствовал", None, None, None, None],
        ["ksh999403", "Район 1", 1, 40001, 4, "м", "нет", 1, 0, "не пройд.", 0, "Учебник"],
        ["sch990001", "Район 1", 4, 40004, 4, "ж", "а", 1, 3, "Автор", 1, 2],
    ]
    found = check(book(tmp_path / "ВПР 2021 Математика 4 класс.xlsx", [head, *rows]))
    assert found.faults() == [("score_not_a_number", "error", 6, "item")]
    first, second, absent, special = found.accepted()
    assert (first["school_id"], first["total_recomputed"], first["form"]) == ("990001", 3, "1")
    assert second["scores"] == [-1, 1] and second["sex"] == "m" and "journal_mark" not in second
    assert absent["attendance"] == "absent" and "scores" not in absent and "form" not in absent
    assert (
        special["school_id"] == "ksh999403"
        and special["form"] == "1 без 1"
        and special["scores"] == [None, 0]
    )
    assert len({r["student_key"] for r in (first, special)}) == 2, "the code counts within its school"


def test_export_of_2020_was_written_by_the_next_grade(tmp_path: Path) -> None:
    head = ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum", "a-1-grade",
        "a-2-grade", "Учебник", "a-4-grade"]  # fmt: skip
    rows = [
        [
            "99-RU,VPR_99,reg99_vpr_m004,x",
            "sch990001",
            "1.0",
            "50001.0",
            4,
            "м",
            "5а",
            "9",
            None,
            3,
            1,
            2,
            None,
            None,
        ]
    ]
    found = check(book(tmp_path / "ВПР 2020 Математика 4 класс.xlsx", [head, *rows]))
    (row,) = found.accepted()
    assert (row["school_year"], row["grade"], row["student_grade"], row["window"]) == (2021, 4, 5, "input")
    assert row["municipality"] == "reg99_vpr_m004" and row["scores"] == [1, 2]


def protocol_2022(totals: list[int]) -> Rows:
    head = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "Код",
        "Вариант", "1 (1б)",
            "5(2б)", "10К1 (1б)", "Наименование класса", "Пол",
                "Отметка за предыдущий триместр/ четверть/полугодие",
            "Итого баллов"]  # fmt: skip
    rows: list[list[Any]] = [head]
    for n, total in enumerate(totals):
        rows.append(["edu990001", 99, "r", "reg99_m056 | Район 1", "edu990001 | Ш", "09.03.2022", n, 1, 1,
            2, n % 2, "8а", "ж", 4, total])  # fmt: skip
    return rows


def test_export_of_2022(tmp_path: Path) -> None:
    sheets = {
        "Классы": [["Пользователь", "Муниципалитет", "Школа", "Основной учебник по предмету"]],
        "Протокол": protocol_2022([3, 4]),
    }
    found = check(book(tmp_path / "ВПР 2022 Физика 8 класс.xlsx", sheets))
    assert [r.status for r in found.reading.readings] == ["ignored", "read"]
    assert found.reading.readings[1].items == [("1", 1.0, 1), ("5", 2.0, 2), ("10К1", 1.0, 3)]
    assert not found.faults()


def test_latin_letters_in_item_names(tmp_path: Path) -> None:
    """«10K1» and «10К1» are one item, in protocols and in item lists."""
    latin, cyrillic = ([list(r) for r in protocol_2022([3])] for _ in range(2))
    latin[0][10], cyrillic[1][6] = "10K1 (1б)", 77
    files = [
        book(tmp_path / place / "ВПР 2022 Физика 8 класс.xlsx", {"Протокол": rows})
        for place, rows in (("a", latin), ("b", cyrillic))
    ]
    found = check(*files)
    (result,) = found.results.values()
    assert result.items is not None and result.items["item"].to_pylist() == ["1", "5", "10К1"]
    assert len(found.accepted()) == 2


def test_an_item_left_out_of_a_schools_totals_is_one_finding(tmp_path: Path) -> None:
    path = book(tmp_path / "ВПР 2022 Физика 8 класс.xlsx", {"Протокол": protocol_2022([3] * 12)})
    found = check(path)
    assert found.faults() == [("criterion_left_out", "warning", 3, "total")]
    assert "10К1 (строк: 6)" in found.findings()[0]["message_ru"]
    few = check(book(tmp_path / "few" / path.name, {"Протокол": protocol_2022([3] * 4)}))
    assert [f[0] for f in few.faults()] == ["total_differs"] * 2, "two wrong totals agree by chance"


def collection_form(path: Path, *rows: list[Any]) -> Path:
    head = ["Код участника", "Вариант", "1 (2б)", "4К1 (1б)", "Порядковый номер класса",
        "Отметка за предыдущий триместр/ четверть", "Итого баллов"]  # fmt: skip
    blank = [[None] * 6 + [0, None, None, "X", 2] for _ in range(1500)]
    sheets = {
        "Протокол": [head, *rows, *blank],
        "Служебный": [[1, 2, 1], ["отсутствовал"]],
        "Порядковый номер класса": [[1], [2]],
    }
    return book(path, sheets)


@pytest.mark.parametrize("place", ["edu990001 {}", "sch990001/{}"])
def test_collection_form(tmp_path: Path, place: str) -> None:
    """The school stands in the name or the folder; 1,500 rows are formatted, two are filled in; no sex."""
    rows = [[40001, 1, 2, "X", 1, 4, 2], [40002, "отсутствовал", None, None, None, None, 0]]
    path = collection_form(tmp_path / place.format("Форма Математика 4 класс ВПР 2026.xlsx"), *rows)
    found = check(path, inbox=tmp_path)
    first, second = found.accepted()
    assert (first["school_id"], first["class_name"], first["scores"]) == ("990001", "1", [2, -1])
    assert second["attendance"] == "absent" and not found.faults()
    assert (found.reading.readings[0].rows_read, found.reading.readings[0].structural_n) == (2, 1500)


def test_collection_form_without_a_school_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = collection_form(tmp_path / "Форма Математика 4 класс ВПР 2026.xlsx", [40001, 1, 2, 1, 1, 4, 3])
    found = check(path)
    assert found.refusals() == ["no_school"] and not found.results
    assert found.reading.readings[0].rows_read == 1
    assert "логин" in found.reading.readings[0].message_ru
    assert check(path, stated={"school_id": "990001"}).accepted()[0]["school_id"] == "990001"


def test_a_file_that_does_not_say_its_subject_is_refused(tmp_path: Path) -> None:
    path = collection_form(tmp_path / "edu990001 форма 2026.xlsx", [40001, 1, 2, 1, 1, 4, 3])
    assert check(path).refusals() == ["no_context"]


# -- state exams ----------------------------------------------------------------------------------------

PEOPLE = ["Фамилия", "Имя", "Отчество", "Серия", "Номер"]
PERSON = ["Примеров", "Пётр", "Образцович", "1234", "567890"]


def test_stacked_exams_of_different_shapes(tmp_path: Path) -> None:
    long = ["№", "Код МСУ", "Код ОО", "Класс", *PEOPLE, "Задания с кратким ответом",
        "Задания с развёрнутым ответом", "Первичный балл", "Балл"]  # fmt: skip
    base = ["№", "Код ОО", "Класс", *PEOPLE, "Задания с кратким ответом", "Первичный балл", "Оценка"]
    rows = [
        ["01 - Русский язык 2022.05.30"], long,
        [1, 111, 111001, "11А", *PERSON, "+-2", "10(12)0(1)", 13, 70],
        ["Средние", *[""] * 10, 13, 70], ["Всего участников", *[""] * 9, 1],
        ["22 - Математика базовая 2022.06.02"], base,
        [1, 111001, "11А", *PERSON, "+-+", 2, 2],
    ]  # fmt: skip
    found = check(table(tmp_path / "ЕГЭ.csv", rows, encoding="cp1251"))
    base_row, long_row = sorted(found.accepted(), key=lambda r: r["subject"])
    assert not found.faults()
    assert (
        long_row["scores"][3:] == [10, 0]
        and long_row["score"] == 70
        and long_row["exam_date"] == date(2022, 5, 30)
    )
    assert base_row["mark"] == 2 and base_row["school_key"] == "ege_code"
    assert base_row["student_key"] == long_row["student_key"], "one person in both exams"


def test_protocol_with_english_headers(tmp_path: Path) -> None:
    head = ["SchoolCode", "ClassCode", "PpeCode", "AuditoriumCode", "Surname", "Name", "SecondName",
        "DocumentSeries",
            "DocumentNumber", "TestResultB", "TestResultC", "PrimaryMark", "Mark5"]  # fmt: skip
    path = table(
        tmp_path / "ОГЭ Математика 2022.csv", [head, ["009001", "9А", 1, 1, *PERSON, "++-", "1(2)2(2)", 5, 4]]
    )
    (row,) = check(path).accepted()
    assert (row["kind"], row["grade"], row["school_key"], row["school_id"]) == (
        "ОГЭ",
        9,
        "oge_code",
        "009001",
    )
    assert row["scores"] == [1, 1, 0, 1, 2] and row["mark"] == 4
    assert check(path, stated={"kind": "ЕГЭ"}).accepted()[0]["grade"] == int(EXAM_GRADES["ЕГЭ"])


def test_appeals(tmp_path: Path) -> None:
    top = ["№", "Предмет", "Код МСУ", "Код ОО", *PEOPLE, "Тип апелляции / перепроверки", "Состояние",
           "Первичный балл до изменения", "Балл до изменения", "Текущие", None, "Разница"]  # fmt: skip
    below = [None] * 13 + ["Первичный балл", "Балл", None]
    row = [
        1,
        "Русский язык",
        111,
        111001,
        *PERSON,
        "О несогласии с баллами",
        "Удовлетворена",
        40,
        70,
        42,
        73,
        3,
    ]
    path = book(tmp_path / "a.xlsx", [["Апелляции и перепроверки ЕГЭ 2022"], top, below, row], ["N2:O2"])
    (accepted,) = check(path).accepted("appeals")
    assert (accepted["kind"], accepted["grade"], accepted["school_year"]) == ("ЕГЭ", 11, 2022)
    assert [accepted[n] for n in ("total_before", "score_before", "total", "score")] == [40, 70, 42, 73]


# -- context, social passports, staff -------------------------------------------------------------------

ORGANISATION = (
    "Логин ОО; Код региона; ИНН; Название ОО; Муниципалитет; Организационно-правовая форма ОО; "
    "Где расположена ОО; "
    "Размер населенного пункта; Транспортное сообщение; Периодичность сообщения; "
    "Возможность добраться до крупного города; Коррекционная; Вечерняя; Закрытого типа; При УИС; Интернат; "
    "Количество обучающихся; Обучаются по адаптированным программам; Учебных кабинетов; Компьютеров; "
    "Из них устаревших; Из них с доступом в Интернет; Скорость Интернета"
)
TEACHING = (
    "Логин ОО; 1 класс, обучающихся; 2 класс, обучающихся; 3 класс, обучающихся; 4 класс, обучающихся; "
    "5 класс, обучающихся; 6 класс, обучающихся; 7 класс, обучающихся; 8 класс, обучающихся; "
    "9 класс, обучающихся; 10 класс, обучающихся; 11 класс, обучающихся; Учителей всего; Высшей категории; "
    "Не старше 30 лет; Пенсионного возраста; Не более 36 часов; От 36 до 72 часов; Более 72 часов; "
    "Дополнительное образование; Родители на собраниях, начальная школа; "
    "Родители на собраниях, основная школа; Родители на мероприятиях; Родители помогают"
)
NO = ["Нет"] * 5
SHEETS_2022: dict[str, Rows] = {
    "Сведения об ОО": [
        ORGANISATION.split("; "),
        [
            *["edu990001", 99, "0990010003", "Школа 1", "Район 1", "2) Муниципальная"],
            *[
                "4) Населенный пункт сельского типа (село, хутор, деревня и пр.)",
                "1) Менее 1 тыс.",
                None,
                None,
                None,
            ],
            *[*NO, 33, 2, 9, 20, 5, 18, "26–50 Мбит/с"],
        ],
        [
            "edu990002",
            99,
            None,
            "Школа 2",
            "Район 1",
            None,
            "2) Город",
            *[None] * 4,
            *NO,
            11,
            0,
            9,
            20,
            5,
            18,
            None,
        ],
    ],
    "Обучающиеся и педагоги": [
        TEACHING.split("; "),
        [
            *["sch990001", *[3] * 11, 9, 2, 1, 3, 4, 5, 6, "2) 50–80% обучающихся", 80, 70],
            *["2) Примерно половина", "3) Лишь некоторые родители"],
        ],
        ["sch990003", *[1] * 11, 5, 0, 0, 1, 0, 0, 0, None, 80, 70, None, None],
    ],
}


def test_context_form_of_two_sheets_is_one_row_a_school(tmp_path: Path) -> None:
    found = check(book(tmp_path / "Контекст 2022.xlsx", SHEETS_2022))
    both, first_only, second_only = sorted(found.accepted(), key=lambda r: r["school_id"])
    assert not [f for f in found.faults() if f[1] == "error"]
    assert (both["settlement_size"], both["students_n"], both["teachers_n"], both["trained_72_n"]) == (
        "1",
        33,
        9,
        5,
    )
    assert both["computers_n"] == 20 and both["trained_36_n"] == 4 and both["trained_over_72_n"] == 6
    assert "teachers_n" not in first_only and "students_n" not in second_only
    assert [(r.rows_read, r.structural_n) for r in found.reading.readings] == [(2, 0), (1, 1)]


PASSPORT = ["№", "Логин школы", "Всего обучающихся, чел.", "Семей", "ФИО директора",
    "Количество многодетных семей",
            "Детей в многодетных семьях", "Малообеспеченные", "Находятся под\nопекой",
                "Обучающиеся с ОВЗ"]  # fmt: skip


def test_social_passports_by_rows(tmp_path: Path) -> None:
    """Headings of a school's own; the head's name is read by nobody and is no reason to refuse the file."""
    rows = [
        ["Социальный паспорт"],
        PASSPORT,
        [1, "edu990001", 300, 250, "Иванова А. А.", 20, 45, 50, 3, 8],
        [None, "Итого", 300],
    ]
    (row,) = check(book(tmp_path / "Социальные паспорта 2023.xlsx", rows)).accepted("social_passport")
    assert {k: v for k, v in row.items() if k.endswith("_n")} == {
        "students_n": 300, "families_n": 250, "many_children_n": 45, "low_income_n": 50, "in_care_n": 3,
            "special_needs_n": 8,
    }  # fmt: skip


def test_social_passport_with_a_header_of_two_lines(tmp_path: Path) -> None:
    """The school's column is merged over both lines, the categories stand under a common heading."""
    top = ["Логин школы", "Количество детей", None, None]
    below = [None, "Всего обучающихся", "Из многодетных семей", "Под опекой"]
    path = book(tmp_path / "Паспорта 2023.xlsx", [top, below, ["sch990001", 300, 45, 3]], ["A1:A2", "B1:D1"])
    (row,) = check(path).accepted("social_passport")
    assert (row["school_id"], row["students_n"], row["many_children_n"]) == ("990001", 300, 45)


def test_social_passport_without_the_number_of_students_is_refused(tmp_path: Path) -> None:
    rows = [["Логин школы", "Многодетные", "Под опекой"], ["sch990001", 45, 3], ["sch990002", 5, 1]]
    found = check(book(tmp_path / "Паспорта 2023.xlsx", rows))
    assert found.refusals() == ["no_column"] and not found.results
    assert "Обучающихся" in found.reading.readings[0].message_ru


VERTICAL: Rows = [
    ["№", "Показатель", "Количество", "Примечание"], [1, "Общее количество обучающихся в школе", 300, None],
    [2, "Из неполных семей", 40, None], [3, "Многодетные", "45", "сверено"], [4, "Дети-инвалиды", 3, None],
]  # fmt: skip


def test_social_passport_by_columns(tmp_path: Path) -> None:
    found = check(
        book(tmp_path / "edu990003 социальный паспорт 2023.xlsx", [["Социальный паспорт"], *VERTICAL])
    )
    (row,) = found.accepted("social_passport")
    assert (row["school_id"], row["students_n"], row["single_parent_n"], row["disabled_n"]) == (
        "990003",
        300,
        40,
        3,
    )
    (reading,) = found.reading.readings
    assert reading.place(row["row"], "many_children_n") == (5, 3, "Многодетные"), "the cell C5 of the sheet"


def test_social_passports_a_sheet_a_school(tmp_path: Path) -> None:
    sheets = {"sch990001": VERTICAL, "Лист2": [["Социальный паспорт школы, код школы: 990002"], *VERTICAL]}
    found = check(book(tmp_path / "Социальные паспорта 2023.xlsx", sheets))
    assert [r["school_id"] for r in found.accepted()] == ["990001", "990002"]


def test_social_passport_without_a_school_is_refused(tmp_path: Path) -> None:
    assert check(book(tmp_path / "Социальный паспорт 2023.xlsx", VERTICAL)).refusals() == ["no_school"]


@pytest.mark.parametrize(
    "head",
    [
        ["№", "ФИО ребёнка", "Класс", "Многодетная семья", "Опека"],
        ["Фамилия", "Имя", "Неполная семья", "Учёт в КДН"],
        ["Ф.И.О. обучающегося", "Адрес", "ОВЗ", "Инвалидность"],
        ["Дата рождения", "Класс", "Малообеспеченная", "Многодетная"],
    ],
)
def test_social_passports_that_name_children_are_refused(tmp_path: Path, head: list[str]) -> None:
    path = book(tmp_path / "edu990001 паспорт 2023.xlsx", [head, ["Примеров Пётр", "5", "да", "нет"]])
    found = check(path)
    assert found.refusals() == ["refused_layout"] and not found.tables


def test_staffing_with_position_groups_across(tmp_path: Path) -> None:
    top = ["Код школы", "Руководящие работники", None, None, None, "Учителя, всего", None, None, None]
    below = [None, *["Ставок по штату, ед.", "Занято ставок", "Вакансий", "Работников, чел."] * 2]
    path = book(
        tmp_path / "Кадры 2023.xlsx",
        [top, below, ["990001", 2, 2, 0, 2, 20, "18,5", "1,5", 17]],
        ["B1:E1", "F1:I1"],
    )
    assert [
        (r["position_group"], r["positions"], r["filled"], r["vacant"],
            r["headcount"]) for r in check(path).accepted("staffing")
    ] == [("leaders", 2, 2, 0, 2), ("teachers", 20, 18.5, 1.5, 17)]  # fmt: skip


def test_staffing_of_one_school_with_position_groups_down(tmp_path: Path) -> None:
    rows = [
        ["Наименование показателей", "Ставок по штатному расписанию", "Занято ставок", "Вакансий",
            "Всего работников"],
        ["Руководящие работники", 2, 2, 0, 2], ["Учителя, всего", 20, 18.5, 1.5, 17], ["Всего", 22, 20.5,
            1.5, 19],
    ]  # fmt: skip
    found = check(book(tmp_path / "ОО-1 sch990001 2023.xlsx", rows))
    assert [(r["school_id"], r["position_group"]) for r in found.accepted("staffing")] == [
        ("990001", "leaders"), ("990001", "teachers"),
    ]  # fmt: skip


def test_staff_list_with_names(tmp_path: Path) -> None:
    head = [
        "Код школы",
        "ФИО",
        "Должность",
        "Предмет",
        "Ставка",
        "Педагогический стаж, лет",
        "Категория",
        "Год рождения",
    ]
    rows = [["990001", "Примерова Анна", "Учитель", "Математика", "1,25", 5, "Высшая", 1980]]
    (row,) = check(book(tmp_path / "Список 2023.xlsx", [head, *rows])).accepted("staff")
    assert (row["position"], row["rate"], row["experience_years"], row["category"]) == (
        "Учитель",
        1.25,
        5,
        "highest",
    )


def test_cells_of_a_reading() -> None:
    """A finding's cell: by field, by item, by a string of answers, on a sheet read by columns."""
    reading = Reading("л", 0, "student_results", "x", "read", columns={"total": (7, "Итого")},
        item_columns=[2, 3],
                      items=[("1", 1.0, 1), ("2", None, 2)])  # fmt: skip
    assert reading.place(5, "total") == (5, 8, "Итого")
    assert reading.place(5, "item", 1) == (5, 4, "2")
    assert reading.place(5, "") == (5, None, "")
    reading.items.append(("Р1", 2.0, 3))
    assert reading.place(5, "item", 2) == (5, 3, "Р1")
