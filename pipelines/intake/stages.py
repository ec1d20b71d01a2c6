"""The stages between the vault and the accepted rows, as plain functions over files and the ledger."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import parallel
from pipelines.files import digest, has_schema, write_parquet, write_text
from pipelines.intake import sealed, workers
from pipelines.intake.grid import Limits
from pipelines.intake.items import ReferenceItem
from pipelines.intake.ledger import ACTIVE, Ledger, Snapshot, Submission
from pipelines.intake.readers import FileReading, landed_schema, read_file
from pipelines.intake.rules import RULES
from pipelines.intake.validation import (
    FINDING_SCHEMA,
    AssessmentKey,
    Validated,
    accepted_name,
    accepted_schema,
    item_schema,
    validate,
)
from pipelines.intake.vault import REFUSED, RETURNED_SUFFIX, UNOPENED, settle, vault_path
from pipelines.settings import ROOT, Settings
from schemas import CONTRACTS

#: The items of the year's assessments: a table beside the accepted student results.
ITEMS = "student_result_items"
#: What names of files may be long, bytes.
_NAME_BYTES = 200


@functools.cache
def code_version() -> str:
    """A hash of what decides how a file is read and judged: readers, layouts, contracts, code lists."""
    digest = hashlib.sha256()
    folders = (ROOT / "pipelines" / "intake", ROOT / "schemas", ROOT / "dbt_project" / "seeds")
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml") or path.name.startswith("code_"):
                digest.update(path.relative_to(ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# --- landing -------------------------------------------------------------------------------------------


def _read(
    kept: Path, key: bytes | None, file_id: str, name: str, hints: dict[str, str], secret: bytes,
    landed: Path, limits: Limits,
) -> str:  # fmt: skip
    """A worker's whole task; the result travels as JSON."""
    with sealed.opened(kept, key) as path:
        read = read_file(path, file_id, name=name, hints=hints, secret=secret, landed=landed, limits=limits)
    return read.to_json()


def land(
    settings: Settings,
    ledger: Ledger,
    years: Iterable[int] = (),
    on_file: Callable[[str, FileReading], None] | None = None,
) -> list[FileReading]:
    """Read every file that was not read yet by this code; ``years``: read the files of these years again.

    Returns what was read now. A file that takes too long or kills its worker is refused, not the run.
    """
    known, again = ledger.readings(), set(years)
    todo: dict[str, Submission] = {}
    for s in ledger.submissions():
        if s.state != ACTIVE:
            continue
        old = known.get(s.file_id)
        if old and old[0] == code_version() and not again & _years_of(old[1]):
            continue
        todo[s.file_id] = s
    for file_id in todo:
        if file_id in known:
            unland(settings, known[file_id][1])
    out = []
    for s, result in _read_all(settings, list(todo.values())):
        ledger.save_reading(result, code_version())
        out.append(result)
        if on_file:
            on_file(s.path, result)
    if out:
        settle(ledger)
    return out


def _years_of(result: FileReading) -> set[int]:
    return {y for r in result.readings for y in r.rows_by_year}


def unland(settings: Settings, result: FileReading) -> None:
    """Delete the landed rows of a file."""
    for r in result.readings:
        for year in r.rows_by_year:
            landed_path(settings, r.contract or "", year, result.file_id).unlink(missing_ok=True)


def landed_path(settings: Settings, contract: str, year: int, file_id: str) -> Path:
    return settings.lake / "landed" / contract / f"school_year={year}" / f"{file_id}.parquet"


def _read_all(settings: Settings, todo: list[Submission]) -> Iterable[tuple[Submission, FileReading]]:
    limits = Limits(
        settings.file_bytes,
        settings.unpacked_bytes,
        settings.unpacked_ratio,
        settings.cells,
        settings.columns,
    )
    landed, secret, key = settings.lake / "landed", settings.secret(), settings.vault_secret()
    for s in todo:
        if why := s.hints.get(REFUSED):
            ru, en = UNOPENED[why]
            yield s, FileReading(s.file_id, rule=why, message_ru=ru, message_en=en)
    to_read = sorted((s for s in todo if REFUSED not in s.hints), key=lambda s: -s.size_bytes)
    _require_key(settings, to_read)
    tasks = [
        (s, (vault_path(settings, s.sha256), key, s.file_id, s.path, s.hints, secret, landed, limits))
        for s in to_read
    ]
    for done in workers.each(_read, tasks, settings):
        s, failure = done.key, done.failure
        if failure:
            yield s, FileReading(s.file_id, [], [], failure.rule, failure.ru, failure.en)
        else:
            yield s, FileReading.from_json(done.result or "")


def _require_key(settings: Settings, to_read: list[Submission]) -> None:
    """Raise before any file is judged when the vault's key is missing or another: no file is at fault."""
    for s in reversed(to_read):  # the smallest first
        path = vault_path(settings, s.sha256)
        if sealed.is_sealed(path):
            with sealed.opened(path, settings.vault_secret()):
                return


# --- accepting -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Partition:
    """What accepting one contract and school year did."""

    contract: str
    school_year: int
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    files_n: int
    worked: bool
    conserved: bool


def landed_years(snapshot: Snapshot) -> dict[str, set[int]]:
    """Contract -> the school years that active files have rows of."""
    active = {s.file_id for s in snapshot.active}
    out: dict[str, set[int]] = defaultdict(set)
    for file_id, (_, result) in snapshot.readings.items():
        if file_id in active:
            for r in result.readings:
                if r.status == "read" and r.contract:
                    out[r.contract] |= set(r.rows_by_year)
    return out


def part_path(settings: Settings, layer: str, table: str, year: int) -> Path:
    return settings.lake / layer / table / f"school_year={year}" / "part.parquet"


def _mark_path(settings: Settings, contract: str, year: int) -> Path:
    return part_path(settings, "accepted", contract, year).with_name("part.json")


def ensure_empty_tables(settings: Settings) -> None:
    """Every accepted and rejected table exists, if only without rows: SQL over them never lacks a file."""
    for contract in CONTRACTS.values():
        for layer, schema in (
            ("accepted", accepted_schema(contract)),
            ("rejected", finding_schema()),
        ):
            _write_empty(part_path(settings, layer, contract.name, 0), schema)
    _write_empty(part_path(settings, "accepted", ITEMS, 0), item_schema())


def _write_empty(path: Path, schema: pa.Schema) -> None:
    if not has_schema(path, schema):
        write_parquet(schema.empty_table(), path)


def finding_schema() -> pa.Schema:
    return FINDING_SCHEMA.append(pa.field("column_title", pa.string()))


def accept(
    settings: Settings,
    ledger: Ledger,
    contract_name: str,
    year: int,
    snapshot: Snapshot | None = None,
    *,
    readers: bool = True,
) -> Partition:
    """Validate the landed rows of one contract and school year and write what was accepted and rejected.

    Does nothing when neither the files nor the code changed since the last time, and what was written then
    is whole. Without ``readers`` raises _MustRead where a landed file would have to be read again.
    """
    contract = CONTRACTS[contract_name]
    snapshot = snapshot or ledger.snapshot()
    subs, readings = snapshot.active, snapshot.readings
    order = _order(snapshot, contract_name, year)
    reference_path = part_path(settings, "accepted", "assessment_items", year)
    mark = _fingerprint(order, reference_path if contract.has_items else None)
    target, marker = (
        part_path(settings, "accepted", contract_name, year),
        _mark_path(settings, contract_name, year),
    )
    written = _written(settings, contract_name, year)
    if target.exists() and marker.exists():
        done = json.loads(marker.read_text())
        if done.pop("fingerprint") == mark and done.pop("digest", None) == digest(written):
            return Partition(**done, worked=False)
    landed = _landed_rows(settings, ledger, contract_name, year, list(order), readers=readers)
    names = {s.file_id: s.path for s in subs if s.file_id in order}
    reference = _reference(reference_path) if contract.has_items else {}
    result = validate(contract, landed, order=order, names=names, reference=reference)
    _write(settings, ledger, contract_name, year, result, readings)
    counts = result.counts
    read, accepted = int(counts["rows_read"].sum()), int(counts["rows_accepted"].sum())
    rejected = int(counts["rows_rejected"].sum())
    said = _rows_said(snapshot, contract_name, year)
    conserved = said == read == accepted + rejected and accepted == len(result.accepted)
    done = {
        "contract": contract_name,
        "school_year": year,
        "rows_read": read,
        "rows_accepted": accepted,
        "rows_rejected": rejected,
        "files_n": len(order),
        "conserved": conserved,
    }
    write_text(marker, json.dumps({**done, "fingerprint": mark, "digest": digest(written)}))
    return Partition(**done, worked=True)


#: Rows of a contract below which a second process costs more than it saves.
LARGE = 100_000


def accept_each(
    settings: Settings, ledger: Ledger, contract: str, years: Sequence[int], snapshot: Snapshot
) -> list[Partition]:
    """:func:`accept` for each of the years, many rows in processes side by side."""
    if sum(_rows_said(snapshot, contract, year) for year in years) < LARGE:
        return [accept(settings, ledger, contract, year, snapshot) for year in years]
    tasks = [functools.partial(_accept_apart, settings, contract, year, snapshot) for year in years]
    parts = parallel.each(tasks, settings.workers)
    return [
        part or accept(settings, ledger, contract, year, snapshot)
        for part, year in zip(parts, years, strict=True)
    ]


def _order(snapshot: Snapshot, contract: str, year: int) -> dict[str, int]:
    """The files that give rows, and the submission by which each counts."""
    return {
        s.file_id: s.submission_id
        for s in snapshot.active
        if s.file_id in snapshot.readings and _lands(snapshot.readings[s.file_id][1], contract, year)
    }


def _rows_said(snapshot: Snapshot, contract: str, year: int) -> int:
    """The rows that the readings of these files tell of."""
    return sum(
        r.rows_by_year.get(year, 0)
        for file_id in _order(snapshot, contract, year)
        for r in snapshot.readings[file_id][1].readings
        if r.contract == contract
    )


class _MustRead(Exception):
    """A landed file is lost or damaged, and this process has no readers."""


def _accept_apart(settings: Settings, contract: str, year: int, snapshot: Snapshot) -> Partition | None:
    """In a process of its own, with a connection of its own; None where a file must be read again."""
    try:
        return accept(settings, Ledger(settings.database_url), contract, year, snapshot, readers=False)
    except _MustRead:
        return None


def _written(settings: Settings, contract: str, year: int) -> list[Path]:
    """The files that accepting one contract and school year writes."""
    paths = [part_path(settings, layer, contract, year) for layer in ("accepted", "rejected")]
    return [*paths, part_path(settings, "accepted", ITEMS, year)] if contract == "student_results" else paths


def resettled(settings: Settings, ledger: Ledger) -> Snapshot | None:
    """The new state of the ledger where the counts of accepted rows change which files count, else None.

    A correction that gave no row puts the file that it meant to correct back in its place; that file may
    have been read by an older version of the code, and is read again then.
    """
    before = {s.submission_id for s in ledger.snapshot().active}
    settle(ledger)
    land(settings, ledger)
    after = ledger.snapshot()
    return after if {s.submission_id for s in after.active} != before else None


def _lands(result: FileReading, contract: str, year: int) -> bool:
    return any(r.contract == contract and year in r.rows_by_year for r in result.readings)


def _fingerprint(order: dict[str, int], reference: Path | None) -> str:
    digest = hashlib.sha256(code_version().encode())
    for file_id in sorted(order, key=lambda f: order[f]):
        digest.update(file_id.encode())
    if reference and reference.exists():
        digest.update(reference.read_bytes())
    return digest.hexdigest()


def _landed_rows(
    settings: Settings, ledger: Ledger, contract: str, year: int, files: list[str], *, readers: bool
) -> pa.Table:
    """The landed rows of the files; a landed file that was lost or damaged is read again from the vault.

    Raises _MustRead where there are no ``readers`` to do so.
    """
    paths = {f: landed_path(settings, contract, year, f) for f in files}
    tables = {f: _landed(path) for f, path in paths.items()}
    damaged = {f for f, table in tables.items() if table is None}
    if damaged and not readers:
        raise _MustRead
    if damaged:
        again = {s.file_id: s for s in ledger.submissions() if s.state == ACTIVE and s.file_id in damaged}
        for _, result in _read_all(settings, list(again.values())):
            ledger.save_reading(result, code_version())
        tables |= {f: _landed(paths[f]) for f in damaged}
    whole = [table for table in tables.values() if table is not None]
    if not whole:
        return landed_schema(contract).append(pa.field("reading", pa.int16())).empty_table()
    return pa.concat_tables(whole, promote_options="default")


def _landed(path: Path) -> pa.Table | None:
    """A landed table; nothing where the file is lost, cut short or fails its checksums."""
    try:
        return pq.read_table(path, partitioning=None, page_checksum_verification=True)
    except (OSError, pa.ArrowInvalid):
        return None


def _reference(path: Path) -> dict[AssessmentKey, list[ReferenceItem]]:
    """The item lists of the year's assessments; an item described by several codes is one item."""
    out: dict[AssessmentKey, dict[str, ReferenceItem]] = defaultdict(dict)
    if path.exists():
        columns = ["kind", "subject", "grade", "window", "item", "max_score", "position", "key"]
        for r in pq.read_table(path, columns=columns, partitioning=None).to_pylist():
            key = (r["kind"], r["subject"], r["grade"], r["window"] or "")
            out[key].setdefault(r["item"], ReferenceItem(r["item"], r["max_score"], r["position"], r["key"]))
    return {k: list(v.values()) for k, v in out.items()}


def _write(
    settings: Settings, ledger: Ledger, contract: str, year: int, result: Validated,
    readings: dict[str, tuple[str, FileReading]],
) -> None:  # fmt: skip
    tables = [("accepted", contract, result.accepted)]
    findings = result.findings.append_column("column_title", _column_titles(result.findings, readings))
    tables.append(("rejected", contract, findings))
    if result.items is not None:
        items = result.items.add_column(0, "school_year", pa.array([year] * len(result.items), pa.int32()))
        tables.append(("accepted", ITEMS, items))
    for layer, name, table in tables:
        path = part_path(settings, layer, name, year)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(table, path)
    found = result.findings.select(["file_id", "sheet", "rule_id", "severity"]).to_pandas()
    counted = found.groupby(["file_id", "sheet", "rule_id", "severity"]).size().rename("n").reset_index()
    repairs = result.repairs.assign(severity="repair")
    rules = _records(pd.concat([counted, repairs], ignore_index=True))
    ledger.save_counts(contract, year, _records(result.counts), rules)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _column_titles(findings: pa.Table, readings: dict[str, tuple[str, FileReading]]) -> pa.Array:
    """The sender's own header of the column that a finding is about."""
    out = []
    for r in findings.select(["file_id", "reading", "field", "item"]).to_pylist():
        reading = readings[r["file_id"]][1].readings[r["reading"]]
        out.append(reading.place(0, r["field"], r["item"])[2])
    return pa.array(out, pa.string())


# --- the ledger's tables for SQL -------------------------------------------------------------------------


def export_ledger(settings: Settings, ledger: Ledger) -> dict[str, int]:
    """Write what the ledger knows as Parquet for dbt; returns the number of rows a table."""
    subs, readings = ledger.submissions(), ledger.readings()
    submission_rows, reading_rows = [], []
    counts = _counts(ledger)
    active = {s.file_id for s in subs if s.state == ACTIVE}
    for s in subs:
        result = readings.get(s.file_id, ("", FileReading(s.file_id)))[1]
        submission_rows.append(
            {
                "submission_id": s.submission_id,
                "file_id": s.file_id,
                "file_name": s.path,
                "sha256": s.sha256,
                "size_bytes": s.size_bytes,
                "received_at": s.received_at,
                "state": s.state,
                "superseded_by": s.replaced_by,
                "rule_id": result.rule or None,
                "message_ru": result.message_ru or None,
                "message_en": result.message_en or None,
            }
        )
    for file_id, (_, result) in sorted(readings.items()):
        reading_rows += _reading_rows(file_id, result, counts, file_id in active)
    rules = ledger.table("rule_count")
    rules += [remark for f, (_, result) in sorted(readings.items()) for remark in _remarks(f, result)]
    tables = {
        "submission": pa.Table.from_pylist(submission_rows, schema=SUBMISSION_SCHEMA),
        "reading": pa.Table.from_pylist(reading_rows, schema=READING_SCHEMA),
        "rule_count": pa.Table.from_pylist(rules, schema=RULE_COUNT_SCHEMA),
    }
    folder = settings.lake / "ledger"
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_parquet(table, folder / f"{name}.parquet")
    return {name: len(table) for name, table in tables.items()}


def _remarks(file_id: str, result: FileReading) -> list[dict[str, Any]]:
    """What reading found besides the rows: repairs to the whole file, unknown columns, hidden rows."""
    found: list[tuple[str, str | None, str, str, int]] = [("", None, r, "repair", 1) for r in result.repairs]
    for r in result.readings:
        found.append((r.sheet, r.contract, "unknown_column", "warning", len(r.unknown_columns)))
        found.append((r.sheet, r.contract, "hidden_rows", "warning", r.hidden_n))
    found.append(("", None, "missing_file", "warning", result.missing_n))
    columns = ("sheet", "contract", "rule_id", "severity", "n")
    return [
        {"file_id": file_id, "school_year": None, **dict(zip(columns, remark, strict=True))}
        for remark in found
        if remark[-1]
    ]


#: (file, sheet, contract) -> school year -> rows accepted and rejected.
Counts = dict[tuple[str, str, str], dict[int, tuple[int, int]]]


def _counts(ledger: Ledger) -> Counts:
    counts: Counts = defaultdict(dict)
    for c in ledger.table("row_count"):
        part = (c["rows_accepted"], c["rows_rejected"])
        counts[(c["file_id"], c["sheet"], c["contract"])][c["school_year"]] = part
    return counts


def _reading_rows(file_id: str, result: FileReading, counts: Counts, active: bool) -> list[dict[str, Any]]:
    """One row a sheet and contract: a sheet's blocks are summed; a refused sheet is rejected whole."""
    grouped: dict[tuple[str, str | None, str], list[Any]] = defaultdict(list)
    for r in result.readings:
        grouped[(r.sheet, r.contract, r.status)].append(r)
    rows = []
    for (sheet, contract, status), parts in grouped.items():
        years = sorted({y for p in parts for y in p.rows_by_year})
        if status == "read" and active:
            # what of the file was validated: rows of years that no run has covered yet are still to come
            done = counts.get((file_id, sheet, contract or ""), {})
            read = sum(n for p in parts for year, n in p.rows_by_year.items() if year in done)
            accepted, rejected = (sum(part[i] for part in done.values()) for i in (0, 1))
        elif status == "read":  # a newer version of the file stands in for it
            read = rejected = sum(p.rows_read for p in parts)
            accepted = 0
        else:
            read = 0 if status == "ignored" else sum(p.rows_read for p in parts)
            accepted, rejected = 0, read
        rows.append(
            {
                "file_id": file_id,
                "sheet": sheet,
                "contract": contract,
                "layout": parts[0].layout,
                "school_year": years[-1] if years else None,
                "rows_read": read,
                "rows_accepted": accepted,
                "rows_rejected": rejected,
                "rows_structural": sum(p.structural_n for p in parts),
                "status": status,
                "rule_id": parts[0].rule or None,
                "message_ru": parts[0].message_ru or None,
                "message_en": parts[0].message_en or None,
            }
        )
    return rows


SUBMISSION_SCHEMA = pa.schema(
    [
        ("submission_id", pa.int64()), ("file_id", pa.string()), ("file_name", pa.string()),
        ("sha256", pa.string()), ("size_bytes", pa.int64()), ("received_at", pa.timestamp("us")),
        ("state", pa.string()), ("superseded_by", pa.int64()), ("rule_id", pa.string()),
        ("message_ru", pa.string()), ("message_en", pa.string()),
    ]
)  # fmt: skip
READING_SCHEMA = pa.schema(
    [
        ("file_id", pa.string()), ("sheet", pa.string()), ("contract", pa.string()), ("layout", pa.string()),
        ("school_year", pa.int32()), ("rows_read", pa.int64()), ("rows_accepted", pa.int64()),
        ("rows_rejected", pa.int64()), ("rows_structural", pa.int64()), ("status", pa.string()),
        ("rule_id", pa.string()), ("message_ru", pa.string()), ("message_en", pa.string()),
    ]
)  # fmt: skip
RULE_COUNT_SCHEMA = pa.schema(
    [
        ("file_id", pa.string()), ("sheet", pa.string()), ("contract", pa.string()),
        ("school_year", pa.int32()), ("rule_id", pa.string()), ("severity", pa.string()), ("n", pa.int64()),
    ]
)  # fmt: skip


# --- what goes back to the senders ------------------------------------------------------------------------


def return_workbooks(
    settings: Settings, ledger: Ledger, on_file: Callable[[str, int], None] | None = None
) -> list[str]:
    """Write each sender's own workbook with its faults marked into ``returned/``; returns their names.

    Files whose findings did not change since the last time are left as they are. What a faultless correction
    made void is removed, and so is what is older than ``settings.returned_days``.
    """
    settings.returned.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = _faults_by_file(settings)
    readings = ledger.readings()
    wanted: dict[Path, str] = {}
    tasks: list[tuple[tuple[Submission, Path, int], tuple[Any, ...]]] = []
    for s in ledger.submissions():
        if s.state != ACTIVE or s.file_id not in readings:
            continue
        result = readings[s.file_id][1]
        cells = _cells_to_mark(result, found.get(s.file_id, ()))
        if not cells:
            continue
        target, digest = returned_path(settings, s.path), _digest(cells)
        wanted[target] = digest
        if _digest_path(target).exists() and _digest_path(target).read_text() == digest:
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = None if result.rule else vault_path(settings, s.sha256)
        tasks.append(((s, target, len(cells)), (kept, settings.vault_secret(), cells, target, s.path)))
    _forget_returned(settings, wanted)
    written = []
    for (s, target, n), arguments in _marked(settings, tasks):
        write_text(_digest_path(target), _digest(arguments[2]))
        written.append(target.relative_to(settings.returned).as_posix())
        if on_file:
            on_file(s.path, n)
    return written


def _marked(settings: Settings, tasks: list[tuple[Any, tuple[Any, ...]]]) -> Iterable[tuple[Any, Any]]:
    """Have the workbooks marked in processes of their own; of a file too heavy for that, the list alone."""
    arguments = dict(enumerate(arguments for _, arguments in tasks))
    for done in workers.each(_mark, list(arguments.items()), settings):
        if done.failure:
            _mark(None, *arguments[done.key][1:])
        yield tasks[done.key]


def _mark(kept: Path | None, key: bytes | None, cells: list[Any], target: Path, name: str) -> None:
    """A worker's whole task: mark one workbook; without ``kept``, write the list of faults alone."""
    from pipelines.intake.returned import mark_workbook  # noqa: PLC0415  openpyxl, only here

    if kept is None:
        mark_workbook(None, cells, target, file_name=name)
        return
    with sealed.opened(kept, key) as path:
        mark_workbook(path, cells, target, file_name=name)


def _faults_by_file(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((settings.lake / "rejected").rglob("part.parquet")):
        for row in pq.read_table(path, partitioning=None).to_pylist():
            if row["severity"] in ("error", "warning"):
                found[row["file_id"]].append(row)
    return found


def _cells_to_mark(result: FileReading, faults: Iterable[dict[str, Any]]) -> list[Any]:
    """All that is to be said to the sender of one file, as findings of cells, sheets and the file."""
    from pipelines.intake.returned import CellFinding  # noqa: PLC0415  openpyxl, only here

    cells = []
    for row in faults:
        line, column, title = result.readings[row["reading"]].place(row["row"], row["field"], row["item"])
        cells.append(
            CellFinding(
                sheet=row["sheet"], row=line, column=column, column_title=title,
                value=row["value"] or "", rule_id=row["rule_id"], severity=row["severity"],
                message_ru=row["message_ru"],
            )
        )  # fmt: skip
    refusals: list[tuple[str | None, str, str]] = [
        (r.sheet, r.rule, r.message_ru) for r in result.readings if r.status == "rejected"
    ]
    if result.rule:
        refusals = [(None, result.rule, result.message_ru)]
    for sheet, rule, message in refusals:
        cells.append(CellFinding(sheet, None, None, "", "", rule, "error", message))
    for r in result.readings:
        for title in r.unknown_columns:
            text = RULES["unknown_column"].ru.format(title=title)
            cells.append(CellFinding(r.sheet, None, None, title, "", "unknown_column", "warning", text))
        if r.hidden_n:
            text = RULES["hidden_rows"].ru.format(value=r.hidden_n)
            cells.append(CellFinding(r.sheet, None, None, "", "", "hidden_rows", "warning", text))
    return cells


def returned_path(settings: Settings, name: str) -> Path:
    """Where the marked workbook of a file goes. A name too long for the disk is cut and told by a hash."""
    folder, _, last = name.rpartition("/")
    if len(f".{last}{RETURNED_SUFFIX}.findings".encode()) > _NAME_BYTES:
        short = last.encode()[: _NAME_BYTES // 2].decode("utf-8", "ignore")
        last = f"{short}~{hashlib.sha256(last.encode()).hexdigest()[:8]}"
    return settings.returned / folder / f"{last}{RETURNED_SUFFIX}"


def _digest(cells: list[Any]) -> str:
    return hashlib.sha256(repr(cells).encode()).hexdigest()


def _digest_path(target: Path) -> Path:
    """Says of which findings a marked workbook is; stays when the workbook expires, so it isn't made anew."""
    return target.with_name(f".{target.name}.findings")


def _forget_returned(settings: Settings, wanted: dict[Path, str]) -> None:
    """Remove marked workbooks that no longer hold, and those that are too old to be kept."""
    oldest = time.time() - settings.returned_days * 86_400
    for path in list(settings.returned.rglob(f"*{RETURNED_SUFFIX}")):
        if path not in wanted or path.stat().st_mtime < oldest:
            path.unlink()
    for note in list(settings.returned.rglob(".*.findings")):
        if note.with_name(note.name[1:].removesuffix(".findings")) not in wanted:
            note.unlink()


def accepted_years(settings: Settings) -> dict[str, set[int]]:
    """Contract -> the school years that have accepted tables (a year whose files are gone is emptied)."""
    out: dict[str, set[int]] = defaultdict(set)
    for path in (settings.lake / "accepted").glob("*/school_year=*/part.json"):
        out[path.parts[-3]].add(int(path.parts[-2].removeprefix("school_year=")))
    return out


def preview(settings: Settings, contract: str, years: list[int], rows: int = 5) -> str:
    """The first accepted rows as a Markdown table; no keys of persons: Dagster keeps what it shows."""
    for year in reversed(years):
        table = pq.read_table(part_path(settings, "accepted", contract, year), partitioning=None)
        if len(table):
            persons = {accepted_name(f.name, f) for f in CONTRACTS[contract].fields.values() if f.person}
            shown = [c for c in table.column_names if c not in {"file_id", "scores", *persons}][:12]
            return _markdown(shown, table.select(shown).slice(0, rows).to_pylist())
    return "нет строк"


def rule_table(ledger: Ledger, contract: str, years: set[int]) -> str:
    """The rules broken and the repairs made, with counts, as a Markdown table."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for r in ledger.table("rule_count"):
        if r["contract"] == contract and r["school_year"] in years:
            counts[(r["severity"], r["rule_id"])] += r["n"]
    rows = [{"severity": s, "rule": rule, "n": n} for (s, rule), n in sorted(counts.items())]
    return _markdown(["severity", "rule", "n"], rows) if rows else "замечаний нет"


def _markdown(columns: list[str], rows: list[dict[str, Any]]) -> str:
    head = "| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns) + "\n"
    return head + "\n".join(
        "| " + " | ".join(str(r[c]) if r[c] is not None else "" for c in columns) + " |" for r in rows
    )
