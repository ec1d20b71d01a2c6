"""A lake of hand-made Parquet for the warehouse tests: every contract empty, then the rows given."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.calendar import EXPECTED_SCHEMA
from pipelines.files import write_parquet
from pipelines.intake.validation import FINDING_SCHEMA, accepted_schema, item_schema
from pipelines.scaling.tables import ensure_tables
from schemas import CONTRACTS

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
Row = Mapping[str, Any]
#: Where the lake of the parsed project would lie.
_ANY_LAKE = "/any lake"

_TEXT, _INT = pa.string(), pa.int64()
_SUBMISSION = pa.schema(
    [
        ("submission_id", _INT), ("file_id", _TEXT), ("file_name", _TEXT), ("sha256", _TEXT),
        ("size_bytes", _INT), ("received_at", pa.timestamp("us")), ("state", _TEXT), ("superseded_by", _INT),
        ("rule_id", _TEXT), ("message_ru", _TEXT), ("message_en", _TEXT),
    ]
)  # fmt: skip
_READING = pa.schema(
    [
        ("file_id", _TEXT), ("sheet", _TEXT), ("contract", _TEXT), ("layout", _TEXT),
        ("school_year", pa.int32()), ("rows_read", _INT), ("rows_accepted", _INT), ("rows_rejected", _INT),
        ("rows_structural", _INT), ("status", _TEXT), ("rule_id", _TEXT), ("message_ru", _TEXT),
        ("message_en", _TEXT),
    ]
)  # fmt: skip
_RULE_COUNT = pa.schema(
    [
        ("file_id", _TEXT), ("sheet", _TEXT), ("contract", _TEXT), ("rule_id", _TEXT), ("severity", _TEXT),
        ("n", _INT),
    ]
)  # fmt: skip
_FINDINGS = FINDING_SCHEMA.append(pa.field("column_title", _TEXT))


class Lake:
    """Accepted rows, findings and a ledger under one folder; readings follow from the accepted rows."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._submissions: list[Row] = []
        self._readings: list[Row] = []
        self._rule_counts: list[Row] = []
        #: What the calendar asks for: nothing, unless a test says otherwise.
        self.expected: pa.Table = EXPECTED_SCHEMA.empty_table()
        for name, contract in CONTRACTS.items():
            self._put(f"accepted/{name}/school_year=0", accepted_schema(contract).empty_table())
            self._put(f"rejected/{name}/school_year=0", _FINDINGS.empty_table())
        self._put("accepted/student_result_items/school_year=0", item_schema().empty_table())

    def accept(
        self, contract: str, school_year: int, rows: Iterable[Row], *, rejected: Iterable[Row] = ()
    ) -> None:
        """A file of the contract: its accepted rows, and a finding for each row that was rejected."""
        accepted, findings = list(rows), list(rejected)
        file_id = f"{contract}-{school_year}"
        given = {"file_id": file_id, "sheet": "Лист1", "school_year": school_year}
        table = [{"row": i, "school_key": "id"} | given | dict(row) for i, row in enumerate(accepted, 2)]
        self.write(contract, school_year, pa.Table.from_pylist(table, accepted_schema(CONTRACTS[contract])))
        found = [{"severity": "error", "contract": contract} | given | dict(row) for row in findings]
        self._put(f"rejected/{contract}/school_year={school_year}", pa.Table.from_pylist(found, _FINDINGS))
        bad = len({row["row"] for row in findings})
        self.read(
            file_id, contract, rows_read=len(accepted) + bad, rows_accepted=len(accepted), rows_rejected=bad,
            school_year=school_year,
        )  # fmt: skip
        for row in found:
            keys = ("file_id", "sheet", "contract", "rule_id", "severity")
            self._rule_counts.append({k: row[k] for k in keys} | {"n": 1})

    def write(self, contract: str, school_year: int, table: pa.Table) -> None:
        self._put(f"accepted/{contract}/school_year={school_year}", table)

    def items(self, school_year: int, rows: Iterable[Row]) -> None:
        table = [{"school_year": school_year, "max_source": "file"} | dict(row) for row in rows]
        self.write("student_result_items", school_year, pa.Table.from_pylist(table, item_schema()))

    def submit(self, file_id: str, *, state: str = "active", **facts: Any) -> None:
        n = len(self._submissions) + 1
        base = {"submission_id": n, "file_id": file_id, "file_name": f"{file_id}.xlsx", "sha256": file_id}
        sent = {"size_bytes": 1, "received_at": dt.datetime(2021, 6, 1), "state": state}
        self._submissions.append(base | sent | facts)

    def read(self, file_id: str, contract: str | None, **facts: Any) -> None:
        """A submission of the file with one reading of it."""
        self.submit(file_id)
        base = {"file_id": file_id, "sheet": "Лист1", "contract": contract, "status": "read"}
        self._readings.append(base | facts)

    def close(self) -> None:
        """Write the ledger, and empty scales."""
        ensure_tables(self.root / "scales")
        for name, rows, schema in (
            ("submission", self._submissions, _SUBMISSION),
            ("reading", self._readings, _READING),
            ("rule_count", self._rule_counts, _RULE_COUNT),
        ):
            path = self.root / "ledger" / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema), path)
        write_parquet(self.expected, self.root / "calendar" / "expected.parquet")

    def _put(self, folder: str, table: pa.Table) -> None:
        path = self.root / folder / "part.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@cache
def _parsed(project: Path) -> Any:
    """The parsed dbt project over the lake ``_ANY_LAKE``."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as target, _environment(UROVEN_LAKE=_ANY_LAKE, DO_NOT_TRACK="1"):
        result = dbtRunner().invoke(["--quiet", "parse", "--no-write-json", *_places(project, Path(target))])
    assert result.success, result.exception
    return result.result


def _manifest(project: Path, lake: Path) -> Any:
    """The parsed project over a lake, for one build: only the sources know where the lake lies."""
    manifest = _parsed(project).deepcopy()
    for source in manifest.sources.values():
        source.relation_name = source.relation_name.replace(_ANY_LAKE, str(lake))
        for meta in (source.meta, source.config.meta):
            meta["external_location"] = meta["external_location"].replace(_ANY_LAKE, str(lake))
    manifest.build_flat_graph()
    return manifest


def _places(project: Path, work: Path) -> list[str]:
    folders = {"project": project, "profiles": project}
    command = ["--target-path", str(work / "target"), "--log-path", str(work / "logs")]
    return command + [part for name, path in folders.items() for part in (f"--{name}-dir", str(path))]


def build(
    lake: Path,
    work: Path,
    *arguments: str,
    select: tuple[str, ...] = ("tag:before_scales", "+fct_assessment_aggregate", "int_school_context"),
    project: Path = PROJECT,
) -> Path:
    """Run ``dbt build`` in this process; returns the database. Raises with what failed."""
    # slow to import, and only these tests need it
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415
    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    work.mkdir(parents=True, exist_ok=True)
    database = work / "warehouse.duckdb"
    command = ["--quiet", "build", "--no-write-json", "--select", *select, *_places(project, work)]
    with _environment(UROVEN_LAKE=str(lake), UROVEN_BUILD=str(database), DO_NOT_TRACK="1"):
        result = dbtRunner(_manifest(project, lake)).invoke([*command, *arguments])
    DuckDBConnectionManager.close_all_connections()  # the adapter keeps the file open between invocations
    if not result.success:
        failed = [
            f"{r.node.name}: {r.message}"
            for r in getattr(result.result, "results", [])
            if r.status not in ("pass", "success", "warn")
        ]
        raise AssertionError("\n".join(failed) or str(result.exception))
    return database
