"""The marked workbook: marks, comments, the list of faults; whatever the sender's file is."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest
import xlwt
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from pipelines.intake import returned
from pipelines.intake.returned import ERRORS_SHEET, CellFinding, mark_workbook, safe_text

ERROR = CellFinding(
    "Лист1", 3, 2, "Ставок", "два", "type_number", "error", "«Ставок»: напишите число цифрами"
)
WARNING = CellFinding("Лист1", 4, 2, "Ставок", "99", "range", "warning", "«Ставок»: больше обычного")


def source(path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = "Лист1"
    for values in (["Код", "Ставок"], ["01", 1], ["02", "два"], ["03", 99], ["04", "=B2*2"]):
        sheet.append(values)
    book.create_sheet("Скрытый").sheet_state = "hidden"
    book.save(path)
    return path


def marked(path: Path, findings: list[CellFinding], name: str = "кадры.xlsx") -> Workbook:
    target = path.with_name("marked.xlsx")
    mark_workbook(path, findings, target, file_name=name)
    assert [p.name for p in path.parent.glob(".*")] == []
    return load_workbook(target)


def texts(book: Workbook) -> list[str]:
    return [str(c.value) for row in book[ERRORS_SHEET].iter_rows() for c in row if c.value is not None]


def test_cells_are_marked_and_explained(tmp_path: Path) -> None:
    book = marked(source(tmp_path / "a.xlsx"), [ERROR, WARNING])
    assert book.sheetnames == [ERRORS_SHEET, "Лист1", "Скрытый"]
    sheet = book["Лист1"]
    bad, doubtful = sheet["B3"], sheet["B4"]
    assert bad.fill.fgColor.rgb != doubtful.fill.fgColor.rgb
    assert (bad.border.left.style, doubtful.border.left.style) == ("thick", "mediumDashed")
    assert bad.comment.text == "ОШИБКА. «Ставок»: напишите число цифрами"
    assert doubtful.comment.text.startswith("Предупреждение.")
    assert sheet["B2"].fill.fill_type is None and sheet["B2"].comment is None
    assert [sheet["A2"].value, sheet["B3"].value, sheet["B5"].value] == ["01", "два", "=B2*2"]
    assert book["Скрытый"].sheet_state == "hidden"
    assert book.active.title == ERRORS_SHEET
    assert [s.title for s in book.worksheets if s.sheet_view.tabSelected] == [ERRORS_SHEET]


def test_several_findings_of_a_cell_are_one_comment_and_the_worst_mark(tmp_path: Path) -> None:
    other = CellFinding("Лист1", 3, 2, "Ставок", "два", "range", "warning", "вне пределов")
    cell = marked(source(tmp_path / "a.xlsx"), [other, ERROR])["Лист1"]["B3"]
    assert cell.border.left.style == "thick"
    assert cell.comment.text.splitlines() == [f"ОШИБКА. {ERROR.message_ru}", "Предупреждение. вне пределов"]


def test_a_fault_of_the_row_marks_its_first_cell(tmp_path: Path) -> None:
    finding = CellFinding("Лист1", 5, None, "", "", "duplicate", "error", "Повтор строки 4")
    cell = marked(source(tmp_path / "a.xlsx"), [finding])["Лист1"]["A5"]
    assert cell.comment.text == "ОШИБКА. Вся строка: Повтор строки 4"


def test_the_list_groups_counts_and_links(tmp_path: Path) -> None:
    more = [
        CellFinding("Лист1", r, 2, "Ставок", "два", "type_number", "error", ERROR.message_ru) for r in (4, 5)
    ]
    of_file = CellFinding(None, None, None, "", "", "no_year", "warning", "Год взят из имени файла")
    book = marked(source(tmp_path / "a.xlsx"), [ERROR, *more, of_file], "кадры.xlsx")
    sheet = book[ERRORS_SHEET]
    assert "кадры.xlsx" in sheet["A1"].value
    assert "Замечаний: 4" in sheet["A2"].value and "ошибки — 3" in sheet["A2"].value
    head = next(r for r in sheet.iter_rows() if r[0].value == "№")
    first, second = sheet[head[0].row + 1], sheet[head[0].row + 2]
    assert [first[1].value, first[4].value, first[7].value] == ["ОШИБКА", 3, 3]
    assert "[type_number]" in first[2].value and ERROR.message_ru in first[2].value
    assert first[7].hyperlink.location == "'Лист1'!B3"
    assert second[7].value == "весь файл" and second[7].hyperlink is None


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1"])
def test_formulas_of_a_sender_are_neutralised(value: str, tmp_path: Path) -> None:
    assert safe_text(value).startswith("'")
    finding = CellFinding("Лист1", 3, 2, value, value, "type_number", "error", value)
    book = marked(source(tmp_path / "a.xlsx"), [finding], f"{value}.xlsx")
    for row in book[ERRORS_SHEET].iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            assert not str(cell.value or "").lstrip().startswith(("=", "+", "-", "@"))


def test_xls_and_csv_come_back_as_xlsx_with_their_cells(tmp_path: Path) -> None:
    old = xlwt.Workbook()
    sheet = old.add_sheet("Лист1")
    date = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for r, values in enumerate(
        (("Код", "Ставок", "Дата"), ("01", 1, ""), ("02", "два", dt.date(2024, 9, 1)))
    ):
        for c, value in enumerate(values):
            sheet.write(r, c, value, date) if isinstance(value, dt.date) else sheet.write(r, c, value)
    old.save(tmp_path / "a.xls")
    copy = marked(tmp_path / "a.xls", [ERROR])["Лист1"]
    assert [copy["A2"].value, copy["B2"].value, copy["B3"].value] == ["01", 1, "два"]
    assert copy["C3"].value == dt.datetime(2024, 9, 1)
    assert copy["B3"].border.left.style == "thick"

    (tmp_path / "a.csv").write_bytes("Код;Ставок\r\n\r\n02;=1+1\r\n".encode("cp1251"))
    in_csv = CellFinding("", 3, 2, "Ставок", "=1+1", "type_number", "error", "напишите число")
    copy = marked(tmp_path / "a.csv", [in_csv]).worksheets[1]
    assert (copy["A3"].value, copy["B3"].value, copy["B3"].data_type) == ("02", "=1+1", "s")
    assert copy["B3"].comment.text == "ОШИБКА. напишите число"


@pytest.mark.parametrize("damage", ["truncated", "protected", "empty", "random"])
def test_a_file_that_does_not_open_gives_the_list_alone(damage: str, tmp_path: Path) -> None:
    path = source(tmp_path / "a.xlsx")
    data = path.read_bytes()
    path.write_bytes(
        {
            "truncated": data[: len(data) // 2],
            "protected": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
            "empty": b"",
            "random": b"PK\x03\x04" + bytes(range(256)),
        }[damage]
    )
    finding = CellFinding(None, None, None, "", "", damage, "error", "Книга не открывается")
    book = marked(path, [finding])
    assert book.sheetnames == [ERRORS_SHEET]
    assert any("Книга не открывается" in t for t in texts(book))


def test_a_corrected_file_loses_the_earlier_marks(tmp_path: Path) -> None:
    path = source(tmp_path / "a.xlsx")
    first = tmp_path / "first.xlsx"
    mark_workbook(path, [ERROR], first, file_name="a.xlsx")
    sheet = (book := marked(first, [WARNING]))["Лист1"]
    assert book.sheetnames == [ERRORS_SHEET, "Лист1", "Скрытый"]
    assert sheet["B3"].comment is None and sheet["B3"].fill.fill_type is None
    assert sheet["B4"].comment is not None
    assert not any(ERROR.message_ru in t for t in texts(book))


def test_a_comment_of_the_sender_is_kept(tmp_path: Path) -> None:
    path = source(tmp_path / "a.xlsx")
    book = load_workbook(path)
    book["Лист1"]["B3"].comment = Comment("уточняем", "Иванова")
    book.save(path)
    assert "уточняем" in marked(path, [ERROR])["Лист1"]["B3"].comment.text


def test_a_merged_cell_is_marked_at_its_corner(tmp_path: Path) -> None:
    path = source(tmp_path / "a.xlsx")
    book = load_workbook(path)
    book["Лист1"].merge_cells("A3:B4")
    book.save(path)
    sheet = marked(path, [ERROR, WARNING])["Лист1"]
    assert len(sheet["A3"].comment.text.splitlines()) == 2


def test_links_to_other_workbooks_are_dropped_and_their_values_kept(tmp_path: Path) -> None:
    path = source(tmp_path / "a.xlsx")
    book = load_workbook(path)
    book["Лист1"]["B2"] = "=[1]Лист1!A1"
    book.defined_names["чужое"] = DefinedName("чужое", attr_text="[1]Лист1!$A$1")
    book.save(path)
    with zipfile.ZipFile(path) as z:
        parts = {n: z.read(n) for n in z.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = (
        parts[name].replace(b"A1</f><v />", b"A1</f><v>7</v>").replace(b"A1</f><v></v>", b"A1</f><v>7</v>")
    )
    with zipfile.ZipFile(path, "w") as z:
        for part, data in parts.items():
            z.writestr(part, data)
        z.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
    book = marked(path, [ERROR])
    assert book["Лист1"]["B2"].value == 7
    assert "чужое" not in book.defined_names


def test_an_unknown_sheet_and_odd_places_are_only_listed(tmp_path: Path) -> None:
    odd = [
        CellFinding("Нет такого", 3, 2, "Ставок", "", "a", "error", "первое"),
        CellFinding("Лист1", 2_000_000, 2, "Ставок", "", "b", "error", "второе"),
        CellFinding("Лист1", None, 2, "Ставок", "", "c", "error", "третье"),
        CellFinding("Лист1", 3, 2, "Ста\x00вок", "\x07", "d", "error", "чет\x0bвёртое"),
    ]
    found = " ".join(texts(marked(source(tmp_path / "a.xlsx"), odd)))
    assert all(word in found for word in ("первое", "второе", "третье", "четвёртое"))


def test_very_many_findings_are_counted_not_all_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returned, "MOST_MARKED", 3)
    monkeypatch.setattr(returned, "MOST_LISTED", 2)
    path = source(tmp_path / "a.xlsx")
    findings = [CellFinding("Лист1", r, 1, "Код", "x", "r", "warning", "проверьте") for r in range(2, 12)]
    book = marked(path, [*findings, ERROR])
    sheet = book["Лист1"]
    assert sum(c.comment is not None for row in sheet.iter_rows() for c in row) == 3
    assert sheet["B3"].comment.text.startswith("ОШИБКА")
    found = " ".join(texts(book))
    assert "без отметки: 8" in found and "первые 2 из 11" in found and "Замечаний: 11" in found
