"""The command ``uroven``. Heavy imports happen inside the commands: ``--help`` answers at once."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Uroven.")

Home = Annotated[Optional[Path], typer.Option(help="Where everything is kept (UROVEN_HOME).")]  # noqa: UP045
Inbox = Annotated[Optional[Path], typer.Option(help="Folder with the files as sent (UROVEN_INBOX).")]  # noqa: UP045


def _apply(home: Path | None, inbox: Path | None) -> None:
    """Options are the environment's settings stated for one command."""
    if home:
        os.environ["UROVEN_HOME"] = str(home)
    if inbox:
        os.environ["UROVEN_INBOX"] = str(inbox)


@app.command()
def run(
    inbox: Inbox = None,
    home: Home = None,
    school_year: Annotated[Optional[list[int]], typer.Option(help="Only these ending years.")] = None,  # noqa: UP045
    strict: Annotated[bool, typer.Option(help="Exit with 2 when rows were rejected.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress, only the summary.")] = False,
    accept_jumps: Annotated[
        str, typer.Option(help="Why numbers may jump against the current release; kept in the release.")
    ] = "",
) -> None:
    """One full run: inbox to release. Exit 0 released, 1 failed, 2 (with --strict) rows rejected."""
    _apply(home, inbox)
    if accept_jumps:
        os.environ["UROVEN_ACCEPT_JUMPS"] = accept_jumps
    from pipelines.headless import full_run  # noqa: PLC0415

    raise typer.Exit(full_run(years=school_year or None, strict=strict, quiet=quiet))


@app.command()
def sample(
    directory: Path,
    schools: Annotated[int, typer.Option(help="How many schools.")] = 24,
    years: Annotated[str, typer.Option(help="Ending years, by comma or as 2021-2023.")] = "2021-2023",
    seed: Annotated[int, typer.Option(help="The same seed makes the same region.")] = 20210901,
    truth: Annotated[Optional[Path], typer.Option(help="Write the known truth here.")] = None,  # noqa: UP045
) -> None:
    """Write a synthetic region in the real layouts."""
    from pipelines.synthetic import write_region  # noqa: PLC0415

    summary = write_region(directory, schools=schools, years=_years(years), seed=seed, truth=truth)
    typer.echo(summary)


def _years(text: str) -> list[int]:
    """«2021-2023» or «2021,2023»."""
    first, dash, last = text.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else [int(y) for y in text.split(",")]


@app.command()
def template(
    contract: str,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="The workbook to write.")] = None,  # noqa: UP045
) -> None:
    """An empty workbook to collect one file kind."""
    from pipelines.intake.template import write_template  # noqa: PLC0415
    from schemas import CONTRACTS  # noqa: PLC0415

    if contract not in CONTRACTS:
        typer.echo(f"нет такого вида файла: {contract}. Есть: {', '.join(CONTRACTS)}", err=True)
        raise typer.Exit(1)
    path = output or Path(f"{contract}.xlsx")
    write_template(CONTRACTS[contract], path)
    typer.echo(path)


@app.command()
def status(
    home: Home = None,
    inbox: Inbox = None,
    contract: Annotated[Optional[str], typer.Option(help="Only this file kind.")] = None,  # noqa: UP045
    municipality: Annotated[Optional[str], typer.Option(help="Only schools of this municipality.")] = None,  # noqa: UP045
    school_year: Annotated[Optional[int], typer.Option(help="Ending year; the last one by default.")] = None,  # noqa: UP045
    missing: Annotated[bool, typer.Option("--missing", help="List who has not sent what.")] = False,
    files: Annotated[bool, typer.Option("--files", help="List every file, not only those at fault.")] = False,
) -> None:
    """Who has sent what, who is missing, and what was rejected."""
    _apply(home, inbox)
    from pipelines.status import Question, print_status  # noqa: PLC0415

    question = Question(contract, municipality, school_year, list_missing=missing, list_files=files)
    raise typer.Exit(print_status(question))


@app.command()
def explain(
    indicator: Annotated[str, typer.Argument(help="An indicator, a rule, or mean_score / below_min_pct.")],
    unit: Annotated[str, typer.Option(help="School, municipality, programme or region, by its id.")],
    school_year: Annotated[int, typer.Option(help="Ending year.")],
    period: Annotated[Optional[str], typer.Option(help="A term or a wave; the year's by default.")] = None,  # noqa: UP045
    assessment: Annotated[Optional[str], typer.Option(help="For mean_score and below_min_pct.")] = None,  # noqa: UP045
    rows: Annotated[int, typer.Option(min=0, help="How many rows of each sheet to print.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="All of it as JSON, every row.")] = False,
    home: Home = None,
) -> None:
    """Where a number comes from: numerator and denominator, rule and version, files, sheets and rows."""
    _apply(home, None)
    from pipelines.release import explain as explained  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    question = explained.Question(indicator, unit, school_year, period, assessment)
    try:
        found = explained.answer(Settings(), question)
    except (explained.UnknownError, explained.UnreadableError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if json:
        typer.echo(explained.as_json(found))
    else:
        explained.print_answer(found, rows)


@app.command()
def erase(
    name: Annotated[str, typer.Option(help="Surname and first name, as files have them.")] = "",
    school: Annotated[str, typer.Option(help="Only rows of this school, by any of its codes.")] = "",
    file: Annotated[str, typer.Option(help="A file as status lists it, with --row.")] = "",
    sheet: Annotated[str, typer.Option(help="Its sheet; all sheets by default.")] = "",
    row: Annotated[Optional[list[int]], typer.Option(help="Rows of the file, as Excel counts.")] = None,  # noqa: UP045
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it only the rows are listed.")] = False,
    home: Home = None,
    inbox: Inbox = None,
) -> None:
    """Erase a person from the vault and all that was made of it, and show that nothing is left."""
    _apply(home, inbox)
    from pipelines.erase import Question, erase_person  # noqa: PLC0415

    raise typer.Exit(erase_person(Question(name, school, file, sheet, tuple(row or ())), consent=yes))


@app.command()
def verify(
    release: Annotated[Optional[str], typer.Argument(help="Its id; the current one if left out.")] = None,  # noqa: UP045
    home: Home = None,
) -> None:
    """Make a release again from the vault and compare. Exit 0 the same, 1 it differs or can't be made."""
    _apply(home, None)
    from pipelines.settings import Settings  # noqa: PLC0415
    from pipelines.verify import verify as run_verify  # noqa: PLC0415

    try:
        found = run_verify(Settings(), release)
    except (FileNotFoundError, RuntimeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for line in found:
        typer.echo(line)
    typer.echo("Выпуск не таков, каким был сделан." if found else "Выпуск воспроизводится полностью.")
    raise typer.Exit(1 if found else 0)


@app.command()
def diff(
    old: str,
    new: str,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="Write all of it as CSV.")] = None,  # noqa: UP045
    home: Home = None,
) -> None:
    """What changed between two releases, and which file or rule did it."""
    _apply(home, None)
    from pipelines.release.diff import diff as changes  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    settings = Settings()
    try:
        table = changes(settings.releases / old, settings.releases / new)
    except FileNotFoundError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if output:
        table.to_csv(output, index=False)
    typer.echo(f"Изменилось чисел: {len(table)}")
    for cause, numbers in table.groupby("cause").size().items():
        typer.echo(f"  {numbers}: {cause}")
    if not output and len(table):
        typer.echo(table.head(40).to_string(index=False))


@app.command()
def clean(
    keep: Annotated[int, typer.Option(help="How many of the newest releases stay.")] = 12,
    home: Home = None,
) -> None:
    """Remove old releases; the current one always stays."""
    _apply(home, None)
    from pipelines.release.retention import clean as remove  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    settings = Settings()
    try:
        removed = remove(settings.releases, settings.current, keep)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo("Удалено выпусков: " + (f"{len(removed)} ({', '.join(removed)})" if removed else "0"))


@app.command()
def parse(home: Home = None) -> None:
    """Parse the dbt project, so that Dagster can load the graph of this home."""
    _apply(home, None)
    from pipelines.headless import ensure_manifest  # noqa: PLC0415
    from pipelines.settings import Settings  # noqa: PLC0415

    ensure_manifest(Settings())


@app.command()
def dev(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 3000,
    home: Home = None,
    inbox: Inbox = None,
) -> None:
    """The Dagster UI, for this machine only."""
    _apply(home, inbox)
    from dagster import DagsterInstance  # noqa: PLC0415

    from pipelines.headless import dagster_home, end_killed_runs, ensure_manifest  # noqa: PLC0415
    from pipelines.lock import HomeBusyError, home_lock  # noqa: PLC0415
    from pipelines.settings import ROOT, Settings  # noqa: PLC0415

    settings = Settings()
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))
    os.environ["UROVEN_HOME"] = str(settings.home.resolve())
    settings.inbox_path.mkdir(parents=True, exist_ok=True)
    os.environ["UROVEN_INBOX"] = str(settings.inbox_path)
    ensure_manifest(settings)
    try:
        with home_lock(settings.home, 0), DagsterInstance.get() as instance:
            end_killed_runs(instance, {})
    except HomeBusyError:  # a run is going on: it ends those that were killed before it
        pass
    dagster = Path(sys.executable).with_name("dagster")
    workspace = str(ROOT / "workspace.yaml")
    os.chdir(settings.home.resolve())
    os.execv(dagster, [str(dagster), "dev", "-h", "127.0.0.1", "-p", str(port), "-w", workspace])


def main(arguments: Any = None) -> None:
    """Entry point."""
    # else the interpreter spends seconds on cycles in what dbt and Dagster made, before it all goes anyway
    atexit.register(gc.freeze)
    app(arguments)
