"""What a published database says of itself: tables, columns, comments, keys.

Comments are written «по-русски — in English»; exports, the dictionary, the PostgreSQL target and the label
views all take their titles from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

SEPARATOR = " — "


@dataclass(frozen=True)
class Column:
    """A column; ``type`` is DuckDB's name of its type."""

    name: str
    type: str
    comment: str

    @property
    def title_ru(self) -> str:
        return bilingual(self.comment)[0]

    @property
    def title_en(self) -> str:
        return bilingual(self.comment)[1]


@dataclass(frozen=True)
class PublishedTable:
    """A table with its columns in order and its key (empty where none is declared)."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: int | None = None

    @property
    def title_ru(self) -> str:
        return bilingual(self.comment)[0]

    @property
    def title_en(self) -> str:
        return bilingual(self.comment)[1]


def bilingual(comment: str) -> tuple[str, str]:
    """The Russian and English parts of a comment; both the same where it has no separator."""
    ru, separator, en = comment.partition(SEPARATOR)
    return (ru, en) if separator else (comment, comment)


def open_published(database: Path) -> duckdb.DuckDBPyConnection:
    """A published database, read only, with no way to other files."""
    return duckdb.connect(
        str(database),
        read_only=True,
        config={"enable_external_access": "false", "lock_configuration": "true"},
    )


def described(database: Path) -> list[PublishedTable]:
    """The tables of a published database, by name."""
    with open_published(database) as db:
        columns: dict[str, list[Column]] = {}
        for table, name, kind, comment in db.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
            "WHERE NOT internal AND schema_name = 'main' ORDER BY table_name, column_index"
        ).fetchall():
            columns.setdefault(table, []).append(Column(name, kind, comment or ""))
        keys = dict(
            db.execute(
                "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
                "WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') ORDER BY constraint_type DESC"
            ).fetchall()
        )
        tables = db.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY table_name"
        ).fetchall()
        return [
            PublishedTable(
                name, comment or "", tuple(columns[name]), tuple(keys.get(name, ())), _rows(db, name)
            )
            for name, comment in tables
        ]


def _rows(db: duckdb.DuckDBPyConnection, table: str) -> int:
    row = db.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()  # noqa: S608
    return row[0] if row else 0


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
