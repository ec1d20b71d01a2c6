"""Erasing a person: their rows leave the vault's files and all that was made of them, and it is shown.

A person is found by name, in every file and also in those that were refused, or by a row of a file. The
keyed hashes that their rows landed with lead to the person's other rows, in files with codes in place of
names. A file of the vault is written anew as a plain table without these rows; every other row reads as
before and keeps its number. What was made of the file is deleted and made again by the next run.

Published releases hold no row of a person, only counts, and stay as they are. The inbox belongs to the
senders and isn't changed either: the erased content is never taken in again, but files there are named in the
proof until their sender removes them. A person found by a row alone is searched for by the hashes alone.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import html
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.intake import sealed, vault, workers
from pipelines.intake.grid import Grid, Sheet, UnreadableFile, read_grid
from pipelines.intake.ledger import SERVICE, Ledger, Submission
from pipelines.intake.readers import school_code
from pipelines.intake.stages import part_path, returned_path, unland
from pipelines.intake.text import clean, fold
from pipelines.settings import Settings
from schemas import CONTRACTS

#: Sheet -> numbers of rows, from 1.
Rows = dict[str, set[int]]
#: How a person stands in a file that should not hold them; text without a school can't tell namesakes apart.
FOUND, NAMESAKE = "найдено", "имя встречается: посмотрите, не однофамилец ли"
_ENCODINGS = ("utf-8", "cp1251", "utf-16-le")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Person:
    """Whom to look for: the words of the name, and the code of the school (empty: any school)."""

    words: frozenset[str] = frozenset()
    phrase: str = ""
    school: str = ""

    @classmethod
    def named(cls, name: str, school: str = "") -> Person:
        """By name; raises ValueError for a single word, which would be half a class."""
        words = _words([name])
        if len(words) < 2:
            raise ValueError("назовите человека полнее: фамилия и имя")
        return cls(words, clean(name).lower(), school_code(clean(school)).lower())

    def stands_in(self, row: Sequence[str], schools: Iterable[str] = ()) -> bool:
        """Whether a row is about the person: it has all words of the name, and the school where one is asked
        for. ``schools`` are those that the row's file is known to be of."""
        if not self.words or not self.words <= _words(row):
            return False
        codes = {_school(c) for c in row} | {_school(c) for c in schools}
        return not self.school or _school(self.school) in codes


def _words(cells: Iterable[str]) -> frozenset[str]:
    return frozenset(w for c in cells if c for w in _WORDS.findall(fold(c)))


def _school(value: str) -> str:
    return school_code(clean(value)).lower().lstrip("0")


@dataclass
class Plan:
    """What is to be erased: of each kept file (by SHA-256) the rows; and the person's keyed hashes."""

    rows: dict[str, Rows] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    keys: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)

    @property
    def rows_n(self) -> int:
        return sum(len(numbers) for rows in self.rows.values() for numbers in rows.values())


# -- finding -------------------------------------------------------------------------------------------


def plan(
    settings: Settings,
    ledger: Ledger,
    person: Person,
    *,
    file: str = "",
    sheet: str = "",
    rows: Iterable[int] = (),
) -> Plan:
    """Find a person by name, by rows of a file, or both. Nothing is changed.

    Raises LookupError for a file that was never sent.
    """
    out, kept = Plan(), {s.sha256: s for s in ledger.submissions() if vault.REFUSED not in s.hints}
    if file:
        sent = [s for s in ledger.submissions() if s.path == file]
        if not sent:
            raise LookupError(f"такой файл не присылали: {file}")
        for name in [sheet] if sheet else _sheets(ledger, sent[-1]):
            out.rows[sent[-1].sha256][name].update(rows)
    if person.words:
        tasks = [((sha, s), (*_where(settings, s), person)) for sha, s in kept.items() if s.state != SERVICE]
        for done in workers.each(_rows_of, tasks, settings):
            sha, submission = done.key
            if done.result is None:
                out.unreadable.append(submission.path)
            for name, numbers in (done.result or {}).items():
                out.rows[sha][name] |= numbers
    _follow_keys(settings, ledger, out)
    return out


def _sheets(ledger: Ledger, submission: Submission) -> list[str]:
    reading = ledger.readings().get(submission.file_id)
    return list(dict.fromkeys(r.sheet for r in reading[1].readings)) if reading else [""]


def _where(settings: Settings, s: Submission) -> tuple[Path, bytes | None, str, list[str]]:
    schools = [v for k, v in s.hints.items() if k.endswith(".school_id")]
    return vault.vault_path(settings, s.sha256), settings.vault_secret(), s.path, schools


def _rows_of(
    kept: Path, key: bytes | None, name: str, schools: list[str], person: Person
) -> dict[str, set[int]] | None:
    """A worker's task: the rows of a file that are about the person; None where it can't be read."""
    try:
        with sealed.opened(kept, key) as path:
            grid = read_grid(path, name=name)
    except UnreadableFile:
        return None
    found = {}
    for sheet in grid.sheets:
        numbers = {n for n, row in enumerate(sheet.rows, 1) if person.stands_in(row, schools)}
        if numbers:
            found[sheet.name] = numbers
    return found


def _person_columns(contract: str) -> list[str]:
    return [f.name for f in CONTRACTS[contract].fields.values() if f.person]


def _follow_keys(settings: Settings, ledger: Ledger, out: Plan) -> None:
    """From the rows found to the keys they landed with, and from these to the person's other rows."""
    contents = {s.file_id: s.sha256 for s in ledger.submissions()}
    landed = [p for p in sorted((settings.lake / "landed").rglob("*.parquet")) if p.stem in contents]
    tables = [(p, _landed_keys(p)) for p in landed]
    for path, table in tables:
        rows = out.rows.get(contents[path.stem], {})
        for row in table:
            if row["row"] in rows.get(row["sheet"], ()):
                out.keys |= {v for k, v in row.items() if k not in ("sheet", "row") and v and len(v) == 20}
    for path, table in tables:
        for row in table:
            if out.keys.intersection(v for k, v in row.items() if k not in ("sheet", "row")):
                out.rows[contents[path.stem]][row["sheet"]].add(row["row"])


def _landed_keys(path: Path) -> list[dict[str, Any]]:
    columns = _person_columns(path.parent.parent.name)
    if not columns:
        return []
    return pq.read_table(path, columns=["sheet", "row", *columns], partitioning=None).to_pylist()


# -- erasing -------------------------------------------------------------------------------------------


def erase(settings: Settings, ledger: Ledger, found: Plan) -> list[str]:
    """Carry a plan out; returns the paths of the files that were written anew.

    Killed at any point, it is finished by the same command: the rows that are left are found again, and what
    the record of erasures names is carried on first. Raises RuntimeError when a file written anew does not
    read as it should.
    """
    finish(settings, ledger)
    contents = {s.sha256: s for s in ledger.submissions()}
    tasks = [
        ((sha, contents[sha]), (*_where(settings, contents[sha])[:3], dict(rows)))
        for sha, rows in found.rows.items()
    ]
    for done in workers.each(_without_rows, tasks, settings):
        sha, submission = done.key
        if done.result is None:
            raise RuntimeError(f"{submission.path}: {done.failure.en if done.failure else ''}")
        left = hashlib.sha256(done.result).hexdigest()
        vault.keep(settings, io.BytesIO(done.result), left)
        now = dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()
        entry = {
            "at": now,
            "sha256": sha,
            "left_sha256": left,
            "rows_n": sum(map(len, found.rows[sha].values())),
        }
        vault.append_journal(settings.vault / vault.ERASURES, [entry])
    finish(settings, ledger)
    return sorted({contents[sha].path for sha in found.rows})


def finish(settings: Settings, ledger: Ledger) -> None:
    """Let the record of erasures take effect: on the record of arrivals, the ledger and all derived files."""
    erased = vault.erased_contents(settings)
    if not erased:
        return
    vault.redirect_journal(settings)
    readings, derived = ledger.readings(), False
    for s in ledger.submissions():
        if s.sha256 not in erased:
            continue
        derived = True
        if s.file_id in readings:
            _delete_derived(settings, readings[s.file_id][1])
        target = returned_path(settings, s.path)
        for path in (target, target.with_name(f".{target.name}.findings")):
            path.unlink(missing_ok=True)
        ledger.forget([s.file_id])
        left = erased[s.sha256]
        ledger.redirect(s.submission_id, left, vault.file_id_of(left, s.hints))
    if derived:
        for path in settings.build.glob("*.duckdb*"):
            path.unlink()
    for sha in erased:
        vault.vault_path(settings, sha).unlink(missing_ok=True)


def _delete_derived(settings: Settings, reading: Any) -> None:
    unland(settings, reading)
    for r in reading.readings:
        for year in r.rows_by_year:
            for layer in ("accepted", "rejected"):
                part = part_path(settings, layer, r.contract or "", year)
                part.with_suffix(".json").unlink(missing_ok=True)  # first: without it the next run makes both
                part.unlink(missing_ok=True)


def _without_rows(kept: Path, key: bytes | None, name: str, rows: Rows) -> bytes:
    """A worker's task: the file as a plain table of its cell text, the given rows empty.

    Raises RuntimeError when reading that does not give the same cells.
    """
    with sealed.opened(kept, key) as path:
        grid = read_grid(path, name=name)
    for sheet in grid.sheets:
        for number in rows.get(sheet.name, ()):
            if number <= len(sheet.rows):
                sheet.rows[number - 1] = []
    data = _as_csv(grid.sheets[0]) if grid.format == "csv" else _as_workbook(grid)
    with sealed.in_memory() as (target, path):
        target.write(data)
        target.flush()
        again = read_grid(path, name=name)
    if [(s.name, _trimmed(s.rows)) for s in again.sheets] != [
        (s.name, _trimmed(s.rows)) for s in grid.sheets
    ]:
        raise RuntimeError("the table written anew does not read as it should")
    return data


def _trimmed(rows: list[list[str]]) -> list[tuple[str, ...]]:
    """Rows without the empty cells and rows at their ends, and without what a workbook can't hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    out = []
    for row in rows:
        cells = [ILLEGAL_CHARACTERS_RE.sub("", c).replace("\r\n", "\n").replace("\r", "\n") for c in row]
        while cells and not cells[-1]:
            cells.pop()
        out.append(tuple(cells))
    while out and not out[-1]:
        out.pop()
    return out


def _as_csv(sheet: Sheet) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    width = max(map(len, sheet.rows), default=1)
    for row in sheet.rows:  # as wide as the others: an empty row of a CSV is one, and keeps the numbers
        writer.writerow(row if row else [""] * max(width, 2))
    return out.getvalue().encode()


def _as_workbook(grid: Grid) -> bytes:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    from pipelines.intake.returned import copied  # noqa: PLC0415

    book = copied((s.name, s.hidden, s.rows) for s in grid.sheets)
    for sheet, source in zip(book.worksheets, grid.sheets, strict=True):
        for r0, c0, r1, c1 in source.merges:
            first, last = (f"{get_column_letter(c + 1)}{r + 1}" for r, c in ((r0, c0), (r1, c1)))
            sheet.merge_cells(f"{first}:{last}")
        for number in source.hidden_rows:
            sheet.row_dimensions[number].hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# -- showing that nothing is left ----------------------------------------------------------------------


@dataclass
class Proof:
    """How many files of each kind were searched, and those where the person still stands, with the reason."""

    searched: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    left: list[tuple[str, str]] = field(default_factory=list)


def search(settings: Settings, person: Person, keys: Iterable[str]) -> Proof:
    """Look for the person, by name and by keyed hashes, in every file under home and in the inbox.

    Tables are searched row by row (a workbook, a Parquet file, each table of a DuckDB database), everything
    else byte by byte for the whole name and the hashes.
    """
    proof, wanted = Proof(), frozenset(keys)
    roots = dict.fromkeys((settings.home.resolve(), settings.inbox_path))
    paths = dict.fromkeys(p for root in roots for p in sorted(root.rglob("*")))
    tasks = [
        (p, (p, settings.vault_secret(), person, wanted)) for p in paths if p.is_file() and not p.is_symlink()
    ]
    for done in workers.each(_holds, tasks, settings):
        kind, why = done.result or ("нечитаемые", "")
        proof.searched[kind] += 1
        if done.failure:
            why = f"не удалось проверить: {done.failure.ru}"
        elif why and settings.inbox_path in done.key.parents:
            why = "файл отправителя: удалите его из папки"
        if why:
            proof.left.append((str(done.key), why))
    return proof


def _holds(path: Path, key: bytes | None, person: Person, keys: frozenset[str]) -> tuple[str, str]:
    """A worker's task: the kind of a file, and in which way the person stands in it (empty: not at all)."""
    if path.suffix in (".parquet", ".duckdb"):
        rows = _parquet_rows(path) if path.suffix == ".parquet" else _duckdb_rows(path)
        return path.suffix[1:], FOUND if any(_in_row(r, person, keys) for r in rows) else ""
    with sealed.opened(path, key) as readable:
        try:
            cells = [row for sheet in read_grid(readable, name=path.name).sheets for row in sheet.rows]
        except UnreadableFile:
            cells = []
        kind = "таблицы" if cells else "прочие"
        if any(_in_row(row, person, keys) for row in cells):
            return kind, FOUND
        mentioned = any(_in_bytes(data, person, keys) for data in _bytes_of(readable))
        return kind, (NAMESAKE if person.school else FOUND) if mentioned else ""


def _in_row(row: Sequence[str], person: Person, keys: frozenset[str]) -> bool:
    return person.stands_in(row) or not keys.isdisjoint(row)


def _in_bytes(data: bytes, person: Person, keys: frozenset[str]) -> bool:
    if any(k.encode() in data for k in keys):
        return True
    spellings = {person.phrase, person.phrase.title(), person.phrase.upper()} - {""}
    return any(s.encode(e) in data for s in spellings for e in _ENCODINGS)


def _bytes_of(path: Path) -> Iterator[bytes]:
    """A file's bytes, and those of the parts of an archive, with letters for the references of XML."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                data = archive.read(name)
                yield html.unescape(data.decode("utf-8", "ignore")).encode() if b"&#" in data else data


def _parquet_rows(path: Path) -> Iterator[list[str]]:
    for batch in pq.ParquetFile(path).iter_batches():
        yield from _as_text(zip(*(c.to_pylist() for c in batch.columns), strict=True))


def _duckdb_rows(path: Path) -> Iterator[list[str]]:
    import duckdb  # noqa: PLC0415

    with duckdb.connect(str(path), read_only=True) as db:
        tables = db.execute("select database_name, schema_name, table_name from duckdb_tables()").fetchall()
        for names in tables:
            cursor = db.execute("from " + ".".join(f'"{n}"' for n in names))
            while rows := cursor.fetchmany(10_000):
                yield from _as_text(rows)


def _as_text(rows: Iterable[Iterable[Any]]) -> Iterator[list[str]]:
    return ([c if isinstance(c, str) else "" if c is None else str(c) for c in row] for row in rows)
