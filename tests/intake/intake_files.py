"""Small files to read, and what reading and validating one gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa

from pipelines.intake.context import MANIFEST, hints, read_manifest
from pipelines.intake.items import ReferenceItem
from pipelines.intake.readers import FileReading, Tables, tables_of
from pipelines.intake.validation import AssessmentKey, Validated, validate
from schemas import CONTRACTS

Rows = Sequence[Sequence[Any]]
SECRET = b"a secret of the tests"


def book(path: Path, sheets: Mapping[str, Rows] | Rows, merges: Sequence[str] = ()) -> Path:
    """A workbook; the merges are of its first sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, rows in (sheets if isinstance(sheets, Mapping) else {"Лист1": sheets}).items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    for area in merges:
        workbook.worksheets[0].merge_cells(area)
    workbook.save(path)
    return path


def table(
    path: Path, rows: Rows, *, encoding: str = "utf-8", delimiter: str = ";", newline: str = "\n"
) -> Path:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


@dataclass
class Checked:
    """What became of one or more files."""

    readings: dict[str, FileReading] = field(default_factory=dict)
    tables: Tables = field(default_factory=dict)
    results: dict[tuple[str, int], Validated] = field(default_factory=dict)

    @property
    def reading(self) -> FileReading:
        """The only file's reading."""
        (one,) = self.readings.values()
        return one

    def accepted(self, contract: str | None = None) -> list[dict[str, Any]]:
        """The accepted rows, empty cells left out."""
        found = [v.accepted for (c, _), v in sorted(self.results.items()) if contract in (None, c)]
        return [{k: v for k, v in row.items() if v is not None} for t in found for row in t.to_pylist()]

    def findings(self) -> list[dict[str, Any]]:
        return [row for _, v in sorted(self.results.items()) for row in v.findings.to_pylist()]

    def faults(self) -> list[tuple[str, str, int, str]]:
        """Rule, severity, row and field of each finding."""
        return [(f["rule_id"], f["severity"], f["row"], f["field"]) for f in self.findings()]

    def repairs(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for v in self.results.values():
            for rule, n in zip(v.repairs["rule_id"], v.repairs["n"], strict=True):
                found[rule] = found.get(rule, 0) + int(n)
        return found

    def refusals(self) -> list[str]:
        """Why files or sheets were refused."""
        out = []
        for r in self.readings.values():
            out += [r.rule] if r.rule else []
            out += [x.rule for x in r.readings if x.status == "rejected"]
        return out


def check(
    *paths: Path,
    inbox: Path | None = None,
    stated: Mapping[str, str] | None = None,
    reference: Mapping[AssessmentKey, list[ReferenceItem]] | None = None,
) -> Checked:
    """Read and validate files, later ones as newer submissions; ``stated`` is their manifest."""
    out = Checked()
    for number, path in enumerate(paths):
        known = hints(inbox or path.parent, path, {path.parent: read_manifest(path.parent / MANIFEST)})
        known |= {f"manifest.{k}": v for k, v in (stated or {}).items()}
        file_id = f"file {number}"
        out.readings[file_id], tables = tables_of(path, file_id, name=path.name, hints=known, secret=SECRET)
        for key, parts in tables.items():
            out.tables.setdefault(key, []).extend(parts)
    order = {file_id: n for n, file_id in enumerate(out.readings)}
    for (contract, year), parts in out.tables.items():
        landed = pa.concat_tables(parts)
        out.results[contract, year] = validate(CONTRACTS[contract], landed, order=order, reference=reference)
        counts = out.results[contract, year].counts
        assert (counts["rows_read"] == counts["rows_accepted"] + counts["rows_rejected"]).all()
        assert counts["rows_read"].sum() == len(landed)
        assert counts["rows_accepted"].sum() == len(out.results[contract, year].accepted)
    assert sum(map(len, (t for parts in out.tables.values() for t in parts))) == sum(
        r.rows_read for f in out.readings.values() for r in f.readings if r.status == "read"
    )
    return out


def item_lists(results: Checked) -> dict[AssessmentKey, list[ReferenceItem]]:
    """The item lists that a checked file of ``assessment_items`` holds."""
    found: dict[AssessmentKey, list[ReferenceItem]] = {}
    for row in results.accepted("assessment_items"):
        key = (row["kind"], row["subject"], row["grade"], row.get("window", ""))
        facts = row["item"], row.get("max_score"), row.get("position"), row.get("key")
        found.setdefault(key, []).append(ReferenceItem(*facts))
    return found
