"""A row of a correct file of each contract with one wrong cell gives that finding and no other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from schemas import CONTRACTS, Contract, Field
from schemas import codes as code_lists
from tests.intake.intake_files import Checked, check, table

#: What a field's facts alone do not give.
GOOD = {
    ("staffing", "vacant"): "",
    ("school_register", "login"): "sch990001", ("school_register", "inn"): "0101001233",
    ("school_register", "ogrn"): "1027700132195", ("school_register", "oktmo"): "01701000",
    ("assessment_register", "max_score"): "20", ("assessment_register", "mark_3_from"): "6",
    ("assessment_register", "mark_4_from"): "10", ("assessment_register", "mark_5_from"): "15",
    ("student_results", "form"): "1", ("student_results", "class_name"): "5А", ("student_results",
        "total"): "2", ("training", "hours"): "300",
}  # fmt: skip
ITEM = "item:1 (2)"
WRONG_KIND = {"int": "много", "number": "много", "date": "31.02.2023", "bool": "может быть"}
#: The row of the file in which a cell is wrong.
ROW = 3
#: Rows of one file with a wrong cell each, between two good ones: grades tell so many apart.
AT_ONCE = 6
#: Values that together break a relation of the contract.
RELATIONS = [
    ("staffing", {"positions": "2", "filled": "3"}, "filled_within_positions"),
    ("staffing", {"positions": "3", "filled": "2", "vacant": "2"}, "vacant_is_the_rest"),
    ("staffing", {"headcount": "5", "young_n": "3", "pension_n": "3"}, "ages_within_headcount"),
    ("context_form", {"students_n": "10", "grade_1_students_n": "9", "teachers_n": "1"}, "grades_add_up"),
    ("school_results", {"tested_n": "5", "below_min_n": "6"}, "parts_within_tested"),
    ("social_passport", {"students_n": "5", "disabled_n": "6"}, "parts_within_students"),
    ("training", {"kind": "retraining", "hours": "249"}, "long_enough"),
    ("teacher_deficits", {"surveyed_n": "5", "teachers_n": "6"}, "deficit_within_surveyed"),
]


def number(value: float) -> str:
    return f"{value:g}"


def good(contract: Contract, field: Field, row: int) -> str:
    if (contract.name, field.name) in GOOD:
        return GOOD[contract.name, field.name]
    if field.codes:
        return code_lists.code_list(field.codes)[0].code
    if field.kind in ("int", "number"):
        return number(field.ge if field.ge is not None else 1)
    return {"text": f"текст {row}" if field.key else "текст", "bool": "да", "date": "2024-09-01"}[field.kind]


def file_of(contract: Contract, rows_n: int = 3) -> tuple[list[str], list[list[str]]]:
    """The header and rows that keep the contract, each with a key of its own."""
    head = list(contract.fields) + ([ITEM] if contract.has_items else [])
    rows = [
        [good(contract, f, n) for f in contract.fields.values()] + (["2"] if contract.has_items else [])
        for n in range(rows_n)
    ]
    if not any(f.key and f.kind == "text" and not f.codes for f in contract.fields.values()):
        for n, row in enumerate(rows):
            row[head.index("grade")] = str(4 + n)
    return head, rows


def checked(folder: Path, contract: Contract, **changed: str) -> Checked:
    """A file of three rows, with the changed cells in the middle one."""
    return checked_rows(folder, contract, [{}, changed, {}])


def checked_rows(folder: Path, contract: Contract, changes: list[dict[str, str]]) -> Checked:
    """A file of so many rows, each with its changed cells."""
    head, rows = file_of(contract, len(changes))
    for row, changed in zip(rows, changes, strict=True):
        for name, value in changed.items():
            row[head.index(name)] = value
    stated = {"contract": contract.name, "school_year": "2024"}
    if "school_year" in contract.fields:
        del stated["school_year"]
    return check(table(folder / "file.csv", [head, *rows], delimiter=","), stated=stated)


def wrong_cells(contract: Contract) -> Iterator[tuple[str, str, str]]:
    """Field, wrong text and the rule that it breaks: one for every constraint of every field."""
    for f in contract.fields.values():
        if f.required:
            yield f.name, "", "required"
        if f.name == "school_year":
            yield from ((f.name, text, "type_int") for text in ("много", "1999", "2020/22"))
            continue
        if f.kind in WRONG_KIND:
            yield f.name, WRONG_KIND[f.kind], f"type_{f.kind}"
        if f.kind == "int":
            yield f.name, "1,5", "type_int"
        if f.ge is not None:
            yield f.name, number(f.ge - 1), "too_low"
        if f.le is not None:
            yield f.name, number(f.le + 1), "too_high"
        if f.codes:
            yield f.name, "нет такого кода", "unknown_code"
        if f.pattern:
            yield f.name, "0", "pattern"
        if f.name in ("inn", "ogrn"):
            yield f.name, GOOD[contract.name, f.name][:-1] + "0", "check_digit"
        if not f.person:
            yield f.name, "#REF!", "error_cell"


WRONG = {c.name: list(wrong_cells(c)) for c in CONTRACTS.values()}
CASES = [(name, n, *wrong) for name, wrongs in WRONG.items() for n, wrong in enumerate(wrongs)]


@cache
def checked_together(contract: str, file: int) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """Findings and accepted rows of one of the files that together have all wrong cells of a contract.

    Each wrong cell stands in a row of its own, between two good rows.
    """
    wrongs = WRONG[contract][file * AT_ONCE : (file + 1) * AT_ONCE]
    with tempfile.TemporaryDirectory() as folder:
        changes = [{}, *({field: text} for field, text, _ in wrongs), {}]
        found = checked_rows(Path(folder), CONTRACTS[contract], changes)
    return found.findings(), {row["row"]: row for row in found.accepted()}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_correct_file_has_no_fault(tmp_path: Path, contract: str) -> None:
    found = checked(tmp_path, CONTRACTS[contract])
    assert not found.refusals() and not found.faults() and len(found.accepted()) == 3


@pytest.mark.parametrize(
    ("contract", "number", "field", "text", "rule"),
    CASES,
    ids=["-".join((c, f, r, t)) for c, _, f, t, r in CASES],
)
def test_one_wrong_cell(contract: str, number: int, field: str, text: str, rule: str) -> None:
    file, place = divmod(number, AT_ONCE)
    findings, rows = checked_together(contract, file)
    fields = CONTRACTS[contract].fields
    rejects, own = fields[field].rejects, ROW + place
    (finding,) = (f for f in findings if f["row"] == own)
    told = finding["rule_id"], finding["severity"], finding["field"]
    assert told == (rule, "error" if rejects else "warning", field)
    wrongs = WRONG[contract][file * AT_ONCE : (file + 1) * AT_ONCE]
    last = ROW + len(wrongs)
    assert sorted(f["row"] for f in findings) == list(range(ROW, last)), "good rows have no fault, others one"
    rejected = {ROW + n for n, wrong in enumerate(wrongs) if fields[wrong[0]].rejects}
    assert set(rows) == {*range(2, last + 1)} - rejected and (own in rejected) == rejects
    if field == "attendance":
        assert rows[own][field] == "present", "whoever has scores was there"
    elif not rejects:
        filled = GOOD.get((contract, field)) != ""  # the other rows' cell, empty where a relation asks for it
        assert field not in rows[own] and (field in rows[2]) == filled, "the cell is emptied, nothing else"
        assert set(rows[2]) - set(rows[own]) == ({field} if filled else set())
    assert finding["message_ru"] and finding["message_en"] and "{" not in finding["message_ru"]


@pytest.mark.parametrize(("contract", "values", "rule"), RELATIONS, ids=[r[2] for r in RELATIONS])
def test_one_broken_relation(tmp_path: Path, contract: str, values: dict[str, str], rule: str) -> None:
    found = checked(tmp_path, CONTRACTS[contract], **values)
    assert found.faults() == [(rule, "warning", ROW, "")]
    assert len(found.accepted()) == 3, "a broken relation is a question, not a rejection"


@pytest.mark.parametrize(
    ("text", "rule"),
    [("3", "score_above_maximum"), ("много", "score_not_a_number"), ("-1", "score_not_a_number")],
)
def test_one_wrong_score(tmp_path: Path, text: str, rule: str) -> None:
    found = checked(tmp_path, CONTRACTS["student_results"], **{ITEM: text})
    assert found.faults() == [(rule, "error", ROW, "item")]
    assert len(found.accepted()) == 2


def test_a_total_that_differs(tmp_path: Path) -> None:
    found = checked(tmp_path, CONTRACTS["student_results"], total="1")
    assert found.faults() == [("total_differs", "warning", ROW, "total")]
    assert [(r["total"], r["total_recomputed"]) for r in found.accepted()] == [(2, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("contract", "field", "text", "value", "rule"),
    [
        ("staffing", "positions", "2,5", 2.5, "decimal_comma"),
        ("staffing", "headcount", "5.0", 5, "float_text"),
        ("staffing", "headcount", "5 чел.", 5, "unit_in_number"),
        ("social_passport", "students_n", "1 200", 1200, "spaced_digits"),
        ("social_passport", "orphans_n", "нет данных", None, "no_value_word"),
        ("school_register", "school_id", " 990001\u00a0", "990001", "trimmed"),
        ("school_register", "inn", "101001233", "0101001233", "leading_zeros"),
        ("school_register", "valid_to", "01.09.2025", None, "date_format"),
        ("student_results", "class_name", "«5а»", "5А", "class_label"),
        ("student_results", "kind", "ВПP", "ВПР", "lookalike_letters"),
        ("student_results", ITEM, "х", None, "omitted_mark"),
        ("student_results", ITEM, "не пройд.", None, "not_administered"),
        ("partnerships", "kind", "mеntoring", "mentoring", "lookalike_letters"),
    ],
)
def test_one_repair(tmp_path: Path, contract: str, field: str, text: str, value: Any, rule: str) -> None:
    """What is changed on the way to a value is counted, and the row stays."""
    changed = {field: text} | ({"total": ""} if field == ITEM else {})
    found = checked(tmp_path, CONTRACTS[contract], **changed)
    assert not found.faults() and len(found.accepted()) == 3
    assert found.repairs() == {rule: 1}
    if value is not None:
        assert found.accepted()[1][field] == value


@pytest.mark.parametrize("text", ["НЕТ_С", '10"НЕТ', "—"])
def test_a_label_that_says_there_is_no_class(tmp_path: Path, text: str) -> None:
    found = checked(tmp_path, CONTRACTS["student_results"], class_name=text)
    assert found.accepted()[1].get("class_name") is None and found.repairs() == {"class_label": 1}


def test_a_row_without_any_result(tmp_path: Path) -> None:
    blank = dict.fromkeys(("total", "score", "mark", ITEM), "")
    found = checked(tmp_path, CONTRACTS["student_results"], **blank)
    assert found.faults() == [("no_result", "error", ROW, "")]
    absent = checked(tmp_path, CONTRACTS["student_results"], **blank, attendance="absent")
    assert not absent.faults() and len(absent.accepted()) == 3
