"""The ledger: what was sent, what it was read as, and what became of its rows.

SQLite under home by default, PostgreSQL in production; the same SQLAlchemy tables in both.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.intake.migration import upgrade
from pipelines.intake.readers import FileReading

metadata = sa.MetaData()

submission = sa.Table(
    "submission",
    metadata,
    sa.Column("submission_id", sa.Integer, primary_key=True),
    sa.Column("path", sa.Text, nullable=False, index=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("file_id", sa.String(16), nullable=False, index=True),
    sa.Column("hints", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("replaced_by", sa.Integer),
)
reading = sa.Table(
    "reading",
    metadata,
    sa.Column("file_id", sa.String(16), primary_key=True),
    sa.Column("reader_version", sa.String(16), nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)
row_count = sa.Table(
    "row_count",
    metadata,
    sa.Column("file_id", sa.String(16), primary_key=True),
    sa.Column("sheet", sa.Text, primary_key=True),
    sa.Column("contract", sa.String(40), primary_key=True),
    sa.Column("school_year", sa.Integer, primary_key=True),
    sa.Column("rows_read", sa.Integer, nullable=False),
    sa.Column("rows_accepted", sa.Integer, nullable=False),
    sa.Column("rows_rejected", sa.Integer, nullable=False),
)
rule_count = sa.Table(
    "rule_count",
    metadata,
    sa.Column("file_id", sa.String(16), primary_key=True),
    sa.Column("sheet", sa.Text, primary_key=True),
    sa.Column("contract", sa.String(40), primary_key=True),
    sa.Column("school_year", sa.Integer, primary_key=True),
    sa.Column("rule_id", sa.String(40), primary_key=True),
    sa.Column("severity", sa.String(12), primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
)

#: States of a submission. A service file is a manifest, a readme or the like: kept, not read.
ACTIVE, SUPERSEDED, DUPLICATE, SERVICE = "active", "superseded", "duplicate", "service"


@dataclass(frozen=True)
class Submission:
    """One file as sent: under a path, at a time, with what is known of it from outside."""

    submission_id: int
    path: str
    sha256: str
    size_bytes: int
    mtime_ns: int
    file_id: str
    hints: dict[str, str]
    received_at: dt.datetime
    state: str
    replaced_by: int | None


@dataclass(frozen=True)
class Snapshot:
    """What the ledger holds at one moment: the submissions that count, in order, and all readings."""

    active: list[Submission]
    readings: dict[str, tuple[str, FileReading]]


class Ledger:
    """All reads and writes of the ledger; each method is one transaction."""

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = {}
        if url.startswith("sqlite"):
            options = {"connect_args": {"timeout": 60}}
        self.engine = sa.create_engine(url, **options)
        upgrade(self.engine)

    # -- submissions -----------------------------------------------------------------------------------

    def submissions(self) -> list[Submission]:
        """Every submission, in the order of arrival."""
        with self.engine.connect() as c:
            rows = c.execute(sa.select(submission).order_by(submission.c.submission_id)).mappings()
            return [Submission(**{**r, "hints": json.loads(r["hints"])}) for r in rows]

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            with self.engine.begin() as c:
                c.execute(sa.insert(submission), list(rows))

    def touch(self, submission_id: int, mtime_ns: int) -> None:
        """Remember a newer time stamp of an unchanged file, so that it is not hashed again."""
        with self.engine.begin() as c:
            c.execute(
                sa.update(submission)
                .where(submission.c.submission_id == submission_id)
                .values(mtime_ns=mtime_ns)
            )

    def set_states(self, states: Iterable[tuple[int, str, int | None]]) -> None:
        rows = [{"i": i, "s": state, "r": by} for i, state, by in states]
        if rows:
            change = sa.update(submission).where(submission.c.submission_id == sa.bindparam("i"))
            with self.engine.begin() as c:
                c.execute(change.values(state=sa.bindparam("s"), replaced_by=sa.bindparam("r")), rows)

    # -- readings --------------------------------------------------------------------------------------

    def readings(self) -> dict[str, tuple[str, FileReading]]:
        """File id -> (reader version, what was read)."""
        with self.engine.connect() as c:
            rows = c.execute(sa.select(reading))
            return {r.file_id: (r.reader_version, FileReading.from_json(r.result)) for r in rows}

    def save_reading(self, result: FileReading, version: str) -> None:
        row = {"file_id": result.file_id, "reader_version": version, "result": result.to_json()}
        with self.engine.begin() as c:
            c.execute(sa.delete(reading).where(reading.c.file_id == result.file_id))
            c.execute(sa.insert(reading), row)

    def forget(self, file_ids: Iterable[str]) -> None:
        """Forget what was read of files and counted in them."""
        with self.engine.begin() as c:
            for table in (reading, row_count, rule_count):
                c.execute(sa.delete(table).where(table.c.file_id.in_(list(file_ids))))

    def redirect(self, submission_id: int, sha256: str, file_id: str) -> None:
        """Let a submission stand for other content: for what an erasure left of its own."""
        with self.engine.begin() as c:
            c.execute(
                sa.update(submission)
                .where(submission.c.submission_id == submission_id)
                .values(sha256=sha256, file_id=file_id)
            )

    def snapshot(self) -> Snapshot:
        return Snapshot([s for s in self.submissions() if s.state == ACTIVE], self.readings())

    # -- counts ----------------------------------------------------------------------------------------

    def save_counts(
        self, contract: str, school_year: int, rows: Sequence[dict[str, Any]], rules: Sequence[dict[str, Any]]
    ) -> None:
        """Replace the counts of one contract and school year."""
        with self.engine.begin() as c:
            for table, new in ((row_count, rows), (rule_count, rules)):
                where = (table.c.contract == contract) & (table.c.school_year == school_year)
                c.execute(sa.delete(table).where(where))
                if new:
                    common = {"contract": contract, "school_year": school_year}
                    c.execute(sa.insert(table), [{**r, **common} for r in new])

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of ``row_count`` or ``rule_count``, in the order of their key."""
        table = metadata.tables[name]
        with self.engine.connect() as c:
            return [dict(r) for r in c.execute(sa.select(table).order_by(*table.primary_key)).mappings()]
