"""Hostile and broken files: each costs its sender one refusal, and nobody else anything."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from pipelines.intake import stages, vault, workers
from pipelines.intake.grid import Limits, UnreadableFile, read_grid
from pipelines.settings import Settings
from tests.intake.intake_files import book, check, table
from tests.intake.mutate import torture
from tests.stages.test_vault import HEADER, Home

HEAD = ["community", "school_id", "teachers_n"]
ROW = ["Учителя математики", "990001", "5"]
YEAR = {"school_year": "2023"}
SHEET = "xl/worksheets/sheet1.xml"


def refusal(path: Path, limits: Limits | None = None, name: str | None = None) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_grid(path, limits or Limits(), name=name)
    assert caught.value.message_ru and caught.value.message_en
    return caught.value.rule


def repacked(path: Path, **parts: bytes | None) -> Path:
    """The workbook with some of its parts changed; ``sheet`` is its first sheet."""
    with zipfile.ZipFile(path) as z:
        content = {n: z.read(n) for n in z.namelist()}
    for name, data in parts.items():
        content[SHEET if name == "sheet" else name] = data or b""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in content.items():
            z.writestr(name, data)
    return path


def sheet_xml(path: Path) -> bytes:
    with zipfile.ZipFile(path) as z:
        return z.read(SHEET)


def with_rows(path: Path, rows: bytes) -> Path:
    """A workbook of the header and one row of data, and below it the given rows as XML."""
    made = book(path, [HEAD, ROW])
    return repacked(made, sheet=sheet_xml(made).replace(b"</sheetData>", rows + b"</sheetData>"))


# -- what is no table -----------------------------------------------------------------------------------


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name in names:
            z.writestr(name, "application/vnd.oasis.opendocument.text" if name == "mimetype" else "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("pdf", b"%PDF-1.7\n" + bytes(100)),
        ("image", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("image", b"\xff\xd8\xff\xe0" + bytes(100)),
        ("image", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
        ("image", b"\x00\x00\x00\x18ftypheic" + bytes(100)),
        ("image", b"BM\x46\x00\x00\x00" + bytes(60)),
        ("archive", b"Rar!\x1a\x07\x01\x00" + bytes(100)),
        ("archive", b"7z\xbc\xaf\x27\x1c" + bytes(100)),
        ("archive", archive("отчёт.xlsx")),
        ("archive", archive("../../../etc/passwd", "..\\..\\a.csv", "/a.csv")),
        ("document", archive("word/document.xml", "[Content_Types].xml")),
        ("document", archive("ppt/presentation.xml")),
        ("document", archive("mimetype", "content.xml")),
        ("document", rb"{\rtf1\ansi }"),
        ("web_page", "\ufeff <html><table><tr><td>Код школы</td></tr></table>".encode()),
        ("web_page", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'),
    ],
)
def test_what_is_no_table_is_told_by_its_bytes(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / "Кадровый отчёт 2023.xlsx"
    path.write_bytes(content)
    assert refusal(path) == f"not_a_table_{kind}"
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name], "nothing is unpacked"


def test_other_binary_files_and_tables_that_only_look_foreign(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"SQLite format 3\x00" + bytes(range(256)))
    assert refusal(path) == "unknown_format"
    found = check(table(tmp_path / "b.csv", [["BM", *HEAD], ["", *ROW]]), stated=YEAR)
    assert len(found.accepted()) == 1


# -- too much -------------------------------------------------------------------------------------------


def test_zip_bombs(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(SHEET, b"0" * 60_000_000)
    assert refusal(path) == "zip_bomb"
    assert refusal(path, Limits(unpacked_bytes=1_000_000, ratio=1e9)) == "zip_bomb"


def test_a_million_empty_formatted_rows_are_no_rows(tmp_path: Path) -> None:
    cells = '<row r="{0}" s="1" customFormat="1"><c r="A{0}" s="1"/><c r="B{0}" s="1"/></row>'
    rows = map(cells.format, range(3, 1_048_577))
    path = with_rows(tmp_path / "a.xlsx", "".join(rows).encode())
    found = check(path, stated=YEAR)
    assert len(found.accepted()) == 1 and found.reading.readings[0].rows_read == 1


@pytest.mark.parametrize(
    ("cell", "rule"),
    [("XFD1048576", "too_many_cells"), ("XFD3", "too_many_columns"), ("A1048576", "")],
)
@pytest.mark.parametrize("stated", ["none", "true"])
def test_sheets_that_are_huge_for_one_far_cell(tmp_path: Path, cell: str, rule: str, stated: str) -> None:
    number = "".join(filter(str.isdigit, cell))
    path = with_rows(tmp_path / "a.xlsx", f'<row r="{number}"><c r="{cell}"><v>1</v></c></row>'.encode())
    dimension = b"" if stated == "none" else f'<dimension ref="A1:{cell}"/>'.encode()
    xml = re.sub(rb'<dimension ref="A1:C2" ?/>', dimension, sheet_xml(path))
    repacked(path, sheet=xml)
    assert b"A1:C2" not in sheet_xml(path)
    if rule:
        assert refusal(path) == rule
    else:
        assert len(check(path, stated=YEAR).accepted()) == 1


def test_the_same_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n" + ";" * 5_000 + "\n")
    assert refusal(path) == "too_many_columns"
    path.write_text("a;b\n" * 2_000)
    assert refusal(path, Limits(cells=3_000)) == "too_many_cells"


def test_deep_xml_and_entities_are_read_without_harm(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [HEAD, ROW])
    xml = sheet_xml(path)
    deep = b"<x>" * 200_000 + b"</x>" * 200_000
    repacked(path, sheet=xml.replace(b"</sheetData>", b"</sheetData>" + deep))
    assert len(check(path, stated=YEAR).accepted()) == 1
    laughs = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">'.encode() for i in range(9))
        + b"]>"
    )
    outside = b'<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
    row = b'<row r="3"><c r="A3" t="str"><v>&j;</v></c></row></sheetData>'
    body = xml.partition(b"?>")[2] if xml.startswith(b"<?xml") else xml
    for prologue in (laughs, outside):
        repacked(path, sheet=prologue + body.replace(b"</sheetData>", row))
        found = check(path, stated=YEAR)
        landed = str([t.to_pylist() for parts in found.tables.values() for t in parts])
        assert "root:" not in landed and "aaaa" not in landed


# -- what a workbook carries besides cells ----------------------------------------------------------------


def test_macros_and_links_are_counted_and_left_alone(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsm", [HEAD, ROW])
    parts = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0", "xl/externalLinks/externalLink1.xml": b"<x/>"}
    repacked(path, **parts)
    found = check(path, stated=YEAR)
    assert len(found.accepted()) == 1
    assert found.reading.repairs == ["macros_ignored", "external_links_ignored"]


def test_control_characters_and_direction_marks(tmp_path: Path) -> None:
    cell = "\u202eУчителя\x00 \x07мате\u200fматики\u202c"
    found = check(table(tmp_path / "a.csv", [HEAD, [cell, "99\u200e0001", "5\x00"]]), stated=YEAR)
    (row,) = found.accepted()
    assert (row["school_id"], row["teachers_n"]) == ("990001", 5)
    assert found.reading.repairs == ["nulls_removed"]
    assert "\u202e" not in row["community"] and "\x00" not in row["community"]


def test_an_encrypted_part_and_a_word_document(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [HEAD, ROW])
    data = bytearray(path.read_bytes())
    for sign, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(sign)
        while at >= 0:
            data[at + flags] |= 1  # the sign of an encrypted part
            at = data.find(sign, at + 4)
    path.write_bytes(data)
    assert refusal(path) in ("truncated", "password")
    old = xlwt.Workbook()
    old.add_sheet("Лист1").write(0, 0, "x")
    stream = io.BytesIO()
    old.save(stream)
    word = stream.getvalue().replace("Workbook".encode("utf-16-le"), "WordDocument".encode("utf-16-le")[:16])
    path.write_bytes(word + "WordDocument".encode("utf-16-le"))
    assert refusal(path) == "not_a_table_document"


# -- the process that reads -------------------------------------------------------------------------------


def hang(seconds: float) -> None:
    time.sleep(seconds)


def eat(size: int) -> int:
    return len(bytearray(size))


def die() -> None:
    os.abort()


def fail(text: str) -> None:
    raise RuntimeError(text)


def test_a_process_that_hangs_eats_dies_or_fails_costs_its_file_alone() -> None:
    settings = Settings(file_seconds=1, file_memory=1_500_000_000, workers=2)
    tasks: list[tuple[Any, tuple[Any, ...]]] = [
        (hang, (60,)),
        (eat, (4_000_000_000,)),
        (die, ()),
        (fail, ("Иванов",)),
        (eat, (1000,)),
    ]
    done = list(workers.each(_call, [(f.__name__, (f, *a)) for f, a in tasks], settings))
    assert [d.failure.rule if d.failure else d.result for d in done] == [
        "too_slow", "too_heavy", "too_heavy", "reader_failed", 1000,
    ]  # fmt: skip
    assert all(d.failure.ru and d.failure.en for d in done if d.failure)
    failed = done[3].failure
    assert failed and "test_hostile.py" in failed.en and "Иванов" not in failed.ru + failed.en


def _call(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def test_bad_files_cost_a_refusal_each_and_the_good_one_is_accepted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.settings = Settings(home=home.settings.home, inbox=home.inbox, workers=2, file_memory=2_000_000_000)
    home.put("2023 good.csv", HEADER + "s1,teachers,10,9,9\n")
    with zipfile.ZipFile(home.inbox / "2023 bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(SHEET, b"0" * 60_000_000)
    far = with_rows(home.inbox / "2023 lie.xlsx", b'<row r="900000"><c r="XFD900000"><v>1</v></c></row>')
    assert b"A1:C2" in sheet_xml(far), "the sheet states a small size"
    (home.inbox / "2023 cut.xlsx").write_bytes(far.read_bytes()[:900])
    home.receive()
    assert home.accept().rows_accepted == 1
    readings = home.ledger.readings()
    why = {s.path: readings[s.file_id][1].rule for s in home.ledger.submissions()}
    assert why == {
        "2023 good.csv": "", "2023 bomb.xlsx": "zip_bomb", "2023 lie.xlsx": "too_heavy",
        "2023 cut.xlsx": "truncated",
    }  # fmt: skip
    written = stages.return_workbooks(home.settings, home.ledger)
    assert len(written) == 3
    for name in written:
        assert openpyxl.load_workbook(home.settings.returned / name).sheetnames == ["Ошибки"]
    assert vault.receive(home.settings, home.ledger).known_n == 4


def test_mutated_files(tmp_path: Path) -> None:
    """A short run of ``python -m tests.intake.mutate``."""
    out = torture(tmp_path, 120, 7, Settings(workers=2))
    assert out.broken == []
    assert out.verdicts["read"] >= 20 and len(out.verdicts) >= 4
    assert out.peak_bytes < Settings().file_memory
