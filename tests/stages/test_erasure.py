"""Erasing a person: nothing of them is left, everything else reads as before."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.intake import erasure, sealed, stages, vault
from pipelines.intake.erasure import Person
from tests.intake.intake_files import book, table
from tests.stages.test_vault import Home

ANNA, BORIS = ("Скрытнова", "Анна", "Петровна"), ("Тайнопись", "Борис", "Ильич")
HEAD = ["№", "Код ОО", "Класс", "Код МСУ", "Фамилия", "Имя", "Отчество", "Задания с кратким ответом",
    "Задания с развёрнутым ответом", "Первичный балл", "Оценка"]  # fmt: skip
YEAR = 2022


def protocol(*people: tuple[str, str, str]) -> list[list[Any]]:
    rows = [[n, "9306", "9А", "209", *p, "++-+", "2(2)0(1)", "5", "4"] for n, p in enumerate(people, 1)]
    return [["12 - Обществознание 2022.06.03"], HEAD, *rows]


@pytest.fixture(params=["plain", "encrypted"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A workbook with two students, a CSV with one of them again, and a refused list of children."""
    made = Home(tmp_path)
    if request.param == "encrypted":
        key = base64.b64encode(bytes(range(32))).decode()
        made.settings = type(made.settings)(home=made.settings.home, inbox=made.inbox, vault_key=key)
    book(made.inbox / "ОГЭ Обществознание 2022.xlsx", protocol(ANNA, BORIS))
    resit = protocol(ANNA)
    resit[0] = ["02 - Математика 2022.06.20"]
    table(made.inbox / "ОГЭ Математика 2022.csv", resit)
    children = [["ФИО ребёнка", "Многодетная", "Под опекой"], [" ".join(ANNA), "да", "нет"]]
    book(made.inbox / "sch009306 социальный паспорт 2022.xlsx", children)
    run(made)
    return made


def run(home: Home) -> None:
    home.receive()
    home.accept("student_results", YEAR)
    stages.export_ledger(home.settings, home.ledger)
    stages.return_workbooks(home.settings, home.ledger)


def accepted(home: Home) -> list[dict[str, Any]]:
    path = stages.part_path(home.settings, "accepted", "student_results", YEAR)
    return [{**r, "file_id": ""} for r in pq.read_table(path, partitioning=None).to_pylist()]


def erased(home: Home, person: Person, **place: Any) -> erasure.Proof:
    found = erasure.plan(home.settings, home.ledger, person, **place)
    erasure.erase(home.settings, home.ledger, found)
    return erasure.search(home.settings, person, found.keys)


def empty_inbox(home: Home) -> None:
    for path in home.inbox.iterdir():
        path.unlink()


def test_a_person_erased_by_name_is_nowhere_and_the_others_stay(home: Home) -> None:
    before = accepted(home)
    keys = {r["student_key"] for r in before if r["subject"] == "Математика"}
    person = Person.named("Скрытнова Анна Петровна")
    assert erasure.search(home.settings, person, keys).left, "the search finds what there is"
    proof = erased(home, person)
    inbox = {path for path, _ in proof.left}
    assert inbox == {str(p) for p in home.inbox.iterdir()}, "only the senders' own files are left"
    run(home)
    rest = [r for r in before if r["student_key"] not in keys]
    assert len(before) == 3 and len(rest) == 1 and accepted(home) == rest
    empty_inbox(home)
    assert erasure.search(home.settings, person, keys).left == []


def test_erased_content_is_not_taken_in_again(home: Home) -> None:
    erased(home, Person.named("скрытнова анна"))
    for path in home.inbox.iterdir():
        os.utime(path, (1, 1))
    receipt = home.receive()
    assert (receipt.new, receipt.changed) == ([], [])
    home.ledger.engine.dispose()
    home.settings.home.joinpath("ledger.sqlite").unlink()
    home.ledger = vault.open_ledger(home.settings)
    assert home.receive().known_n == 3, "nor after the ledger was lost"
    assert not erasure.plan(home.settings, home.ledger, Person.named("скрытнова анна")).rows_n


def test_a_row_leads_to_the_persons_rows_in_other_files(home: Home) -> None:
    place = {"file": "ОГЭ Обществознание 2022.xlsx", "rows": [3]}
    found = erasure.plan(home.settings, home.ledger, Person(), **place)
    assert found.rows_n == 2 and len(found.keys) == 1
    assert all("inbox" in path for path, _ in erased(home, Person(), **place).left)
    run(home)
    assert len(accepted(home)) == 1


def test_a_namesake_of_another_school_stays(home: Home) -> None:
    assert not erasure.plan(home.settings, home.ledger, Person.named("Скрытнова Анна", "9307")).rows_n
    assert erasure.plan(home.settings, home.ledger, Person.named("Скрытнова Анна", "9306")).rows_n == 3
    with pytest.raises(ValueError, match="полнее"):
        Person.named("Скрытнова")


def test_a_namesake_in_the_proof_is_told_from_the_person(home: Home) -> None:
    """In a book the name is found in its text, but in no row of the school."""
    namesake = protocol(ANNA)
    namesake[2][1] = "9400"
    namesake[2][4:7] = [" ".join(ANNA), "Анна", "Петровна"]
    book(home.inbox / "ОГЭ Химия 2022.xlsx", namesake)
    run(home)
    proof = erased(home, Person.named("Скрытнова Анна Петровна", "9306"))
    in_vault = [why for path, why in proof.left if "inbox" not in path]
    assert in_vault == ["имя встречается: посмотрите, не однофамилец ли"]


def test_an_interrupted_erasure_is_finished(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person.named("Скрытнова Анна")
    found = erasure.plan(home.settings, home.ledger, person)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(vault, "redirect_journal", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        erasure.erase(home.settings, home.ledger, found)
    erasure.finish(home.settings, home.ledger)
    empty_inbox(home)
    assert erasure.search(home.settings, person, found.keys).left == []


def test_the_command_shows_first_and_erases_on_consent(tmp_path: Path) -> None:
    made = Home(tmp_path)
    book(made.inbox / "ОГЭ Обществознание 2022.xlsx", protocol(ANNA, BORIS))
    run(made)
    words = [
        "erase",
        "--name",
        "Скрытнова Анна",
        "--home",
        str(made.settings.home),
        "--inbox",
        str(made.inbox),
    ]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0 and "строк: 1" in shown.output and "--yes" in shown.output
    assert "Скрытнова" not in shown.output and len(accepted(made)) == 2
    done = CliRunner().invoke(app, [*words, "--yes"])
    assert done.exit_code == 1 and "удалите его из папки" in done.output, (
        "the sender's file still has the row"
    )
    empty_inbox(made)
    again = CliRunner().invoke(app, [*words, "--yes"])
    assert again.exit_code == 0 and "не найдено" in again.output


def test_a_workbook_written_anew_keeps_its_sheets_merges_and_hidden_rows(tmp_path: Path) -> None:
    made = Home(tmp_path)
    path = book(made.inbox / "ОГЭ Обществознание 2022.xlsx", protocol(ANNA, BORIS), merges=["A1:C1"])
    workbook = openpyxl.load_workbook(path)
    workbook.worksheets[0].row_dimensions[4].hidden = True
    workbook.save(path)
    run(made)
    erased(made, Person.named("Скрытнова Анна"))
    kept = vault.vault_path(made.settings, made.ledger.submissions()[0].sha256)
    with kept.open("rb") as f:
        sheet = openpyxl.load_workbook(f).worksheets[0]
    assert [c.value for c in sheet[3]] == [None] * len(HEAD) and sheet["E4"].value == "Тайнопись"
    assert [str(a) for a in sheet.merged_cells.ranges] == ["A1:C1"] and sheet.row_dimensions[4].hidden


def test_the_vault_is_unreadable_without_its_key(tmp_path: Path) -> None:
    key, other = bytes(32), bytes(31) + b"x"
    source, kept = tmp_path / "a", tmp_path / "b"
    for size in (0, 1, 1 << 20, (1 << 20) + 1, 3_000_000):
        source.write_bytes(os.urandom(size))
        with source.open("rb") as f, kept.open("wb") as t:
            sealed.seal(f, t, key)
        with sealed.opened(kept, key) as path:
            assert path.read_bytes() == source.read_bytes()
        data = kept.read_bytes()
        for wrong in (data[:-1], data[: len(data) // 2], data[:-1] + bytes([data[-1] ^ 1])):
            kept.write_bytes(wrong)
            with pytest.raises(ValueError, match="UROVEN_VAULT_KEY"), sealed.opened(kept, key):
                pass
        kept.write_bytes(data)
        for no_key in (None, other):
            with pytest.raises(ValueError, match="UROVEN_VAULT_KEY"), sealed.opened(kept, no_key):
                pass


def test_a_lost_key_stops_the_run_and_blames_no_file(home: Home) -> None:
    if home.settings.vault_key is None:
        pytest.skip("this vault is not encrypted")
    kept = vault.vault_path(home.settings, home.ledger.submissions()[0].sha256)
    assert b"PK" not in kept.read_bytes()[:2] and sealed.is_sealed(kept)
    lost = type(home.settings)(home=home.settings.home, inbox=home.inbox)
    with pytest.raises(ValueError, match="UROVEN_VAULT_KEY"):
        stages.land(lost, home.ledger, [YEAR])
    assert len(accepted(home)) == 3
