"""``uroven verify``: is a release as it was made, and does the vault give the same one again?

Three looks, each of which says in Russian what it found: the files of the release against their checksums,
the files sent against the vault, and every table against a rebuild in a home of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import duckdb
import sqlalchemy as sa

from pipelines.intake import ledger as records
from pipelines.intake import vault
from pipelines.intake.readers import content_hash
from pipelines.lock import home_lock
from pipelines.release.publish import CHECKSUMS, DATABASE, current_release, read_checksums
from pipelines.settings import Settings

#: Made anew with each release; all else must be the same.
OWN = ("meta_release", "dq_gate_result")
#: What a rebuild must not do: publish to a server, tell people, write into the region's own ledger.
_NOT_INHERITED = ("UROVEN_PUBLISH_URL", "UROVEN_LEDGER_URL", "UROVEN_WEBHOOK_URL", "UROVEN_MAIL_TO")


def verify(settings: Settings, release_id: str | None) -> list[str]:
    """What is wrong with the named release, or the current one; nothing where it is whole and can be remade.

    Raises FileNotFoundError when there is no such release, RuntimeError when it can't be made again,
    HomeBusyError when another check is going on.
    """
    release = settings.releases / release_id if release_id else settings.current.resolve()
    if not (release / DATABASE).exists():
        raise FileNotFoundError(f"нет выпуска {release.name}")
    found = damaged(release)
    try:
        sent = submissions_of(release)
    except duckdb.Error as error:
        return [*found, f"{DATABASE} не читается: {error}"]
    if lost := lost_inputs(settings, release):
        return [*found, *lost, "Без этих файлов выпуск заново не собрать."]
    with _terminable(), _workshop(settings) as home:
        again = rebuild(settings, home, release, sent)
        told = [_told(table, *rows) for table, rows in compare(release, again).items()]
        if told and _code(release) != _code(again):
            told.append("Выпуск сделан другой версией программы: различия могут идти от неё.")
    return found + told


# --- the release and the vault as they lie ---------------------------------------------------------------


def damaged(release: Path) -> list[str]:
    """The files of a release that are not as they were when it was sealed."""
    noted = read_checksums(release)
    if not noted:
        return [f"нет контрольных сумм ({CHECKSUMS})"]
    there = {p.relative_to(release).as_posix(): p for p in sorted(release.rglob("*")) if p.is_file()}
    found = []
    for name, sha256 in noted.items():
        if name not in there:
            found.append(f"{name}: файла нет")
        elif content_hash(there[name]) != sha256:
            found.append(f"{name}: файл изменён после выпуска")
    return found + [f"{name}: лишний файл" for name in there if name not in noted and name != CHECKSUMS]


def submissions_of(release: Path) -> int:
    """The number of the last file that had arrived when the release was made."""
    with duckdb.connect(str(release / DATABASE), read_only=True) as db:
        return int((db.execute("select max(submission_id) from dq_submission").fetchone() or (0,))[0] or 0)


def lost_inputs(settings: Settings, release: Path) -> list[str]:
    """The files sent that the vault no longer holds as they were; what an erasure left counts as the file."""
    with duckdb.connect(str(release / DATABASE), read_only=True) as db:
        files = db.execute("select distinct file_name, sha256 from dq_submission order by all").fetchall()
    erased, found = vault.erased_contents(settings), []
    for name, sent in files:
        sha256 = erased.get(sent, sent)
        if not vault.vault_path(settings, sha256).exists():
            found.append(f"{name}: в хранилище нет присланного файла {sha256}")
            continue
        with vault.opened(settings, sha256) as path:
            if content_hash(path) != sha256:
                found.append(f"{name}: присланный файл {sha256} в хранилище изменён")
    return found


# --- the rebuild -----------------------------------------------------------------------------------------


@contextmanager
def _workshop(settings: Settings) -> Iterator[Path]:
    """An empty home for the rebuild, which goes with the block; what a killed check left goes before.

    It holds marked workbooks of senders, so nobody else may look in. Raises HomeBusyError while another
    check is going on, or the run of a killed one.
    """
    folder = settings.home.resolve() / "verify"
    home = folder / "home"
    folder.mkdir(exist_ok=True, mode=0o700)
    with home_lock(folder, 0):
        with home_lock(home, 0):
            shutil.rmtree(home)
        home.mkdir()
        try:
            yield home
        finally:
            shutil.rmtree(folder)


def discard_leftovers(settings: Settings) -> None:
    """Remove what a killed check left. Raises HomeBusyError while a check is going on."""
    folder = settings.home.resolve() / "verify"
    if folder.is_dir():
        with home_lock(folder, 0):
            shutil.rmtree(folder)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does: with the rebuild stopped and removed."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def rebuild(settings: Settings, home: Path, release: Path, last: int) -> Path:
    """Run everything again in ``home``: the files sent up to submission ``last``, as of the release's day.

    The persons' key and the frozen scales are those of the region. Returns the directory of the release made.
    Raises RuntimeError, with the end of the run's output, when the run fails.
    """
    _lay_out_inputs(settings, home, last)
    reference = settings.lake / "scales" / "reference"
    if reference.exists():
        shutil.copytree(reference, home / "lake" / "scales" / "reference")
    (home / "inbox").mkdir()
    note = json.loads((release / "release.json").read_text())
    environment = {
        "UROVEN_TODAY": dt.datetime.fromisoformat(note["created_at"]).date().isoformat(),
        **{k: v for k, v in os.environ.items() if k not in _NOT_INHERITED},
        "UROVEN_HOME": str(home),
        "UROVEN_INBOX": str(home / "inbox"),
        "UROVEN_SECRET_FILE": str((settings.secret_file or settings.home / "secret").resolve()),
    }
    command = [str(Path(sys.executable).with_name("uroven")), "run", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return (home / "current").resolve()


def _lay_out_inputs(settings: Settings, home: Path, last: int) -> None:
    """The ledger as it stood after submission ``last``, and links to its files in the region's vault.

    Links and no copies: a file that a person is erased from must not live on beside the vault.
    """
    (home / "vault").mkdir()
    live = vault.open_ledger(settings)
    kept = [s for s in live.submissions() if s.submission_id <= last]
    files = {s.file_id for s in kept}
    for sha256 in {s.sha256 for s in kept}:
        link = home / "vault" / sha256[:2] / sha256
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(vault.vault_path(settings, sha256))
    ledger = records.Ledger(f"sqlite:///{home / 'ledger.sqlite'}")
    with live.engine.connect() as source, ledger.engine.begin() as target:
        for table in records.metadata.sorted_tables:
            rows = [dict(r) for r in source.execute(sa.select(table)).mappings() if r["file_id"] in files]
            rows = [r for r in rows if r.get("submission_id", last) <= last]
            if rows:
                target.execute(sa.insert(table), rows)
    vault.settle(ledger)


# --- the comparison --------------------------------------------------------------------------------------


def compare(one: Path, other: Path) -> dict[str, tuple[int, str]]:
    """Rows that stand in one release and not in the other, by table, and which row that is, for example.

    Nothing where a table is the same; a table that only one of them has counts all its rows.
    """
    out = {}
    with duckdb.connect() as db:
        db.execute(f"attach '{one / DATABASE}' as one (read_only)")
        db.execute(f"attach '{other / DATABASE}' as other (read_only)")
        columns = {c: _columns(db, c) for c in ("one", "other")}
        for table in sorted((columns["one"].keys() | columns["other"].keys()) - set(OWN)):
            sides = [c for c in columns if table in columns[c]]
            if len(sides) == 2 and columns["one"][table] != columns["other"][table]:
                out[table] = (1, "другие столбцы")
                continue
            found = [
                _less(table, c, {"one": "other", "other": "one"}[c] if len(sides) == 2 else None)
                for c in sides
            ]
            differing = " union all ".join(f"({sql})" for sql in found)
            n = (db.execute(f"select count(*) from ({differing})").fetchone() or (0,))[0]  # noqa: S608
            if n:
                out[table] = (n, _example(db, table, differing))
    return out


def _columns(db: duckdb.DuckDBPyConnection, catalogue: str) -> dict[str, list[tuple[str, str]]]:
    """Table -> its columns, name and type."""
    out: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in db.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = 'main' and not internal order by table_name, column_index",
        [catalogue],
    ).fetchall():
        out.setdefault(table, []).append((column, kind))
    return out


def _less(table: str, side: str, rest: str | None) -> str:
    """SQL: the rows of a table of ``side`` that ``rest`` lacks; all of them where there is no other."""
    rows = f'from {side}.main."{table}"'
    return f'{rows} except all from {rest}.main."{table}"' if rest else rows


def _example(db: duckdb.DuckDBPyConnection, table: str, differing: str) -> str:
    """The first differing row by its key; all of its columns where the table has none."""
    key = db.execute(
        "select constraint_column_names from duckdb_constraints() where table_name = ? and database_name in "
        "('one', 'other') and constraint_type = 'PRIMARY KEY' limit 1",
        [table],
    ).fetchone()
    shown = ", ".join(f'"{c}"' for c in key[0]) if key else "*"
    row = db.execute(f"select {shown} from ({differing}) order by all limit 1")  # noqa: S608
    names = [d[0] for d in row.description]
    cells = zip(names, row.fetchone() or (), strict=True)
    return ", ".join(f"{name}={value}" for name, value in cells if value not in (None, ""))[:200]


def _told(table: str, rows: int, example: str) -> str:
    return f"{table}: различаются строк {rows}, например {example}"


def _code(release: Path) -> str:
    note = current_release(release)
    return note.code_version if note else ""
