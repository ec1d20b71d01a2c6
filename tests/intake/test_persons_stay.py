"""Names, documents and codes of people stand neither in landed tables nor in findings."""

from __future__ import annotations

import hmac
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.intake.readers import Hasher
from tests.intake.intake_files import SECRET, Checked, Rows, book, check, table

SURNAMES = ["Скрытнова", "Тайнопись", "Секретный"]
PEOPLE = [[s, "Именина", "Отчествовна", "7401", f"58203{n}"] for n, s in enumerate(SURNAMES)]
SECRETS = ["скрытнов", "тайнопис", "секретн", "именин", "отчествовн", "58203", "7401"]
NAMES = ["Фамилия", "Имя", "Отчество", "Серия", "Номер"]


def everything(found: Checked) -> str:
    """All that is written of a file: landed tables, readings, findings, accepted rows."""
    parts: list[Any] = [t.to_pylist() for tables in found.tables.values() for t in tables]
    parts += [r.to_json() for r in found.readings.values()]
    parts += [found.findings(), found.accepted()]
    return str(parts).lower()


def assert_silent(found: Checked) -> None:
    text = everything(found)
    assert [s for s in SECRETS if s in text] == []


def moved(row: list[Any], by: int) -> list[Any]:
    """The row's cells moved to the right, or to the left."""
    return [""] * by + row if by > 0 else row[-by:]


def protocol(move: int) -> Rows:
    head = ["№", "Код МСУ", "Код ОО", "Класс", *NAMES, "Задания с кратким ответом",
        "Задания с развёрнутым ответом", "Первичный балл", "Балл"]  # fmt: skip
    rows = [[n + 1, "111", "111001", "11А", *p, "++-+", "2(2)0(1)", "5", "60"] for n, p in enumerate(PEOPLE)]
    rows[1] = moved(rows[1], move)
    return [["01 - Русский язык 2022.05.30"], head, *rows]


def oge_protocol(move: int) -> Rows:
    head = ["№", "Код ОО", "Класс", "Код МСУ", *NAMES[:3], "Задания с кратким ответом",
        "Задания с развёрнутым ответом", "Первичный балл", "Оценка"]  # fmt: skip
    rows = [[n + 1, "9306", "9А", "209", *p[:3], "++-+", "2(2)0(1)", "5", "4"] for n, p in enumerate(PEOPLE)]
    rows[1] = moved(rows[1], move)
    return [["12 - Обществознание 2022.06.03"], head, *rows]


def english(move: int) -> Rows:
    head = ["SchoolCode", "ClassCode", "Surname", "Name", "SecondName", "DocumentSeries", "DocumentNumber",
        "TestResultB", "TestResultC", "PrimaryMark", "Mark5"]  # fmt: skip
    rows = [["9306", "9А", *p, "++-+", "2(2)0(1)", "5", "4"] for p in PEOPLE]
    rows[1] = moved(rows[1], move)
    return [head, *rows]


def appeals(move: int) -> Rows:
    top = ["№", "Предмет", "Код ОО", *NAMES, "Тип апелляции / перепроверки", "Состояние",
        "Первичный балл до изменения", "Балл до изменения", "Текущие", "", "Разница"]  # fmt: skip
    below = [""] * 12 + ["Первичный балл", "Балл", ""]
    rows = [
        [n + 1, "Русский язык", "111001", *p, "О несогласии", "Отклонена", "5", "60", "5", "60", "0"]
        for n, p in enumerate(PEOPLE)
    ]
    rows[1] = moved(rows[1], move)
    return [["Апелляции ЕГЭ 2022"], top, below, *rows]


def staff(move: int) -> Rows:
    head = ["Код школы", "ФИО", "Должность", "Год рождения"]
    rows = [["990001", " ".join(p[:3]), "Учитель", "1980"] for p in PEOPLE]
    rows[1] = moved(rows[1], move)
    return [head, *rows]


@pytest.mark.parametrize("move", [0, 1, 2, 3, -1, -2, -3])
@pytest.mark.parametrize("layout", [protocol, oge_protocol, english, appeals, staff])
def test_no_name_passes_even_from_shifted_rows(tmp_path: Path, layout: Any, move: int) -> None:
    found = check(table(tmp_path / "ОГЭ Математика 2022.csv", layout(move)))
    assert not found.refusals()
    assert_silent(found)
    if move:
        assert len(found.accepted()) == 2
        assert {f[0] for f in found.faults()} == {"misplaced_row"}
    else:
        assert len(found.accepted()) == 3 and not found.faults()


def test_codes_of_students_are_hashed_by_a_secret(tmp_path: Path) -> None:
    head = ["school_id", "student_id", "class", "total"]
    stated = {"kind": "РДР", "subject": "Математика", "grade": "9", "school_year": "2022"}
    path = table(
        tmp_path / "a.csv", [head, ["990001", "УЧ-77123", "9а", "5"], ["990002", "УЧ-77123", "9а", "6"]]
    )
    found = check(path, stated=stated)
    assert "77123" not in everything(found)
    keys = [r["student_key"] for r in found.accepted()]
    assert all(re.fullmatch(r"[0-9a-f]{20}", k) for k in keys)
    assert keys[0] != keys[1], "a code is unique within its school"
    assert Hasher(SECRET)("a", "b") == Hasher(SECRET)("a", "b") != Hasher(b"another")("a", "b")


@pytest.mark.parametrize("secret", [b"", b"short", b"x" * 64, b"longer than a block" * 9])
def test_the_hash_is_the_standard_one(secret: bytes) -> None:
    standard = hmac.digest(secret, "область|значение".encode(), "sha256").hex()
    assert Hasher(secret)("область", "значение") == standard[:20]


def test_documents_of_training_and_staff_codes_are_hashed(tmp_path: Path) -> None:
    head = ["school_id", "staff_id", "document_no", "kind", "hours", "finished"]
    path = table(
        tmp_path / "a.csv", [head, ["990001", "123-456-789 01", "ПК-58203", "course", "72", "01.02.2022"]]
    )
    found = check(path, stated={"school_year": "2022"})
    assert not found.refusals() and len(found.accepted()) == 1
    assert "789 01" not in everything(found) and "58203" not in everything(found)


def test_columns_that_no_contract_asks_for_are_not_landed(tmp_path: Path) -> None:
    head = ["Логин школы", "ФИО директора", "Телефон", "Всего обучающихся", "Многодетные", "Под опекой"]
    row = ["sch990001", "Скрытнова Именина", "58203", 100, 10, 1]
    assert_silent(check(book(tmp_path / "Социальный паспорт 2022.xlsx", [head, row])))


def test_a_refused_list_of_children_leaves_no_trace(tmp_path: Path) -> None:
    rows = [["ФИО ребёнка", "Многодетная", "Под опекой"], ["Скрытнова Именина", "да", "нет"]]
    found = check(book(tmp_path / "sch990001 социальный паспорт 2022.xlsx", rows))
    assert found.refusals() == ["refused_layout"]
    assert_silent(found)


def test_a_name_under_the_table_is_not_landed(tmp_path: Path) -> None:
    rows = [
        *protocol(0),
        ["Средние", *[""] * 10, "5", "60"],
        ["Скрытнова И. О., организатор", "", "", "", "тел.", "58203"],
    ]
    found = check(table(tmp_path / "a.csv", rows))
    assert len(found.accepted()) == 3
    assert_silent(found)


def test_a_name_in_a_field_of_codes_is_not_kept_and_the_cell_is_told(tmp_path: Path) -> None:
    good = {"school_id": "990001", "kind": "МДР", "subject": "Математика", "grade": "9", "class": "9а",
        "sex": "м", "form": "Вариант 1", "total": "5", "mark": "4", "exam_date": "2022-05-01"}  # fmt: skip
    rows = [[f"У{n}", *(good | {name: "Скрытнова Именина"}).values()] for n, name in enumerate(good)]
    path = table(tmp_path / "a.csv", [["student_id", *good], *rows])
    found = check(path, stated={"school_year": "2022"})
    assert_silent(found)
    told = [f["field"] for f in sorted(found.findings(), key=lambda f: f["row"])]
    assert told == ["class_name" if name == "class" else name for name in good]
    assert all("слово" in f["message_ru"] for f in found.findings())


def test_slips_and_plain_words_in_fields_of_codes_are_kept(tmp_path: Path) -> None:
    head = ["school_id", "student_id", "kind", "subject", "grade", "class", "form", "total"]
    rows = [
        ["990001", "У1", "МДР", "Математика", "9", "9 кадетский", "Вариант А", "5"],
        ["990001", "У2", "МДР", "Матиматика", "9", "9а", "отсутствовал", ""],
    ]
    found = check(table(tmp_path / "a.csv", [head, *rows]), stated={"school_year": "2022"})
    assert [(f["rule_id"], f["value"]) for f in found.findings()] == [("unknown_code", "Матиматика")]
    assert "Возможно, «Математика»" in found.findings()[0]["message_ru"]
    assert [(r["class_name"], r["form"]) for r in found.accepted()] == [("9 КАДЕТСКИЙ", "Вариант А")]
