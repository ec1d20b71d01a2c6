"""Who has sent what, who has not, and what was refused: the quality tables, printed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines import calendar
from pipelines.intake.ledger import ACTIVE, Ledger, Submission
from pipelines.intake.vault import look, open_ledger
from pipelines.lock import HomeBusyError, home_lock
from pipelines.settings import Settings

if TYPE_CHECKING:
    import duckdb

console = Console(highlight=False)


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    """A release as readers should open it."""
    import duckdb  # noqa: PLC0415

    return duckdb.connect(
        str(path), read_only=True, config={"enable_external_access": False, "lock_configuration": True}
    )


def released_database(settings: Settings) -> Path | None:
    """The database of the current release, where there is one that knows of completeness."""
    from pipelines.release.publish import DATABASE  # noqa: PLC0415

    path = settings.current / DATABASE
    if not path.is_file():
        return None
    with _open(path) as db:
        known = db.execute("select 1 from duckdb_tables() where table_name = 'dq_completeness'").fetchone()
    return path if known else None


def release_as_of(settings: Settings) -> dt.date | None:
    """The last due date that the current release counts as passed."""
    path = released_database(settings)
    if path is None:
        return None
    with _open(path) as db:
        row = db.execute("select max(as_of) from dq_completeness").fetchone()
    return row[0] if row else None


def missing_by_contract(settings: Settings, since: dt.date | None = None) -> list[str]:
    """One line a contract, period and due date after ``since``: how many did not send it, and who.

    Without ``since`` only the last due date counts.
    """
    path = released_database(settings)
    if path is None:
        return []
    with _open(path) as db:
        rows = db.execute(
            """
            select contract, period, due,
                   count(*) filter (state = 'missing'), count(*),
                   list(unit_id order by unit_id) filter (state = 'missing')
            from dq_completeness
            where due <= as_of and due > coalesce($since, (select max(as_of) from dq_completeness) - 1)
            group by all having count(*) filter (state = 'missing') > 0
            order by due, contract, period
            """,
            {"since": since},
        ).fetchall()
    return [
        f"{contract}, {period} (срок {due:%d.%m.%Y}): не прислали {missing} из {asked}: {_some(who)}"
        for contract, period, due, missing, asked, who in rows
    ]


def _some(names: list[str], shown: int = 20) -> str:
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" и ещё {rest}" if rest > 0 else "")


@dataclass(frozen=True)
class Question:
    """What is asked of :func:`print_status`."""

    contract: str | None = None
    municipality: str | None = None
    school_year: int | None = None
    list_missing: bool = False
    list_files: bool = False


def print_status(question: Question) -> int:
    """Print the state of submissions; returns the exit code: 1 where the contract asked for is unknown."""
    from schemas import CONTRACTS  # noqa: PLC0415

    if question.contract and question.contract not in CONTRACTS:
        console.print(f"нет такого вида файла: {question.contract}. Есть: {', '.join(CONTRACTS)}")
        return 1
    settings = Settings()
    ledger = open_ledger(settings)
    submissions = ledger.submissions()
    waiting = _waiting(settings, submissions, set(ledger.readings()))
    if not submissions:
        console.print(
            f"Ещё ничего не принято. В папке {settings.inbox_path} ждут чтения файлов: {len(waiting)}"
        )
        return 0
    path = _quality_database(settings, ledger)
    if path is None:
        console.print("Идёт прогон, а выпуска ещё нет: повторите после него.")
        return 0
    with _open(path) as db:
        _print_completeness(db, question)
        if question.list_missing:
            _print_missing(db, question)
        _print_files(db, question, set(waiting))
    if waiting:
        console.print(f"Ждут чтения файлов: {len(waiting)}: {_some(waiting, 5)}", markup=False)
    return 0


def _waiting(settings: Settings, submissions: list[Submission], read: set[str]) -> list[str]:
    """Files of the inbox, and received ones, that no run has read yet."""
    found = {s.path for s in submissions if s.state == ACTIVE and s.file_id not in read}
    if settings.inbox_path.is_dir():
        found |= {a.name for a in look(settings, submissions) if not a.is_known}
    return sorted(found)


def _quality_database(settings: Settings, ledger: Ledger) -> Path | None:
    """Where ``dq_submission`` and ``dq_completeness`` of this moment are.

    That is the current release when it knows all that the ledger knows; else the same models are built into
    a database of their own. While a run holds the home, the release has to do.
    """
    released = released_database(settings)
    if released and _knows_all(released, ledger):
        return released
    try:
        with home_lock(settings.home, 0):
            return _build_quality(settings, ledger)
    except HomeBusyError as error:
        console.print(f"{error} Показан прежний выпуск.", markup=False)
        return released


def _knows_all(released: Path, ledger: Ledger) -> bool:
    with _open(released) as db:
        rows = db.execute("select distinct file_name, file_id, submission_state from dq_submission")
        return set(rows.fetchall()) == {(s.path, s.file_id, s.state) for s in ledger.submissions()}


def _build_quality(settings: Settings, ledger: Ledger) -> Path:
    from pipelines.intake import stages  # noqa: PLC0415
    from pipelines.resources import run_dbt  # noqa: PLC0415

    stages.ensure_empty_tables(settings)
    stages.export_ledger(settings, ledger)
    calendar.write(settings, (s.received_at for s in ledger.submissions()))
    settings.build.mkdir(parents=True, exist_ok=True)
    database = settings.build / "status.duckdb"
    models = ["+dq_submission", "+dq_completeness"]
    result = run_dbt(
        ["build", "--exclude-resource-type", "test", "unit_test", "--select", *models],
        settings,
        database=database,
    )
    if not result.success:
        raise RuntimeError(f"dbt build failed: {result.exception}")
    return database


#: The filters of a question on dq_completeness, as SQL over named parameters.
_ASKED = """
    (contract = $contract or $contract is null)
    and (municipality_id = $municipality or $municipality is null)
    and school_year = coalesce($school_year, (select max(school_year) from dq_completeness))
"""


def _parameters(question: Question) -> dict[str, str | int | None]:
    return {
        "contract": question.contract,
        "municipality": question.municipality,
        "school_year": question.school_year,
    }


#: Columns of codes and dates, which must not be broken where the terminal is narrow.
_WHOLE = ("вид файла", "период", "срок", "кто")


def _table(title: str, columns: dict[str, str], rows: list[tuple[Any, ...]]) -> Table:
    """A table for the terminal; ``columns``: name -> left or right."""
    table = Table(title=title, title_justify="left")
    for name, side in columns.items():
        table.add_column(
            name,
            justify="right" if side == "right" else "left",
            overflow="fold",
            no_wrap=name in _WHOLE,
        )
    for row in rows:
        table.add_row(*(escape("" if v is None else str(v)) for v in row))
    return table


def _print_completeness(db: duckdb.DuckDBPyConnection, question: Question) -> None:
    rows = db.execute(
        f"""
        select contract, period, strftime(due, '%d.%m.%Y'), count(*),
               count(*) filter (state = 'received'), count(*) filter (state = 'late'),
               count(*) filter (state = 'missing'), count(*) filter (state = 'not_yet_due')
        from dq_completeness where {_ASKED}
        group by contract, period, due order by due, contract, period
        """,  # noqa: S608  the filters are a constant
        _parameters(question),
    ).fetchall()
    head = db.execute("select max(school_year), max(as_of) from dq_completeness").fetchone() or (None, None)
    year, as_of = question.school_year or head[0], head[1]
    if not rows:
        console.print("По календарю ничего не ждём.")
        return
    numbers = ("ждём", "прислано", "с опозданием", "не прислано", "срок впереди")
    columns = {"вид файла": "left", "период": "left", "срок": "left"} | dict.fromkeys(numbers, "right")
    total = tuple(sum(r[i] for r in rows) for i in range(3, 8))
    title = f"{year - 1}/{year % 100:02d} учебный год, сроки по {as_of:%d.%m.%Y}"
    console.print(_table(title, columns, [*rows, ("всего", "", "", *total)]))


def _print_missing(db: duckdb.DuckDBPyConnection, question: Question) -> None:
    rows = db.execute(
        f"""
        select coalesce(municipality_id, ''), unit_id, contract, period, strftime(due, '%d.%m.%Y')
        from dq_completeness where state = 'missing' and {_ASKED}
        order by 1, 2, due, 3, 4
        """,  # noqa: S608
        _parameters(question),
    ).fetchall()
    columns = dict.fromkeys(("муниципалитет", "кто", "вид файла", "период", "срок"), "left")
    console.print(_table("Не прислано", columns, rows) if rows else "Не прислано: нет")


def _print_files(db: duckdb.DuckDBPyConnection, question: Question, waiting: set[str]) -> None:
    """Files by their verdict of ``dq_submission``; those that wait for reading have none yet."""
    rows = db.execute(
        """
        select file_name, coalesce(sheet, ''), coalesce(contract, ''), verdict, rows_accepted, rows_rejected,
               coalesce(reason, '')
        from dq_submission
        where (contract = $contract or $contract is null)
        order by file_name, sheet, contract
        """,
        {"contract": question.contract},
    ).fetchall()
    rows = [r for r in rows if r[0] not in waiting]
    counts = Counter(VERDICTS[r[3]] for r in rows)
    said = ", ".join(f"{name} {counts[name]}" for name in VERDICTS.values() if counts[name])
    console.print(f"Таблиц в присланных файлах: {len(rows)} ({said or 'нет'})")
    shown = rows if question.list_files else [r for r in rows if r[3] in _AT_FAULT]
    if shown:
        columns = dict.fromkeys(("файл", "лист", "вид файла", "итог"), "left")
        columns |= {"принято": "right", "отклонено": "right", "почему": "left"}
        lines = [(*r[:3], VERDICTS[r[3]], *r[4:6], r[6][:120]) for r in shown]
        console.print(_table("Файлы" if question.list_files else "С ошибками", columns, lines))


#: Verdicts of dq_submission, for people.
VERDICTS = {
    "accepted": "принято",
    "accepted_with_faults": "принято с замечаниями",
    "rejected": "отклонено",
    "superseded": "заменено",
    "duplicate": "повтор",
    "ignored": "не данные",
}
_AT_FAULT = ("accepted_with_faults", "rejected")
