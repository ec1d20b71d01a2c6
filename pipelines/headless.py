"""The full run without a UI: the same Dagster job, in this process, with progress and a summary."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from pipelines.collector import loading, seldom
from pipelines.lock import HomeBusyError, home_lock
from pipelines.parallel import start_server
from pipelines.settings import ROOT, Settings
from schemas.years import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from pipelines.intake.ledger import Ledger

console = Console(highlight=False)


def dagster_home(settings: Settings) -> Path:
    """Dagster's own storage under home, with the repository's ``dagster.yaml``."""
    home = settings.home.resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    source = ROOT / "dagster.yaml"
    target = home / "dagster.yaml"
    if source.exists() and (not target.exists() or target.read_bytes() != source.read_bytes()):
        shutil.copyfile(source, target)
    return home


#: Marks runs of this command among those of the UI.
HEADLESS = {"uroven/started_by": "uroven run"}
#: Whoever runs the command starts it again: Dagster's daemon could not.
_NOT_RETRIED = {"dagster/max_retries": "0"}


@contextmanager
def kept_connections() -> Iterator[dict[str, Any]]:
    """Within the block Dagster's SQLite storage keeps one engine and its connections a database.

    Dagster makes an engine for each event, so that statements are compiled and the file is opened, waited for
    and tidied up anew each time: most of what an event costs. Nor is each event waited for until the disk has
    it: a lost end of Dagster's history costs a run its colour in the UI, nothing else. Gives the engines by
    their databases.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log  # noqa: PLC0415
    from dagster._core.storage.runs.sqlite import sqlite_run_storage  # noqa: PLC0415
    from sqlalchemy import Engine, QueuePool, create_engine, event  # noqa: PLC0415

    engines: dict[str, Any] = {}

    def kept(url: str, **options: Any) -> Any:
        if url not in engines:
            engine = create_engine(url, **(options | {"poolclass": QueuePool}))
            event.listen(engine, "connect", _wait_for_no_disk)
            engine.dispose = lambda close=True: None  # type: ignore[method-assign]
            engines[url] = engine
        return engines[url]

    modules = [sqlite_event_log, sqlite_run_storage]
    before = [module.create_engine for module in modules]  # type: ignore[attr-defined]
    try:
        for module in modules:
            module.create_engine = kept  # type: ignore[attr-defined]
        yield engines
    finally:
        for module, own in zip(modules, before, strict=True):
            module.create_engine = own  # type: ignore[attr-defined]
        for engine in engines.values():
            Engine.dispose(engine)


def _wait_for_no_disk(connection: Any, _: Any) -> None:
    """Whole after the end of the process at any moment; after a power cut without its last events."""
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")


def end_killed_runs(instance: DagsterInstance, tags: dict[str, str]) -> None:
    """Let Dagster know that the runs with these tags, still open in its storage, ended with their process.

    Call it while no such run can be alive, that is while holding the home's lock; else their runs would be
    shown as going on for ever, and hold up the queue.
    """
    from dagster import DagsterRunStatus, RunsFilter  # noqa: PLC0415
    from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES  # noqa: PLC0415

    # not those that are queued: they are still to come
    statuses = [*IN_PROGRESS_RUN_STATUSES, DagsterRunStatus.NOT_STARTED]
    for run in instance.get_runs(RunsFilter(statuses=statuses, tags=tags)):
        instance.report_run_failed(
            run, "Процесс прогона был остановлен; следующий прогон продолжит его работу."
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def ensure_manifest(settings: Settings) -> None:
    """Let the home have the manifest of the dbt project as it is now, for Dagster's graph."""
    from pipelines.parsed_project import write_manifest  # noqa: PLC0415

    write_manifest(settings.lake, settings.manifest)


def expected_years(settings: Settings, ledger: Ledger) -> list[int]:
    """The school years that a run will touch, as far as the ledger and the names of the files tell.

    Every partition of a run costs events, so the range is kept as narrow as it can be known beforehand.
    """
    from pipelines.intake import context, vault  # noqa: PLC0415

    known = {y for r in ledger.readings().values() for x in r[1].readings for y in x.rows_by_year}
    manifests: dict[Path, dict[str, dict[str, str]]] = {}
    for path in vault.files(settings.inbox_path):
        if vault.is_service(path):
            continue
        hints = context.hints(settings.inbox_path, path, manifests)
        year = hints.get("manifest.school_year") or hints.get("name.school_year")
        if year and year.isdigit():
            known.add(int(year))
    return sorted(y for y in known if FIRST_YEAR <= y <= LAST_YEAR)


def full_run(*, years: list[int] | None, strict: bool, quiet: bool) -> int:
    """Make a release of what is in the inbox; the exit code says what became of it.

    With nothing new the current release stays, and no step runs. Another run over the same home is waited
    for, ``UROVEN_LOCK_SECONDS`` at most.
    """
    settings, began = Settings(), time.monotonic()
    if not settings.inbox_path.is_dir():
        console.print(f"Нет папки с файлами: {settings.inbox_path}. Укажите --inbox или UROVEN_INBOX")
        return 1
    try:
        with home_lock(settings.home, settings.lock_seconds, console.print):
            released = (not years and _nothing_new(settings)) or _execute(settings, years, quiet)
            if not released:
                console.print("Выпуск не создан; прежний выпуск, если он был, остаётся текущим.")
                return 1
            rejected = print_summary(settings)
    except HomeBusyError as error:
        console.print(str(error), markup=False)
        return 1
    except Exception as error:
        if not (reason := explain(str(error))):
            raise
        console.print(f"{reason}\n{error}", markup=False)
        return 1
    console.print(f"За {time.monotonic() - began:.1f} с")
    return 2 if strict and rejected else 0


def _nothing_new(settings: Settings) -> bool:
    """Whether the current release already is what a run would make; says so."""
    from pipelines.inputs import nothing_new  # noqa: PLC0415
    from pipelines.intake.vault import open_ledger  # noqa: PLC0415
    from pipelines.release.publish import current_release  # noqa: PLC0415

    release = current_release(settings.current)
    if release is None or not nothing_new(settings, open_ledger(settings)):
        return False
    console.print(f"Ничего нового: выпуск {release.release_id} остаётся текущим.")
    return True


def _execute(settings: Settings, years: list[int] | None, quiet: bool) -> bool:
    """Run the job ``full_run`` in this process; whether it made its release."""
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    if settings.workers > 1:
        start_server()
    with loading():
        from pipelines.ahead import whole_run  # noqa: PLC0415
    with whole_run(settings.workers):
        return _execute_job(settings, years, quiet)


def _execute_job(settings: Settings, years: list[int] | None, quiet: bool) -> bool:
    with loading():
        ensure_manifest(settings)
        import dagster as dg  # noqa: PLC0415

        from pipelines.definitions import defs  # noqa: PLC0415
        from pipelines.intake.stages import landed_years  # noqa: PLC0415
        from pipelines.intake.vault import open_ledger  # noqa: PLC0415
        from pipelines.partitions import range_tags  # noqa: PLC0415

    warnings.simplefilter("ignore", dg.BetaWarning)  # log handlers in dagster.yaml, once a step
    with seldom(), kept_connections(), dg.DagsterInstance.get() as instance:
        end_killed_runs(instance, HEADLESS)
        job = defs.resolve_job_def("full_run")
        tags = HEADLESS | _NOT_RETRIED
        config = {"loggers": {"progress": {"config": {"quiet": quiet}}}}
        ledger = open_ledger(settings)
        chosen = years or expected_years(settings, ledger)
        while True:
            result = job.execute_in_process(
                instance=instance, tags=range_tags(chosen) | tags, run_config=config, raise_on_error=False
            )
            beyond = sorted({y for ys in landed_years(ledger.snapshot()).values() for y in ys})
            inside = not beyond or (chosen and min(chosen) <= beyond[0] and beyond[-1] <= max(chosen))
            if years or inside or not chosen or not result.success:
                break
            chosen = sorted({*chosen, *beyond})  # files whose names did not tell their year: once more
    for event in result.all_events:
        if event.is_step_failure:
            console.print(f"{event.step_key}: {_cause(event)}", markup=False)
    return result.success


def _cause(event: Any) -> str:
    """The innermost message of a failed step."""
    error = event.event_specific_data.error
    while error and error.cause:
        error = error.cause
    message = error.message.strip() if error else "неизвестная ошибка"
    return "\n".join(filter(None, (explain(message), message)))


#: What the system says of a full or closed disk, and what that means to whoever runs the command.
_REASONS = (
    (("No space left", "disk is full", "ENOSPC", "File too large"), "На диске кончилось место"),
    (("Read-only file system", "readonly database"), "Диск только для чтения"),
    (("disk I/O error",), "Диск не записывает: полон или неисправен"),
    (("Permission denied", "unable to open database file"), "Нет прав на запись"),
)


def explain(message: str) -> str:
    """The plain reason behind an error of the disk; empty for any other error."""
    for signs, reason in _REASONS:
        if any(sign in message for sign in signs):
            return f"{reason}: освободите место или проверьте права на UROVEN_HOME и повторите команду."
    return ""


def print_summary(settings: Settings) -> int:
    """What was read, rejected and published, and the path to open; returns the rows rejected."""
    import duckdb  # noqa: PLC0415

    from pipelines.release.publish import DATABASE, current_release  # noqa: PLC0415

    release = current_release(settings.current)
    path = settings.current / DATABASE
    with duckdb.connect(str(path), read_only=True) as db:
        # a file may hold several kinds: the files of all kinds are counted anew, not added up
        *rows, total = db.execute(
            """select coalesce(contract, 'не распознано'), count(distinct file_name), sum(rows_read),
                      sum(rows_accepted), sum(rows_rejected)
               from dq_submission where verdict not in ('ignored')
               group by rollup (coalesce(contract, 'не распознано')) order by 1 nulls last"""
        ).fetchall()
        tables = db.execute(
            "select table_name, estimated_size from duckdb_tables() order by table_name"
        ).fetchall()
        doubts = db.execute("select message_ru from dq_gate_result where outcome = 'warned'").fetchall()
    table = Table(title="Прочитано и отклонено", title_justify="left")
    for name in ("вид файла", "файлов", "строк", "принято", "отклонено"):
        table.add_column(name, justify="left" if name == "вид файла" else "right")
    for row in rows:
        table.add_row(*(str(v or 0) for v in row))
    table.add_section()
    table.add_row("всего", *(str(v or 0) for v in total[1:]))
    console.print(table)
    console.print(f"Опубликовано таблиц: {len(tables)}, строк: {sum(n for _, n in tables)}")
    for (message,) in doubts:
        console.print(f"Предупреждение: {message}", markup=False)
    if release:
        console.print(f"Выпуск {release.release_id}: {path}")
    if settings.returned.exists() and any(settings.returned.rglob("*.xlsx")):
        console.print(f"Файлы с отмеченными ошибками: {settings.returned}")
    return int(total[4] or 0)
