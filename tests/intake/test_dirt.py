"""Each kind of dirt that files arrive with, in a small file of its own: what is read, repaired or refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from pipelines.intake.grid import Limits, UnreadableFile, read_grid
from pipelines.intake.template import write_template
from schemas import CONTRACTS
from tests.intake.intake_files import Checked, book, check, table

YEAR = {"school_year": "2023"}
HEAD = ["community", "school_id", "teachers_n"]
ROW = ["Учителя математики", "990001", "5"]
STAFFING = ["Код школы", "Группа должностей", "Ставок по штату", "Фактически занято ставок", "Работников"]


def communities(path: Path, *rows: list[Any], **options: Any) -> Checked:
    return check(table(path, [HEAD, *rows], **options), stated=YEAR)


def counted(found: Checked) -> list[int]:
    return [row["teachers_n"] for row in found.accepted()]


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_grid(path, limits or Limits())
    assert caught.value.message_ru and caught.value.message_en
    return caught.value.rule


# -- the text of a file ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "repairs"),
    [
        ("utf-8", []),
        ("utf-8-sig", ["byte_order_mark"]),
        ("cp1251", ["encoding_cp1251"]),
        ("utf-16", ["encoding_utf16"]),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, repairs: list[str]) -> None:
    found = communities(tmp_path / "a.csv", ROW, encoding=encoding)
    assert found.accepted()[0]["community"] == "Учителя математики"
    assert found.reading.repairs == repairs


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, newline: str) -> None:
    found = communities(tmp_path / "a.csv", ROW, ["a;b", "990002", "1"], delimiter=delimiter, newline=newline)
    assert counted(found) == [5, 1]


def test_no_break_and_doubled_spaces(tmp_path: Path) -> None:
    found = communities(tmp_path / "a.csv", ["Учителя\u00a0 математики ", "\u00a0990001", " 5\u200e"])
    assert (
        found.accepted()[0] | {"community": "Учителя математики", "school_id": "990001"}
        == found.accepted()[0]
    )
    assert counted(found) == [5]
    assert found.repairs() == {"trimmed": 3}


def test_line_breaks_and_units_in_headers(tmp_path: Path) -> None:
    head = [
        "Код\nшколы",
        "Группа  должностей",
        "Ставок по штату,\nед.",
        "Занято ставок (ед.)",
        "Работников, чел.",
    ]
    found = check(book(tmp_path / "a.xlsx", [head, ["990001", "leaders", 2, 1.5, 2]]), stated=YEAR)
    assert found.accepted()[0]["filled"] == 1.5


def test_latin_letters_in_cyrillic_words(tmp_path: Path) -> None:
    head = ["Kод школы", *STAFFING[1:]]
    found = check(table(tmp_path / "a.csv", [head, ["990001", "Мeтодисты", "1", "1", "1"]]), stated=YEAR)
    assert found.accepted()[0]["position_group"] == "methodologists"


# -- cells ----------------------------------------------------------------------------------------------


def test_numbers_as_text_and_with_commas(tmp_path: Path) -> None:
    rows = [["990001", "leaders", "2,5", "1 000", "2.0"], ["990002", "leaders", "2 ед.", "1,0", "2"]]
    found = check(table(tmp_path / "a.csv", [STAFFING, *rows]), stated=YEAR)
    assert [(r["positions"], r["filled"], r["headcount"]) for r in found.accepted()] == [
        (2.5, 1000, 2),
        (2, 1, 2),
    ]
    assert found.repairs() == {"decimal_comma": 2, "spaced_digits": 1, "float_text": 1, "unit_in_number": 1}


def test_leading_zeros_that_a_spreadsheet_lost(tmp_path: Path) -> None:
    head = ["school_id", "name", "municipality_id", "inn"]
    rows = [["990001", "Школа 1", "1", 990010003.0], ["990002", "Школа 2", "1", "0990010003"]]
    found = check(book(tmp_path / "a.xlsx", [head, *rows]), stated=YEAR)
    assert all(r.get("inn") in ("0990010003", None) for r in found.accepted())
    assert found.repairs()["leading_zeros"] == 1


def test_dates_in_five_forms(tmp_path: Path) -> None:
    forms = [
        "2023-03-05",
        "05.03.2023",
        "5 марта 2023 г.",
        "2023/03/05",
        "05.03.23",
        "44990",
        "05.03.2023 10:00:00",
    ]
    rows = [["ШНОР", f"M{n}", "Семинар", text] for n, text in enumerate(forms)]
    found = check(
        table(tmp_path / "a.csv", [["programme", "event_id", "title", "planned"], *rows]), stated=YEAR
    )
    assert {r["planned"] for r in found.accepted()} == {date(2023, 3, 5)} and len(found.accepted()) == 7
    assert found.repairs() == {"date_format": 6}


@pytest.mark.parametrize("error", ["#DIV/0!", "#REF!", "#N/A"])
def test_error_cells_of_a_workbook(tmp_path: Path, error: str) -> None:
    path = book(tmp_path / "a.xlsx", [[*STAFFING, "Вакантно ставок"], ["990001", "leaders", 2, 2, 2, error]])
    found = check(path, stated=YEAR)
    assert found.faults() == [("error_cell", "warning", 2, "vacant")]
    assert found.findings()[0]["value"] == error
    assert "vacant" not in found.accepted()[0]


def test_error_words_of_a_csv(tmp_path: Path) -> None:
    found = communities(tmp_path / "a.csv", ["А", "990001", "#ДЕЛ/0!"], ["#ССЫЛКА!", "990001", "1"])
    assert sorted(f[:3] for f in found.faults()) == [("error_cell", "error", 2), ("error_cell", "error", 3)]


def test_formulas_with_and_without_a_value(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", [[*STAFFING, "Вакантно ставок"], ["990001", "leaders", 2, 2, 2, "=C2-D2"]]
    )
    assert check(path, stated=YEAR).faults() == [("formula", "warning", 2, "vacant")]
    with zipfile.ZipFile(path) as z:
        parts = {n: z.read(n) for n in z.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].replace(b"<v></v>", b"<v />")
    texts = {0: sheet.replace(b"<v />", b"<v>0</v>"), None: sheet.replace(b'"F2">', b'"F2" t="str">')}
    for value, text in texts.items():
        with zipfile.ZipFile(path, "w") as z:
            for name, content in (parts | {"xl/worksheets/sheet1.xml": text}).items():
                z.writestr(name, content)
        found = check(path, stated=YEAR)
        assert not found.faults() and found.accepted()[0].get("vacant") == value


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://a.b")', "=cmd|' /C calc'!A0"])
def test_formulas_in_a_csv_are_never_values(tmp_path: Path, text: str) -> None:
    found = communities(tmp_path / "a.csv", [text, "990001", "1"])
    assert found.faults() == [("formula", "error", 2, "community")]


@pytest.mark.parametrize("text", ["@SUM(A1)", "+7 900", "-А", '="Учителя"'])
def test_other_signs_of_formulas_are_text(tmp_path: Path, text: str) -> None:
    found = communities(tmp_path / "a.csv", [text, "990001", "1"])
    assert found.accepted()[0]["community"] == text.strip('="')


# -- rows and sheets ------------------------------------------------------------------------------------


def test_merged_key_cells_count_for_each_row(tmp_path: Path) -> None:
    rows = [["990001", "leaders", 2, 2, 2], [None, "teachers", 9, 9, 9], ["990002", "leaders", 1, 1, 1]]
    found = check(book(tmp_path / "a.xlsx", [STAFFING, *rows], ["A2:A3"]), stated=YEAR)
    assert [r["school_id"] for r in found.accepted()] == ["990001", "990001", "990002"]
    assert found.reading.repairs == ["merged_cells"]


def test_merged_counts_are_not_repeated(tmp_path: Path) -> None:
    rows = [["990001", "leaders", 2, 2, 2], ["990001", "teachers", 9, 9, None]]
    found = check(book(tmp_path / "a.xlsx", [STAFFING, *rows], ["E2:E3"]), stated=YEAR)
    assert found.faults() == [("required", "error", 3, "headcount")]


def test_titles_above_totals_among_and_notes_below(tmp_path: Path) -> None:
    rows = [
        ["Сведения о сообществах", "", ""], [], HEAD, ROW, ["Итого", "", "5"], [], ["Б", "990002", "2"],
        ["Всего:", "", "7"], ["* по данным на 1 октября", "", ""], ["Исполнитель: отдел", "тел.", "1"],
    ]  # fmt: skip
    found = check(table(tmp_path / "a.csv", rows), stated=YEAR)
    assert counted(found) == [5, 2] and not found.faults()
    assert [row["row"] for row in found.accepted()] == [4, 7]
    assert found.reading.readings[0].structural_n == 4


def test_a_row_that_was_only_begun_is_rejected_and_a_note_is_not_read(tmp_path: Path) -> None:
    rows = [ROW, ["", "sch990002", ""], ["Исполнитель Иванова", "", ""]]
    found = communities(tmp_path / "a.csv", *rows)
    assert {f[:3] for f in found.faults()} == {("required", "error", 3)} and counted(found) == [5]
    assert found.reading.readings[0].structural_n == 1
    found = communities(tmp_path / "b.csv", ROW, ["", "990002", ""], ["", "", "Всего учителей 5"])
    assert {f[:3] for f in found.faults()} == {("required", "error", 3)}


def test_an_empty_template_is_refused_and_its_own_sheets_say_why_they_are_not_read(tmp_path: Path) -> None:
    write_template(CONTRACTS["staffing"], tmp_path / "a.xlsx")
    reading = check(tmp_path / "a.xlsx", stated=YEAR).reading
    assert reading.rule == "no_table"
    own = [r for r in reading.readings if r.rule == "own_sheet"]
    assert len(own) == 2 and all(r.status == "ignored" and "шаблона" in r.message_ru for r in own)
    path = book(tmp_path / "b.xlsx", {"Списки": [["м"]], "Пояснения": [["о форме"]]})
    refused = [r for r in check(path, stated=YEAR).reading.readings if r.status == "rejected"]
    assert [(r.rule, r.rows_read) for r in refused] == [("no_table", 0)]


def test_repeated_rows(tmp_path: Path) -> None:
    found = communities(tmp_path / "a.csv", ROW, ROW, ["А", "990001", "1"], ["А", "990001", "2"])
    assert found.faults() == [
        ("duplicate_row", "error", 3, ""),
        ("duplicate_key", "error", 4, ""),
        ("duplicate_key", "error", 5, ""),
    ]
    assert counted(found) == [5]


def test_hidden_sheets_and_rows(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.xlsx", {"Данные": [HEAD, ROW], "Черновик": [HEAD, ROW], "Списки": [["м"], ["ж"]]}
    )
    workbook = openpyxl.load_workbook(path)
    workbook["Черновик"].sheet_state = workbook["Списки"].sheet_state = "hidden"
    workbook["Данные"].row_dimensions[2].hidden = True
    workbook.save(path)
    found = check(path, stated=YEAR)
    assert counted(found) == [5], "a hidden row is a row like any other"
    assert [r.hidden_n for r in found.reading.readings] == [1, 0, 0]
    assert all(r.message_ru for r in found.reading.readings if r.status == "ignored")
    assert [(r.sheet, r.status, r.rule) for r in found.reading.readings] == [
        ("Данные", "read", ""), ("Черновик", "rejected", "hidden_sheet"), ("Списки", "ignored",
            "own_sheet"),
    ]  # fmt: skip


def test_unknown_columns_are_named(tmp_path: Path) -> None:
    found = check(table(tmp_path / "a.csv", [[*HEAD, "Кто заполнял"], [*ROW, "отдел"]]), stated=YEAR)
    assert found.reading.readings[0].unknown_columns == ["Кто заполнял"]


def test_an_unknown_table_is_refused_with_the_nearest_kind(tmp_path: Path) -> None:
    found = check(table(tmp_path / "a.csv", [["community", "school_id", "сколько"], ROW]), stated=YEAR)
    assert found.refusals() == ["unknown_layout"]
    assert (
        "«Профессиональные сообщества»: не хватает столбцов: Учителей; неизвестных столбцов: 1"
        in found.reading.readings[0].message_ru
    )


# -- several files --------------------------------------------------------------------------------------


def test_a_newer_file_replaces_what_it_repeats(tmp_path: Path) -> None:
    old = table(tmp_path / "old.csv", [HEAD, ROW, ["А", "990001", "1"], ["Б", "990002", "1"]])
    new = table(tmp_path / "new.csv", [HEAD, [*ROW[:2], "6"]])
    found = check(old, new, stated=YEAR)
    assert [f[:3] for f in found.faults()] == [
        ("superseded", "superseded", 2),
        ("superseded", "superseded", 3),
    ], "half of the older file's rows of a school are repeated: all of that school's are replaced"
    assert sorted(counted(found)) == [1, 6]


def test_the_same_file_under_two_names(tmp_path: Path) -> None:
    first, again = (table(tmp_path / f"{n}.csv", [HEAD, ROW]) for n in "ab")
    found = check(first, again, stated=YEAR)
    assert [f[0] for f in found.faults()] == ["superseded"] and counted(found) == [5]


# -- files that can't be read ---------------------------------------------------------------------------


def test_empty_and_lock_files(tmp_path: Path) -> None:
    empty, lock = tmp_path / "a.xlsx", tmp_path / "~$a.xlsx"
    empty.write_bytes(b"")
    lock.write_bytes(b"\x0bUser")
    assert (refusal(empty), refusal(lock)) == ("empty_file", "lock_file")
    assert check(book(tmp_path / "b.xlsx", [])).refusals() == ["no_table"]
    assert check(table(tmp_path / "c.csv", [HEAD]), stated=YEAR).refusals() == ["no_table"]


def test_truncated_workbooks(tmp_path: Path) -> None:
    whole = book(tmp_path / "a.xlsx", [HEAD, ROW]).read_bytes()
    old = xlwt.Workbook()
    old.add_sheet("Лист1").write(0, 0, "x")
    stream = io.BytesIO()
    old.save(stream)
    for content in (whole, stream.getvalue()):
        for size in (9, 600, len(content) // 2, len(content) - 30):
            path = tmp_path / "cut.xlsx"
            path.write_bytes(content[:size])
            assert refusal(path) == "truncated", size


def ole_with(stream: str) -> bytes:
    """A minimal compound file whose directory names one stream: the shape of an encrypted workbook."""
    end, free = (0xFFFFFFFE).to_bytes(4, "little"), (0xFFFFFFFF).to_bytes(4, "little")
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + b"\x3e\x00\x03\x00\xfe\xff\x09\x00\x06\x00"
        + bytes(10)
    )
    head += (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(4) + (4096).to_bytes(4, "little")
    head += end + bytes(4) + end + bytes(4) + bytes(4) + free * 108

    def entry(name: str, kind: int) -> bytes:
        text = name.encode("utf-16-le")
        size = (len(text) + 2).to_bytes(2, "little")
        return text.ljust(64, b"\0") + size + bytes([kind, 1]) + free * 3 + bytes(36) + end + bytes(8)

    table_ = (0xFFFFFFFD).to_bytes(4, "little") + end + free * 126
    return head + table_ + (entry("Root Entry", 5) + entry(stream, 2)).ljust(512, b"\0")


def test_password_protected(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(ole_with("EncryptedPackage"))
    assert refusal(path) == "password"


def test_too_large(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [HEAD, ROW])
    assert refusal(path, Limits(file_bytes=100)) == "too_large"
    assert refusal(path, Limits(cells=5)) == "too_many_cells"


def test_content_belies_the_extension(tmp_path: Path) -> None:
    found = communities(tmp_path / "a.xlsx", ROW)
    assert counted(found) == [5] and found.reading.repairs == ["wrong_extension"]
    path = book(tmp_path / "b.xlsx", [HEAD, ROW]).rename(tmp_path / "b.csv")
    assert counted(check(path, stated=YEAR)) == [5]


def test_external_links_are_not_followed(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [HEAD, ["='[1]Лист1'!A1", "990001", 1]])
    with zipfile.ZipFile(path, "a") as z:
        link = '<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
        z.writestr("xl/externalLinks/externalLink1.xml", link)
    assert check(path, stated=YEAR).faults() == [("formula", "error", 2, "community")]
