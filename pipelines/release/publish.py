"""Publishing: a versioned directory with a fixed file name in it, and one atomically swapped link.

The published database is built anew from each table's own DDL, ordered by its columns, so the same rows
always make the same tables and the same Parquet; comments and views are copied on purpose (CREATE TABLE AS
drops them).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from pipelines.files import fsync

#: The oldest DuckDB that can open a release.
STORAGE_VERSION = "v1.0.0"
DATABASE = "warehouse.duckdb"
#: SHA-256 of every other file of a release, as ``sha256sum`` writes and checks it.
CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Release:
    """One row of ``meta_release``."""

    release_id: str
    created_at: str
    code_version: str
    rule_versions: str
    input_hash: str
    previous_release_id: str | None
    reason: str = ""


def input_hash(parts: Sequence[str]) -> str:
    """What the release depends on, as one hash: files, their context, code, settings."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def project_hash(folder: Path) -> str:
    """A hash of the dbt project's own files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if (
            path.is_file()
            and relative.parts[0] not in ("target", "logs")
            and not relative.name.startswith(".")
        ):
            digest.update(relative.as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def publishing_version() -> str:
    """A hash of the code that makes a release of the build database, and of its templates."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def current_release(current: Path) -> Release | None:
    """The release that readers see now."""
    note = current / "release.json"
    return Release(**json.loads(note.read_text())) if note.exists() else None


def release_ids(releases: Path) -> list[str]:
    return sorted(p.name for p in releases.glob("[0-9]*") if (p / "release.json").exists())


def unchanged(
    releases: Path, current: Path, tables: Sequence[str], inputs: str
) -> tuple[Release, dict[str, int]] | None:
    """The release of these inputs, which ``current`` points at, and the rows of each table; None: no such."""
    now = current_release(current)
    if not (now and now.input_hash == inputs) and (whole := _left_unpointed(releases, inputs)):
        _point(current, whole)
        now = current_release(current)
    return (now, _row_counts(current / DATABASE, tables)) if now and now.input_hash == inputs else None


def write_parquet(folder: Path, database: Path) -> None:
    """Each table of a release's database as a file of ``parquet/``."""
    (folder / "parquet").mkdir()
    with duckdb.connect(str(database), read_only=True) as db:
        db.execute("SET threads = 1")
        for (table,) in db.execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall():
            path = folder / "parquet" / f"{table}.parquet"
            db.execute(f"COPY {_quoted(table)} TO {_literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def publish(
    frames: duckdb.DuckDBPyConnection,
    releases: Path,
    current: Path,
    tables: Sequence[str],
    *,
    inputs: str,
    code_version: str,
    rule_versions: str = "{}",
    reason: str = "",
    complete: Callable[[Path, Path], None] = write_parquet,
) -> tuple[Release, dict[str, int]]:
    """Freeze the named tables as a new release and point ``current`` at it.

    ``frames``: its catalogue ``out`` holds the tables, and is given up. ``complete`` gets the release's
    directory and database before they are sealed, and adds to them: the Parquet, and what else there is.

    Returns the release and the rows of each table. With unchanged inputs the current release stays.
    Nothing of a publication that was cut short is ever visible: its directory has no final name.
    """
    if same := unchanged(releases, current, tables, inputs):
        return same
    now = current_release(current)
    releases.mkdir(parents=True, exist_ok=True)
    for rest in releases.glob(".partial-*"):
        shutil.rmtree(rest)
    last = max((int(i.split("-")[0]) for i in release_ids(releases)), default=0)
    release = Release(
        release_id=f"{last + 1:04d}-{inputs[:8]}",
        created_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0).isoformat(sep=" "),
        code_version=code_version,
        rule_versions=rule_versions,
        input_hash=inputs,
        previous_release_id=now.release_id if now else None,
        reason=reason or (_reason(now, rule_versions, code_version) if now else "первый выпуск"),
    )
    partial = releases / f".partial-{release.release_id}"
    partial.mkdir()
    counts = _copy_database(frames, partial / DATABASE, tables, release)
    complete(partial, partial / DATABASE)
    (partial / "release.json").write_text(json.dumps(asdict(release), indent=1))
    _write_checksums(partial)
    _freeze(partial)
    final = releases / release.release_id
    partial.rename(final)
    fsync(releases)
    _point(current, final)
    return release, counts


def _left_unpointed(releases: Path, inputs: str) -> Path | None:
    """The last release where it is of these inputs: its run was killed before ``current`` followed it."""
    ids = release_ids(releases)
    last = current_release(releases / ids[-1]) if ids else None
    return releases / last.release_id if last and last.input_hash == inputs else None


def _reason(now: Release, rule_versions: str, code_version: str) -> str:
    """Why a new release was made, as far as the versions tell."""
    if now.rule_versions != rule_versions:
        return "изменились правила или реестры"
    return "изменилась программа" if now.code_version != code_version else "пришли или исправлены файлы"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _copy_database(
    db: duckdb.DuckDBPyConnection, target: Path, tables: Sequence[str], release: Release
) -> dict[str, int]:
    """From the catalogue ``out`` to a new database. What ``out`` took of the memory is free afterwards."""
    counts = {}
    db.execute(f"ATTACH {_literal(str(target))} AS release (STORAGE_VERSION {_literal(STORAGE_VERSION)})")
    db.execute("USE release")
    ddl = dict(
        db.execute(
            "SELECT table_name, sql FROM duckdb_tables() WHERE database_name = 'out' AND schema_name = 'main'"
        ).fetchall()
    )
    missing = [t for t in tables if t not in ddl]
    if missing:
        raise LookupError(f"the build database lacks {', '.join(missing)}: run dbt first")
    for table in tables:
        db.execute(ddl[table])
        name = _quoted(table)
        rows = db.execute(
            f"INSERT INTO release.main.{name} SELECT * FROM out.main.{name} ORDER BY ALL"  # noqa: S608
        ).fetchone()
        counts[table] = rows[0] if rows else 0
    copy_comments(db, tables, "out", "release")
    _meta_release(db, release)
    db.execute("CHECKPOINT release")
    db.execute("USE memory")
    db.execute("DETACH release")
    db.execute("DETACH out")
    return counts


def columns_of(db: duckdb.DuckDBPyConnection, catalogue: str) -> dict[str, list[str]]:
    """The columns of each table of a catalogue, in their order."""
    out: dict[str, list[str]] = defaultdict(list)
    for table, column in db.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? "
        "ORDER BY table_name, column_index",
        [catalogue],
    ).fetchall():
        out[table].append(column)
    return out


def copy_comments(db: duckdb.DuckDBPyConnection, tables: Sequence[str], source: str, target: str) -> None:
    """Comments of tables and columns from one catalogue to another, in one transaction."""
    db.execute("BEGIN")
    wanted = ", ".join(_literal(t) for t in tables)
    of_source = f"database_name = {_literal(source)} AND comment IS NOT NULL AND table_name IN ({wanted})"
    for table, comment in db.execute(
        f"SELECT table_name, comment FROM duckdb_tables() WHERE {of_source}"  # noqa: S608
    ).fetchall():
        db.execute(f"COMMENT ON TABLE {target}.main.{_quoted(table)} IS {_literal(comment)}")
    for table, column, comment in db.execute(
        f"SELECT table_name, column_name, comment FROM duckdb_columns() WHERE {of_source}"  # noqa: S608
    ).fetchall():
        db.execute(
            f"COMMENT ON COLUMN {target}.main.{_quoted(table)}.{_quoted(column)} IS {_literal(comment)}"
        )
    db.execute("COMMIT")


_META_COMMENTS = {
    "release_id": "Номер выпуска — Release",
    "created_at": "Когда создан, UTC — When it was made, UTC",
    "code_version": "Версия кода — Version of the code",
    "rule_versions": "Версии правил, JSON — Versions of the rules, JSON",
    "input_hash": "Хеш всех входных файлов и настроек — Hash of all inputs",
    "previous_release_id": "Предыдущий выпуск — Previous release",
    "reason": "Почему сделан — Why it was made",
}


def _meta_release(db: duckdb.DuckDBPyConnection, release: Release) -> None:
    db.execute(
        "CREATE TABLE release.main.meta_release (release_id VARCHAR PRIMARY KEY, "
        "created_at TIMESTAMP NOT NULL, code_version VARCHAR NOT NULL, rule_versions VARCHAR NOT NULL, "
        "input_hash VARCHAR NOT NULL, previous_release_id VARCHAR, reason VARCHAR NOT NULL)"
    )
    db.execute(
        "INSERT INTO release.main.meta_release VALUES (?, ?, ?, ?, ?, ?, ?)", list(asdict(release).values())
    )
    db.execute("COMMENT ON TABLE release.main.meta_release IS 'Выпуск — Release. One row per release'")
    for column, comment in _META_COMMENTS.items():
        db.execute(f"COMMENT ON COLUMN release.main.meta_release.{column} IS {_literal(comment)}")


def _write_checksums(folder: Path) -> None:
    from pipelines.intake.readers import content_hash  # noqa: PLC0415

    files = sorted(p for p in folder.rglob("*") if p.is_file())
    with ThreadPoolExecutor() as threads:
        hashes = threads.map(content_hash, files)
        lines = [
            f"{h}  {path.relative_to(folder).as_posix()}\n" for h, path in zip(hashes, files, strict=True)
        ]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def read_checksums(folder: Path) -> dict[str, str]:
    """Path within a release -> SHA-256 as it was sealed; empty where no checksums were kept."""
    path = folder / CHECKSUMS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}


def _row_counts(database: Path, tables: Sequence[str]) -> dict[str, int]:
    out = {}
    with duckdb.connect(str(database), read_only=True) as db:
        for table in tables:
            row = db.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()  # noqa: S608
            out[table] = row[0] if row else 0
    return out


def _freeze(folder: Path) -> None:
    """Nobody writes to a release again: modes 0444, contents and directories on disk."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        path.chmod(0o444)
    with ThreadPoolExecutor() as threads:  # each waits for the disk
        deque(threads.map(fsync, files), maxlen=0)
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        fsync(path)
    fsync(folder)


def _point(current: Path, target: Path) -> None:
    """Swap the link in one step: readers see the old release or the new one, never neither."""
    link = current.with_name(f".{current.name}.{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(target, current.parent), target_is_directory=True)
    link.replace(current)
    fsync(current.parent)
