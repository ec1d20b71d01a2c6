"""``uroven erase``: what was found, on consent the erasure, and the proof, printed."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from pipelines.intake import erasure
from pipelines.intake.erasure import Person, Plan, Proof
from pipelines.intake.ledger import Ledger
from pipelines.intake.vault import open_ledger
from pipelines.lock import HomeBusyError, home_lock
from pipelines.settings import Settings
from pipelines.verify import discard_leftovers

console = Console(highlight=False)


@dataclass(frozen=True)
class Question:
    """Whom to erase: by name, by rows of a file, or both."""

    name: str = ""
    school: str = ""
    file: str = ""
    sheet: str = ""
    rows: tuple[int, ...] = ()


def erase_person(question: Question, *, consent: bool) -> int:
    """List what would be erased; with consent erase it and search for what is left.

    Returns the exit code: 0 done (or only listed), 1 something is left or the question is not clear.
    """
    if not question.name and not (question.file and question.rows):
        console.print("Укажите человека: --name «Фамилия Имя», или строку файла: --file и --row")
        return 1
    settings = Settings()
    try:
        person = Person.named(question.name, question.school) if question.name else Person()
        with home_lock(settings.home, 0):
            return _erase(settings, open_ledger(settings), person, question, consent)
    except (ValueError, LookupError, HomeBusyError) as error:
        console.print(str(error), markup=False)
        return 1


def _erase(settings: Settings, ledger: Ledger, person: Person, question: Question, consent: bool) -> int:
    if consent:
        discard_leftovers(settings)  # a check that was killed may have left marked workbooks
        erasure.finish(settings, ledger)  # of an erasure that was cut short
    found = erasure.plan(
        settings, ledger, person, file=question.file, sheet=question.sheet, rows=question.rows
    )
    _print_plan(ledger, found)
    if not consent:
        if found.rows_n:
            console.print("Ничего ещё не удалено. Проверьте строки и повторите команду с --yes.")
        return 0
    erasure.erase(settings, ledger, found)
    proof = erasure.search(settings, person, found.keys)
    _print_proof(proof)
    if found.rows_n:
        console.print("Запустите uroven run: всё, что сделано из этих файлов, построится заново.")
    return 1 if proof.left else 0


def _print_plan(ledger: Ledger, found: Plan) -> None:
    """Where the person stands: files, sheets and rows, never the name."""
    console.print(f"Найдено строк: {found.rows_n}, файлов: {len(found.rows)}")
    paths = {s.sha256: s.path for s in ledger.submissions()}
    for sha256, sheets in found.rows.items():
        for sheet, numbers in sorted(sheets.items()):
            where = f" лист «{sheet}»" if sheet else ""
            rows = ", ".join(map(str, sorted(numbers)))
            console.print(f"  {paths[sha256]}{where}: строки {rows}", markup=False)
    for path in found.unreadable:
        console.print(f"  {path}: не читается как таблица, проверьте сами", markup=False)


def _print_proof(proof: Proof) -> None:
    kinds = ", ".join(f"{kind}: {n}" for kind, n in sorted(proof.searched.items()))
    console.print(f"Просмотрены все файлы ({kinds})")
    for path, why in proof.left:
        console.print(f"  {path}: {why}", markup=False)
    console.print("Осталось найденное выше." if proof.left else "Больше ничего не найдено.")
